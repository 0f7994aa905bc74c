//! Which file is of which format, by its name alone.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::Reader::{self, Keyed, Markup, Own, Tree, Words};
use super::{blocks, lines, markup, sql, text, trees};
use crate::model::RepoPath;

const CLOUD: &[&str] = &[
    "aws_secret_access_key",
    "aws_session_token",
    "gs_secret_access_key",
    "gs_oauth2_refresh_token",
    "secret_access_key",
    "secret_key",
    "accesskeysecret",
    "access_key_secret",
    "access_token",
    "refresh_token",
    "session_token",
    "gpg_passphrase",
    "proxy_pass",
    "client_secret",
    "pass",
    "password",
    "token",
];
const BUILD: &[&str] =
    &["password", "passwd", "pass", "passphrase", "token", "secret", "apikey", "api_key", "secretkey", "authtoken"];
const REMOTE: &[&str] = &[
    "password",
    "passphrase",
    "pass",
    "userpassword",
    "sshpassphrase",
    "sudo_password",
    "remote_password",
    "ssh_key_passphrase",
];
const OAUTH: &[&str] = &[
    "client_secret",
    "refresh_token",
    "access_token",
    "accesstoken",
    "refreshtoken",
    "oauth_token",
    "id_token",
    "token",
    "api_key",
    "apikey",
    "access-token",
    "access_key_secret",
    "secretkey",
    "secret",
    "password",
    "key",
    "authtoken",
    "npmauthtoken",
    "npmauthident",
    "secret_key_base",
];
const SERVER: &[&str] =
    &["password", "cpassword", "passwd", "pass", "keystorepass", "truststorepass", "connectionpassword"];

/// File names, with folders where the name alone says too little; a `*` stands for any text of one name.
const FORMATS: &[(&[&str], Reader)] = &[
    (&[".netrc", "_netrc", "*.netrc", "netrc", ".authinfo"], Own(lines::netrc)),
    (&[".pgpass", "pgpass.conf", "*.pgpass"], Own(lines::pgpass)),
    (&[".npmrc", "npmrc", "*.npmrc", ".yarnrc"], Keyed(&["_authtoken", "_auth", "_password"])),
    (&[".pypirc", "*.pypirc", "pip.conf", "pip.ini"], Keyed(&["password", "token"])),
    (&[".git-credentials", "git-credentials", "*.git-credentials", ".gitcredentials"], Own(lines::urls)),
    (
        &[
            ".docker/config.json",
            ".dockercfg",
            "docker/config.json",
            ".dockerconfigjson",
            "dockerconfig.json",
            "docker-config.json",
        ],
        Own(trees::docker),
    ),
    (
        &[
            ".aws/credentials",
            ".aws/config",
            "aws/credentials",
            "credentials.ini",
            "aws_credentials",
            ".aws_credentials",
        ],
        Keyed(CLOUD),
    ),
    (
        &[
            ".s3cfg",
            "*.s3cfg",
            "s3cfg",
            ".boto",
            "*.boto",
            "boto.cfg",
            ".passwd-s3fs-cfg",
            ".ossutilconfig",
            "rclone.conf",
        ],
        Keyed(CLOUD),
    ),
    (
        &[".kube/config", "kubeconfig*", "*.kubeconfig", "kubeconfig", "kube/config", "admin.conf", "kubelet.conf"],
        Own(trees::kubeconfig),
    ),
    (&[".htpasswd", "htpasswd", "*.htpasswd", ".htpasswd*", "htdigest", ".htdigest"], Own(lines::hashes)),
    (
        &[
            "shadow",
            "shadow-",
            "*.shadow",
            "shadow.bak",
            "gshadow",
            "passwd",
            "passwd.bak",
            "mosquitto_passwd",
            "*passwd",
        ],
        Own(lines::hashes),
    ),
    (
        &[
            "master.key",
            "initialadminpassword",
            "credentials/*.key",
            ".vault-token",
            ".vault_pass",
            ".vault-pass",
            ".vault_password",
            "vault_pass.txt",
            ".vault_pass.txt",
            ".erlang.cookie",
            ".rsync_pass",
            ".pwd",
        ],
        Own(lines::whole),
    ),
    (&["wp-config*.php", "wp-config.php*"], Own(text::defines)),
    (&["settings.py", "local_settings.py", "settings_*.py", "settings/*.py", "*_settings.py"], Own(text::django)),
    (
        &[
            "configuration.php",
            "localsettings.php",
            "config.inc.php",
            "parameters.php",
            "settings.php",
            "env.php",
            "database.php",
        ],
        Own(text::php),
    ),
    (&["sitemanager.xml", "recentservers.xml", "filezilla.xml", "filezilla*.xml"], Markup(&["pass", "password"])),
    (&["winscp.ini", "*.remmina", "*.rdp"], Keyed(&["password", "passwordplain", "passphrase", "password 51"])),
    (
        &[
            "credentials-config.json",
            "data-sources.json",
            ".dbeaver/*.json",
            "robomongo.json",
            "*.robomongo.json",
            "connections.json",
            "connection.json",
        ],
        Tree(REMOTE),
    ),
    (
        &[
            "sftp-config.json",
            "sftp-config-alt*.json",
            "sftp.json",
            ".ftpconfig",
            "ftpconfig",
            ".ftppass",
            ".remote-sync.json",
            "deployment-config.json",
            "ftpsync.settings",
        ],
        Tree(REMOTE),
    ),
    (
        &[
            "webservers.xml",
            "datasources.xml",
            "datasources.local.xml",
            "dataSources*.xml",
            ".dbeaver-data-sources.xml",
            "security.xml",
            "deployment.xml",
            "connections.xml",
            "server_connections.xml",
        ],
        Markup(&["password", "pass", "passphrase", "secret-storage"]),
    ),
    (&[".my.cnf", "my.cnf", "my.ini", "*.my.cnf", ".mylogin.cnf", "client.cnf"], Keyed(&["password", "passwd"])),
    (
        &["settings.xml", "maven-settings.xml", "*-settings.xml", "settings-*.xml", "settings-security.xml"],
        Markup(&["password", "passphrase", "master"]),
    ),
    (
        &[
            "gradle.properties",
            "local.properties",
            "keystore.properties",
            "key.properties",
            "signing.properties",
            "publish.properties",
            "release.properties",
        ],
        Keyed(BUILD),
    ),
    (
        &[
            "application*.properties",
            "bootstrap*.properties",
            "jdbc.properties",
            "database.properties",
            "db.properties",
            "hibernate.properties",
            "config.properties",
            "sonar-project.properties",
            "liquibase.properties",
            "flyway.conf",
        ],
        Keyed(BUILD),
    ),
    (
        &[
            ".credentials",
            "*.sbt.credentials",
            ".ivy2/*",
            ".sbt/*",
            "sonatype.credentials",
            "sonatype_credentials",
            "sonatype_credential",
            "*.credentials",
        ],
        Keyed(&["password"]),
    ),
    (&["terraform.rc", ".terraformrc", "*.tfrc", "*.terraformrc"], Keyed(&["token"])),
    (
        &[
            "credentials.tfrc.json",
            "auth.json",
            "kaggle.json",
            "application_default_credentials.json",
            "client_secret*.json",
            "accesstokens.json",
            "access_tokens.json",
            "azureauth.json",
            ".aliyun/config.json",
            ".mc/config.json",
            "google-credentials.json",
            "credentials.json",
            "token.json",
        ],
        Tree(OAUTH),
    ),
    (&["auth.json"], Own(trees::composer)),
    (
        &[
            "hosts.yml",
            "config/hub",
            ".config/hub",
            ".gem/credentials",
            "cli.yml",
            ".yarnrc.yml",
            "ngrok.yml",
            ".ngrok2/*.yml",
            "doctl/config.yaml",
            ".fly/config.yml",
            "secrets.yml",
            "credentials.yml",
            "secrets.yaml",
            "database.yml",
            "profiles.yml",
            "mongoid.yml",
            "application*.yml",
            "bootstrap*.yml",
            "application*.yaml",
        ],
        Tree(OAUTH),
    ),
    (
        &[
            ".cargo/credentials",
            ".cargo/credentials.toml",
            "credentials.toml",
            "stripe/config.toml",
            "secrets.toml",
            "poetry/auth.toml",
        ],
        Tree(OAUTH),
    ),
    (
        &[
            ".databrickscfg",
            ".snowsql/config",
            ".sentryclirc",
            ".wakatime.cfg",
            ".dropbox_uploader",
            ".smbcredentials",
            ".smbcreds",
            "*.smbcredentials",
            ".cifs",
            "smbcredentials",
            "odbc.ini",
            ".odbc.ini",
            ".hgrc",
            "hgrc",
            ".gitconfig",
            ".wgetrc",
            ".ldaprc",
            "uwsgi.ini",
            ".trc",
            ".gitlab-runner.toml",
            ".offlineimaprc",
            ".mbsyncrc",
            "wpa_supplicant.conf",
            "*.nmconnection",
            ".muttrc",
            "muttrc",
            ".supervisord.conf",
            "supervisord.conf",
        ],
        Keyed(&[
            "password",
            "passwd",
            "pass",
            "pwd",
            "token",
            "api_key",
            "oauth_access_token",
            "bindpw",
            "psk",
            "remotepass",
            "passphrase",
            "private_key_passphrase",
            "oauth_app_secret",
        ]),
    ),
    (
        &[
            ".msmtprc",
            "msmtprc",
            ".fetchmailrc",
            "fetchmailrc",
            ".esmtprc",
            "redis.conf",
            "sentinel.conf",
            "pgbouncer.ini",
            "ldap.conf",
            "nslcd.conf",
            "slapd.conf",
            "esmtprc",
            ".mailrc",
        ],
        Words(&["password", "pass", "passwd", "requirepass", "masterauth", "bindpw", "rootpw", "auth-pass"]),
    ),
    (&[".curlrc", "_curlrc"], Own(lines::curlrc)),
    (&["ipsec.secrets", "*.secrets"], Own(lines::ipsec)),
    (&["chap-secrets", "pap-secrets"], Own(lines::chap)),
    (&["rsyncd.secrets", "passwd-s3fs", ".passwd-s3fs", "userlist.txt", "sasl_passwd"], Own(lines::after_colon)),
    (
        &[
            "tomcat-users.xml",
            "server.xml",
            "context.xml",
            "groups.xml",
            "unattend.xml",
            "autounattend.xml",
            "sysprep.xml",
            "accounts.xml",
            "hibernate.cfg.xml",
            "persistence.xml",
            "standalone*.xml",
            "broker.xml",
            "web.xml",
        ],
        Markup(SERVER),
    ),
    (&["nuget.config", "*.nuget.config"], Markup(&["cleartextpassword", "password", "apikey"])),
    (
        &["web.config", "app.config", "web.*.config", "*.pubxml", "*.publishsettings"],
        Markup(&["validationkey", "decryptionkey", "userpwd", "password"]),
    ),
    (&["nifi.properties"], Keyed(&["key", "password", "passwd"])),
    (
        &["*.tfstate", "*.tfstate.backup"],
        Tree(&[
            "password",
            "master_password",
            "admin_password",
            "secret",
            "secret_key",
            "client_secret",
            "token",
            "auth_token",
            "primary_access_key",
            "secondary_access_key",
            "primary_connection_string",
            "private_key_pem",
        ]),
    ),
    (&["svn.simple/*"], Own(blocks::subversion)),
    (&["*.ovpn"], Own(blocks::openvpn)),
    (&["*.ppk"], Own(text::putty)),
    (&["*.csv"], Own(text::logins)),
    (&["*.sql", "*.sql.txt", "*.dump"], Own(sql::read)),
    (&["*.yaml", "*.yml", "*.json"], Own(trees::manifests)),
    (&["*.ldif"], Keyed(&["userpassword", "userpassword:", "olcrootpw"])),
    (
        &[".bundle/config"],
        Keyed(&[
            "bundle_rubygems__pkg__github__com",
            "bundle_gems__contribsys__com",
            "bundle_enterprise__contribsys__com",
        ]),
    ),
    (&["jenkins.xml", "credentials.xml", "config.xml"], Own(markup::jenkins)),
];

struct Claims {
    exact: HashMap<&'static str, Vec<(&'static str, Reader)>>,
    patterns: Vec<(Pattern, Reader)>,
}

/// `folder/head*tail`, cut up.
struct Pattern {
    folder: &'static str,
    head: &'static str,
    tail: &'static str,
}

impl Pattern {
    fn new(written: &'static str) -> Self {
        let (folder, name) = written.rsplit_once('/').unwrap_or(("", written));
        let (head, tail) = name.split_once('*').unwrap_or((name, ""));
        Self { folder, head, tail }
    }

    fn fits(&self, parent: &str, name: &str) -> bool {
        name.len() >= self.head.len() + self.tail.len()
            && name.ends_with(self.tail)
            && name.starts_with(self.head)
            && (self.folder.is_empty() || ends_with(parent, self.folder))
    }
}

fn table() -> &'static Claims {
    static TABLE: OnceLock<Claims> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut claims = Claims { exact: HashMap::new(), patterns: Vec::new() };
        for (names, reader) in FORMATS {
            for name in *names {
                match name.rsplit('/').next() {
                    Some(last) if !last.contains('*') => claims.exact.entry(last).or_default().push((name, *reader)),
                    _ => claims.patterns.push((Pattern::new(name), *reader)),
                }
            }
        }
        claims
    })
}

/// The readers of a file, in the order of the table.
pub(super) fn readers(path: &RepoPath) -> Vec<Reader> {
    let lower = path.as_str().to_ascii_lowercase();
    let (parent, name) = lower.rsplit_once('/').unwrap_or(("", &lower));
    let table = table();
    let exact = table.exact.get(name).into_iter().flatten().filter(|(tail, _)| ends_with(&lower, tail));
    let patterns = table.patterns.iter().filter(|(pattern, _)| pattern.fits(parent, name));
    exact.map(|(_, reader)| *reader).chain(patterns.map(|(_, reader)| *reader)).collect()
}

/// True where `tail` is the end of a path, from the start of a name.
fn ends_with(path: &str, tail: &str) -> bool {
    path.strip_suffix(tail).is_some_and(|head| head.is_empty() || head.ends_with('/'))
}

//! Files that clients keep the credentials of their user in: shells, clouds, registries, editors.

use super::super::Reader::{Keyed, Markup, Own, Tree};
use super::super::{lines, text, trees};
use super::Format;
use super::keys::{CLOUD, REMOTE};

/// These files, in the order in which their readers are asked.
pub(super) const CLIENTS: &[Format] = &[
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
];

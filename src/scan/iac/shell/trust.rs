//! Options and variables after which any certificate will do: one table for every file that holds shell.

use super::Command;

/// Who stops to check certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// curl, by an option.
    Curl,
    /// wget, by an option.
    Wget,
    /// pip, by an option or a variable.
    Pip,
    /// npm and its kin, by a setting or a variable.
    Npm,
    /// Git, by a setting or a variable.
    Git,
    /// What runs on Node.js, by a variable.
    Node,
    /// What runs on Python, by a variable.
    Python,
    /// yum and dnf, by a setting of theirs.
    Repositories,
    /// Any other program.
    Other,
}

impl Client {
    /// What people call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Curl => "curl",
            Self::Wget => "wget",
            Self::Pip => "pip",
            Self::Npm => "npm",
            Self::Git => "Git",
            Self::Node => "Node.js",
            Self::Python => "Python",
            Self::Repositories => "yum or dnf",
            Self::Other => "the program",
        }
    }
}

/// Variables, who reads them, and the values that switch checks off: empty for any value, `false` included.
const VARIABLES: &[(&str, Client, &[&str])] = &[
    ("GIT_SSL_NO_VERIFY", Client::Git, &[]),
    ("NODE_TLS_REJECT_UNAUTHORIZED", Client::Node, &["0"]),
    ("NPM_CONFIG_STRICT_SSL", Client::Npm, &["false"]),
    ("PIP_TRUSTED_HOST", Client::Pip, &[]),
    ("PYTHONHTTPSVERIFY", Client::Python, &["0"]),
];

/// Programs of which one word switches checks off.
const WORDS: &[(&str, Client, &[&str])] = &[
    ("wget", Client::Wget, &["--no-check-certificate"]),
    ("helm", Client::Other, &["--insecure-skip-tls-verify", "--kube-insecure-skip-tls-verify"]),
    ("kubectl", Client::Other, &["--insecure-skip-tls-verify", "--insecure-skip-tls-verify=true"]),
    ("oc", Client::Other, &["--insecure-skip-tls-verify", "--insecure-skip-tls-verify=true"]),
    ("podman", Client::Other, &["--tls-verify=false"]),
    ("buildah", Client::Other, &["--tls-verify=false"]),
    ("skopeo", Client::Other, &["--tls-verify=false", "--src-tls-verify=false", "--dest-tls-verify=false"]),
    ("executor", Client::Other, &["--skip-tls-verify", "--insecure", "--skip-tls-verify-pull"]),
    ("argocd", Client::Other, &["--insecure"]),
    ("terraform", Client::Other, &["-insecure"]),
];

/// Options of curl that take what follows them as their value, also in the same word.
const CURL_VALUES: &[u8] = b"AbCcDdEeFHhKmoPQrTtUuwXxYyz";

/// Who no longer checks certificates once the variable has the value; none for a variable that is about something else.
#[must_use]
pub fn variable(name: &str, value: &str) -> Option<Client> {
    let value = value.trim_matches(['"', '\'', ';']).trim();
    let known = VARIABLES.iter().find(|(known, ..)| name.eq_ignore_ascii_case(known))?;
    let off = known.2.is_empty() || known.2.iter().any(|off| value.eq_ignore_ascii_case(off));
    (off && !value.is_empty()).then_some(known.1)
}

/// Who checks no certificates in the command, by its own words.
#[must_use]
pub fn command(command: &Command) -> Option<Client> {
    let program = command.program();
    let words: Vec<&str> = command.arguments().collect();
    let listed = WORDS.iter().find(|(name, _, off)| *name == program && command.has(off));
    if let Some((_, client, _)) = listed {
        return Some(*client);
    }
    match program {
        "curl" if words.iter().any(|word| *word == "--insecure" || bundles_k(word)) => Some(Client::Curl),
        _ if is_pip(program) && trusts_host(&words) => Some(Client::Pip),
        "git" if sets(&words, "http.sslVerify", &["false", "0", "no", "off"]) => Some(Client::Git),
        "npm" | "yarn" | "pnpm" if sets(&words, "strict-ssl", &["false"]) => Some(Client::Npm),
        "yum-config-manager" | "dnf-config-manager" if skips_repositories(&words) => Some(Client::Repositories),
        "yum" | "dnf" if words.contains(&"config-manager") && skips_repositories(&words) => Some(Client::Repositories),
        _ => None,
    }
}

/// True for `pip`, `pip3` and `pip3.12`.
#[must_use]
pub fn is_pip(program: &str) -> bool {
    program.strip_prefix("pip").is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
}

/// `-k` among options that stand in one word: `-fsSLk`, but not `-ok`, which writes to the file `k`.
fn bundles_k(word: &str) -> bool {
    let options = word.strip_prefix('-').filter(|rest| !rest.starts_with('-')).unwrap_or_default();
    options.bytes().take_while(|option| !CURL_VALUES.contains(option)).any(|option| option == b'k')
}

fn trusts_host(words: &[&str]) -> bool {
    words.iter().any(|word| word.starts_with("--trusted-host"))
}

/// `name value`, `name=value` and `--name=value`.
fn sets(words: &[&str], name: &str, off: &[&str]) -> bool {
    let is_off = |value: &str| off.contains(&value.trim_matches(['"', '\'']));
    let apart = words.windows(2).any(|pair| pair[0].eq_ignore_ascii_case(name) && is_off(pair[1]));
    let joined = |word: &&str| {
        let setting = word.trim_start_matches("--").split_once('=');
        setting.is_some_and(|(key, value)| key.eq_ignore_ascii_case(name) && is_off(value))
    };
    apart || words.iter().any(joined)
}

/// `--setopt=sslverify=false`, for all repositories or one.
fn skips_repositories(words: &[&str]) -> bool {
    words.iter().any(|word| {
        let setting = word.strip_prefix("--setopt=").unwrap_or(word).trim_matches(['"', '\'']).to_ascii_lowercase();
        let (name, value) = setting.split_once('=').unwrap_or_default();
        name.rsplit('.').next() == Some("sslverify") && matches!(value.trim_matches(['"', '\'']), "0" | "false" | "no")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::iac::shell;

    #[test]
    fn a_command_says_who_checks_nothing() {
        let table: &[(&str, Option<Client>)] = &[
            ("curl -fsSLk https://a", Some(Client::Curl)),
            ("a && curl --insecure x", Some(Client::Curl)),
            ("curl -ok https://a", None),
            ("curl https://a -o k", None),
            ("curl --key k", None),
            ("wget -q --no-check-certificate x", Some(Client::Wget)),
            ("pip3.12 install --trusted-host=x y", Some(Client::Pip)),
            ("git config --global http.sslVerify false", Some(Client::Git)),
            ("git -c http.sslVerify=false clone x", Some(Client::Git)),
            ("git config http.sslVerify true", None),
            ("npm set strict-ssl=false", Some(Client::Npm)),
            ("yarn config set \"strict-ssl\" 'false'", Some(Client::Npm)),
            ("npm config set strict-ssl true", None),
            ("dnf config-manager --save --setopt=base.sslverify=0", Some(Client::Repositories)),
            ("kubectl --insecure-skip-tls-verify=true get pods", Some(Client::Other)),
            ("skopeo copy --dest-tls-verify=false a b", Some(Client::Other)),
            ("echo -k", None),
        ];
        for (line, expected) in table {
            assert_eq!(shell::commands(line).iter().find_map(command), *expected, "{line}");
        }
    }

    #[test]
    fn a_variable_needs_a_value_that_switches_off() {
        // Git asks whether the variable is there, not what it says.
        assert_eq!(variable("GIT_SSL_NO_VERIFY", "false"), Some(Client::Git));
        assert_eq!(variable("npm_config_strict_ssl", "\"false\""), Some(Client::Npm));
        assert_eq!(variable("NODE_TLS_REJECT_UNAUTHORIZED", "1"), None);
        assert_eq!(variable("PIP_TRUSTED_HOST", ""), None);
        assert_eq!(variable("OTHER", "0"), None);
    }
}

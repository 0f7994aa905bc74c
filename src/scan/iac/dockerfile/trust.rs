//! Settings after which any certificate will do.

use crate::syntax::dockerfile::Instruction;

/// Variables, and the values that switch checks off; empty for any value.
const VARIABLES: &[(&str, &[&str])] = &[
    ("GIT_SSL_NO_VERIFY", &[]),
    ("NODE_TLS_REJECT_UNAUTHORIZED", &["0"]),
    ("NPM_CONFIG_STRICT_SSL", &["false"]),
    ("PIP_TRUSTED_HOST", &[]),
    ("PYTHONHTTPSVERIFY", &["0"]),
];

/// True for an `ENV`, `ARG` or `RUN` that sets one of them.
pub fn by_variable(one: &Instruction) -> bool {
    let off = |name: &str, value: &str| {
        let value = value.trim_matches(['"', '\'', ';']).to_ascii_lowercase();
        !value.is_empty()
            && VARIABLES.iter().any(|(known, values)| {
                name.eq_ignore_ascii_case(known) && (values.is_empty() || values.contains(&&*value))
            })
    };
    // `ENV NAME value` is the old form, of one variable.
    let old = one.name == "ENV"
        && one.text.split_once(char::is_whitespace).is_some_and(|(name, value)| off(name, value.trim()));
    let words = one.text.split(|c: char| c.is_whitespace() || matches!(c, ';' | '&' | '|' | '('));
    old || words.filter_map(|word| word.split_once('=')).any(|(name, value)| off(name, value))
}

/// `--setopt=sslverify=false` of `yum-config-manager` and `dnf config-manager`.
pub fn of_repositories(one: &Instruction) -> bool {
    super::command(one, |words| {
        let manages = matches!(words[0], "yum-config-manager" | "dnf-config-manager")
            || matches!(words[0], "yum" | "dnf") && words.get(1) == Some(&"config-manager");
        let off = |word: &&str| {
            let setting = word.strip_prefix("--setopt=").unwrap_or(word).trim_matches(['"', '\'']).to_ascii_lowercase();
            let (name, value) = setting.split_once('=').unwrap_or_default();
            name.rsplit('.').next() == Some("sslverify")
                && matches!(value.trim_matches(['"', '\'']), "0" | "false" | "no")
        };
        manages && words.iter().any(off)
    })
}

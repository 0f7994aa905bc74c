//! What the names of variables tell: who decides a value, and whether it is a secret.

/// Predefined variables whose value someone without rights in the project can choose: who pushes to a fork, opens a
/// merge request, names a branch or writes a chat message. From GitLab's "Predefined CI/CD variables reference".
const OUTSIDERS: &[&str] = &[
    "CHAT_INPUT",
    "CI_BUILD_REF_NAME",
    "CI_BUILD_TAG",
    "CI_COMMIT_AUTHOR",
    "CI_COMMIT_BRANCH",
    "CI_COMMIT_DESCRIPTION",
    "CI_COMMIT_MESSAGE",
    "CI_COMMIT_REF_NAME",
    "CI_COMMIT_TAG",
    "CI_COMMIT_TAG_MESSAGE",
    "CI_COMMIT_TITLE",
    "CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_NAME",
    "CI_MERGE_REQUEST_DESCRIPTION",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME",
    "CI_MERGE_REQUEST_TITLE",
    "GITLAB_USER_NAME",
];

/// True for a predefined variable that outsiders fill.
pub fn is_outsiders(name: &str) -> bool {
    OUTSIDERS.binary_search(&name).is_ok()
}

/// Parts of the names of secrets.
const SECRET_PARTS: &[&str] = &[
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "SECRET",
    "TOKEN",
    "API_KEY",
    "APIKEY",
    "ACCESS_KEY",
    "PRIVATE_KEY",
    "DEPLOY_KEY",
    "SSH_KEY",
    "SIGNING_KEY",
    "ENCRYPTION_KEY",
    "ACCOUNT_KEY",
    "CREDENTIALS",
    "DOCKER_AUTH_CONFIG",
    "_PASS",
    "_PAT",
    "_PSW",
];

/// Ends of names that speak about a secret without being one.
const ABOUT: &[&str] = &[
    "_FILE",
    "_PATH",
    "_URL",
    "_URI",
    "_NAME",
    "_ID",
    "_USER",
    "_USERNAME",
    "_ENABLED",
    "_DISABLED",
    "_TTL",
    "_LENGTH",
    "_VERSION",
    "_HOST",
    "_EXPIRY",
    "_TYPE",
    "_HEADER",
    "_DIR",
    "_ARN",
    "_REGION",
    "_PATHS",
    "_OPTIONS",
    "_IMAGE",
    "_LIMIT",
    "_COUNT",
    "_ISSUER",
    "_AUDIENCE",
    "_SCOPE",
    "_PREFIX",
    "_SUFFIX",
    "_KEY_NAME",
    "_LOG_OPTIONS",
    "_MODE",
];

/// Settings of GitLab's own scanners and variables that hold no standing secret.
const HARMLESS: &[&str] = &["CI_JOB_TOKEN", "CI_REGISTRY_PASSWORD", "CI_DEPENDENCY_PROXY_PASSWORD", "CI_JOB_JWT"];

/// True for a variable that holds a secret by its name. The token of the job counts too where `own` says so: it
/// ends with the job, and is a secret until then.
pub fn is_secret(name: &str, own: bool) -> bool {
    let upper = name.to_ascii_uppercase();
    if HARMLESS.contains(&upper.as_str()) {
        return own;
    }
    let part = |part: &&&str| if part.starts_with('_') { upper.ends_with(**part) } else { upper.contains(**part) };
    !upper.starts_with("SECRET_DETECTION")
        && !upper.starts_with("SECRETS_ANALYZER")
        && !ABOUT.iter().any(|end| upper.ends_with(end))
        && SECRET_PARTS.iter().find(part).is_some()
}

/// The variables that a value of YAML names: `$NAME`, `${NAME}`; `$$` is a dollar sign.
pub fn named_in(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices('$').filter_map(move |(at, _)| {
        let rest = text[at + 1..].trim_start_matches('{');
        let end = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        (end > 0 && !text[..at].ends_with('$')).then(|| &rest[..end])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(OUTSIDERS.is_sorted());
    }

    #[test]
    fn names_tell_secrets() {
        for name in ["DEPLOY_TOKEN", "db_password", "AWS_SECRET_ACCESS_KEY", "SSH_PRIVATE_KEY", "GH_PAT", "NPM_TOKEN"] {
            assert!(is_secret(name, false), "{name}");
        }
        for name in ["CI_JOB_TOKEN", "PASSWORD_FILE", "TOKEN_URL", "SECRET_DETECTION_ENABLED", "PATH", "COMPAT", "KEY"]
        {
            assert!(!is_secret(name, false), "{name}");
        }
        assert!(is_secret("CI_JOB_TOKEN", true));
        assert_eq!(named_in("a $B ${C_1}/$$D").collect::<Vec<_>>(), ["B", "C_1"]);
    }
}

//! Rules that are code.

use std::sync::Arc;

use super::settings::{Settings, overrule};
use crate::model::{Confidence, Rule, Severity};

/// Place of a rule in [`rules`].
pub(super) const GENERIC_SECRET: usize = 0;
/// As above.
pub(super) const URL_CREDENTIALS: usize = 1;
/// As above.
pub(super) const AUTHORIZATION: usize = 2;
/// As above.
pub(super) const PRIVATE_KEY: usize = 3;
/// As above.
pub(super) const CREDENTIAL_FILE: usize = 4;
/// As above.
pub(super) const PASSWORD_HASH: usize = 5;
/// As above.
pub(super) const SERVICE_ACCOUNT: usize = 6;
/// As above.
pub(super) const RECOVERY_PHRASE: usize = 7;
/// As above.
pub(super) const BITCOIN_KEY: usize = 8;

/// Number of rules that are code.
pub(super) const COUNT: usize = 9;

/// Id, title, severity, help.
const GENERIC: [(&str, &str, Severity, &str); COUNT] = [
    (
        "secrets/generic-secret",
        "Hard-coded password, token or key",
        Severity::High,
        "Anyone who reads the file has it. Replace it where it is used, then read it from the environment or a secret store.",
    ),
    (
        "secrets/url-credentials",
        "Credentials in a URL",
        Severity::High,
        "Anyone who reads the file can log in. Change the password and take it from the environment or a secret store.",
    ),
    (
        "secrets/authorization-header",
        "Credentials in an Authorization header",
        Severity::High,
        "Anyone who reads the file can send the same header. Revoke the credentials and take them from the environment.",
    ),
    (
        "secrets/private-key",
        "Private key",
        Severity::Critical,
        "Whoever has the key is its owner to everyone who trusts it. Make a new pair, replace the public half everywhere, and keep the private half out of the tree.",
    ),
    (
        "secrets/credential-file",
        "Credential in a file that a tool keeps credentials in",
        Severity::High,
        "Anyone who reads the file can log in as its owner. Revoke the credential where it was issued and keep the file out of the tree.",
    ),
    (
        "secrets/password-hash",
        "Password hash",
        Severity::Medium,
        "A hash can be attacked offline, without limit. Change the passwords and keep the file out of the tree.",
    ),
    (
        "secrets/gcp-service-account-key",
        "Google Cloud service account key",
        Severity::Critical,
        "Whoever has the file acts as the service account, with all of its roles. Delete the key under IAM, Service accounts, Keys; make a new one only where workload identity will not do, and keep it in a secret store.",
    ),
    (
        "secrets/wallet-recovery-phrase",
        "Recovery phrase of a wallet (BIP-39)",
        Severity::Critical,
        "Whoever reads the words owns every coin of the wallet, now and later. The phrase cannot be revoked: move the funds to a new wallet, whose phrase is kept offline.",
    ),
    (
        "secrets/bitcoin-private-key",
        "Bitcoin private key (wallet import format)",
        Severity::Critical,
        "Whoever has the key can spend what its address holds. It cannot be revoked: move the funds to a new key, which is kept in a wallet.",
    ),
];

/// The rules as settings have them.
pub(super) fn rules(settings: &Settings) -> [Arc<Rule>; COUNT] {
    GENERIC.map(|(id, title, severity, help)| {
        let mut rule = Rule::new(id, title, severity);
        rule.confidence = Confidence::Medium;
        rule.help = help.to_owned();
        rule.cwe = vec![798];
        rule.references =
            vec!["https://cheatsheetseries.owasp.org/cheatsheets/Secrets_Management_Cheat_Sheet.html".to_owned()];
        // gitleaks' one rule of this kind, whose name its users have in their files.
        if id == "secrets/generic-secret" {
            rule.aliases = vec!["generic-api-key".to_owned()];
        }
        let mut rule = Arc::new(rule);
        overrule(&mut rule, settings);
        rule
    })
}

//! Names of secret members, by the kind of file that has them.

/// Of clouds and storage.
pub(super) const CLOUD: &[&str] = &[
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
/// Of builds and applications in `key = value` files.
pub(super) const BUILD: &[&str] =
    &["password", "passwd", "pass", "passphrase", "token", "secret", "apikey", "api_key", "secretkey", "authtoken"];
/// Of connections to other machines.
pub(super) const REMOTE: &[&str] = &[
    "password",
    "passphrase",
    "pass",
    "userpassword",
    "sshpassphrase",
    "sudo_password",
    "remote_password",
    "ssh_key_passphrase",
];
/// Of clients that log in with tokens.
pub(super) const OAUTH: &[&str] = &[
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
/// Of servers in XML.
pub(super) const SERVER: &[&str] =
    &["password", "cpassword", "passwd", "pass", "keystorepass", "truststorepass", "connectionpassword"];

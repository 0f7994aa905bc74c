//! Values that are secrets, and values that look like some.

use super::*;

const KEY: Judged = Judged { password: false, quoted: true, config: false };

#[test]
fn short_keys_count_and_names_with_a_number_do_not() {
    for key in ["k8Jd92hfLq0ZxM", "k8Jd92hfLq0Z", "q8zk3m1v0x7c"] {
        assert!(judge(key.as_bytes(), KEY).is_some(), "{key}");
    }
    for name in ["oauth2-token22", "applications12", "aws4_request_12", "getXMLHttpRequest"] {
        assert!(judge(name.as_bytes(), KEY).is_none(), "{name}");
    }
    assert!(judge(["CeuZJXNDUO", "dQEL78"].concat().as_bytes(), Judged { password: true, ..KEY }).is_some());
}

#[test]
fn text_paths_and_addresses_are_no_secrets() {
    let quoted = Judged { password: true, ..KEY };
    for text in [
        "\\u5bc6\\u7801\\u9519\\u8bef",
        "Salas\\u00f5ma",
        "worker-%02d-secret1",
        "C:\\\\windows12\\\\system32",
        "tests/since_1.51/compile-pass/*.rs",
    ] {
        assert!(judge(text.as_bytes(), quoted).is_none(), "{text}");
    }
    assert!(judge(b"arn:aws:kms:us-east-1:123123:alias/aws/s3", KEY).is_none());
    let bare = Judged { quoted: false, config: true, ..quoted };
    for text in ["!unsafe", "secp256k1::SecretKey", ":sign_prehashed_rfc6979", "String!"] {
        assert!(judge(text.as_bytes(), bare).is_none(), "{text}");
    }
    let address = format!("0x{}", "a0b86991c6218b36c1d19d4a2e9eb0ce3606eb48");
    for text in ["xterm256Background", "pkcs15TokenName", &address] {
        assert!(judge(text.as_bytes(), KEY).is_none(), "{text}");
    }
    for password in [concat!("Riv", "er!84%kQz"), concat!("$Riv", "er841"), concat!("#Riv", "er841")] {
        assert!(judge(password.as_bytes(), quoted).is_some(), "{password}");
    }
    for variable in ["$db_user12", "$Variable1", "#login-form-2", "${River841}"] {
        assert!(judge(variable.as_bytes(), quoted).is_none(), "{variable}");
    }
}

#[test]
fn a_title_in_an_address_is_told_by_its_words() {
    let behind_prefix = |rest: &str| is_title(format!("{}-{rest}", "pa").as_bytes());
    assert!(behind_prefix("andreplass-sa-skjer-dette-drama_vid30000618"));
    assert!(!behind_prefix("k8Jd92hfLq0ZxMk8Jd92-hfLq0Z_xMk8Jd92hfL"));
}

#[test]
fn dice_choose_words_and_sentences_have_others() {
    assert!(is_passphrase(b"harbor velvet copper meadow") && is_passphrase(b"harbor-velvet-copper-meadow"));
    for text in ["enter your passphrase here", "harbor velvet copper", "harbor Velvet copper meadow", "a b c d"] {
        assert!(!is_passphrase(text.as_bytes()), "{text}");
    }
}

#[test]
fn identifiers_read_and_chance_does_not() {
    for name in ["test_readOpenRaisesOSErrorNotENOENT", "a11y_aria_activedescendant_has_tabindex"] {
        assert!(reads(name.as_bytes()), "{name}");
    }
    for chance in ["Mai9ohgh6ahxee0jutheew0pungoozil", "kTqzLwPxYvBnRmHsJdFgQcWeTyUiOpAs", "q8zk3m1v0x7c5b2n9l4j6h8g"] {
        assert!(!reads(chance.as_bytes()), "{chance}");
    }
}

//! What a value looks like: chance, a word, a placeholder, code.

use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use crate::model::Confidence;

/// Shannon entropy in bits per byte.
pub(super) fn entropy(value: &[u8]) -> f64 {
    let mut counts = [0u32; 256];
    for &b in value {
        counts[b as usize] += 1;
    }
    let n = value.len() as f64;
    counts.iter().filter(|c| **c > 0).map(|&c| f64::from(c) / n).map(|p| -p * p.log2()).sum()
}

/// What stands for a value, in any case.
const STOP: &[&str] = &[
    "example",
    "changeme",
    "change_me",
    "change-me",
    "your",
    "placeholder",
    "dummy",
    "xxxx",
    "****",
    "....",
    "todo",
    "replace",
    "sample",
    "insert",
    "redacted",
    "foobar",
    "foo_",
    "none",
    "null",
    "undefined",
    "username",
    "secret_key",
    "<",
    ">",
    "{{",
    "${",
    "$(",
    "%(",
    "process.env",
    "os.environ",
    "getenv",
    "ENV[",
    "lorem",
    "fake",
    "mock",
    "password",
    "passwd",
    "123456789",
    "abcdef",
    "deadbeef",
    "00000000",
    "not-a-",
    "notreal",
    "invalid",
    "any-",
    "my-",
    "my_",
    "some-",
    "some_",
    "test-",
    "test_",
    "testing",
    "hidden",
    "secret:",
    "00010203",
    "aws4_request",
];

/// Words of sentences about passphrases, which no dice choose.
const SPOKEN: &[&str] = &[
    "the",
    "your",
    "you",
    "for",
    "and",
    "enter",
    "please",
    "passphrase",
    "password",
    "with",
    "this",
    "that",
    "not",
    "key",
    "secret",
    "must",
    "from",
    "are",
    "was",
    "has",
    "have",
    "can",
    "will",
    "should",
    "again",
    "confirm",
    "protect",
    "invalid",
    "wrong",
    "test",
    "example",
    "some",
    "very",
    "here",
    "read",
    "file",
    "use",
    "set",
];

/// True for words as dice choose them: four to ten of three to nine small letters, between blanks or `-`.
pub(super) fn is_passphrase(value: &[u8]) -> bool {
    let mark = if value.contains(&b' ') { b' ' } else { b'-' };
    let word = |word: &[u8]| {
        (3..=9).contains(&word.len())
            && word.iter().all(u8::is_ascii_lowercase)
            && !SPOKEN.iter().any(|spoken| spoken.as_bytes() == word)
    };
    value.split(|b| *b == mark).all(word) && (4..=10).contains(&value.split(|b| *b == mark).count())
}

/// True for text that stands where a secret would, or tells where one comes from.
pub(super) fn is_placeholder(value: &[u8]) -> bool {
    static STOPS: OnceLock<Option<AhoCorasick>> = OnceLock::new();
    let build = || {
        let mut builder = AhoCorasick::builder();
        builder.ascii_case_insensitive(true).kind(Some(AhoCorasickKind::DFA)).build(STOP).ok()
    };
    let distinct = value.iter().fold([false; 256], |mut seen, &b| {
        seen[b as usize] = true;
        seen
    });
    distinct.iter().filter(|s| **s).count() < 5.min(value.len())
        || STOPS.get_or_init(build).as_ref().is_some_and(|stops| stops.is_match(value))
}

/// Pieces of keys that their providers print in their documentation for everyone to copy.
const DOCUMENTED: &[&[u8]] = &[
    // The account of Azure's storage emulator.
    b"Eby8vdM02xNOcqFlqUwJPLlm",
    // Stripe's first steps.
    b"4eC39HqLyjWD",
    // One-time passwords in every library's manual.
    b"JBSWY3DPEHPK3PXP",
    // The claims of jwt.io's token: John Doe, 1234567890.
    b"eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9l",
];

/// True for a key that everybody knows from its provider's documentation.
pub(super) fn is_documented(value: &[u8]) -> bool {
    DOCUMENTED.iter().any(|piece| memchr::memmem::find(value, piece).is_some())
}

/// True for an identifier of several words (`test_readsNothing`), which chance does not make: hardly a digit, more than one
/// word, and most letters in runs of lower case.
pub(super) fn reads(value: &[u8]) -> bool {
    let digits = value.iter().filter(|b| b.is_ascii_digit()).count();
    let letters = value.iter().filter(|b| b.is_ascii_alphabetic()).count();
    let runs = value.split(|b| !b.is_ascii_lowercase()).map(<[u8]>::len).filter(|run| *run >= 3);
    let (words, covered) = runs.fold((0, 0), |(words, covered), run| (words + 1, covered + run));
    value.len() >= 16
        && digits * 16 <= value.len()
        && words >= 4
        && covered * 20 >= letters * 11
        && consonants(value) < 8
}

/// True for the rest of a title in an address: four words of small letters and more between `-` and `_`.
pub(super) fn is_title(value: &[u8]) -> bool {
    let word = |word: &&[u8]| word.len() >= 2 && word.iter().all(u8::is_ascii_lowercase);
    value.split(|b| matches!(b, b'-' | b'_')).filter(word).count() >= 4
}

/// Consonants in a row, whatever their case, at most: no word has seven.
fn consonants(value: &[u8]) -> usize {
    let vowel = |b: &u8| matches!(b.to_ascii_lowercase(), b'a' | b'e' | b'i' | b'o' | b'u' | b'y');
    value.split(|b| !b.is_ascii_alphabetic() || vowel(b)).map(<[u8]>::len).max().unwrap_or(0)
}

/// What is known of a value beside its bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Judged {
    /// A person chose it; else a program made it.
    pub password: bool,
    /// It has quotes, or plain bounds of another kind.
    pub quoted: bool,
    /// Its file writes values and no code.
    pub config: bool,
}

/// How a generic value is judged: None where it is no secret.
pub(super) fn judge(value: &[u8], how: Judged) -> Option<Confidence> {
    let Judged { password, quoted, config } = how;
    let bounds = if password { 6..=128 } else { 12..=512 };
    if !bounds.contains(&value.len())
        || !value.iter().all(u8::is_ascii_graphic)
        || is_placeholder(value)
        || is_documented(value)
        || value.ends_with(b"...")
        || is_expression(value, password, quoted)
    {
        return None;
    }
    let count = |class: fn(&u8) -> bool| value.iter().filter(|b| class(b)).count();
    let (digits, letters) = (count(u8::is_ascii_digit), count(u8::is_ascii_alphabetic));
    let (small, large) = (count(u8::is_ascii_lowercase), count(u8::is_ascii_uppercase));
    let symbols = value.len() - digits - letters;
    let words = is_words(value);
    let chosen = password && (quoted || config);
    // Letters alone are chance where small and capital ones are mixed as no name mixes them.
    let jumbled = (quoted || config)
        && symbols == 0
        && (!words || chosen && consonants(value) >= 6)
        && small.min(large) >= 3
        && value.len() >= 10;
    let words = words && !jumbled;
    if letters == 0 || digits == 0 && (symbols == 0 && !jumbled || words) {
        return None;
    }
    // Two words with a number (`sha256`, `oauth2-token`) are names.
    // Letters of both cases at random are as good as a second digit.
    let cases = value.windows(2).filter(|w| w[0].is_ascii_lowercase() && w[1].is_ascii_uppercase()).count();
    let chance = digits >= 2 || value.len() >= 20 && cases >= 4 && entropy(value) >= 3.8;
    if !password
        && (!chance || words || reads(value) || is_numbered(value) || is_address(value) || entropy(value) < 3.0)
    {
        return None;
    }
    // `River_Stone41` has all that a rule for passwords asks for.
    let composed = symbols > 0 && digits >= 2 && small > 0 && large > 0;
    if password && words && !config && !(quoted && composed) {
        return None;
    }
    let random = value.len() >= 16 && entropy(value) >= 3.3 && chance;
    let classes = [small, large, digits, symbols].iter().filter(|n| **n > 0).count();
    Some(match (random, classes >= 3) {
        (true, _) => Confidence::Medium,
        (false, true) if password && (quoted || config) => Confidence::Medium,
        _ if password && config => Confidence::Low,
        _ if password && quoted && classes >= 2 && (digits > 0 || jumbled) => Confidence::Low,
        _ if !password && value.len() >= 16 => Confidence::Low,
        // A short key: of three classes, or with so many digits that it is no name with a number.
        _ if !password && symbols == 0 && entropy(value) >= 3.2 && (classes >= 3 || digits >= 4) => Confidence::Low,
        _ => return None,
    })
}

/// True for what reads as code, a path or a template rather than as a value.
fn is_expression(value: &[u8], password: bool, quoted: bool) -> bool {
    // A password may begin with a symbol, if that is all that it has of an expression.
    let starts = match value[0] {
        b'@' | b'*' | b'&' | b'%' => !(password && quoted && value.len() >= 8 && value.iter().any(u8::is_ascii_digit)),
        // So may it with the mark of a variable or a selector, if it has more of a password than those.
        b'$' | b'#' => {
            let count = |class: fn(&u8) -> bool| value.iter().filter(|b| class(b)).count();
            let plain = value[1..].iter().all(|b| b.is_ascii_alphanumeric() || b"!@#%^*-".contains(b));
            let classes = count(u8::is_ascii_uppercase) > 0 && count(u8::is_ascii_digit) > 1;
            !(password && quoted && value.len() >= 8 && plain && classes)
        }
        // Base64 may begin with the first byte of a path.
        b'/' => password || value.len() < 32 || value.contains(&b'.') || entropy(value) < 4.5,
        first => b"${[(.<#".contains(&first),
    };
    // What is written in escapes is a byte string for a test, or text of another script.
    let escapes = [&b"\\x"[..], b"\\u", b"%"].iter().any(|mark| value.starts_with(mark))
        && value.iter().filter(|b| matches!(b, b'\\' | b'%')).count() * 4 >= value.len();
    // A letter of another script in an escape, and hardly a digit beside it: text for people.
    let foreign = value.windows(6).filter(|w| w.starts_with(b"\\u") && !w.starts_with(b"\\u00") || is_latin(w)).count();
    let others = value.windows(2).filter(|w| w[0].is_ascii_digit() && !w[1].is_ascii_hexdigit()).count();
    let text = foreign > 0 && (others < 2 || foreign > 3);
    // `worker-%02d`, `C:\\users`, `module::Name`, `src/a.rs`, GraphQL's `String!`.
    let drive = matches!(value, [letter, b':', b'\\' | b'/', ..] if letter.is_ascii_alphabetic());
    let scoped = value.windows(2).any(|w| w == b"::") && (!quoted || is_words(value));
    let required = matches!(value, [name @ .., b'!'] if !quoted && name.iter().all(u8::is_ascii_alphabetic));
    // An id of AWS, a tag of YAML.
    let named = value.starts_with(b"arn:")
        || !quoted && matches!(value, [b'!', tag @ ..] if tag.iter().all(u8::is_ascii_alphabetic));
    if text
        || named
        || drive
        || scoped
        || required
        || is_format(value)
        || is_file(value)
        || (!quoted || !password) && value[0] == b':'
    {
        return true;
    }
    let brackets = |b: &u8| matches!(b, b'(' | b'{' | b'[' | b'\\' | b'`');
    starts || escapes || value.windows(3).any(|w| w == b"://") || value.iter().any(brackets) && (!password || !quoted)
}

/// True for `\u00e9` and its like: a letter of Latin-1 that ASCII lacks.
fn is_latin(six: &[u8]) -> bool {
    matches!(six, [b'\\', b'u', b'0', b'0', b'c'..=b'f' | b'C'..=b'F', last] if last.is_ascii_hexdigit())
}

/// True where a value of printf's belongs: `%s`, `%02d`.
fn is_format(value: &[u8]) -> bool {
    value.split(|b| *b == b'%').skip(1).any(|rest| {
        let width = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        // `%2d` is a percent-encoded `-`.
        matches!(rest.get(width), Some(b'd' | b's' | b'i' | b'u' | b'x'))
            && (width == 0 && rest.len() == 1 || width > 1)
    })
}

/// True for a path of a file: segments and an extension.
fn is_file(value: &[u8]) -> bool {
    let Some(slash) = value.iter().rposition(|b| *b == b'/') else { return false };
    let name = &value[slash + 1..];
    let Some(dot) = name.iter().rposition(|b| *b == b'.') else { return false };
    let part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'*' | b'.');
    (1..=4).contains(&(name.len() - dot - 1))
        && name[dot + 1..].iter().all(u8::is_ascii_lowercase)
        && value.iter().all(|b| part(b) || *b == b'/')
}

/// True for an address of Ethereum and its like, which is no secret: `0x` and 40 digits.
fn is_address(value: &[u8]) -> bool {
    let digits = value.strip_prefix(b"0x").unwrap_or_default();
    digits.len() == 40 && digits.iter().all(u8::is_ascii_hexdigit)
}

/// True for the digits of a digest: 32, 40, 64, 96 or 128 of hexadecimal.
pub(super) fn is_digest(value: &[u8]) -> bool {
    matches!(value.len(), 32 | 40 | 64 | 96 | 128) && value.iter().all(u8::is_ascii_hexdigit)
}

/// True for words with numbers between them: `xterm256Background`.
fn is_numbered(value: &[u8]) -> bool {
    let (words, digits) =
        value.chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit()).fold((0, 0), |(w, d), part| {
            if part[0].is_ascii_digit() { (w, d + 1) } else { (w + usize::from(part.len() >= 4 && is_words(part)), d) }
        });
    digits == 1 && words == 2
}

/// True for at least three of small letters, capitals, digits and symbols, or for letters among which are several
/// digits: what a person who needs a password takes, and what a word of a text is not.
pub(super) fn is_varied(value: &[u8]) -> bool {
    let has = |class: fn(&u8) -> bool| usize::from(value.iter().any(class));
    let classes = has(u8::is_ascii_lowercase)
        + has(u8::is_ascii_uppercase)
        + has(u8::is_ascii_digit)
        + has(u8::is_ascii_punctuation);
    let digits = value.iter().filter(|b| b.is_ascii_digit()).count();
    value.len() >= 8 && (classes >= 3 && digits > 0 || classes == 2 && digits >= 3 && digits < value.len())
}

/// True for letters in words that `-`, `_`, `.`, `/` or `:` join, with at most a short number at the end of a word.
/// Several turns from small to capital beside capitals in a row are no camel case.
fn is_words(value: &[u8]) -> bool {
    // `Autumn2024_` ends with a symbol, which joins nothing.
    // `Palavra-passe.` is a sentence.
    let value = match value {
        [words @ .., b'.'] if words.iter().all(|b| b.is_ascii_alphabetic() || *b == b'-') => words,
        [.., b'_' | b'-' | b'.'] => return false,
        _ => value,
    };
    value.split(|b| matches!(b, b'-' | b'_' | b'.' | b'/' | b':' | b',' | b'\\')).all(|word| {
        let stem = word.iter().rposition(|b| !b.is_ascii_digit()).map_or(0, |at| at + 1);
        let before = |kind: fn(&u8) -> bool| {
            word[..stem].windows(2).filter(|w| kind(&w[0]) && w[1].is_ascii_uppercase()).count()
        };
        let (turns, rows) = (before(u8::is_ascii_lowercase), before(u8::is_ascii_uppercase));
        let camel = turns * 4 <= stem && (turns < 2 || rows * 4 < stem);
        word.len() - stem <= 3 && word[..stem].iter().all(u8::is_ascii_alphabetic) && camel
    })
}

#[cfg(test)]
mod tests;

//! The same chance every time, and texts put together from it.

use super::digits::digits;

/// A xorshift generator; one seed, one sequence.
pub struct Chance(u64);

const WORDS: &[&str] = &[
    "harbor", "violet", "copper", "thunder", "maple", "orbit", "falcon", "ginger", "winter", "marble", "pepper",
    "rocket", "saturn", "tiger", "velvet", "walnut", "zephyr", "anchor", "bridge", "canyon",
];
pub const ALNUM: &str = "A-Za-z0-9";

impl Chance {
    pub fn new(seed: u64) -> Self {
        let mut chance = Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        for _ in 0..8 {
            chance.next();
        }
        chance
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 16
    }

    pub fn below(&mut self, bound: usize) -> usize {
        self.next() as usize % bound
    }

    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// `count` characters of a class such as `A-Za-z0-9_`.
    pub fn text(&mut self, class: &str, count: usize) -> String {
        let class = class_of(class);
        (0..count).map(|_| self.pick(&class)).collect()
    }

    pub fn word(&mut self) -> String {
        self.pick(WORDS).to_owned()
    }

    pub fn hex(&mut self, count: usize) -> String {
        self.text("0-9a-f", count)
    }

    pub fn uuid(&mut self) -> String {
        format!("{}-{}-4{}-a{}-{}", self.hex(8), self.hex(4), self.hex(3), self.hex(3), self.hex(12))
    }

    /// What machines issue: letters and digits, base64 or hexadecimal.
    pub fn key(&mut self) -> String {
        match self.below(5) {
            0 => self.hex(32),
            1 => self.hex(64),
            2 => self.text(ALNUM, 32),
            3 => self.text("A-Za-z0-9_-", 43),
            _ => self.text(ALNUM, 24),
        }
    }

    /// What people make up: words, digits, a sign.
    pub fn password(&mut self) -> String {
        let word = self.word();
        let capital = word[..1].to_uppercase() + &word[1..];
        match self.below(4) {
            0 => format!("{capital}{}!", self.text("0-9", 4)),
            1 => format!("{}#{}{}", self.text("A-Za-z", 5), self.text("0-9", 3), self.text("a-z", 3)),
            2 => format!("{capital}@{}{}", self.word(), self.text("1-9", 2)),
            _ => self.text(ALNUM, 14) + &self.text("0-9", 2),
        }
    }

    /// A sample of a rule: `{{CLASS:N}}`, `{{check}}`, `{{check:KIND}}`, `{{badcheck}}`, `{{}}` (rules/README.md).
    pub fn expand(&mut self, sample: &str) -> String {
        let (mut out, mut rest) = (String::new(), sample);
        while let Some((before, after)) = rest.split_once("{{") {
            out.push_str(before);
            let Some((what, tail)) = after.split_once("}}") else { return out + "{{" + after };
            rest = tail;
            match what.rsplit_once(':').and_then(|(class, count)| Some((class, count.parse::<usize>().ok()?))) {
                Some((class, count)) => out += &self.text(class, count),
                None if what.trim_start_matches("bad").starts_with("check") => {
                    let kind = what.split_once(':').map_or("", |(_, kind)| kind);
                    out += &digits(&out, kind, what.starts_with("check")).unwrap();
                }
                None if what.is_empty() => {}
                None => out = out + "{{" + what + "}}",
            }
        }
        out + rest
    }
}

fn class_of(class: &str) -> Vec<char> {
    let chars: Vec<char> = class.chars().collect();
    let (mut out, mut at) = (Vec::new(), 0);
    while at < chars.len() {
        if at + 2 < chars.len() && chars[at + 1] == '-' {
            out.extend(chars[at]..=chars[at + 2]);
            at += 3;
        } else {
            out.push(chars[at]);
            at += 1;
        }
    }
    out
}

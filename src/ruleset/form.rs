//! The form of an opaque value: its alphabet and its length, or that of a UUID.
//!
//! The build script reads this file too: built-in forms are parsed once, when the program is built.

/// What values of one kind look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// A bit for each ASCII character that may stand in a value.
    pub class: u128,
    /// Bytes at least.
    pub least: u16,
    /// Bytes at most.
    pub most: u16,
    /// 8, 4, 4, 4 and 12 hexadecimal digits with `-` between.
    pub uuid: bool,
}

/// Characters of tokens whose alphabet is not published.
const OPAQUE: &str = "A-Za-z0-9+/=_.~:-";

#[allow(dead_code, reason = "the build script parses, the program compares")]
impl Form {
    /// From `uuid`, `opaque` (20 to 256 bytes of any token's characters), `CLASS:N` or `CLASS:N-M`; in a class, `a-z` is a
    /// range and a `-` at its end stands for itself.
    ///
    /// # Errors
    /// Where the text is none of these.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            "uuid" => return Ok(Self { class: class("0-9a-fA-F-")?, least: 36, most: 36, uuid: true }),
            "opaque" => return Ok(Self { class: class(OPAQUE)?, least: 20, most: 256, uuid: false }),
            _ => {}
        }
        let wrong = || format!("`{text}` is neither `CLASS:N`, `CLASS:N-M`, `uuid` nor `opaque`");
        let (set, length) = text.rsplit_once(':').ok_or_else(wrong)?;
        let (least, most) = length.split_once('-').unwrap_or((length, length));
        let number = |digits: &str| digits.parse::<u16>().map_err(|_| wrong());
        let (least, most) = (number(least)?, number(most)?);
        if least < 8 || most < least {
            return Err(format!("`{text}`: a value has 8 bytes or more, and no more at least than at most"));
        }
        Ok(Self { class: class(set)?, least, most, uuid: false })
    }

    /// True for a value of this form.
    #[must_use]
    pub fn admits(&self, value: &[u8]) -> bool {
        let length = usize::from(self.least)..=usize::from(self.most);
        length.contains(&value.len()) && value.iter().all(|b| self.has(*b)) && (!self.uuid || is_uuid(value))
    }

    fn has(&self, b: u8) -> bool {
        b.is_ascii() && self.class >> b & 1 != 0
    }

    /// One of its values, for tests: the same for the same `seed`, and as varied as chance is.
    #[must_use]
    pub fn sample(&self, seed: u64) -> String {
        let has = |b: &u8| self.has(*b) && (!self.uuid || !b.is_ascii_uppercase());
        let of = |kind: fn(&u8) -> bool| (0..128u8).filter(|b| has(b) && kind(b)).map(char::from).collect::<Vec<_>>();
        let (all, digits) = (of(u8::is_ascii_alphanumeric), of(u8::is_ascii_digit));
        let mut state = 0x9E37_79B9_7F4A_7C15 ^ seed.wrapping_mul(0x2545_F491_4F6C_DD1D);
        let mut next = |from: &[char]| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            from[usize::try_from(state >> 33).unwrap_or(0) % from.len()]
        };
        let at = |place: usize| match place {
            8 | 13 | 18 | 23 if self.uuid => '-',
            _ if place % 4 == 2 && !digits.is_empty() => next(&digits),
            _ => next(&all),
        };
        (0..usize::from(self.least.max(self.most.min(32)))).map(at).collect()
    }
}

/// True for hexadecimal digits in the five groups of a UUID.
fn is_uuid(value: &[u8]) -> bool {
    let groups = value.split(|b| *b == b'-').map(<[u8]>::len);
    groups.eq([8, 4, 4, 4, 12]) && value.iter().all(|b| b.is_ascii_hexdigit() || *b == b'-')
}

fn class(text: &str) -> Result<u128, String> {
    let bytes = text.as_bytes();
    let mut set = 0;
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        let (last, after) = match tail {
            [b'-', last, after @ ..] => (*last, after),
            _ => (*first, tail),
        };
        if !text.is_ascii() || last < *first {
            return Err(format!("`{text}` is no class of ASCII characters"));
        }
        (*first..=last).for_each(|b| set |= 1 << b);
        rest = after;
    }
    Ok(set)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read_and_hold_their_own_samples() {
        let hex = Form::parse("0-9a-f:32").unwrap();
        assert!(hex.admits(b"0123456789abcdef0123456789abcdef"));
        assert!(!hex.admits(b"0123456789abcdef0123456789abcdeg") && !hex.admits(b"0123456789abcdef"));
        let marks = Form::parse("a-z.:-:20-24").unwrap();
        assert!(marks.admits(b"abcdefgh.ijklmn:o-pqr") && !marks.admits(b"abcdefgh,ijklmn:o-pqr"));
        for text in ["uuid", "opaque", "A-Z:10"] {
            let form = Form::parse(text).unwrap();
            assert!(form.admits(form.sample(1).as_bytes()), "{text}");
            assert_ne!(form.sample(1), form.sample(2));
        }
        let uuid = Form::parse("uuid").unwrap();
        assert!(!uuid.admits("0-".repeat(18).as_bytes()));
        for text in ["", "a-z", "a-z:7", "a-z:30-20", "z-a:20", "é:20"] {
            assert!(Form::parse(text).is_err(), "{text}");
        }
    }
}

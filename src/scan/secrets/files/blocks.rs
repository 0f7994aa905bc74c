//! Files in which a value stands on a line of its own, below the one that says what it is.

use super::{Value, plain};

/// Subversion's cache: `password`, then `V` and the value's length, then the value.
pub(super) fn subversion(bytes: &[u8], values: &mut Vec<Value>) {
    below(bytes, b"\npassword\n", 1, values);
}

/// OpenVPN's `<auth-user-pass>`: the user's name, then the password.
pub(super) fn openvpn(bytes: &[u8], values: &mut Vec<Value>) {
    below(bytes, b"<auth-user-pass>\n", 1, values);
}

/// The line that follows `mark` and `skipped` more lines.
fn below(bytes: &[u8], mark: &[u8], skipped: usize, values: &mut Vec<Value>) {
    let Some(at) = memchr::memmem::find(bytes, mark) else { return };
    let mut start = at + mark.len();
    for line in bytes[start..].split(|&b| b == b'\n').take(skipped + 1).enumerate() {
        let (number, line) = line;
        if number == skipped {
            plain(bytes, start, start + line.len(), values);
        }
        start += line.len() + 1;
    }
}

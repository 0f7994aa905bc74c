//! Files in which a value stands on a line of its own, below the one that says what it is.

use super::{Value, plain};

/// Subversion's cache: `password`, then `V` and the value's length, then the value.
pub(super) fn subversion(bytes: &[u8], values: &mut Vec<Value>) {
    below(bytes, b"\npassword\n", values);
}

/// OpenVPN's `<auth-user-pass>`: the user's name, then the password.
pub(super) fn openvpn(bytes: &[u8], values: &mut Vec<Value>) {
    below(bytes, b"<auth-user-pass>\n", values);
}

/// The second line below `mark`.
fn below(bytes: &[u8], mark: &[u8], values: &mut Vec<Value>) {
    let Some(at) = memchr::memmem::find(bytes, mark) else { return };
    let first = at + mark.len();
    let Some(newline) = memchr::memchr(b'\n', &bytes[first..]) else { return };
    let second = first + newline + 1;
    let end = memchr::memchr(b'\n', &bytes[second..]).map_or(bytes.len(), |length| second + length);
    plain(bytes, second, end, values);
}

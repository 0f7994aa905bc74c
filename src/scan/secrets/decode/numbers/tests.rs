//! Lists of every language, and what is none.

use super::*;
use crate::scan::secrets::prints::Prints;
use crate::scan::secrets::runs;

/// What the lists of a text say.
struct Lists<'a> {
    bytes: &'a [u8],
    floor: usize,
    all: Vec<String>,
}

impl runs::Seen for Lists<'_> {
    fn run(&mut self, _start: usize, _end: usize) {}
    fn place(&mut self, _at: usize) {}
    fn text(&mut self, _start: usize, _end: usize) {}
    fn dense(&mut self, at: usize) {
        let Some((start, end, plain)) = (at >= self.floor).then(|| spelled(self.bytes, at, self.floor)).flatten()
        else {
            return;
        };
        assert!(start < end && end <= self.bytes.len());
        self.all.extend(plain.map(|plain| String::from_utf8(plain).unwrap()));
        self.floor = end;
    }
}

const TEXT: &str = "key = a1b2c3d4e5f6g7h8 and more";

fn said(text: &str) -> Vec<String> {
    let mut lists = Lists { bytes: text.as_bytes(), floor: 0, all: Vec::new() };
    runs::each(text.as_bytes(), &Prints::new([].into_iter()), &mut lists);
    lists.all
}

fn listed(open: &str, item: impl Fn(u8) -> String, between: &str, close: &str) -> String {
    let items: Vec<String> = TEXT.bytes().map(item).collect();
    format!("{open}{}{close}", items.join(between))
}

#[test]
fn lists_of_every_language_are_read() {
    for text in [
        listed("char k[] = {", |b| format!("0x{b:02x}"), ", ", ", 0x00};"),
        listed("char k[] = {", |b| format!("0x{b:02X}"), ",", "};"),
        listed("let k = [\n    ", |b| format!("{b}"), ",\n    ", "\n];"),
        listed("let k = [", |b| format!("0x{b:02x}u8"), ", ", "];"),
        listed("let k = [", |b| format!("{b}u8"), ", ", "];"),
        listed("byte[] k = {", |b| format!("(byte) 0x{b:02x}"), ", ", "};"),
        listed("$k = ", |b| format!("chr({b})"), ".", ";"),
        listed("k := ", |b| format!("#{b}"), "", ";"),
        listed("char k[] = {", |b| format!("0x{b:02x}"), ", ", "};").replace("0x67, ", "0x67, /* abc */\n    "),
        listed("k = ", |b| format!("Chr({b})"), " & ", "\n"),
        listed("rx: ", |b| format!("{b:02x}"), ":", "\n"),
        listed("rx: ", |b| format!("{b:02X}"), " ", "\n"),
        listed("\"k\"=hex:", |b| format!("{b:02x}"), ",", "\n").replace("3d,20", "3d,\\\n  20"),
        listed("\"k\"=hex(2):", |b| format!("{b:02x},00"), ",", "\n"),
        listed("char k[] = { ", |b| format!("'{}'", char::from(b)), ", ", ", '\\0' };"),
        listed("char k[] = {\n  ", |b| format!("'{}'", char::from(b)), ",\n  ", "};"),
    ] {
        for before in ["", "some words before it, ", "x\n\n"] {
            assert_eq!(said(&format!("{before}{text}")), [TEXT], "{text}");
        }
    }
}

/// A module of WebAssembly as a list of its bytes is gone through once.
#[test]
fn a_text_among_many_bytes_is_found_and_takes_no_time() {
    let byte = |n: usize| n * 7919 / 13 % 256;
    let noise: String = (0..1 << 16).map(|n| format!("{},", byte(n))).collect();
    let text: String = TEXT.bytes().map(|b| format!("{b},")).collect();
    assert!(said(&format!("[{noise}1,2,{text}3,{noise}]")).contains(&TEXT.to_owned()));
    let spaces = "32, ".repeat(1 << 16);
    assert!(said(&spaces).iter().all(|text| text.trim().is_empty()));
}

#[test]
fn tables_times_and_prose_say_nothing() {
    for text in [
        (0..=255).map(|b| format!("0x{:02x}, ", b * 37 % 256)).collect::<String>(),
        (0..99).map(|n| format!("{}, ", n * 37)).collect(),
        "2026-01-02 10:11:12, 2026-01-02 10:11:13, 2026-01-02 10:11:14\n".repeat(5),
        "f(a, b, c), g('a', 'b'), h(1, 2, 3); ".repeat(9),
        "00:1a:2b:3c:4d:5e 00:1a:2b:3c:4d:5f ".repeat(9),
    ] {
        assert_eq!(said(&text), [""; 0], "{text}");
    }
}

proptest::proptest! {
    /// Any bytes are read, to an end inside of them.
    #[test]
    fn any_list_is_read(text in "([0-9a-f'x]{1,3}[, :.(]{0,2}){0,60}") {
        said(&text);
    }
}

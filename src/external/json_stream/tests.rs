//! Streams in small pieces, and what is no JSON.

use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// Gives few bytes at a time.
struct Slow<'b>(&'b [u8], usize);

impl Read for Slow<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let most = into.len().min(self.1);
        self.0.read(&mut into[..most])
    }
}

fn value(text: &[u8], step: usize) -> Done<Value> {
    let mut stream = Stream::new(Slow(text, step));
    let value = stream.parse()?;
    stream.finish()?;
    Ok(value)
}

#[test]
fn members_and_elements_come_in_their_order_however_the_bytes_come() {
    let text = br#" { "a" : [1, "x\"]", {"b": [[]]}, null] , "c\u0064": {"e": -1.5e+3}, "f": "g" } "#;
    for step in [1, 2, 3, 7, 1000] {
        let mut stream = Stream::new(Slow(text, step));
        let (mut names, mut numbers, mut taken) = (Vec::new(), 0, Vec::new());
        stream
            .members(&mut |stream, name| {
                names.push(name.to_owned());
                match name {
                    "a" => stream.elements(&mut |stream, number| {
                        numbers += number;
                        taken.push(String::from_utf8(stream.raw()?.to_vec()).unwrap());
                        Ok(())
                    }),
                    "f" => stream.elements(&mut |_, _| unreachable!("it is no list")),
                    _ => stream.pass(),
                }
            })
            .unwrap();
        stream.finish().unwrap();
        assert_eq!(names, ["a", "cd", "f"]);
        assert_eq!((numbers, &taken[..]), (6, &["1", r#""x\"]""#, r#"{"b": [[]]}"#, "null"].map(str::to_owned)[..]));
    }
}

#[test]
fn what_is_no_json_is_told_by_its_byte() {
    for (text, told) in [
        ("{\"a\":[1,2}", "a bracket does not match, at byte 10"),
        ("[1", "it ends too early"),
        ("\"a\\", "it ends too early"),
        ("", "it ends too early"),
        ("{} x", "something stands behind it, at byte 4"),
        (&"[".repeat(DEEPEST + 2), "it nests too deep"),
    ] {
        let error = value(text.as_bytes(), 3).expect_err("is refused").to_string();
        assert!(error.contains(told), "{error}");
    }
    for (text, told) in [
        ("{\"a\" 1}", "a colon is missing"),
        ("{1:2}", "a member has no name"),
        ("{\"a\":1 \"b\":2}", "a comma or a bracket is missing"),
        ("{\"a\":}", "a value is missing"),
        ("{\"a\":1,}", "a member has no name"),
    ] {
        let mut stream = Stream::new(text.as_bytes());
        let error = stream.members(&mut |stream, _| stream.pass()).expect_err("is refused").to_string();
        assert!(error.contains(told), "{text}: {error}");
    }
}

proptest! {
    #[test]
    fn it_takes_what_serde_takes(text in r#"[ {}\[\]",:\\a0\n-]{0,40}"#, step in 1..9_usize) {
        let expected = serde_json::from_str::<Value>(&text).ok();
        prop_assert_eq!(value(text.as_bytes(), step).ok(), expected);
    }

    #[test]
    fn any_value_is_passed_as_a_whole(depth in 0..5_u32, seed in any::<u64>(), step in 1..50_usize) {
        fn made(depth: u32, seed: u64) -> Value {
            let next = |by: u64| made(depth.saturating_sub(1), seed.wrapping_mul(by) >> 3);
            match (seed % 4, depth) {
                (0, 1..) => Value::Array(vec![next(7), next(11)]),
                (1, 1..) => Value::Object([("k\"{".to_owned(), next(5)), ("\\".to_owned(), next(3))].into_iter().collect()),
                (2, _) => Value::from(format!("{seed} \u{e4}\u{1f600} \\\" ]}}\n")),
                _ => Value::from(seed),
            }
        }
        let made = made(depth, seed);
        prop_assert_eq!(value(made.to_string().as_bytes(), step).unwrap(), made);
    }
}

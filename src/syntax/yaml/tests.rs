//! YAML as it is read: values, places, limits.

use super::*;
use proptest::prelude::*;

fn one(text: &str) -> Node {
    let parsed = parse(text.as_bytes());
    assert_eq!(parsed.errors, [], "{text}");
    parsed.value
}

#[test]
fn spans_count_bytes() {
    let text = "é: ü\nlist:\n  - a\n  - \"b c\"\nflow: [1, 2]\nlast: x\n";
    let node = one(text);
    let bytes = text.as_bytes();
    assert_eq!(node.get("é").expect("é").span.of(bytes), "ü".as_bytes());
    let list = node.get("list").expect("list");
    assert_eq!(list.items()[1].span.of(bytes), b"\"b c\"");
    assert_eq!(list.span.of(bytes), b"- a\n  - \"b c\"");
    assert_eq!(node.get("flow").expect("flow").span.of(bytes), b"[1, 2]");
    assert_eq!(node.entry("last").expect("last").key_span.of(bytes), b"last");
}

#[test]
fn scalars_follow_the_core_schema() {
    let node = one("[yes, true, 1, 0x1F, 1.5e3, ~, '1', !Sub 'a', !!str 2, 1.2.3]");
    let kinds: Vec<Value> = node.items().iter().map(|item| item.value.clone()).collect();
    let text = |text: &str| Value::String(text.to_owned());
    let number = |text: &str| Value::Number(text.into());
    let expected = [
        text("yes"),
        Value::Bool(true),
        number("1"),
        number("0x1F"),
        number("1.5e3"),
        Value::Null,
        text("1"),
        text("a"),
        text("2"),
        text("1.2.3"),
    ];
    assert_eq!(kinds, expected);
    assert_eq!(node.items()[7].tag.as_deref(), Some("Sub"));
}

#[test]
fn merge_keys_fill_what_the_map_leaves_out() {
    let node = one("base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\n");
    let used = node.get("use").expect("use");
    assert_eq!(used.get("x").and_then(Node::as_f64), Some(1.0));
    assert_eq!(used.get("y").and_then(Node::as_f64), Some(3.0));
}

#[test]
fn documents_before_an_error_are_kept() {
    let parsed = parse_documents(b"a: 1\n---\nb: 2\n---\n[unclosed\n");
    assert_eq!(parsed.errors.len(), 1);
    assert!(parsed.value.len() >= 2);
    assert_eq!(parsed.value[1].get("b").and_then(Node::as_f64), Some(2.0));
}

#[test]
fn a_bomb_of_aliases_is_cut_off() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let refs = vec![format!("*a{}", level - 1); 10].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{refs}]\n"));
    }
    let parsed = parse_documents(text.as_bytes());
    assert_eq!(parsed.errors.len(), 1);
    assert_eq!(parse_documents("[".repeat(20_000).as_bytes()).errors.len(), 1);
}

proptest! {
    #[test]
    fn any_text_gives_spans_inside(text in "[-a-z:é{}\\[\\], \n&*!<'\"|>#]{0,120}") {
        fn inside(node: &Node, outer: Span) -> bool {
            outer.contains(node.span)
                && node.items().iter().all(|item| inside(item, node.span))
                && node.entries().iter().all(|e| inside(&e.value, node.span))
        }
        let whole = Span::new(0, text.len());
        for node in parse_documents(text.as_bytes()).value {
            prop_assert!(inside(&node, whole), "{:?}", node);
        }
    }
}

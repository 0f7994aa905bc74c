use super::*;

fn text_of(span: Span, source: &str) -> &str {
    &source[span.start as usize..span.end as usize]
}

#[test]
fn spans_count_bytes_of_the_file() {
    let source = "\u{feff}# é\nresource \"aws_s3_bucket\" \"b\" {\n  acl = \"public-read\"\n  tags = { a = 1 }\n}\n";
    let parsed = parse(source.as_bytes());
    assert!(parsed.errors.is_empty());
    let block = &parsed.value.blocks[0];
    assert_eq!(text_of(block.header, source), "resource \"aws_s3_bucket\" \"b\"");
    let acl = block.body.attr("acl").unwrap();
    assert_eq!(text_of(acl.span(), source), "acl = \"public-read\"");
    assert_eq!(text_of(acl.value.span, source), "\"public-read\"");
    let ExprKind::Object(members) = &block.body.attr("tags").unwrap().value.kind else { panic!("an object") };
    assert_eq!(text_of(members[0].1.span, source), "1");
}

#[test]
fn one_bad_block_costs_one_block() {
    let source = "a = 1\nresource \"x\" \"bad\" {\n  y = = 2\n}\nresource \"x\" \"good\" {\n  y = 2\n}\n";
    let parsed = parse(source.as_bytes());
    assert_eq!(parsed.errors.len(), 1);
    assert_eq!(source[..parsed.errors[0].span.start as usize].matches('\n').count(), 2, "on the third line");
    assert_eq!(parsed.value.attrs.len(), 1);
    assert_eq!(parsed.value.blocks.len(), 1);
    assert_eq!(text_of(parsed.value.blocks[0].header, source), "resource \"x\" \"good\"");
}

#[test]
fn an_unclosed_brace_costs_one_block() {
    let source = "resource \"x\" \"bad\" {\n  y {\n\nresource \"x\" \"good\" {\n  y = \"}\"\n}\n";
    let parsed = parse(source.as_bytes());
    assert_eq!((parsed.errors.len(), parsed.value.blocks.len()), (1, 1));
}

#[test]
fn an_unclosed_quote_and_a_heredoc_do_not_hide_the_next_block() {
    let source = "a {\n  b = \"oops\n}\nc {\n  d = <<-EOT\n    } ${x} {\n  EOT\n}\n";
    let parsed = parse(source.as_bytes());
    assert_eq!(parsed.errors.len(), 1);
    assert_eq!(&*parsed.value.blocks[0].kind, "c");
}

#[test]
fn deep_nesting_is_refused_before_anything_recurses() {
    for (open, close) in [("[", "]"), ("{a=", "}"), ("(", ")"), ("\"${", "}\"")] {
        let source = format!("a = {}1{}\nb = 2\n", open.repeat(10_000), close.repeat(10_000));
        let parsed = parse(source.as_bytes());
        assert_eq!(parsed.errors.len(), 1, "{open}");
        assert_eq!(parsed.value.attrs.len(), 1, "{open}");
    }
    let blocks = format!("{}{}", "a {\n".repeat(10_000), "}\n".repeat(10_000));
    assert_eq!(parse(blocks.as_bytes()).errors.len(), 1);
    let unary = format!("a = {}1\nb = 2\n", "!".repeat(100_000));
    assert_eq!(parse(unary.as_bytes()).value.attrs.len(), 1);
}

#[test]
fn the_deepest_allowed_nesting_fits_a_worker_stack() {
    let source = format!("a = {}1{}\n", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
    let work =
        std::thread::Builder::new().stack_size(2 * 1024 * 1024).spawn(move || parse(source.as_bytes()).errors.len());
    assert_eq!(work.unwrap().join().unwrap(), 0);
}

#[test]
fn bytes_outside_utf8_keep_offsets() {
    let source = b"a = \"\xff\xfe\"\nb = 1\n";
    let parsed = parse(source);
    assert_eq!(parsed.value.attrs[1].name_span.of(source), b"b");
}

#[test]
fn a_json_file_becomes_the_same_blocks() {
    use crate::syntax::{Entry, Node, Value};
    let at = Span::new(0, 1);
    let map = |key: &str, value: Node| Node::new(at, Value::Map(vec![Entry { key: key.into(), key_span: at, value }]));
    let acl = map("acl", Node::new(at, Value::String("${var.acl}".into())));
    let body = body_from_json(&map("resource", map("aws_s3_bucket", map("b", acl))));
    assert_eq!(body.blocks[0].label(1), Some("b"));
    let ExprKind::Template(parts) = &body.blocks[0].body.attrs[0].value.kind else { panic!("a template") };
    assert!(matches!(parts[0], Part::Interpolation(_)));
}

proptest::proptest! {
    #[test]
    fn no_bytes_panic_and_spans_stay_inside(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let parsed = parse(&bytes);
        for error in &parsed.errors {
            proptest::prop_assert!(error.span.end as usize <= bytes.len());
        }
    }

    #[test]
    fn no_text_of_hcl_pieces_panics(pieces in proptest::collection::vec(0..18usize, 0..60)) {
        const PIECES: [&str; 18] = ["a", " = ", "{", "}", "\"", "${", "[", "]", "\n", "<<E\n", "E\n", "for ", " in ", "#", "/*", "1", ".", "resource \"a\" \"b\" {\n"];
        let source: String = pieces.iter().map(|&at| PIECES[at]).collect();
        let parsed = parse(source.as_bytes());
        for block in &parsed.value.blocks {
            proptest::prop_assert!(block.span.end as usize <= source.len());
        }
    }
}

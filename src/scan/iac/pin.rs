//! Repairs that put a fixed id in a tag's place, once somebody knows it.

use crate::model::{Fix, Pin, Replacement, Span};

/// `name:tag` at the end of `span`, in quotes or not, gets its digest behind it. `None` where something else stands there.
#[must_use]
pub fn image(image: &str, span: Span, bytes: &[u8]) -> Option<(Pin, Fix)> {
    let source = span.of(bytes);
    let quote = source.last().filter(|byte| matches!(byte, b'"' | b'\'')).copied();
    let inner = source.get(..source.len() - usize::from(quote.is_some()))?;
    let before = inner.strip_suffix(image.as_bytes())?;
    let begins = match quote {
        Some(quote) => before.last() == Some(&quote),
        None => before.last().is_none_or(u8::is_ascii_whitespace),
    };
    if !begins || image.is_empty() {
        return None;
    }
    let end = span.start as usize + inner.len();
    let replacements = vec![Replacement { span: Span::new(end, end), text: format!("@{}", Pin::PLACE) }];
    let fix = Fix { description: "Pin the image to its digest".to_owned(), replacements };
    Some((Pin::Digest { image: image.to_owned() }, fix))
}

/// The same where `docker://` stands before the name.
#[must_use]
pub fn docker_image(image: &str, span: Span, bytes: &[u8]) -> Option<(Pin, Fix)> {
    let (_, fix) = self::image(&format!("docker://{image}"), span, bytes)?;
    Some((Pin::Digest { image: image.to_owned() }, fix))
}

/// `owner/repo/path@tag` at `span` gets the commit's id, and the tag as a comment where the line has none.
#[must_use]
pub fn action(text: &str, span: Span, bytes: &[u8]) -> Option<(Pin, Fix)> {
    let (start, end) = written(text, span, bytes)?;
    let (name, reference) = text.split_once('@')?;
    let name = name.strip_prefix("https://github.com/").unwrap_or(name);
    let repository = name.splitn(3, '/').take(2).collect::<Vec<_>>().join("/");
    let from = start + text.len() - reference.len();
    let mut replacements = vec![Replacement { span: Span::new(from, end), text: Pin::PLACE.to_owned() }];
    let line = bytes.get(span.end as usize..)?.split(|byte| *byte == b'\n').next()?;
    if line.trim_ascii().is_empty() {
        let at = span.end as usize;
        // In one place with the id where no quote stands between.
        match at == end {
            true => replacements[0].text.push_str(&format!(" # {reference}")),
            false => replacements.push(Replacement { span: Span::new(at, at), text: format!(" # {reference}") }),
        }
    }
    let fix = Fix { description: format!("Pin to the commit of `{}`", reference.replace('`', "'")), replacements };
    Some((Pin::Commit { repository, reference: reference.to_owned() }, fix))
}

/// Where the text stands inside of `span`, its quotes left out.
fn written(text: &str, span: Span, bytes: &[u8]) -> Option<(usize, usize)> {
    let source = span.of(bytes);
    let quoted = usize::from(matches!(source.first(), Some(b'"' | b'\'')));
    let inner = source.get(quoted..source.len().checked_sub(quoted)?)?;
    let start = span.start as usize + quoted;
    (inner == text.as_bytes() && !text.is_empty()).then_some((start, start + text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(text: &str, fix: &Fix) -> String {
        let mut mended = text.to_owned();
        for one in fix.replacements.iter().rev() {
            mended.replace_range(one.span.start as usize..one.span.end as usize, &one.text.replace(Pin::PLACE, "ID"));
        }
        mended
    }

    #[test]
    fn the_tag_goes_into_a_comment() {
        let table = [
            ("uses: a/b@v1\n", "a/b@v1", Some("uses: a/b@ID # v1\n")),
            ("uses: 'a/b/c@v1'\n", "a/b/c@v1", Some("uses: 'a/b/c@ID' # v1\n")),
            ("uses: a/b@v1 # why\n", "a/b@v1", Some("uses: a/b@ID # why\n")),
            ("{uses: a/b@v1, x: 1}\n", "a/b@v1", Some("{uses: a/b@ID, x: 1}\n")),
            ("uses: *alias\n", "a/b@v1", None),
        ];
        for (text, action_text, expected) in table {
            let at = text.find(['a', '\'', '*']).unwrap();
            let quotes = if text[at..].starts_with('\'') { 2 } else { 0 };
            let length = if text[at..].starts_with('*') { 6 } else { action_text.len() + quotes };
            let found = action(action_text, Span::new(at, at + length), text.as_bytes());
            assert_eq!(found.map(|(_, fix)| apply(text, &fix)).as_deref(), expected, "{text}");
        }
        let (pin, fix) = image("x:1", Span::new(7, 12), b"image: \"x:1\"\n").unwrap();
        assert_eq!(apply("image: \"x:1\"\n", &fix), "image: \"x:1@ID\"\n");
        assert_eq!(pin.name(), "x:1");
    }
}

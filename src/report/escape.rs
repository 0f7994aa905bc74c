//! Text of the scanned tree on its way into something that would read commands in it.

use std::borrow::Cow;
use std::fmt::Write;

/// True for what may steer a terminal, reorder text, or hide in it: controls but LF and tab, bidirectional
/// marks, zero-width and tag characters.
#[must_use]
pub fn is_unsafe(c: char) -> bool {
    matches!(c,
        '\0'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// For a terminal or a log: every unsafe character, and LF and tab, as `\u{…}`, `\n`, `\t`. The result is
/// one line.
#[must_use]
pub fn terminal(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| is_unsafe(c) || matches!(c, '\n' | '\t')) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\n' => safe.push_str("\\n"),
            '\t' => safe.push_str("\\t"),
            '\r' => safe.push_str("\\r"),
            c if is_unsafe(c) => {
                let _ = write!(safe, "\\u{{{:x}}}", u32::from(c));
            }
            c => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

/// A line that no CI runner takes for a command: GitHub reads lines that begin with `::` or hold `##[`,
/// Azure `##vso[`.
#[must_use]
pub fn log_line(text: &str) -> Cow<'_, str> {
    let safe = terminal(text);
    if !safe.trim_start().starts_with("::") && !safe.contains("##[") && !safe.contains("##vso[") {
        return safe;
    }
    let mut line = safe.replace("##[", "# #[").replace("##vso[", "# #vso[");
    if line.trim_start().starts_with("::") {
        line.insert(0, '·');
    }
    Cow::Owned(line)
}

/// The data of a GitHub workflow command; the log that echoes it gets no unsafe character either.
#[must_use]
pub fn command_data(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '%' => safe.push_str("%25"),
            '\r' => safe.push_str("%0D"),
            '\n' => safe.push_str("%0A"),
            c if is_unsafe(c) => {
                let _ = write!(safe, "\\u{{{:x}}}", u32::from(c));
            }
            c => safe.push(c),
        }
    }
    safe
}

/// A property of a GitHub workflow command.
#[must_use]
pub fn command_property(text: &str) -> String {
    command_data(text).replace(':', "%3A").replace(',', "%2C")
}

/// HTML and XML text and attribute values.
#[must_use]
pub fn html(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c if is_unsafe(c) => {
                let _ = write!(safe, "\\u{{{:x}}}", u32::from(c));
            }
            c => safe.push(c),
        }
    }
    safe
}

/// Markdown on one line: every punctuation that could begin a link, an image, a tag, a table cell, a
/// mention or emphasis is escaped; code spans in backquotes that pair up stay.
#[must_use]
pub fn markdown(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 8);
    let mut parts = text.split('`').peekable();
    let pairs = text.matches('`').count() / 2 * 2;
    let mut at = 0;
    while let Some(part) = parts.next() {
        if at % 2 == 1 && at < pairs {
            safe.push_str(&code(part));
        } else {
            escape_markdown(part, &mut safe);
        }
        let unpaired = parts.peek().is_some() && at >= pairs;
        if unpaired {
            safe.push_str("\\`");
        }
        at += 1;
    }
    safe
}

fn escape_markdown(text: &str, safe: &mut String) {
    for c in terminal(text).chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '@' => safe.push_str("&#64;"),
            '\\' | '*' | '_' | '[' | ']' | '(' | ')' | '#' | '!' | '|' | '~' | '$' => {
                safe.push('\\');
                safe.push(c);
            }
            c => safe.push(c),
        }
    }
}

/// A Markdown code span that also stands in a table cell.
#[must_use]
pub fn code(text: &str) -> String {
    let text = log_line(text).replace('|', "\\|");
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A CSV field (RFC 4180) that is no command to a runner: quoted where needed, and with a quote in front of what a spreadsheet would
/// take for a formula.
#[must_use]
pub fn csv(text: &str) -> String {
    let safe = log_line(text);
    let formula = safe.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    let quoted = formula || safe.contains([',', '"', ';']);
    match (quoted, formula) {
        (false, _) => safe.into_owned(),
        (true, formula) => {
            format!("\"{}{}\"", if formula { "'" } else { "" }, safe.replace('"', "\"\""))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_gets_one_harmless_line() {
        assert_eq!(terminal("a\u{1b}[31m\r\n\u{202e}b\tc"), "a\\u{1b}[31m\\r\\n\\u{202e}b\\tc");
        assert!(matches!(terminal("plain ünï"), Cow::Borrowed(_)));
        assert!(!log_line("::error::x").starts_with("::"));
        assert!(!log_line("a ##[group]x").contains("##["));
    }

    #[test]
    fn commands_are_escaped_percent_first() {
        assert_eq!(command_data("50%\r\n::error::"), "50%25%0D%0A::error::");
        assert_eq!(command_property("a:b,c%"), "a%3Ab%2Cc%25");
    }

    #[test]
    fn markup_cannot_be_forged() {
        assert_eq!(html("<a href='x'>&"), "&lt;a href=&#39;x&#39;&gt;&amp;");
        assert_eq!(markdown("![x](y) | @z `a|b`"), "\\!\\[x\\]\\(y\\) \\| &#64;z `a\\|b`");
        assert_eq!(markdown("one ` alone"), "one \\` alone");
        assert_eq!(code("a`b"), "``a`b``");
    }

    #[test]
    fn spreadsheets_run_nothing() {
        assert_eq!(csv("=cmd()"), "\"'=cmd()\"");
        assert_eq!(csv("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(csv(" +1"), "\"' +1\"");
        assert_eq!(csv("＝1"), "\"'＝1\"");
        assert_eq!(csv("plain"), "plain");
    }
}

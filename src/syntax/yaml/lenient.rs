//! Flow collections and quoted texts whose lines stand less deep than YAML 1.2 asks. libyaml, and with it GitHub,
//! GitLab and Kubernetes, read them:
//!
//! ```yaml
//! on: {
//!   "push": "main"
//! }
//! ```

/// The same text with every line break inside of a flow collection or of a quoted text as a blank, and comments in
/// there as blanks, too: nobody asks for indentation on one line. Every byte keeps its place. `None` where nothing
/// of the kind is there.
#[must_use]
pub fn on_one_line(text: &str) -> Option<String> {
    let mut reader = Reader { text: text.as_bytes(), at: 0, blanks: Vec::new() };
    while reader.at < reader.text.len() {
        reader.line();
    }
    if reader.blanks.is_empty() {
        return None;
    }
    let mut bytes = text.as_bytes().to_vec();
    for (from, to) in reader.blanks {
        bytes[from..to].fill(b' ');
    }
    String::from_utf8(bytes).ok()
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    /// Places that become blanks; each holds whole characters.
    blanks: Vec<(usize, usize)>,
}

impl Reader<'_> {
    fn peek(&self) -> u8 {
        self.text.get(self.at).copied().unwrap_or(b'\n')
    }

    fn ends_word(&self, at: usize) -> bool {
        self.text.get(at).is_none_or(u8::is_ascii_whitespace)
    }

    /// One line outside of all brackets, with what begins on it.
    fn line(&mut self) {
        let start = self.at;
        self.indicators();
        let column = self.at - start;
        self.node();
        // Behind a key there is a value.
        while self.at < self.text.len() && self.peek() != b'\n' {
            match self.peek() {
                b':' if self.ends_word(self.at + 1) => {
                    self.at += 1;
                    self.properties();
                    if matches!(self.peek(), b'|' | b'>') {
                        self.block_scalar(column);
                        return;
                    }
                    self.node();
                }
                b'#' if self.text[..self.at].last().is_none_or(u8::is_ascii_whitespace) => self.skip_line(),
                _ => self.at += 1,
            }
        }
        self.at += 1;
    }

    /// Blanks, `- ` and `? `.
    fn indicators(&mut self) {
        while self.peek() == b' ' || matches!(self.peek(), b'-' | b'?') && self.text.get(self.at + 1) == Some(&b' ') {
            self.at += 1;
        }
    }

    /// Blanks, tags and anchors before a node.
    fn properties(&mut self) {
        loop {
            match self.peek() {
                b' ' | b'\t' => self.at += 1,
                b'!' | b'&' => {
                    while !self.ends_word(self.at) {
                        self.at += 1;
                    }
                }
                _ => return,
            }
        }
    }

    /// What begins here, if it is in brackets or quotes.
    fn node(&mut self) {
        self.properties();
        match self.peek() {
            b'[' | b'{' => self.flow(),
            quote @ (b'"' | b'\'') => self.quoted(quote),
            _ => {}
        }
    }

    fn skip_line(&mut self) {
        self.at += memchr::memchr(b'\n', &self.text[self.at..]).unwrap_or(self.text.len() - self.at);
    }

    /// The lines of a block scalar are deeper than its key.
    fn block_scalar(&mut self, column: usize) {
        self.skip_line();
        self.at += 1;
        while self.at < self.text.len() {
            let rest = &self.text[self.at..];
            let depth = rest.iter().take_while(|byte| **byte == b' ').count();
            let is_empty = rest.get(depth).is_none_or(|byte| matches!(byte, b'\n' | b'\r'));
            if depth <= column && !is_empty {
                return;
            }
            self.skip_line();
            self.at += 1;
        }
    }

    /// A collection in brackets, to the bracket that closes it.
    fn flow(&mut self) {
        let mut depth = 0_usize;
        // True where a quote would open a text: not inside of a plain one, as in `it's`.
        let mut begins = true;
        while self.at < self.text.len() {
            let byte = self.peek();
            match byte {
                b'[' | b'{' => depth += 1,
                b']' | b'}' => depth -= 1,
                b'"' | b'\'' if begins => {
                    self.quoted(byte);
                    begins = false;
                    continue;
                }
                b'\n' | b'\r' => self.blanks.push((self.at, self.at + 1)),
                b'#' if self.text[..self.at].last().is_some_and(u8::is_ascii_whitespace) => {
                    let from = self.at;
                    self.skip_line();
                    self.blanks.push((from, self.at));
                    continue;
                }
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return;
            }
            if !byte.is_ascii_whitespace() {
                begins = matches!(byte, b'[' | b'{' | b',' | b':');
            }
        }
    }

    fn quoted(&mut self, quote: u8) {
        self.at += 1;
        while self.at < self.text.len() {
            match self.peek() {
                b'\\' if quote == b'"' => self.at += 1,
                b'\n' | b'\r' => self.blanks.push((self.at, self.at + 1)),
                byte if byte == quote => {
                    self.at += 1;
                    return;
                }
                _ => {}
            }
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn brackets_may_close_at_the_column_of_their_key() {
        for text in [
            "a:\n  b: [\n    \"x\"\n  ]\nc: 1\n",
            "a: {\n  \"x\": \"y\"\n}\nc: 1\n",
            "a:\n- b: [\n  x,   # it's\n  'y z'\n  ]\nc: 1\n",
            "a: [\nx,\ny\n]\nc: 1\n",
            "a: |\n  [\n  x\nb: [\n{\"k\": it's},\n]\nc: 1\n",
            "- run: |\n    if [\n  name: \"x\n  y\"\n  c: [\"a\"\n  ]\n",
            "a: &n !t {\n\"x\": 'y'\n}\r\nc: 1\n",
        ] {
            let parsed = parse(text.as_bytes());
            assert!(parsed.errors.is_empty(), "{text}");
        }
        let parsed = parse(b"jobs:\n  os: [\n    \"a\", # one\n    \"b\"\n  ]\n  on: x\n");
        let os = parsed.value.at(&["jobs", "os"]).map(crate::syntax::Node::items).unwrap_or_default();
        assert_eq!(os.iter().filter_map(crate::syntax::Node::as_str).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(parsed.value.at(&["jobs", "on"]).and_then(crate::syntax::Node::as_str), Some("x"));
    }

    #[test]
    fn what_is_no_yaml_stays_none() {
        for text in ["a: b: c\n", "a: [x, y\n", "- a: 1\n b: 2\n", "a: [x]]\n"] {
            assert!(!parse(text.as_bytes()).errors.is_empty(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_byte_keeps_its_place(text in "[a-c\\[\\]{}:,'\"#|>!& \n\ré-]{0,60}") {
            if let Some(other) = on_one_line(&text) {
                prop_assert_eq!(other.len(), text.len());
                let same = |(one, two): (u8, u8)| one == two || two == b' ';
                prop_assert!(text.bytes().zip(other.bytes()).all(same));
            }
        }
    }
}

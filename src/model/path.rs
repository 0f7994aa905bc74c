//! The path of an input, as reports write it.

use std::fmt;
use std::path::{Component, Path};
use std::sync::Arc;

/// A path relative to the scan root: `/`-separated, never empty, without `.` or `..`.
///
/// The text is the decoded path; bytes that are not UTF-8 stand as `%XX` in it. [`RepoPath::uri`] gives
/// the URI reference of RFC 3986 section 4.1.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepoPath(Arc<str>);

impl RepoPath {
    /// From `/`-separated text. `\` is kept (it is a legal character on Unix); leading `./` and empty,
    /// `.` and `..` segments are dropped, so that no path leaves the root.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let clean = |part: &&str| !matches!(*part, "" | "." | "..");
        if text.split('/').all(|part| clean(&part)) {
            return Self(Arc::from(text));
        }
        let parts: Vec<&str> = text.split('/').filter(clean).collect();
        Self(Arc::from(parts.join("/")))
    }

    /// From a path below the root as the file system gives it.
    #[must_use]
    pub fn from_relative(path: &Path) -> Self {
        let mut text = String::new();
        for part in path.components() {
            if let Component::Normal(name) = part {
                if !text.is_empty() {
                    text.push('/');
                }
                push_lossless(name.as_encoded_bytes(), &mut text);
            }
        }
        Self(Arc::from(text))
    }

    /// From a git path: bytes, `/`-separated.
    #[must_use]
    pub fn from_bytes(path: &[u8]) -> Self {
        let mut text = String::new();
        push_lossless(path, &mut text);
        Self::new(&text)
    }

    /// The whole path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last segment.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// What follows the last `.` of the file name, as written; empty where there is none.
    #[must_use]
    pub fn extension(&self) -> &str {
        match self.file_name().rsplit_once('.') {
            Some((_, extension)) => extension,
            None => "",
        }
    }

    /// The folder as text, without a final `/`; empty at the root.
    #[must_use]
    pub fn parent(&self) -> &str {
        self.0.rsplit_once('/').map_or("", |(parent, _)| parent)
    }

    /// The path `relative` seen from this path's folder, `..` resolved; `None` where it leaves the root
    /// or is absolute.
    #[must_use]
    pub fn sibling(&self, relative: &str) -> Option<Self> {
        Self::resolve(self.parent(), relative)
    }

    /// The path `relative` seen from `folder` (empty for the root), `..` resolved; `None` where it
    /// leaves the root, is absolute, or names the root itself.
    #[must_use]
    pub fn resolve(folder: &str, relative: &str) -> Option<Self> {
        if relative.starts_with('/') {
            return None;
        }
        let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
        for part in relative.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop()?;
                }
                name => parts.push(name),
            }
        }
        (!parts.is_empty()).then(|| Self(Arc::from(parts.join("/"))))
    }

    /// The path as a relative URI reference: all but unreserved characters and `/` percent-encoded
    /// (RFC 3986 section 2.1). A `:` is encoded too, so that no first segment reads as a scheme.
    #[must_use]
    pub fn uri(&self) -> String {
        let mut uri = String::with_capacity(self.0.len());
        let bytes = self.0.as_bytes();
        for (at, &byte) in bytes.iter().enumerate() {
            let kept = byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
            // A `%XX` that stands for a byte outside UTF-8 is already encoded.
            let encoded =
                byte == b'%' && bytes.get(at + 1..at + 3).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit));
            if kept || encoded {
                uri.push(byte as char);
            } else {
                uri.push_str(&format!("%{byte:02X}"));
            }
        }
        uri
    }
}

fn push_lossless(bytes: &[u8], text: &mut String) {
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
}

impl fmt::Display for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_leaves_the_root() {
        assert_eq!(RepoPath::new("./a/../../b").as_str(), "a/b");
        assert_eq!(RepoPath::new("a/b.tf").sibling("../c.tf").map(|p| p.to_string()), Some("c.tf".into()));
        assert_eq!(RepoPath::new("a/b.tf").sibling("../../c.tf"), None);
        assert_eq!(RepoPath::new("a/b.tf").sibling("/etc/passwd"), None);
    }

    #[test]
    fn a_uri_holds_no_scheme_and_no_space() {
        assert_eq!(RepoPath::new("a b/c:d.rs").uri(), "a%20b/c%3Ad.rs");
        assert_eq!(RepoPath::from_bytes(b"\xff.env").uri(), "%FF.env");
        assert_eq!(RepoPath::new("é").uri(), "%C3%A9");
    }
}

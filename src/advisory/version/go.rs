//! Versions of Go itself, for the pseudo modules `stdlib` and `toolchain`.

use std::borrow::Cow;

/// A Go release as SemVer: `go1.21rc2` is `1.21-rc.2`, `go1.22.3-custom` is `1.22.3`.
///
/// A word after `-` in a toolchain's name says who built it, not that it came before the release
/// (<https://go.dev/doc/toolchain>, "Go versions"). Text in SemVer's own form stays as it is.
#[must_use]
pub fn toolchain(version: &str) -> Cow<'_, str> {
    let (text, named) = match version.trim().strip_prefix("go") {
        Some(rest) => (rest, true),
        None => (super::bare(version), false),
    };
    let text = if named { text.split(['-', ' ', '+']).next().unwrap_or(text) } else { text };
    for word in ["rc", "beta"] {
        if let Some((release, number)) = text.split_once(word)
            && release.ends_with(|c: char| c.is_ascii_digit())
        {
            return Cow::Owned(format!("{release}-{word}.{number}"));
        }
    }
    Cow::Borrowed(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advisory::version::Version;
    use std::cmp::Ordering;

    #[test]
    fn releases_of_go_take_their_place() {
        assert_eq!(toolchain("go1.21rc2"), "1.21-rc.2");
        assert_eq!(toolchain("1.21.0"), "1.21.0");
        assert_eq!(toolchain("go1.22.3-bigcorp"), "1.22.3");
        assert_eq!(toolchain("go1.18beta1"), "1.18-beta.1");
        let candidate = toolchain("go1.21rc2");
        let (a, b) = (Version::parse(&candidate).unwrap(), Version::parse("1.21.0-rc.3").unwrap());
        assert_eq!(a.cmp_precedence(&b), Ordering::Less);
    }
}

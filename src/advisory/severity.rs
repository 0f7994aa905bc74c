//! How bad an advisory is: by its CVSS vector, else by the word of whoever published it.

use cvss::Cvss;

use crate::model::Severity;

/// A severity and where it comes from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rating {
    /// The band; `None` where nobody said.
    pub severity: Option<Severity>,
    /// The CVSS base score, 0.0 to 10.0.
    pub score: Option<f64>,
    /// The vector that gave the score.
    pub cvss: Option<String>,
}

/// Rates by the newest vector that can be read (v4, then v3, then v2), else by the database's own word.
#[must_use]
pub fn rate<'a>(vectors: impl IntoIterator<Item = &'a str>, word: Option<&str>) -> Rating {
    let best = vectors.into_iter().filter_map(|vector| Some((generation(vector)?, vector, score(vector)?)));
    if let Some((_, vector, score)) = best.max_by_key(|(generation, ..)| *generation) {
        let severity = Some(Severity::from_score(score));
        return Rating { severity, score: Some(score), cvss: Some(vector.to_owned()) };
    }
    Rating { severity: word.and_then(|word| word.parse().ok()), ..Rating::default() }
}

/// The score of a CVSS vector of any version, to one decimal as the standards have it.
#[must_use]
pub fn score(vector: &str) -> Option<f64> {
    let parsed: Cvss = vector.trim().parse().ok()?;
    let score = parsed.score();
    (0.0..=10.0).contains(&score).then(|| (score * 10.0).round() / 10.0)
}

/// The version of the standard a vector follows: a v2 vector has no prefix.
fn generation(vector: &str) -> Option<u8> {
    match vector.trim() {
        v if v.starts_with("CVSS:4") => Some(4),
        v if v.starts_with("CVSS:3") => Some(3),
        v if v.starts_with("AV:") || v.starts_with("(AV:") => Some(2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const V3: &str = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";
    const V4: &str = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:H/SC:N/SI:N/SA:N";

    #[test]
    fn the_newest_vector_counts() {
        let rating = rate([V3, V4], Some("LOW"));
        assert_eq!((rating.severity, rating.score), (Some(Severity::High), Some(8.7)));
        assert_eq!(rating.cvss.as_deref(), Some(V4));
        assert_eq!(rate([V3], None).score, Some(9.8));
        assert_eq!(rate(["AV:N/AC:L/Au:N/C:P/I:P/A:P"], None).score, Some(7.5));
    }

    #[test]
    fn a_vector_nobody_can_read_leaves_the_word() {
        assert_eq!(rate(["CVSS:3.1/garbage", "?"], Some("MODERATE")).severity, Some(Severity::Medium));
        assert_eq!(rate([], None), Rating::default());
    }
}

//! Which actions of AWS write, manage permissions, or can be limited to resources.

use std::collections::HashMap;
use std::sync::OnceLock;

/// Facts by service and kind, one line each.
const FACTS: &str = include_str!("aws_actions.txt");

/// A set of actions that rules name in `grants`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Set {
    /// Changes something, and could be limited to resources.
    Write,
    /// Changes who may do what.
    Permissions,
    /// Could be limited to resources.
    Limitable,
}

impl Set {
    /// `write`, `permissions` or `limitable`.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "write" => Self::Write,
            "permissions" => Self::Permissions,
            "limitable" => Self::Limitable,
            _ => return None,
        })
    }

    fn flag(self) -> char {
        match self {
            Self::Write => 'w',
            Self::Permissions => 'p',
            Self::Limitable => 'r',
        }
    }
}

/// Lines of facts by service: the flags, and the names in lower case.
type Services = HashMap<&'static str, Vec<(&'static str, Vec<String>)>>;

fn services() -> &'static Services {
    static SERVICES: OnceLock<Services> = OnceLock::new();
    SERVICES.get_or_init(|| {
        let mut services = Services::new();
        for line in FACTS.lines().filter(|line| !line.starts_with('#')) {
            let mut words = line.split(' ');
            if let (Some(service), Some(flags)) = (words.next(), words.next()) {
                let names = words.map(str::to_ascii_lowercase).collect();
                services.entry(service).or_default().push((flags, names));
            }
        }
        services
    })
}

/// True where an action pattern in lower case, such as `s3:put*`, allows an action of the set. Of a service that is
/// not known, all actions together do, and no other pattern does.
pub(super) fn allows(pattern: &str, set: Set) -> bool {
    let Some((service, name)) = pattern.split_once(':') else { return pattern == "*" };
    let Some(facts) = services().get(service) else { return name == "*" };
    facts.iter().filter(|(flags, _)| flags.contains(set.flag())).any(|(_, names)| {
        if name.contains(['*', '?']) {
            names.iter().any(|action| wildcard(name.as_bytes(), action.as_bytes()))
        } else {
            names.binary_search_by(|known| known.as_str().cmp(name)).is_ok()
        }
    })
}

/// True where a pattern with `*` and `?` matches all of the text. Linear in the product of their lengths.
pub(super) fn wildcard(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                back = Some((p, t));
                p += 1;
            }
            Some(&byte) if byte == b'?' || byte == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match back {
                Some((star, from)) => {
                    p = star + 1;
                    t = from + 1;
                    back = Some((star, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_meet_the_facts() {
        for (pattern, write, permissions, limitable) in [
            ("*", true, true, true),
            ("s3:*", true, true, true),
            ("s3:getobject", false, false, true),
            ("s3:putobject", true, false, true),
            ("s3:putbucketpolicy", false, true, true),
            ("s3:put*acl", false, true, true),
            ("s3:listallmybuckets", false, false, false),
            ("ec2:describeinstances", false, false, false),
            ("nosuchservice:*", true, true, true),
            ("nosuchservice:write", false, false, false),
        ] {
            let found = [Set::Write, Set::Permissions, Set::Limitable].map(|set| allows(pattern, set));
            assert_eq!(found, [write, permissions, limitable], "{pattern}");
        }
    }
}

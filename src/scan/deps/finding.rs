//! A match as a draft: its rule, message and properties.

use std::sync::Arc;

use super::reach::Reached;
use super::settings::{Ignore, Settings};
use crate::advisory::{GoImport, Informational, Match, Reach};
use crate::model::{
    Anchor, Confidence, Draft, Ecosystem, ForeignSuppression, Package, Property, RepoPath, Rule, Scope, Severity,
};

/// A package of a lock file, and what its project says of it.
pub(super) struct Entry<'a> {
    pub lock: &'a RepoPath,
    pub package: &'a Package,
    /// From the root to the package.
    pub chain: &'a [String],
    pub reached: Reached,
}

/// One defect of one package version; `group` holds the records that speak of it, at least one.
pub(super) fn draft(settings: &Settings, ignores: &[Ignore], entry: &Entry<'_>, group: &[&Match]) -> Draft {
    let Entry { lock, package, chain, reached } = *entry;
    let ids = ids(package.ecosystem, group);
    let preferred = group.iter().find(|found| found.advisory.id == ids[0]).copied().unwrap_or(group[0]);
    let rated = group.iter().filter_map(|found| found.advisory.severity).max();
    let kind = group.iter().find_map(|found| found.advisory.informational);
    let malware = group.iter().any(|found| found.advisory.malware);
    let mut severity = severity(settings, package, &ids, kind, malware, rated);
    let not_imported = reached == Reached::NotImported && !malware;
    if not_imported {
        severity = severity.lower();
    }
    let unknown = rated.is_none() && kind.is_none() && !malware;
    let unbounded = group.iter().all(|found| found.unbounded);
    let fixed = &fixed(package, group)[..];

    let mut rule = Rule::new(&format!("deps/{}", ids[0]), &title(package, preferred, kind, malware), severity);
    rule.help = help(package, preferred, fixed);
    rule.aliases = ids[1..].to_vec();
    rule.references = group.iter().map(|found| found.advisory.url.clone()).collect();
    rule.cwe = preferred.advisory.cwe.iter().filter_map(|cwe| cwe.strip_prefix("CWE-")?.parse().ok()).collect();
    rule.score = group.iter().filter_map(|found| found.advisory.score).max_by(f64::total_cmp);
    rule.tags = vec!["security".to_owned(), "dependency".to_owned(), package.ecosystem.osv().to_owned()];
    let rule = Arc::new(rule);

    let mut draft =
        Draft::new(&rule, package.span, message(package, preferred, kind, malware, fixed, unknown, unbounded));
    draft.severity = severity;
    let limits = where_reached(group);
    draft.message.push_str(&sentences(&limits, not_imported));
    if unbounded {
        draft.confidence = Confidence::Low;
        draft.gates = false;
    }
    draft.anchor = Anchor::Key(format!("{}|{}|{}|{}", package.ecosystem.osv(), package.name, package.version, ids[0]));
    draft.suppressed = ignores
        .iter()
        .find(|ignore| ignore.covers(lock, package, &ids))
        .map(|ignore| ForeignSuppression { source: ignore.source.clone(), reason: ignore.reason.clone() });
    let text = |text: &str| Property::Text(text.to_owned());
    draft.properties = vec![
        ("purl", text(&package.purl())),
        ("package", text(&package.name)),
        ("version", text(&package.version)),
        ("ecosystem", text(package.ecosystem.osv())),
        ("ids", Property::List(ids)),
        ("fixedVersions", Property::List(fixed.to_vec())),
        ("scope", text(package.scope.word())),
        ("direct", Property::Bool(package.direct)),
        ("path", Property::List(chain.to_vec())),
    ];
    match reached {
        Reached::Unknown => {}
        Reached::Imported => draft.properties.push(("imported", Property::Bool(true))),
        Reached::NotImported => draft.properties.push(("imported", Property::Bool(false))),
    }
    draft.properties.extend(limits.into_iter().map(|(name, list)| (name, Property::List(list))));
    if let Some(cvss) = group.iter().find_map(|found| found.advisory.cvss.as_deref()) {
        draft.properties.push(("cvss", text(cvss)));
    }
    draft
}

/// What limits a defect, in sentences behind the message.
fn sentences(limits: &[(&str, Vec<String>)], not_imported: bool) -> String {
    let mut text = String::new();
    for (name, list) in limits {
        match *name {
            "os" => text.push_str(&format!(" Only on {}.", list.join(", "))),
            "arch" => text.push_str(&format!(" Only on processors of kind {}.", list.join(", "))),
            "affectedPackages" if not_imported => {
                let (first, more) = (&list[0], list.len() - 1);
                let more = if more > 0 { format!(" (or {more} more)") } else { String::new() };
                text.push_str(&format!(
                    " Not imported: this module's own sources nowhere import `{first}`{more}, so it counts one step lower."
                ));
            }
            _ => {}
        }
    }
    text
}

/// Where the records say that the defect can be reached: property and values, sorted, none empty. What a single
/// record leaves open is open.
fn where_reached(group: &[&Match]) -> Vec<(&'static str, Vec<String>)> {
    let all = |of: fn(&Reach) -> Vec<String>| {
        let mut list: Vec<String> = group.iter().flat_map(|found| of(&found.advisory.reach)).collect();
        list.sort();
        list.dedup();
        list
    };
    let in_all = |of: fn(&Reach) -> Vec<String>| {
        let open = group.iter().any(|found| of(&found.advisory.reach).is_empty());
        if open { Vec::new() } else { all(of) }
    };
    let lists = [
        ("affectedFunctions", all(functions)),
        ("affectedPackages", all(|reach| reach.imports.iter().map(|import| import.path.clone()).collect())),
        ("os", in_all(|reach| reach.os.clone())),
        ("arch", in_all(|reach| reach.arch.clone())),
    ];
    lists.into_iter().filter(|(_, list)| !list.is_empty()).collect()
}

/// Functions as the ecosystem writes them: `time::at`, `net/http.Get`.
fn functions(reach: &Reach) -> Vec<String> {
    let of =
        |import: &GoImport| import.symbols.iter().map(|symbol| format!("{}.{symbol}", import.path)).collect::<Vec<_>>();
    reach.functions.iter().cloned().chain(reach.imports.iter().flat_map(of)).collect()
}

/// All ids, the ecosystem's own publisher first, then records, then mere aliases, each sorted.
fn ids(ecosystem: Ecosystem, group: &[&Match]) -> Vec<String> {
    let home = match ecosystem {
        Ecosystem::Cargo => "RUSTSEC-",
        Ecosystem::Go => "GO-",
        Ecosystem::Npm | Ecosystem::GitHubActions => "GHSA-",
    };
    let rank = |id: &str| (!id.starts_with(home), !id.starts_with("MAL-"));
    let mut ids: Vec<&String> = group.iter().map(|found| &found.advisory.id).collect();
    ids.sort_by_key(|id| (rank(id), *id));
    let mut aliases: Vec<&String> = group.iter().flat_map(|found| &found.advisory.aliases).collect();
    aliases.sort();
    aliases.dedup();
    aliases.retain(|alias| !ids.contains(alias));
    ids.into_iter().chain(aliases).cloned().collect()
}

/// The fixes of the record that knows most, cut down to what helps: the lowest that stays compatible with
/// the version in use (else the lowest of all), and the highest, which ends the last affected range.
fn fixed(package: &Package, group: &[&Match]) -> Vec<String> {
    let all = group.iter().map(|found| found.fixed.as_slice()).max_by_key(|fixed| fixed.len()).unwrap_or_default();
    let own = line(&package.version);
    let released = |fix: &&String| !fix.contains('-');
    let lowest = all.iter().find(|fix| released(fix) && line(fix) == own);
    let lowest = lowest.or_else(|| all.iter().find(released)).or(all.first());
    let highest = all.iter().rfind(released).filter(|highest| Some(*highest) != lowest);
    let highest = highest.filter(|highest| lowest.is_none_or(|lowest| line(lowest) != own || line(highest) == own));
    lowest.into_iter().chain(highest).cloned().collect()
}

/// What changes only with breaking releases: the major version, with the minor one below 1.0.
fn line(version: &str) -> (&str, &str) {
    let mut parts = version.trim_start_matches('v').split(['.', '-', '+']);
    let major = parts.next().unwrap_or_default();
    (major, if major == "0" { parts.next().unwrap_or_default() } else { "" })
}

fn severity(
    settings: &Settings,
    package: &Package,
    ids: &[String],
    kind: Option<Informational>,
    malware: bool,
    rated: Option<Severity>,
) -> Severity {
    let named = ids.iter().chain([&package.name]).find_map(|name| settings.severity.get(name));
    match (named, kind) {
        (Some(&severity), _) => severity,
        (None, Some(Informational::Unmaintained)) if settings.deny_unmaintained => Severity::High,
        (None, Some(_)) => Severity::Low,
        (None, None) if malware => Severity::Critical,
        (None, None) => rated.unwrap_or(settings.unknown_severity),
    }
}

fn title(package: &Package, found: &Match, kind: Option<Informational>, malware: bool) -> String {
    let name = &package.name;
    match (&*found.advisory.summary, kind) {
        ("", Some(kind)) => format!("`{name}` is {}", kind.word()),
        ("", None) if malware => format!("`{name}` is malicious"),
        ("", None) => format!("`{name}` has a known vulnerability"),
        (summary, _) => format!("{name}: {}", summary.trim_end_matches(&format!(" ({name})"))),
    }
}

fn message(
    package: &Package,
    found: &Match,
    kind: Option<Informational>,
    malware: bool,
    fixed: &[String],
    unknown: bool,
    unbounded: bool,
) -> String {
    let verdict = match kind {
        _ if malware => "is malicious",
        Some(Informational::Unmaintained) => "is unmaintained",
        Some(Informational::Unsound) => "is unsound",
        Some(Informational::Notice) => "has a notice",
        None => "has a known vulnerability",
    };
    let advisory = &found.advisory;
    // Titles often end with the package's name, which stands in front already.
    let summary = advisory.summary.trim_end_matches('.').trim_end_matches(&format!(" ({})", package.name));
    let about = if summary.is_empty() { verdict.to_owned() } else { summary.to_owned() };
    let fix = match fixed {
        [] => "no fixed version is known".to_owned(),
        fixed => format!("fixed in {}", fixed.join(" and ")),
    };
    let colon = if summary.is_empty() { "" } else { ":" };
    let mut text = format!("`{}` {}{colon} {about} ({}); {fix}.", package.name, package.version, advisory.id);
    if package.scope == Scope::Development {
        text.push_str(" It is a development dependency.");
    }
    if unknown {
        text.push_str(" The advisory states no severity, so the configured one for unknown applies.");
    }
    if unbounded {
        text.push_str(" Only a range without an end matches, so this never fails the gate.");
    }
    text
}

fn help(package: &Package, found: &Match, fixed: &[String]) -> String {
    let Package { name, version, .. } = package;
    let Some(to) = fixed.first() else {
        return format!("No fixed version of `{name}` is known. Replace it, or see {}.", found.advisory.url);
    };
    let command = match package.ecosystem {
        Ecosystem::Cargo => format!("cargo update -p {name}@{version} --precise {to}"),
        Ecosystem::Npm => format!("npm install {name}@{to}"),
        Ecosystem::Go if name == "stdlib" => format!("go get toolchain@go{to}"),
        Ecosystem::Go => format!("go get {name}@v{to}"),
        Ecosystem::GitHubActions => format!("uses: {name}@{to}"),
    };
    format!("Update to {to} or later: `{command}`. See {}.", found.advisory.url)
}

//! Which versions mend a finding, and what has to be done to get one.

use super::project::Project;
use crate::advisory::version::by_precedence;
use crate::advisory::{AdvisoryDb, Match};
use crate::model::{Ecosystem, Package, RepoPath};

/// Requirements that are told of one package, at most.
const MAX_TOLD: usize = 3;

/// The fixes of one defect, as the project can have them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Fix {
    /// All that are told, lowest first: one or two.
    pub versions: Vec<String>,
    /// What the project accepts, as written; empty where that is not known.
    pub declared: Vec<String>,
    /// The lowest that it accepts.
    pub inside: Option<String>,
    /// The lowest that it does not.
    pub outside: Option<String>,
}

impl Fix {
    /// Finds them. A fix is above the version in use, and no record of the group affects it.
    pub(super) fn new(db: &AdvisoryDb, project: &Project<'_>, index: usize, group: &[&Match]) -> Self {
        let package = &project.packages[index];
        let mut fixes = db.common_fixes(package.ecosystem, &package.name, group);
        let released = |version: &str| !version.contains('-');
        if released(&package.version) && fixes.iter().any(|fix| released(fix)) {
            fixes.retain(|fix| released(fix));
        }
        let Some(declared) = project.declared(index) else {
            return Self { versions: ends(&package.version, &fixes), ..Self::default() };
        };
        let accepted = |fix: &&String| declared.iter().all(|one| one.requirement.admits(fix));
        let inside = fixes.iter().find(accepted).cloned();
        // Where no fix lies in `1.x || ^3.2`, the second alternative may still be free of the defect.
        let inside = inside.or_else(|| {
            let lowest = fixes.first()?;
            let floors = declared.iter().flat_map(|one| one.requirement.floors());
            let mut floors: Vec<String> = floors.filter(|floor| by_precedence(floor, lowest).is_gt()).collect();
            floors.sort_by(|a, b| by_precedence(a, b));
            floors
                .into_iter()
                .find(|floor| accepted(&floor) && db.clears(package.ecosystem, &package.name, floor, group))
        });
        let outside = fixes.iter().find(|fix| !accepted(fix)).cloned();
        let mut versions: Vec<String> = inside.iter().chain(&outside).cloned().collect();
        versions.sort_by(|a, b| by_precedence(a, b));
        let minimum = if package.ecosystem == Ecosystem::Go { ">= " } else { "" };
        let declared = declared.iter().map(|one| format!("{minimum}{}", one.text)).collect();
        Self { versions, declared, inside, outside }
    }

    /// The sentence's part behind the advisory: `fixed in 1.2.3, within the declared \`^1.2.0\``.
    pub(super) fn clause(&self, ecosystem: Ecosystem) -> String {
        // Go always takes a later version of the same path: its own is only a minimum.
        let told = !self.declared.is_empty() && (ecosystem != Ecosystem::Go || self.outside.is_some());
        let declared = told.then(|| words(&self.declared));
        match (declared, &self.inside, &self.outside) {
            (_, None, None) if self.versions.is_empty() => "no fixed version is known".to_owned(),
            (Some(declared), Some(inside), Some(outside)) => {
                format!("fixed in {inside}, within the declared {declared}, and in {outside}, outside of it")
            }
            (Some(declared), Some(inside), None) => format!("fixed in {inside}, within the declared {declared}"),
            (Some(declared), None, Some(outside)) => format!("fixed in {outside}, outside of the declared {declared}"),
            _ => format!("fixed in {}", self.versions.join(" and ")),
        }
    }

    /// What to do, in a sentence or two.
    pub(super) fn advice(&self, lock: &RepoPath, package: &Package, bringer: Option<&Package>) -> String {
        let Package { name, version, .. } = package;
        let Some(to) = self.inside.as_ref().or(self.versions.first()) else {
            return format!("No fixed version of `{name}` is known. Replace it");
        };
        let tool = tool(lock, package);
        // Where nothing is declared, an update may do.
        let out_of_reach = self.inside.is_none() && !self.declared.is_empty();
        if let Some(bringer) = bringer.filter(|_| out_of_reach) {
            return format!(
                "Update to {to} or later. `{}` brings `{name}`: look for a version of it that takes {to}, or {}",
                bringer.name, tool.pin
            );
        }
        let unknown = self.declared.is_empty() && package.ecosystem != Ecosystem::Cargo;
        let raise = out_of_reach || unknown && package.direct;
        let mut command = if raise { tool.raise } else { tool.update }.to_owned();
        for (word, value) in [("NAME", name.as_str()), ("VERSION", version), ("TO", to)] {
            command = command.replace(word, value);
        }
        format!("Update to {to} or later: `{command}`")
    }
}

/// What a package manager is told.
struct Tool {
    /// To take a version that is accepted already.
    update: &'static str,
    /// To accept another one.
    raise: &'static str,
    /// To have a version that what brings the package does not ask for.
    pin: &'static str,
}

/// The commands of the tool that writes a lock file.
fn tool(lock: &RepoPath, package: &Package) -> Tool {
    match (package.ecosystem, lock.file_name()) {
        (Ecosystem::Cargo, _) => Tool {
            update: "cargo update -p NAME@VERSION --precise TO",
            raise: "cargo add NAME@TO",
            pin: "put a repaired copy in its place with `[patch.crates-io]`",
        },
        (Ecosystem::Go, _) => {
            let get = if package.name == "stdlib" { "go get toolchain@goTO" } else { "go get NAME@vTO" };
            Tool { update: get, raise: get, pin: "ask for it yourself with `go get`" }
        }
        (Ecosystem::GitHubActions, _) => Tool { update: "uses: NAME@TO", raise: "uses: NAME@TO", pin: "pin it" },
        (_, "yarn.lock") => Tool {
            update: "yarn upgrade NAME",
            raise: "yarn add NAME@TO",
            pin: "name it in `resolutions` of package.json",
        },
        (_, "pnpm-lock.yaml") => Tool {
            update: "pnpm update NAME",
            raise: "pnpm add NAME@TO",
            pin: "name it in `pnpm.overrides` of package.json",
        },
        (_, "bun.lock") => {
            Tool { update: "bun update NAME", raise: "bun add NAME@TO", pin: "name it in `overrides` of package.json" }
        }
        _ => Tool {
            update: "npm update NAME",
            raise: "npm install NAME@TO",
            pin: "name it in `overrides` of package.json",
        },
    }
}

/// What is declared, in backquotes.
fn words(declared: &[String]) -> String {
    let mut told: Vec<String> = declared.iter().take(MAX_TOLD).map(|one| format!("`{one}`")).collect();
    if declared.len() > MAX_TOLD {
        told.push(format!("{} more", declared.len() - MAX_TOLD));
    }
    told.join(" and ")
}

/// Of fixes whose range is not known: the lowest that stays compatible with the version in use (else the lowest of
/// all), and the highest, which ends the last affected range.
fn ends(version: &str, fixes: &[String]) -> Vec<String> {
    let own = line(version);
    let lowest = fixes.iter().find(|fix| line(fix) == own).or(fixes.first());
    let highest = fixes.last().filter(|highest| Some(*highest) != lowest);
    let highest = highest.filter(|highest| lowest.is_none_or(|lowest| line(lowest) != own || line(highest) == own));
    lowest.into_iter().chain(highest).cloned().collect()
}

/// What changes only with breaking releases: the major version, with the minor one below 1.0.
fn line(version: &str) -> (&str, &str) {
    let mut parts = version.trim_start_matches('v').split(['.', '-', '+']);
    let major = parts.next().unwrap_or_default();
    (major, if major == "0" { parts.next().unwrap_or_default() } else { "" })
}

//! Ready entries: how well-known scanners are asked for SARIF, and what their exit codes mean.

/// How one scanner is run in the folder that it scans.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its name in `[[tool]] use = "…"`.
    pub name: &'static str,
    /// What it looks for.
    pub about: &'static str,
    /// The program and its arguments; `{out}` stands for the file it writes.
    pub command: &'static [&'static str],
    /// Exit codes of a run that found something.
    pub findings: &'static [i32],
    /// Exit codes of a run that had nothing to look at.
    pub nothing: &'static [i32],
}

impl Entry {
    /// True where it writes a file instead of standard output.
    #[must_use]
    pub fn writes_file(&self) -> bool {
        self.command.iter().any(|argument| argument.contains("{out}"))
    }
}

/// Shorthand of the table below.
const fn entry(
    name: &'static str,
    about: &'static str,
    command: &'static [&'static str],
    findings: &'static [i32],
    nothing: &'static [i32],
) -> Entry {
    Entry { name, about, command, findings, nothing }
}

/// All of them, by name.
pub static CATALOGUE: &[Entry] = &[
    entry("bandit", "Python", &["bandit", "-q", "-r", ".", "-f", "sarif", "-o", "{out}"], &[1], &[]),
    entry(
        "checkov",
        "infrastructure as code",
        &[
            "checkov",
            "-d",
            ".",
            "-o",
            "sarif",
            "--output-file-path",
            "{out}",
            "--quiet",
            "--compact",
            "--skip-download",
        ],
        &[1],
        &[],
    ),
    entry(
        "codeql",
        "code, from a database made before at .codeql-db",
        &["codeql", "database", "analyze", ".codeql-db", "--format=sarif-latest", "--output={out}"],
        &[],
        &[],
    ),
    entry(
        "gitleaks",
        "secrets",
        &["gitleaks", "dir", ".", "--no-banner", "--redact", "-f", "sarif", "-r", "{out}"],
        &[1],
        &[],
    ),
    entry("hadolint", "the Dockerfile of the folder", &["hadolint", "-f", "sarif", "Dockerfile"], &[1], &[]),
    entry(
        "kingfisher",
        "secrets",
        &["kingfisher", "scan", ".", "--no-validate", "--no-update-check", "--format", "sarif", "-o", "{out}"],
        &[200, 205],
        &[],
    ),
    entry(
        "opengrep",
        "code, by the rules of .opengrep",
        &["opengrep", "scan", "--config", ".opengrep", "--sarif", "--quiet", "."],
        &[1],
        &[],
    ),
    entry(
        "osv-scanner",
        "known vulnerabilities of packages",
        &["osv-scanner", "scan", "source", "--recursive", "--format", "sarif", "."],
        &[1],
        &[128],
    ),
    entry(
        "semgrep",
        "code, by the rules of .semgrep",
        &[
            "semgrep",
            "scan",
            "--config",
            ".semgrep",
            "--metrics",
            "off",
            "--disable-version-check",
            "--sarif",
            "--quiet",
            ".",
        ],
        &[1],
        &[],
    ),
    entry(
        "trivy",
        "known vulnerabilities of packages",
        &["trivy", "fs", "--scanners", "vuln", "--format", "sarif", "--quiet", "--output", "{out}", "."],
        &[],
        &[],
    ),
    entry(
        "trivy-image",
        "known vulnerabilities of a container image, saved before at .image.tar",
        &[
            "trivy",
            "image",
            "--input",
            ".image.tar",
            "--scanners",
            "vuln",
            "--format",
            "sarif",
            "--quiet",
            "--output",
            "{out}",
        ],
        &[],
        &[],
    ),
    entry("zizmor", "GitHub Actions", &["zizmor", "--offline", "--format", "sarif", "."], &[11, 12, 13, 14], &[3]),
];

/// The entry of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Entry> {
    CATALOGUE.iter().find(|entry| entry.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_no_entry_needs_a_shell() {
        assert!(CATALOGUE.is_sorted_by_key(|entry| entry.name));
        for entry in CATALOGUE {
            assert_eq!(find(entry.name).map(|found| found.name), Some(entry.name));
            let plain = |argument: &&str| !argument.contains(['|', ';', '&', '>', '$', '*']);
            assert!(entry.command.iter().all(plain), "{}", entry.name);
            assert!(!entry.findings.contains(&0) && entry.nothing.iter().all(|code| !entry.findings.contains(code)));
        }
    }
}

//! Facts about actions, as of August 2026: which were taken over, look alike, or do what the runner does.

/// Repositories that very many use: a name one letter away is most likely a trap.
const POPULAR: &[&str] = &[
    "actions/cache",
    "actions/checkout",
    "actions/configure-pages",
    "actions/create-github-app-token",
    "actions/deploy-pages",
    "actions/download-artifact",
    "actions/github-script",
    "actions/labeler",
    "actions/setup-dotnet",
    "actions/setup-go",
    "actions/setup-java",
    "actions/setup-node",
    "actions/setup-python",
    "actions/stale",
    "actions/upload-artifact",
    "actions/upload-pages-artifact",
    "anchore/sbom-action",
    "aquasecurity/trivy-action",
    "asottile/pyupgrade",
    "astral-sh/ruff-pre-commit",
    "astral-sh/setup-uv",
    "aws-actions/amazon-ecr-login",
    "aws-actions/configure-aws-credentials",
    "azure/login",
    "codecov/codecov-action",
    "docker/build-push-action",
    "docker/login-action",
    "docker/metadata-action",
    "docker/setup-buildx-action",
    "docker/setup-qemu-action",
    "dorny/paths-filter",
    "dtolnay/rust-toolchain",
    "github/codeql-action",
    "golangci/golangci-lint-action",
    "google-github-actions/auth",
    "google-github-actions/setup-gcloud",
    "goreleaser/goreleaser-action",
    "gradle/actions",
    "hashicorp/setup-terraform",
    "peaceiris/actions-gh-pages",
    "peter-evans/create-pull-request",
    "pnpm/action-setup",
    "pre-commit/action",
    "pre-commit/mirrors-mypy",
    "pre-commit/pre-commit-hooks",
    "psf/black",
    "pycqa/flake8",
    "pycqa/isort",
    "pypa/gh-action-pypi-publish",
    "ruby/setup-ruby",
    "sigstore/cosign-installer",
    "softprops/action-gh-release",
    "swatinem/rust-cache",
    "taiki-e/install-action",
    "tj-actions/changed-files",
];

/// The popular repository that `slug` looks like without being it: the same name under an owner that is one
/// letter off, changed, missing, added or swapped with its neighbour.
pub fn lookalike(slug: &str) -> Option<&'static str> {
    let slug = slug.to_ascii_lowercase();
    let (owner, repo) = slug.split_once('/')?;
    let same_repo = POPULAR.iter().filter_map(|known| Some((known, known.split_once('/')?)));
    let mut near = same_repo.filter(|(_, (_, name))| *name == repo).filter(|(_, (known, _))| one_off(owner, known));
    let found = near.next().map(|(known, _)| *known);
    found.filter(|_| !POPULAR.contains(&slug.as_str()))
}

/// True for words at a distance of exactly one edit (Damerau's four).
fn one_off(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let same = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[same..], &b[same..]);
    match (a, b) {
        ([x, y, ..], [p, q, ..]) if x == q && y == p && a[2..] == b[2..] => true,
        ([_, rest @ ..], [_, tail @ ..]) if rest == tail => true,
        ([_, rest @ ..], _) if rest == b => true,
        (_, [_, tail @ ..]) if tail == a => true,
        _ => false,
    }
}

/// An action with a known defect up to a version, or one whose tags were moved to hostile code.
pub struct Vulnerable {
    /// `owner/repo`.
    pub slug: &'static str,
    /// The first version without the defect; `None` where no version was safe.
    pub fixed: Option<(u64, u64, u64)>,
    /// The advisory.
    pub advisory: &'static str,
    /// What happens, as the end of a sentence.
    pub what: &'static str,
    /// True where tags were moved: then any tag could have run the hostile commit.
    pub taken_over: bool,
}

/// The table; the deps scanner with a full database knows more.
pub const VULNERABLE: &[Vulnerable] = &[
    Vulnerable {
        slug: "tj-actions/changed-files",
        fixed: Some((46, 0, 1)),
        advisory: "CVE-2025-30066",
        what: "its tags were moved to code that printed secrets into logs in March 2025",
        taken_over: true,
    },
    Vulnerable {
        slug: "reviewdog/action-setup",
        fixed: Some((1, 3, 1)),
        advisory: "CVE-2025-30154",
        what: "its `v1` tag was moved to code that printed secrets into logs in March 2025",
        taken_over: true,
    },
    Vulnerable {
        slug: "actions/download-artifact",
        fixed: Some((4, 1, 3)),
        advisory: "CVE-2024-42471",
        what: "an artifact can write outside the target folder",
        taken_over: false,
    },
    Vulnerable {
        slug: "dawidd6/action-download-artifact",
        fixed: Some((6, 0, 0)),
        advisory: "GHSA-5xr6-xhww-33m4",
        what: "it takes artifacts of forks by default",
        taken_over: false,
    },
    Vulnerable {
        slug: "tj-actions/branch-names",
        fixed: Some((9, 0, 0)),
        advisory: "CVE-2025-54416",
        what: "a branch name runs as a command",
        taken_over: false,
    },
    Vulnerable {
        slug: "tj-actions/verify-changed-files",
        fixed: Some((17, 0, 0)),
        advisory: "CVE-2023-52137",
        what: "a file name runs as a command",
        taken_over: false,
    },
    Vulnerable {
        slug: "rlespinasse/github-slug-action",
        fixed: Some((4, 4, 1)),
        advisory: "CVE-2023-27581",
        what: "a branch name runs as a command",
        taken_over: false,
    },
    Vulnerable {
        slug: "gradle/gradle-build-action",
        fixed: Some((2, 4, 2)),
        advisory: "CVE-2023-30853",
        what: "secrets enter the cache",
        taken_over: false,
    },
    Vulnerable {
        slug: "check-spelling/check-spelling",
        fixed: Some((0, 0, 19)),
        advisory: "CVE-2021-32724",
        what: "a pull request obtains the token",
        taken_over: false,
    },
    Vulnerable {
        slug: "hashicorp/vault-action",
        fixed: Some((2, 2, 0)),
        advisory: "CVE-2021-32074",
        what: "multi-line secrets are not masked",
        taken_over: false,
    },
    Vulnerable {
        slug: "embano1/wip",
        fixed: Some((2, 0, 0)),
        advisory: "CVE-2023-30623",
        what: "a pull request's title runs as a command",
        taken_over: false,
    },
    Vulnerable {
        slug: "kartverket/github-workflows",
        fixed: Some((2, 7, 5)),
        advisory: "CVE-2022-39326",
        what: "an input runs as code",
        taken_over: false,
    },
    Vulnerable {
        slug: "sonarsource/sonarqube-scan-action",
        fixed: Some((6, 0, 0)),
        advisory: "CVE-2025-59844",
        what: "an argument runs as a command",
        taken_over: false,
    },
    Vulnerable {
        slug: "ultralytics/actions",
        fixed: Some((0, 0, 3)),
        advisory: "GHSA-7x29-qqmq-v6qc",
        what: "a branch name runs as a command",
        taken_over: false,
    },
    Vulnerable {
        slug: "step-security/harden-runner",
        fixed: Some((2, 10, 2)),
        advisory: "CVE-2024-52587",
        what: "environment variables run as commands",
        taken_over: false,
    },
];

/// Actions that do what every hosted runner already can, with the tool to use instead.
pub const SUPERFLUOUS: &[(&str, &str)] = &[
    ("actions-rs/toolchain", "rustup"),
    ("dtolnay/rust-toolchain", "rustup"),
    ("actions-rs/cargo", "cargo"),
    ("actions-rust-lang/setup-rust-toolchain", "rustup"),
    ("moonrepo/setup-rust", "rustup"),
    ("hecrj/setup-rust-action", "rustup"),
    ("ncipollo/release-action", "gh release"),
    ("softprops/action-gh-release", "gh release"),
    ("svenstaro/upload-release-action", "gh release upload"),
    ("actions/create-release", "gh release"),
    ("actions/upload-release-asset", "gh release upload"),
    ("peter-evans/create-pull-request", "gh pr create"),
    ("peter-evans/create-or-update-comment", "gh issue comment"),
    ("peter-evans/create-issue-from-file", "gh issue create"),
    ("addnab/docker-run-action", "docker run"),
    ("elgohr/publish-docker-github-action", "docker push"),
    ("dacbd/create-issue-action", "gh issue create"),
    ("imjohnbo/issue-bot", "gh issue create"),
    ("stefanzweifel/git-auto-commit-action", "git commit"),
    ("ad-m/github-push-action", "git push"),
    ("elgohr/github-release-action", "gh release"),
    ("actions-ecosystem/action-add-labels", "gh issue edit --add-label"),
    ("actions-ecosystem/action-remove-labels", "gh issue edit --remove-label"),
    ("sergeysova/jq-action", "jq"),
    ("endbug/add-and-commit", "git commit"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_one_letter_off_are_lookalikes() {
        for slug in ["action/checkout", "cations/checkout", "acti0ns/checkout", "actiions/checkout", "PSFF/BLACK"] {
            assert!(lookalike(slug).is_some(), "{slug}");
        }
        for slug in ["actions/checkout", "Actions/Checkout", "octo/checkout", "action/other", "pycqa/flake8"] {
            assert_eq!(lookalike(slug), None, "{slug}");
        }
    }
}

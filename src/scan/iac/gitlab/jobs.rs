//! Settings of jobs.

use super::files::{Files, parts_of};
use super::images::is_docker_daemon;
use super::pipeline::{entries, texts};
use super::secrets::{names_merge_requests, plain};
use super::{Out, Place, View};
use crate::scan::iac::resource::{Value, ValueKind as Kind};
use crate::scan::iac::shell::Command;
use crate::scan::iac::text::capital;

/// `docker-without-tls`: a Docker daemon that anyone in the job's network commands.
pub fn docker_without_tls(view: &View<'_>, out: &mut Out<'_>) {
    let services = view.job.body.get("services").map(parts_of).unwrap_or_default();
    let Some(daemon) = services.into_iter().find(|service| is_docker_daemon(service)) else { return };
    let variable =
        |wanted: &str| view.job.variables.iter().find(|(name, _)| name.as_ref() == wanted).map(|(_, value)| value);
    let no_certificates = variable("DOCKER_TLS_CERTDIR").filter(|value| match &value.kind {
        Kind::String(text) => text.trim().is_empty(),
        kind => *kind == Kind::Null,
    });
    let plain_port = variable("DOCKER_HOST").filter(|value| value.as_str().is_some_and(|host| host.contains(":2375")));
    let off = |text: &str| {
        matches!(text, "--tls=false" | "--tls-verify=false" | "--tlsverify=false") || text.contains(":2375")
    };
    let command = daemon.get("command").filter(|command| texts(command).iter().any(|text| off(text)));
    let place = view.place();
    if let Some(value) = no_certificates.or(plain_port).or(command) {
        let message = format!("The Docker daemon beside {} takes commands without TLS.", place.name);
        out.report("docker-without-tls", &place.at(value), "", message);
    }
}

/// Programs that look for security defects.
const SCANNERS: &[&str] = &[
    "bandit",
    "brakeman",
    "checkov",
    "detect-secrets",
    "gitleaks",
    "gosec",
    "govulncheck",
    "grype",
    "kics",
    "kubesec",
    "npm-audit",
    "osv-scanner",
    "pip-audit",
    "portcullis",
    "safety",
    "semgrep",
    "snyk",
    "terrascan",
    "tfsec",
    "trivy",
    "trufflehog",
    "zizmor",
];

/// Words in the names of jobs that look for them.
const SECURITY_WORDS: &[&str] =
    &["sast", "dast", "security", "vulnerability", "vulnerabilities", "scanning", "secrets", "iast"];

/// Reports that only such jobs write.
const REPORTS: &[&str] = &[
    "sast",
    "dast",
    "secret_detection",
    "dependency_scanning",
    "container_scanning",
    "api_fuzzing",
    "coverage_fuzzing",
];

/// `security-job-may-fail`: nobody is stopped by what it finds.
pub fn may_fail(view: &View<'_>, out: &mut Out<'_>) {
    let body = &view.job.body;
    let name = view.job.name.to_ascii_lowercase();
    let mut words = name.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    let mut parts = name.split(|c: char| !c.is_ascii_alphanumeric());
    let named = words.any(|word| SCANNERS.contains(&word))
        || parts.any(|word| SECURITY_WORDS.contains(&word) || SCANNERS.contains(&word))
        || name.contains("secret_detection")
        || name.contains("secret-detection");
    let reports = body.at(&["artifacts", "reports"]).map(entries).unwrap_or_default();
    let reporting = reports.iter().any(|(key, _)| REPORTS.contains(&key.as_ref()));
    let scanning = view.commands().any(|(_, command)| is_scan(command));
    if !named && !reporting && !scanning {
        return;
    }
    let rules = body.get("rules").map(Value::items).unwrap_or_default();
    let allowed = std::iter::once(body).chain(rules).filter_map(|part| part.get("allow_failure"));
    let place = view.place();
    for value in allowed.filter(|value| value.kind == Kind::Bool(true)) {
        let message = format!("What {} finds stops nothing: it may fail.", place.name);
        out.report("security-job-may-fail", &place.at(value), "", message);
    }
    for (step, command) in view.commands().filter(|(_, command)| is_scan(command)) {
        let text = step.value.as_str().unwrap_or_default().lines().nth(command.line).unwrap_or_default();
        let ignored = ["|| true", "|| :", "|| exit 0", "|| echo"].iter().any(|end| text.contains(end));
        if ignored {
            let here = view.line(step.value, command.line, command.program());
            let message =
                format!("What `{}` finds in {} stops nothing: its failure is ignored.", command.program(), place.name);
            out.report("security-job-may-fail", &here, command.program(), message);
        }
    }
}

fn is_scan(command: &Command) -> bool {
    let audit = matches!(command.program(), "npm" | "yarn" | "pnpm" | "cargo") && command.has(&["audit", "deny"]);
    let asks = command.has(&["--version", "version", "--help", "help"]);
    (SCANNERS.contains(&command.program()) || audit) && !asks
}

/// `duplicate-pipelines` in `workflow`.
pub fn workflow(files: &Files<'_>, file: u32, out: &mut Out<'_>) {
    let root = &files.source(file).root;
    if let Some(rules) = root.at(&["workflow", "rules"]) {
        duplicates(rules, &Place::top(root), "The pipeline", out);
    }
}

/// `duplicate-pipelines` in a job, where `workflow` does not keep them apart.
pub fn duplicate_pipelines(view: &View<'_>, out: &mut Out<'_>) {
    let guard = view.pipeline.top.at(&["workflow", "rules"]).map(Value::items).unwrap_or_default();
    let guarded = guard.iter().any(|rule| {
        condition(rule).is_some_and(|text| text.contains("$CI_OPEN_MERGE_REQUESTS"))
            && rule.get("when").and_then(Value::as_str) == Some("never")
    });
    // A workflow that never starts one of the two kinds keeps them apart as well.
    let starts =
        |is: fn(&str) -> bool| guard.is_empty() || guard.iter().filter_map(condition).any(is) || open_end(guard);
    if let Some(rules) =
        view.job.body.get("rules").filter(|_| !guarded && starts(names_merge_requests) && starts(names_push))
    {
        let place = view.place();
        let subject = capital(&place.name);
        duplicates(rules, &place, &subject, out);
    }
}

/// True where the last rule has no condition.
fn open_end(rules: &[Value]) -> bool {
    rules
        .last()
        .is_some_and(|rule| rule.get("if").is_none() && rule.get("when").and_then(Value::as_str) != Some("never"))
}

fn condition(rule: &Value) -> Option<&str> {
    rule.get("if").and_then(Value::as_str)
}

fn names_push(condition: &str) -> bool {
    let plain = plain(condition);
    let apart = plain.contains("$CI_OPEN_MERGE_REQUESTS") || plain.contains("$CI_COMMIT_TAG");
    let default = plain.contains("$CI_DEFAULT_BRANCH");
    !apart && !default && (plain.starts_with("$CI_PIPELINE_SOURCE==\"push\"") || plain == "$CI_COMMIT_BRANCH")
}

fn duplicates(rules: &Value, place: &Place, subject: &str, out: &mut Out<'_>) {
    let runs = |rule: &&Value| rule.get("when").and_then(Value::as_str) != Some("never");
    let of = |is: fn(&str) -> bool| rules.items().iter().filter(runs).find(|rule| condition(rule).is_some_and(is));
    let apart = rules
        .items()
        .iter()
        .any(|rule| !runs(&rule) && condition(rule).is_some_and(|text| text.contains("$CI_OPEN_MERGE_REQUESTS")));
    if let (Some(_), Some(push), false) = (of(names_merge_requests), of(names_push), apart) {
        let at = push.get("if").unwrap_or(push);
        let message = format!("{subject} runs twice for a push to a branch with a merge request.");
        out.report("duplicate-pipelines", &place.at(at), "", message);
    }
}

/// `unprotected-cache`: what runs on any branch writes what protected branches read.
pub fn unprotected_cache(view: &View<'_>, out: &mut Out<'_>) {
    for cache in view.job.body.get("cache").map(parts_of).unwrap_or_default() {
        if let Some(value) = cache.get("unprotect").filter(|value| value.kind == Kind::Bool(true)) {
            let place = view.place();
            let message = format!("The cache of {} is shared by protected and unprotected branches.", place.name);
            out.report("unprotected-cache", &place.at(value), "", message);
        }
    }
}

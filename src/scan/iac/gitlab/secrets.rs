//! Secrets: written down, printed, handed on, and within reach of merge requests.

use super::files::{Files, parts_of};
use super::names::{is_secret, named_in};
use super::pipeline::{entries, texts};
use super::{Out, Place, View, quoted};
use crate::model::{Confidence, Severity, Span};
use crate::scan::iac::resource::{Value, ValueKind as Kind};
use crate::scan::iac::shell::{Command, Var, trust};
use crate::scan::iac::text::capital;

/// Variables of a file's top.
pub fn global_variables(files: &Files<'_>, file: u32, out: &mut Out<'_>) {
    let root = &files.source(file).root;
    if let Some(all) = root.get("variables") {
        variables(files, all, &Place::top(root), out);
    }
}

/// Variables of a job, and of its rules.
pub fn job_variables(view: &View<'_>, out: &mut Out<'_>) {
    let body = &view.job.body;
    let rules = body.get("rules").map(Value::items).unwrap_or_default();
    for all in body.get("variables").into_iter().chain(rules.iter().filter_map(|rule| rule.get("variables"))) {
        variables(view.files, all, &view.place(), out);
    }
}

/// Settings of tools, the values that make them unsafe, the rule, and the sentence's end.
const SETTINGS: &[(&str, &[&str], &str, &str)] = &[
    ("CI_DEBUG_TRACE", &["true", "1"], "debug-trace", "writes every variable, secrets too, into the job's log"),
    ("CI_DEBUG_SERVICES", &["true", "1"], "debug-trace", "writes what services print into the job's log"),
];

/// Keys of cloud accounts that do not end by themselves.
const CLOUD_KEYS: &[&str] = &[
    "AWS_SECRET_ACCESS_KEY",
    "AZURE_CLIENT_SECRET",
    "ARM_CLIENT_SECRET",
    "ALICLOUD_SECRET_KEY",
    "GOOGLE_CREDENTIALS",
    "GCP_SERVICE_ACCOUNT_KEY",
    "DIGITALOCEAN_ACCESS_TOKEN",
];

fn variables(files: &Files<'_>, all: &Value, place: &Place, out: &mut Out<'_>) {
    for (name, value) in entries(all) {
        let value = value.get("value").unwrap_or(value);
        let (here, shown) = (place.at(value), quoted(name));
        let text = match &value.kind {
            Kind::Bool(value) => value.to_string(),
            _ => value.as_str().unwrap_or_default().to_owned(),
        };
        let lower = text.to_ascii_lowercase();
        for (setting, values, id, what) in SETTINGS {
            if setting.eq_ignore_ascii_case(name) && values.contains(&lower.as_str()) {
                out.report(id, &here, name, format!("{shown} of {} {what}.", place.name));
            }
        }
        if let Some(client) = trust::variable(name, &text) {
            let message = format!("{shown} of {} makes {} accept any certificate.", place.name, client.name());
            out.report("tls-off", &here, name, message);
        }
        if CLOUD_KEYS.contains(&name.as_ref()) {
            let message = format!("{shown} of {} is a lasting key of a cloud account.", place.name);
            out.report("static-cloud-credentials", &here, name, message);
        }
        if is_secret(name, true) && matches!(value.kind, Kind::String(_)) {
            let Some(weight) = literal(name, &text) else { continue };
            let secret = value_span(files.source(value.file).bytes, value.span);
            let message = format!("The value of {shown} of {} is written into the pipeline.", place.name);
            if let Some(draft) = out.report("literal-secret", &here, name, message) {
                draft.secrets.push(secret);
                if weight == Weight::Known {
                    (draft.severity, draft.confidence) = (Severity::Low, Confidence::Medium);
                }
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Weight {
    /// A word that a service for tests is given.
    Known,
    Secret,
}

/// Passwords of throw-away services.
const WEAK: &[&str] = &[
    "admin",
    "demo",
    "dev",
    "docker",
    "example",
    "guest",
    "gitlab",
    "mysql",
    "pass",
    "passw0rd",
    "passwd",
    "password",
    "postgres",
    "redis",
    "root",
    "runner",
    "sa",
    "secret",
    "secretkey",
    "test",
    "testing",
    "token",
    "user",
];

/// How much a value of a variable with a secret's name is one; `None` for references, paths, settings and marks.
fn literal(name: &str, text: &str) -> Option<Weight> {
    let text = text.trim();
    let lower = text.to_ascii_lowercase();
    let word = lower.trim_end_matches(|c: char| c.is_ascii_digit());
    let setting =
        matches!(lower.as_str(), "" | "true" | "false" | "yes" | "no" | "none" | "null" | "enabled" | "disabled");
    let number =
        text.len() < 6 && text.bytes().all(|b| b.is_ascii_digit()) && !name.to_ascii_uppercase().contains("PASS");
    let mark = ["<", "[", "***", "xxx", "your", "replace", "todo", "{{"].iter().any(|mark| lower.starts_with(mark));
    let elsewhere = text.contains("$") && !text.contains("$$")
        || text.starts_with(['/', '~', '.'])
        || text.contains("://") && !text.contains('@')
        || ["vault:", "op://", "file:", "aws-sm:", "env:"].iter().any(|from| lower.starts_with(from));
    if setting || number || mark || elsewhere {
        return None;
    }
    let parts = lower.split(['-', '_', '.', ' ']).map(|part| part.trim_end_matches(|c: char| c.is_ascii_digit()));
    let weak = WEAK.contains(&word)
        || ["changeme", "change-me", "change_me", "dummy", "fake", "notasecret", "insecure"]
            .iter()
            .any(|it| lower.contains(it))
        || parts.clone().count() > 1 && parts.into_iter().all(|part| part.is_empty() || WEAK.contains(&part));
    Some(if weak { Weight::Known } else { Weight::Secret })
}

/// The value of `key: value`.
fn value_span(bytes: &[u8], span: Span) -> Span {
    let raw = span.of(bytes);
    let colon = memchr::memmem::find(raw, b":").map_or(0, |at| at + 1);
    let lead = raw[colon..].len() - raw[colon..].trim_ascii_start().len();
    Span::new(span.start as usize + colon + lead, span.end as usize)
}

/// Commands that write their arguments into the log.
const PRINTERS: &[&str] = &["echo", "printf", "cat", "Write-Host", "Write-Output"];
/// Filters that change a secret's form, so that the log's mask does not know it.
const RECODERS: &[&str] = &["base64", "rev", "xxd", "hexdump", "od", "tr", "sed", "cut", "fold", "gzip"];

/// `secret-printed`.
pub fn printed(view: &View<'_>, out: &mut Out<'_>) {
    for step in &view.steps {
        for (at, command) in step.commands.iter().enumerate() {
            let next = step.commands.get(at + 1).filter(|_| command.piped);
            let shown = !command.to_file && next.is_none_or(prints_on);
            let program = command.program();
            let all = match command.words.as_slice() {
                [one] => matches!(one.text.as_str(), "env" | "printenv" | "set") && command.assignments.is_empty(),
                [one, flag] => one.text == "export" && flag.text == "-p",
                _ => false,
            };
            if all && shown {
                let place = view.line(step.value, command.line, program);
                let message = format!("`{program}` writes every variable of {} into its log.", place.name);
                out.report("environment-printed", &place, program, message);
            }
            let secret = secret_of(command, false).filter(|_| shown && PRINTERS.contains(&program));
            if let Some(var) = secret {
                let place = view.line(step.value, command.line, &var.name);
                let message = format!("`${}` is written into the log of {}.", var.name, place.name);
                out.report("secret-printed", &place, &var.name, message);
            }
        }
    }
}

/// True for the end of a pipe that shows what came in, perhaps in another form.
fn prints_on(next: &Command) -> bool {
    let shows =
        RECODERS.contains(&next.program()) || matches!(next.program(), "sort" | "cat" | "tee" | "less" | "head");
    shows && !next.piped && !next.to_file
}

fn secret_of(command: &Command, own: bool) -> Option<&Var> {
    command.words.iter().flat_map(|word| &word.vars).find(|var| is_secret(&var.name, own))
}

/// `password-argument` and `token-in-url`.
pub fn in_arguments(view: &View<'_>, out: &mut Out<'_>) {
    for (step, command) in view.commands() {
        let words = &command.words;
        let login = command.has(&["login"]);
        let passed = words.iter().enumerate().find_map(|(at, word)| {
            let (flag, joined) = word.text.split_once('=').map_or((&*word.text, false), |(flag, _)| (flag, true));
            let value = if joined { Some(word) } else { words.get(at + 1) };
            value.filter(|_| matches!(flag, "-p" | "--password")).and_then(|value| value.vars.first())
        });
        if let Some(var) = passed.filter(|_| login) {
            let place = view.line(step.value, command.line, &var.name);
            let message = format!(
                "`{} login` in {} takes `${}` as an argument, which every process of the machine can read.",
                command.program().replace('`', "'"),
                place.name,
                var.name
            );
            out.report("password-argument", &place, &var.name, message);
        }
        let in_url = words.iter().chain(command.assignments.iter().map(|(_, word)| word)).find_map(|word| {
            let authority = word.text.split_once("://")?.1.split('/').next()?;
            let user = authority.rsplit_once('@')?.0;
            word.vars.iter().find(|var| user.contains(&var.name) && is_secret(&var.name, true))
        });
        if let Some(var) = in_url {
            let place = view.line(step.value, command.line, &var.name);
            let message = format!(
                "`${}` stands in a URL in {}: Git and proxies keep it in configuration and logs.",
                var.name, place.name
            );
            if let Some(draft) = out.report("token-in-url", &place, &var.name, message)
                && !is_secret(&var.name, false)
            {
                draft.severity = Severity::Low;
            }
        }
    }
}

/// `curl-variables`: what a pipeline knows goes to some server.
pub fn sent(view: &View<'_>, out: &mut Out<'_>) {
    for (step, command) in view.commands().filter(|(_, command)| command.program() == "curl") {
        let ours = |var: &&Var| var.name.starts_with("CI_") || var.name == "CI";
        let vars: Vec<&Var> = command.words.iter().flat_map(|word| &word.vars).filter(ours).collect();
        let secret = vars.iter().find(|var| is_secret(&var.name, true) || var.name.contains("PASSWORD"));
        let Some(var) = secret.or(vars.first()) else { continue };
        let place = view.line(step.value, command.line, &var.name);
        let message = format!("`curl` in {} sends `${}` of the pipeline to a server.", place.name, var.name);
        let is_secret = secret.is_some();
        if let Some(draft) = out.report("curl-variables", &place, &var.name, message)
            && !is_secret
        {
            (draft.severity, draft.confidence) = (Severity::Info, Confidence::Low);
        }
    }
}

/// `merge-request-secrets`: a job of merge requests reaches what only protected branches should.
pub fn merge_requests(view: &View<'_>, out: &mut Out<'_>) {
    let body = &view.job.body;
    if !runs_for_merge_requests(body) {
        return;
    }
    let mut told: Vec<String> = Vec::new();
    let place = view.place();
    let mut tell = |name: &str, at: Place, out: &mut Out<'_>| {
        if told.iter().any(|before| before == name) {
            return;
        }
        told.push(name.to_owned());
        let message = format!(
            "{} runs for merge requests and uses `${name}`: the code of the request can take it.",
            capital(&place.name)
        );
        out.report("merge-request-secrets", &at, name, message);
    };
    for (step, command) in view.commands() {
        let used: Vec<&Var> = command.vars().filter(|var| is_secret(&var.name, false)).collect();
        for var in used {
            tell(&var.name, view.line(step.value, command.line, &var.name), out);
        }
    }
    for (_, value) in body.get("variables").map(entries).unwrap_or_default() {
        for name in value.as_str().map(named_in).into_iter().flatten().filter(|name| is_secret(name, false)) {
            tell(name, place.at(value), out);
        }
    }
    for (name, value) in body.get("secrets").map(entries).unwrap_or_default() {
        tell(name, place.at(value), out);
    }
}

/// True for a job whose rules name merge requests.
fn runs_for_merge_requests(body: &Value) -> bool {
    let rules = body.get("rules").map(Value::items).unwrap_or_default();
    let never = |rule: &Value| rule.get("when").and_then(Value::as_str) == Some("never");
    let ruled = rules.iter().filter(|rule| !never(rule)).filter_map(|rule| rule.get("if")?.as_str());
    let only = body.get("only").map(|only| only.get("refs").unwrap_or(only));
    ruled.into_iter().any(names_merge_requests)
        || only.is_some_and(|only| texts(only).iter().any(|text| text == "merge_requests"))
}

/// A condition without blanks, its texts in double quotes.
pub fn plain(condition: &str) -> String {
    condition.chars().filter(|c| !c.is_whitespace()).map(|c| if c == '\'' { '"' } else { c }).collect()
}

/// True for a condition that holds in merge-request pipelines.
pub fn names_merge_requests(condition: &str) -> bool {
    let plain = plain(condition);
    plain.contains("$CI_PIPELINE_SOURCE==\"merge_request_event\"")
        || plain.contains("\"merge_request_event\"==$CI_PIPELINE_SOURCE")
        || ["$CI_MERGE_REQUEST_IID", "$CI_MERGE_REQUEST_ID"].iter().any(|name| {
            plain == *name || plain.starts_with(&format!("{name}&&")) || plain.ends_with(&format!("&&{name}"))
        })
}

/// The images that a job or the pipeline names.
pub fn images_of(body: &Value) -> Vec<&Value> {
    let services = body.get("services").map(parts_of).unwrap_or_default();
    body.get("image").into_iter().chain(services).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_are_secrets() {
        for (text, weight) in [
            ("hunter2hunter2", Some(Weight::Secret)),
            ("S3cr3t!pw", Some(Weight::Secret)),
            ("postgres", Some(Weight::Known)),
            ("test_password1", Some(Weight::Known)),
            ("changeme", Some(Weight::Known)),
            ("$DB_PASSWORD", None),
            ("/run/secrets/db", None),
            ("<token>", None),
            ("https://vault.example.com", None),
            ("", None),
        ] {
            assert_eq!(literal("DB_PASSWORD", text), weight, "{text}");
        }
        assert_eq!(literal("MAX_TOKENS", "4096"), None);
    }
}

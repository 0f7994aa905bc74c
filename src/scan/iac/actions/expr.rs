//! `${{ }}` expressions: where they stand in a scalar, and which contexts flow into their values. The only
//! file that knows the library behind the grammar.

use github_actions_expressions::call::{Call, Function};
use github_actions_expressions::context::Context;
use github_actions_expressions::literal::Literal;
use github_actions_expressions::op::{BinExpr, BinOp, UnOp};
use github_actions_expressions::{Expr, SpannedExpr};

use crate::model::Span;
use crate::syntax::Node;

/// More expressions in one scalar than any person writes: what follows is left alone.
const MAX_PER_SCALAR: usize = 500;

/// One `${{ }}` of a scalar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fenced {
    /// From `${{` to `}}`, both inside.
    pub span: Span,
    /// What stands between the fences, YAML's quote doubling undone.
    pub text: String,
}

/// A context that an expression reads: `github.event.issue.title`, in lower case; `*` for computed parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// The dotted path; empty where the head is a call.
    pub path: String,
    /// True where the context's own text can become part of the expression's value.
    pub flows: bool,
}

/// Every fenced expression of a scalar, in order, found in the source so that spans are exact.
#[must_use]
pub fn fenced(node: &Node, bytes: &[u8]) -> Vec<Fenced> {
    let source = node.span.of(bytes);
    if is_alias(node, bytes) {
        return of_alias(node);
    }
    let single_quoted = source.first() == Some(&b'\'');
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = source.get(from..).and_then(|rest| memchr::memmem::find(rest, b"${{")) {
        let open = from + at;
        let Some(close) = closing(source, open + 3, single_quoted) else { break };
        let mut text = String::from_utf8_lossy(&source[open + 3..close]).into_owned();
        if single_quoted {
            text = text.replace("''", "'");
        }
        let base = node.span.start as usize;
        found.push(Fenced { span: Span::new(base + open, base + close + 2), text });
        if found.len() == MAX_PER_SCALAR {
            break;
        }
        from = close + 2;
    }
    found
}

/// True where the value is written elsewhere: `*name` stands at its place.
#[must_use]
pub fn is_alias(node: &Node, bytes: &[u8]) -> bool {
    bytes.get(node.span.start as usize) == Some(&b'*')
}

/// The expressions of a value that an alias stands for; all of them lie where the alias does.
fn of_alias(node: &Node) -> Vec<Fenced> {
    let text = node.as_str().unwrap_or_default().as_bytes();
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| memchr::memmem::find(rest, b"${{")) {
        let open = from + at + 3;
        let Some(close) = closing(text, open, false) else { break };
        found.push(Fenced { span: node.span, text: String::from_utf8_lossy(&text[open..close]).into_owned() });
        if found.len() == MAX_PER_SCALAR {
            break;
        }
        from = close + 2;
    }
    found
}

/// Where the `}}` stands that ends an expression: not one inside a string. Where quotes never close, the first.
fn closing(source: &[u8], from: usize, doubled: bool) -> Option<usize> {
    let mut quoted = false;
    let mut first = None;
    let mut at = from;
    while at + 1 < source.len() {
        match (source[at], source[at + 1]) {
            (b'\'', b'\'') if doubled => {
                quoted = !quoted;
                at += 1;
            }
            (b'\'', _) => quoted = !quoted,
            (b'}', b'}') if !quoted => return Some(at),
            (b'}', b'}') => first = first.or(Some(at)),
            _ => {}
        }
        at += 1;
    }
    first
}

/// What one expression is, asked in our own words. `None` where it does not parse.
#[must_use]
pub fn reads(text: &str) -> Option<Vec<Read>> {
    let expr = Expr::parse(text.trim()).ok()?;
    let flowing = expr.dataflow_contexts();
    let all = expr.contexts();
    Some(
        all.into_iter()
            .map(|(context, origin)| Read {
                path: path_of(context),
                flows: flowing.iter().any(|(_, other)| other.span == origin.span),
            })
            .collect(),
    )
}

fn path_of(context: &Context<'_>) -> String {
    if let Some(path) = context.as_pattern() {
        return path;
    }
    // `fromJSON(steps.x.outputs.y).z`: what is inside the call is what flows.
    let inside = context.parts.first().map(|head| head.dataflow_contexts()).unwrap_or_default();
    inside.first().and_then(|(context, _)| context.as_pattern()).unwrap_or_default()
}

/// True where the expression parses, so that it may move into an `env` value unchanged.
#[must_use]
pub fn is_known(text: &str) -> bool {
    Expr::parse(text.trim()).is_ok()
}

/// True where the expression, or a part of it that is more than a literal, is known without running.
#[must_use]
pub fn is_constant_in_part(text: &str) -> bool {
    Expr::parse(text.trim()).is_ok_and(|expr| expr.is_literal() || !expr.consteval_subexprs().is_empty())
}

/// What asks about conditions find in one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Oddity {
    /// `contains('main develop', github.ref)`: the context whose value is looked for in a string.
    ContainsInString(String),
    /// `github.actor == 'dependabot[bot]'`: the context, the name, and whether the whole hangs on it.
    BotName {
        /// The context compared.
        context: String,
        /// The name it is compared with.
        name: String,
        /// True where no other clause must hold besides.
        dominates: bool,
    },
    /// `fromJSON(secrets.X)`: the parts of a structured secret are not masked.
    StructuredSecret,
    /// `toJSON(secrets)`, or a secret named at run time.
    AllSecrets,
    /// `a && '' || b`, whose middle never wins.
    FalsyTernary,
}

/// Walks an expression for the shapes of [`Oddity`].
#[must_use]
pub fn oddities(text: &str) -> Vec<Oddity> {
    let mut found = Vec::new();
    if let Ok(expr) = Expr::parse(text.trim()) {
        walk(&expr, true, &mut found);
    }
    found
}

/// `dominant` holds while only `&&`-free paths lead here: then this clause alone can decide.
fn walk(expr: &SpannedExpr<'_>, dominant: bool, found: &mut Vec<Oddity>) {
    match &expr.inner {
        Expr::Call(call) => {
            call_oddity(call, found);
            call.args.iter().for_each(|arg| walk(arg, false, found));
        }
        Expr::Context(context) => {
            let path = context.as_pattern().unwrap_or_default();
            if path == "secrets.*" {
                found.push(Oddity::AllSecrets);
            }
            context.parts.iter().for_each(|part| walk(part, false, found));
        }
        Expr::Index(inner) => walk(inner, false, found),
        Expr::UnExpr { op: UnOp::Not, expr } => walk(expr, false, found),
        Expr::BinExpr(BinExpr { lhs, op, rhs }) => {
            if matches!(op, BinOp::Eq | BinOp::Neq) {
                found.extend(bot_name(lhs, rhs, dominant && matches!(op, BinOp::Eq)));
                found.extend(bot_name(rhs, lhs, dominant && matches!(op, BinOp::Eq)));
            }
            if matches!(op, BinOp::Or)
                && let Expr::BinExpr(BinExpr { op: BinOp::And, rhs: middle, .. }) = &lhs.inner
                && is_falsy(middle)
            {
                found.push(Oddity::FalsyTernary);
            }
            // In `a && b` neither clause decides alone; in `a || b` each may.
            let passes = dominant && matches!(op, BinOp::Or);
            walk(lhs, passes, found);
            walk(rhs, passes, found);
        }
        _ => {}
    }
}

fn is_falsy(expr: &SpannedExpr<'_>) -> bool {
    match &expr.inner {
        Expr::Literal(Literal::String(text)) => text.is_empty(),
        Expr::Literal(Literal::Number(number)) => *number == 0.0,
        Expr::Literal(Literal::Boolean(value)) => !value,
        Expr::Literal(Literal::Null) => true,
        _ => false,
    }
}

fn call_oddity(call: &Call<'_>, found: &mut Vec<Oddity>) {
    match (&call.func, call.args.first(), call.args.get(1)) {
        (Function::Contains, Some(haystack), Some(needle)) => {
            if let (Expr::Literal(Literal::String(_)), Expr::Context(context)) = (&haystack.inner, &needle.inner) {
                found.push(Oddity::ContainsInString(context.as_pattern().unwrap_or_default()));
            }
        }
        (Function::FromJSON, Some(first), _) => {
            if let Expr::Context(context) = &first.inner
                && context.as_pattern().is_some_and(|path| path.starts_with("secrets."))
            {
                found.push(Oddity::StructuredSecret);
            }
        }
        (Function::ToJSON, Some(first), _) => {
            if let Expr::Context(context) = &first.inner
                && context.as_pattern().is_some_and(|path| path == "secrets")
            {
                found.push(Oddity::AllSecrets);
            }
        }
        _ => {}
    }
}

/// Names of automations, as GitHub writes them, and numeric ids of the best known.
const BOT_IDS: &[&str] = &["29110", "49699333", "27856297", "29139614", "41898282", "65916846", "66853113"];

fn bot_name(left: &SpannedExpr<'_>, right: &SpannedExpr<'_>, dominates: bool) -> Option<Oddity> {
    let (Expr::Context(context), Expr::Literal(literal)) = (&left.inner, &right.inner) else { return None };
    let path = context.as_pattern()?;
    let name = literal.as_str();
    let spoofable = match path.as_str() {
        "github.actor"
        | "github.triggering_actor"
        | "github.event.sender.login"
        | "github.event.pull_request.sender.login" => name.ends_with("[bot]"),
        "github.actor_id" | "github.event.sender.id" => BOT_IDS.contains(&name.as_ref()),
        _ => false,
    };
    spoofable.then(|| Oddity::BotName { context: path, name: name.into_owned(), dominates })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::yaml;

    #[test]
    fn expressions_are_found_with_their_bytes() {
        let text = "run: 'echo ${{ format(''}}{0}'', github.ref) }} ${{ inputs.x }}'\n";
        let node = yaml::parse(text.as_bytes()).value;
        let found = fenced(node.get("run").expect("run"), text.as_bytes());
        let written: Vec<&[u8]> = found.iter().map(|one| one.span.of(text.as_bytes())).collect();
        assert_eq!(written, [&b"${{ format(''}}{0}'', github.ref) }}"[..], b"${{ inputs.x }}"]);
        assert_eq!(found[0].text.trim(), "format('}}{0}', github.ref)");
    }

    /// Every form of GitHub's "Evaluate expressions in workflows and actions", with the contexts it reads.
    #[test]
    fn every_documented_form_parses() {
        let table: &[(&str, &[&str])] = &[
            // Literals.
            ("null", &[]),
            ("true", &[]),
            ("false", &[]),
            ("711", &[]),
            ("-9.2", &[]),
            ("+3", &[]),
            ("0xff", &[]),
            ("0o17", &[]),
            ("-2.99e-2", &[]),
            ("1E3", &[]),
            ("'Mona the Octocat'", &[]),
            ("'It''s open source!'", &[]),
            ("''", &[]),
            // Operators.
            ("( github.ref )", &["github.ref"]),
            ("github.event.commits[0]", &["github.event.commits.*"]),
            ("github['event']['issue'].title", &["github.event.issue.title"]),
            ("matrix[format('{0}', inputs.k)]", &["matrix.*", "inputs.k"]),
            ("!github.event.forced", &["github.event.forced"]),
            ("!!inputs.b", &["inputs.b"]),
            ("inputs.a < 1 && inputs.b <= 2", &["inputs.a", "inputs.b"]),
            ("inputs.a > 1 || inputs.b >= 2", &["inputs.a", "inputs.b"]),
            ("inputs.a == 'x' && inputs.b != 'y' || inputs.c", &["inputs.a", "inputs.b", "inputs.c"]),
            ("(inputs.a || inputs.b) && !(inputs.c == null)", &["inputs.a", "inputs.b", "inputs.c"]),
            ("inputs.a&&inputs.b", &["inputs.a", "inputs.b"]),
            // Names: any case, dashes, underscores.
            ("GITHUB.Event.Issue.TITLE", &["github.event.issue.title"]),
            ("steps.build-it_1.outputs.my-value", &["steps.build-it_1.outputs.my-value"]),
            ("env._x", &["env._x"]),
            // Functions.
            ("contains('Hello world', github.ref)", &["github.ref"]),
            ("CONTAINS(github.event.issue.labels.*.name, 'bug')", &["github.event.issue.labels.*.name"]),
            ("contains(fromJSON('[\"push\", \"pull_request\"]'), github.event_name)", &["github.event_name"]),
            ("startsWith(github.ref, 'refs/tags/')", &["github.ref"]),
            ("endsWith(github.repository, '/x')", &["github.repository"]),
            ("format('{{Hello {0} {1}}}', github.actor, inputs.x)", &["github.actor", "inputs.x"]),
            ("join(github.event.issue.labels.*.name, ', ')", &["github.event.issue.labels.*.name"]),
            ("join(matrix.os)", &["matrix.os"]),
            ("toJSON(job)", &["job"]),
            ("tojson( github.event )", &["github.event"]),
            ("fromJSON(needs.setup.outputs.matrix)", &["needs.setup.outputs.matrix"]),
            ("fromJson(env.time).x[0]['y']", &["env.time"]),
            ("hashFiles('**/package-lock.json', '!skip', env.more)", &["env.more"]),
            ("case(github.ref == 'x', 'a', inputs.y)", &["github.ref", "inputs.y"]),
            // Status.
            ("success()", &[]),
            ("always()", &[]),
            ("cancelled()", &[]),
            ("failure() && steps.demo.conclusion == 'failure'", &["steps.demo.conclusion"]),
            ("!cancelled() && (success() || failure())", &[]),
            // Filters.
            ("github.event.issue.labels.*.name", &["github.event.issue.labels.*.name"]),
            ("github.event.*.title", &["github.event.*.title"]),
            ("fruits.*.name", &["fruits.*.name"]),
            ("github.event.commits[*].message", &["github.event.commits.*.message"]),
            ("github.*", &["github.*"]),
            // White space and line ends.
            ("\n  github.ref\n  == 'x'\n", &["github.ref"]),
            ("format(\n'a {0}',\n  github.sha)", &["github.sha"]),
        ];
        for (text, expected) in table {
            let mut paths: Vec<String> =
                reads(text).unwrap_or_else(|| panic!("`{text}` does not parse")).into_iter().map(|r| r.path).collect();
            paths.retain(|path| !path.is_empty());
            paths.dedup();
            let mut expected: Vec<&str> = expected.to_vec();
            paths.sort();
            expected.sort_unstable();
            assert_eq!(paths, expected, "{text}");
        }
        for text in ["", "github.", "a b", "'open", "f(", "a ==", "&& a", "\"double\"", "a[", "1.2.3.4"] {
            assert!(reads(text).is_none(), "`{text}` parses");
        }
    }

    #[test]
    fn only_what_becomes_part_of_the_value_flows() {
        let flowing = |text: &str| -> Vec<String> {
            reads(text).expect(text).into_iter().filter(|read| read.flows).map(|read| read.path).collect()
        };
        assert_eq!(flowing("github.event.issue.title"), ["github.event.issue.title"]);
        assert_eq!(flowing("github.head_ref || github.ref_name"), ["github.head_ref", "github.ref_name"]);
        assert_eq!(flowing("github.head_ref == 'main'"), [""; 0]);
        assert_eq!(flowing("github.head_ref && 'x'"), [""; 0]);
        assert_eq!(flowing("github['head_ref']"), ["github.head_ref"]);
        assert_eq!(flowing("contains(github.ref, 'x')"), [""; 0]);
        assert_eq!(flowing("toJSON(github.event)"), ["github.event"]);
        assert_eq!(flowing("fromJSON(steps.x.outputs.y).z"), ["steps.x.outputs.y"]);
    }

    #[test]
    fn conditions_show_their_oddities() {
        assert_eq!(oddities("contains('main dev', github.ref)"), [Oddity::ContainsInString("github.ref".into())]);
        assert_eq!(oddities("contains(fromJSON('[1]'), github.ref)"), []);
        let bot =
            |dominates| Oddity::BotName { context: "github.actor".into(), name: "dependabot[bot]".into(), dominates };
        assert_eq!(oddities("github.actor == 'dependabot[bot]'"), [bot(true)]);
        assert_eq!(oddities("'dependabot[bot]' == github.actor && github.ref == 'x'"), [bot(false)]);
        assert_eq!(oddities("toJSON(secrets)"), [Oddity::AllSecrets]);
        assert_eq!(oddities("fromJSON(secrets.X).y"), [Oddity::StructuredSecret]);
        assert_eq!(oddities("secrets[matrix.name]"), [Oddity::AllSecrets]);
    }
}

//! `file` and its kin: they read what was kept of the tree, and nothing outside it.

use std::rc::Rc;

use super::ops::{MAX_TEXT, Out, members, text};
use super::scope::{Env, Evaluator, Scope};
use crate::model::{KeptInput, RepoPath};
use crate::syntax::hcl::{Kind, Val, parse_template};

/// Bytes of a path, at most.
const MAX_PATH: usize = 1024;

/// The functions whose first argument names a file.
const READERS: [&str; 3] = ["file", "filebase64", "templatefile"];

/// The files that a configuration reads by a name that it spells out, there or not: `file("${path.module}/users.csv")`.
/// What is only worked out in the evaluation is not among them.
pub(crate) fn named_in(input: &KeptInput) -> Vec<RepoPath> {
    let mut paths = Vec::new();
    if !super::is_configuration(input.path.file_name()) {
        return paths;
    }
    for at in memchr::memmem::find_iter(&input.bytes, b"file") {
        let before = input.bytes[..at].iter().rposition(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_');
        let word = before.map_or(0, |before| before + 1);
        let Some(open) = memchr::memchr(b'(', &input.bytes[at..]).filter(|length| *length <= 16) else { continue };
        let name = std::str::from_utf8(&input.bytes[word..at + open]).unwrap_or_default();
        if READERS.contains(&name.trim_end()) {
            let text = input.bytes[at + open + 1..].trim_ascii_start();
            paths.extend(spelled_out(text).and_then(|path| RepoPath::resolve(input.path.parent(), &path)));
        }
    }
    paths
}

/// The path that a text in quotes begins with, seen from the module's folder.
fn spelled_out(text: &[u8]) -> Option<String> {
    // In JSON the quotes of an expression are escaped.
    let text = text.strip_prefix(b"\"").or_else(|| text.strip_prefix(b"\\\""))?;
    let end = text.iter().take(MAX_PATH).position(|byte| matches!(byte, b'"' | b'\n' | b'\\'))?;
    let path = std::str::from_utf8(&text[..end]).ok()?;
    let path = ["${path.module}/", "${path.root}/"].iter().find_map(|from| path.strip_prefix(from)).unwrap_or(path);
    (!path.contains("${") && !path.contains("%{")).then(|| path.to_owned())
}

/// Calls one of them. A path is seen from the root of the tree (as `path.module` gives it), then from the
/// module's directory.
pub(super) fn call<'w>(evaluator: &Evaluator<'w>, scope: &Rc<Scope<'w>>, name: &str, args: &[Val]) -> Out {
    let path = text(args.first().ok_or_else(|| Kind::invalid("no path"))?)?;
    let found = [("", &*path), (evaluator.root, &*path), (scope.dir.path, &*path)]
        .into_iter()
        .filter_map(|(from, path)| RepoPath::resolve(from, path))
        .find_map(|path| evaluator.world.texts.get(path.as_str()));
    let Some(input) = found else {
        return Err(Kind::unknown("a file that was not read"));
    };
    let content = std::str::from_utf8(&input.bytes).ok().filter(|content| content.len() <= MAX_TEXT);
    match (name, content) {
        ("fileexists", _) => Ok(Kind::Bool(true)),
        ("file", Some(content)) => Ok(Kind::text(content)),
        ("templatefile", Some(content)) => template(evaluator, scope, content, args),
        ("filebase64", Some(content)) => digest("base64encode", content, args),
        (_, Some(content)) => digest(name.strip_prefix("file").unwrap_or(name), content, args),
        _ => Err(Kind::unknown("the content of a file")),
    }
}

/// `filesha256` and its like: the function without `file`, of the file's content.
fn digest(function: &str, content: &str, args: &[Val]) -> Out {
    Ok(super::functions::call(function, &[args[0].with(Kind::text(content))]))
}

/// What the text of a template comes to with the variables in the second argument; it sees nothing else.
pub(super) fn template<'w>(evaluator: &Evaluator<'w>, scope: &Rc<Scope<'w>>, content: &str, args: &[Val]) -> Out {
    let at = args.first().ok_or_else(|| Kind::invalid("no template"))?;
    let template = parse_template(content, at.span).ok_or_else(|| Kind::unknown("a template that does not parse"))?;
    let mut env = Env::default();
    if let Some(vars) = args.get(1) {
        for (key, value) in members(vars)? {
            env = env.with(key, value.clone());
        }
    }
    Ok(evaluator.eval(scope, &env, at.file, &template).kind)
}

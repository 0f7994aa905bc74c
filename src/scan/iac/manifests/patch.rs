//! Patches of objects: strategic merge as the API server does it, and JSON Patch (RFC 6902).

use crate::syntax::{Entry, Node, Value};

/// By which member the items of a list are the same, and in which lists: those of pods and services.
const MERGE_KEYS: [(&str, &[&str]); 13] = [
    ("containers", &["name"]),
    ("initContainers", &["name"]),
    ("ephemeralContainers", &["name"]),
    ("volumes", &["name"]),
    ("env", &["name"]),
    ("volumeMounts", &["mountPath"]),
    ("volumeDevices", &["devicePath"]),
    ("ports", &["containerPort", "port"]),
    ("imagePullSecrets", &["name"]),
    ("hostAliases", &["ip"]),
    ("topologySpreadConstraints", &["topologyKey"]),
    ("secrets", &["name"]),
    ("conditions", &["type"]),
];
/// Maps in maps, at most: the parser's own bound is lower.
const MAX_DEPTH: usize = 200;

/// Merges a patch into an object; `known` where its lists have merge keys, else they are replaced. `$patch` is obeyed.
/// False where the patch deletes the object.
pub fn merge(target: &mut Node, patch: &Node, known: bool) -> bool {
    if directive(patch) == Some("delete") {
        return false;
    }
    merge_map(target, patch, known, 0);
    true
}

fn directive(node: &Node) -> Option<&str> {
    node.get("$patch").and_then(Node::as_str)
}

fn merge_map(target: &mut Node, patch: &Node, known: bool, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    if !matches!(target.value, Value::Map(_)) || directive(patch) == Some("replace") {
        *target = patch.clone();
        if let Value::Map(entries) = &mut target.value {
            entries.retain(|entry| entry.key != "$patch");
        }
        return;
    }
    for entry in patch.entries().iter().filter(|entry| !entry.key.starts_with('$')) {
        let Value::Map(entries) = &mut target.value else { return };
        let at = entries.iter().rposition(|own| own.key == entry.key);
        match (at, &entry.value.value) {
            (Some(at), Value::Null) => {
                entries.remove(at);
            }
            (Some(at), Value::Map(_)) if directive(&entry.value) == Some("delete") => {
                entries.remove(at);
            }
            (Some(at), Value::Map(_)) => merge_map(&mut entries[at].value, &entry.value, known, depth + 1),
            (Some(at), Value::List(_)) => merge_list(&mut entries[at], entry, known, depth + 1),
            (Some(at), _) => entries[at] = entry.clone(),
            (None, Value::Null) => {}
            (None, _) => entries.push(without_directives(entry)),
        }
    }
}

fn merge_list(target: &mut Entry, patch: &Entry, known: bool, depth: usize) {
    let keys = MERGE_KEYS.iter().find(|(list, _)| known && *list == patch.key).map(|(_, keys)| *keys);
    let items = patch.value.items();
    let replaces = items.iter().any(|item| directive(item) == Some("replace"));
    let key = keys.and_then(|keys| keys.iter().find(|key| items.iter().all(|item| item.get(key).is_some())));
    let (Some(key), false, Value::List(own)) = (key, replaces, &mut target.value.value) else {
        *target = without_directives(patch);
        return;
    };
    for item in items {
        let same = |own: &Node| own.get(key).and_then(Node::scalar) == item.get(key).and_then(Node::scalar);
        let at = own.iter().position(same);
        match at {
            Some(at) if directive(item) == Some("delete") => {
                own.remove(at);
            }
            Some(at) => merge_map(&mut own[at], item, known, depth + 1),
            None if directive(item) == Some("delete") => {}
            None => own.push(item.clone()),
        }
    }
}

/// A member that is new: what says how to merge it is gone.
fn without_directives(entry: &Entry) -> Entry {
    let mut entry = entry.clone();
    match &mut entry.value.value {
        Value::Map(entries) => entries.retain(|inner| inner.key != "$patch"),
        Value::List(items) => {
            items.retain(|item| !(directive(item).is_some() && item.entries().len() == 1));
            for item in items {
                if let Value::Map(entries) = &mut item.value {
                    entries.retain(|inner| inner.key != "$patch");
                }
            }
        }
        _ => {}
    }
    entry
}

/// Carries out the operations of a JSON Patch. What it says of a place that is not there has no effect.
///
/// # Errors
/// At the first operation that can't be carried out: its number, from 1.
pub fn operate(target: &mut Node, operations: &[Node]) -> Result<(), usize> {
    for (number, operation) in operations.iter().enumerate() {
        let word = |key| operation.get(key).and_then(Node::as_str);
        let done = match (word("op"), word("path")) {
            (Some("add"), Some(path)) => operation.entry("value").and_then(|value| put(target, path, value, true)),
            (Some("replace"), Some(path)) => operation.entry("value").and_then(|value| put(target, path, value, false)),
            (Some("remove"), Some(path)) => take(target, path).map(|_| ()),
            (Some(op @ ("move" | "copy")), Some(path)) => word("from")
                .and_then(|from| if op == "move" { take(target, from) } else { find(target, from).cloned() })
                .and_then(|value| {
                    let entry = Entry { key: String::new(), key_span: value.span, value };
                    put(target, path, &entry, true)
                }),
            (Some("test"), Some(path)) => find(target, path)
                .filter(|found| found.scalar() == operation.get("value").and_then(Node::scalar))
                .map(|_| ()),
            _ => None,
        };
        done.ok_or(number + 1)?;
    }
    Ok(())
}

/// The steps of a JSON pointer (RFC 6901).
fn steps(path: &str) -> Option<Vec<String>> {
    let inner = path.strip_prefix('/')?;
    Some(inner.split('/').map(|step| step.replace("~1", "/").replace("~0", "~")).collect())
}

fn find<'n>(node: &'n Node, path: &str) -> Option<&'n Node> {
    steps(path)?.iter().try_fold(node, |node, step| match &node.value {
        Value::List(items) => items.get(step.parse::<usize>().ok()?),
        _ => node.get(step),
    })
}

fn parent<'n>(node: &'n mut Node, steps: &[String]) -> Option<&'n mut Node> {
    steps.iter().try_fold(node, |node, step| match &mut node.value {
        Value::List(items) => items.get_mut(step.parse::<usize>().ok()?),
        Value::Map(entries) => entries.iter_mut().rev().find(|entry| entry.key == *step).map(|entry| &mut entry.value),
        _ => None,
    })
}

fn put(target: &mut Node, path: &str, value: &Entry, insert: bool) -> Option<()> {
    let steps = steps(path)?;
    let (last, front) = steps.split_last()?;
    let holder = parent(target, front)?;
    match &mut holder.value {
        Value::List(items) if last == "-" => items.push(value.value.clone()),
        Value::List(items) => {
            let at: usize = last.parse().ok()?;
            if insert && at <= items.len() {
                items.insert(at, value.value.clone());
            } else {
                *items.get_mut(at)? = value.value.clone();
            }
        }
        Value::Map(entries) => {
            let made = Entry { key: last.clone(), key_span: value.key_span, value: value.value.clone() };
            match entries.iter().rposition(|entry| entry.key == *last) {
                Some(at) => entries[at] = made,
                // `replace` adds, too: Kustomize's own library does.
                None => entries.push(made),
            }
        }
        _ => return None,
    }
    Some(())
}

fn take(target: &mut Node, path: &str) -> Option<Node> {
    let steps = steps(path)?;
    let (last, front) = steps.split_last()?;
    match &mut parent(target, front)?.value {
        Value::List(items) => {
            let at: usize = last.parse().ok()?;
            (at < items.len()).then(|| items.remove(at))
        }
        Value::Map(entries) => {
            let at = entries.iter().rposition(|entry| entry.key == *last)?;
            Some(entries.remove(at).value)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::yaml;

    fn node(text: &str) -> Node {
        yaml::parse(text.as_bytes()).value
    }

    /// The same tree without places, as JSON text.
    fn plain(node: &Node) -> String {
        match &node.value {
            Value::Map(entries) => {
                let inner: Vec<String> = entries.iter().map(|e| format!("{}:{}", e.key, plain(&e.value))).collect();
                format!("{{{}}}", inner.join(","))
            }
            Value::List(items) => format!("[{}]", items.iter().map(plain).collect::<Vec<_>>().join(",")),
            _ => node.scalar().unwrap_or("null").to_owned(),
        }
    }

    #[test]
    fn strategic_merge_follows_the_api() {
        let base = "{spec: {replicas: 1, containers: [{name: a, image: x, env: [{name: E, value: v}]}, {name: b}], hostPID: true}}";
        for (patch, expected) in [
            (
                "{spec: {containers: [{name: b, image: y}], hostPID: null}}",
                "{spec:{replicas:1,containers:[{name:a,image:x,env:[{name:E,value:v}]},{name:b,image:y}]}}",
            ),
            (
                "{spec: {containers: [{name: a, $patch: delete}, {name: c}]}}",
                "{spec:{replicas:1,containers:[{name:b},{name:c}],hostPID:true}}",
            ),
            (
                "{spec: {containers: [{name: a, env: [{name: E, value: w}, {name: F, value: f}]}]}}",
                "{spec:{replicas:1,containers:[{name:a,image:x,env:[{name:E,value:w},{name:F,value:f}]},{name:b}],hostPID:true}}",
            ),
            (
                "{spec: {containers: [{$patch: replace}, {name: z}]}}",
                "{spec:{replicas:1,containers:[{name:z}],hostPID:true}}",
            ),
            ("{spec: {$patch: replace, replicas: 2}}", "{spec:{replicas:2}}"),
        ] {
            let mut target = node(base);
            assert!(merge(&mut target, &node(patch), true), "{patch}");
            assert_eq!(plain(&target), expected, "{patch}");
        }
        assert!(!merge(&mut node(base), &node("{$patch: delete}"), true));
        let mut custom = node("{spec: {containers: [{name: a}]}}");
        merge(&mut custom, &node("{spec: {containers: [{name: b}]}}"), false);
        assert_eq!(plain(&custom), "{spec:{containers:[{name:b}]}}");
    }

    #[test]
    fn json_patch_follows_its_standard() {
        let base = "{a: {b: [1, 2], c/d: x}}";
        for (patch, expected) in [
            ("[{op: add, path: /a/b/-, value: 3}]", Ok("{a:{b:[1,2,3],c/d:x}}")),
            ("[{op: add, path: /a/b/0, value: 0}]", Ok("{a:{b:[0,1,2],c/d:x}}")),
            ("[{op: replace, path: /a/c~1d, value: y}]", Ok("{a:{b:[1,2],c/d:y}}")),
            ("[{op: remove, path: /a/b/1}]", Ok("{a:{b:[1],c/d:x}}")),
            ("[{op: move, from: /a/b, path: /e}]", Ok("{a:{c/d:x},e:[1,2]}")),
            ("[{op: copy, from: /a/b, path: /a/f}]", Ok("{a:{b:[1,2],c/d:x,f:[1,2]}}")),
            ("[{op: test, path: /a/c~1d, value: x}, {op: remove, path: /z}]", Err(2)),
            ("[{op: test, path: /a/c~1d, value: y}]", Err(1)),
        ] {
            let mut target = node(base);
            let done = operate(&mut target, node(patch).items());
            assert_eq!(done.map(|()| plain(&target)), expected.map(str::to_owned), "{patch}");
        }
    }
}

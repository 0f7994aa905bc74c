//! What could not be known, and which rules it kept from deciding.

use super::resource::{Resource, Value, ValueKind as Kind};
use crate::model::{Notice, NoticeKind, Span};

/// Values and rules that one notice names.
const MAX_NAMED: usize = 5;

/// One notice about a resource of which rules were `undecided`; none where all decided.
pub(super) fn notice(resource: &Resource, undecided: &[&str]) -> Option<Notice> {
    if undecided.is_empty() {
        return None;
    }
    let mut found = Vec::new();
    collect(resource, &resource.attributes, String::new(), &mut found);
    let place = found.first().map_or(resource.header, |(_, _, span)| *span);
    let values = found.iter().map(|(name, why, _)| format!("`{name}` ({why})")).collect::<Vec<_>>();
    let values = if values.is_empty() { "what it is linked with".to_owned() } else { values.join(", ") };
    let message = format!(
        "`{}`: {values} can't be known from the text, so {} did not decide.",
        resource.address,
        shortened(undecided)
    );
    Some(Notice::warning(NoticeKind::Unknown, message).at(&resource.path).span(place))
}

fn shortened(rules: &[&str]) -> String {
    let named: Vec<String> = rules.iter().take(MAX_NAMED).map(|id| format!("`{id}`")).collect();
    let more = rules.len().saturating_sub(MAX_NAMED);
    if more == 0 { named.join(", ") } else { format!("{} and {more} more rules", named.join(", ")) }
}

/// The first unknown values below a value: path, reason, and place in the resource's own file.
fn collect(resource: &Resource, value: &Value, path: String, found: &mut Vec<(String, String, Span)>) {
    if found.len() >= MAX_NAMED {
        return;
    }
    let inner = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    let own = value.file == resource.file && resource.extent.contains(value.span) && !value.span.is_empty();
    let place = if own { value.span } else { resource.header };
    match &value.kind {
        Kind::Unknown(why) | Kind::Invalid(why) => found.push((path, why.replace('`', "'"), place)),
        Kind::Ref(address, attribute) => {
            let why = format!("'{address}.{attribute}' is known after apply");
            found.push((path, why, place));
        }
        Kind::Map(entries) => entries.iter().for_each(|(name, value)| collect(resource, value, inner(name), found)),
        Kind::List(items) => items.iter().for_each(|value| collect(resource, value, path.clone(), found)),
        Kind::Json(value) => collect(resource, value, path, found),
        _ => {}
    }
}

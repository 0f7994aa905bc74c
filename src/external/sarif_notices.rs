//! What a foreign run says of itself: that it failed, and what an earlier report of ours told.

use serde_json::Value;

use super::sarif_stream::Run;
use crate::model::{Notice, NoticeKind, RepoPath, Tool, percent_decode};

/// Notices of a run. Those of our own earlier reports stay; of another tool's only that it failed: half of
/// its findings are no reason to call the others gone.
pub fn of(run: &Run, tool: &Tool) -> Vec<Notice> {
    let invocations = || run.members.get("invocations").and_then(Value::as_array).into_iter().flatten();
    if tool.name == env!("CARGO_PKG_NAME") {
        let all = invocations().flat_map(|one| one["toolExecutionNotifications"].as_array().into_iter().flatten());
        return all.filter_map(earlier).collect();
    }
    if invocations().all(|one| one["executionSuccessful"] != false) {
        return Vec::new();
    }
    let text = format!("{} says that its run failed: findings may be missing. Run it again.", tool.name);
    vec![Notice::incomplete(NoticeKind::Foreign, text)]
}

fn earlier(one: &Value) -> Option<Notice> {
    let kind = NoticeKind::ALL.into_iter().find(|kind| one["descriptor"]["id"] == kind.word())?;
    let text = one["message"]["text"].as_str()?;
    let mut notice = match one["level"].as_str() {
        Some("error") => Notice::incomplete(kind, text),
        Some("warning") => Notice::warning(kind, text),
        _ => Notice::note(kind, text),
    };
    let place = &one["locations"][0]["physicalLocation"];
    let path = place["artifactLocation"]["uri"].as_str().and_then(percent_decode);
    notice.path = path.and_then(|path| RepoPath::resolve("", &path));
    notice.line = place["region"]["startLine"].as_u64().and_then(|line| u32::try_from(line).ok());
    Some(notice)
}

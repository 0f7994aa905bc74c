//! Suppressions that only the model can place: metadata of a document, and comments in the `module` block that a
//! resource comes through.

use std::collections::HashMap;
use std::sync::Arc;

use super::lower::terraform::is_configuration;
use super::resource::Resource;
use crate::model::{ForeignSuppression, KeptInput, RepoPath, Rule, Span};

/// A suppression written into a document: an annotation, a resource's metadata.
#[derive(Clone, Debug)]
pub struct Skip {
    /// What it is about: findings inside it.
    pub extent: Span,
    /// The rule, by any of its names.
    pub id: String,
    /// What said so and why.
    pub suppression: ForeignSuppression,
}

/// All that may silence a model's findings.
#[derive(Clone, Copy)]
pub(crate) struct Skips<'a> {
    /// By their place in the document.
    pub placed: &'a [Skip],
    /// Comments in files that call modules.
    pub comments: Option<&'a Comments>,
}

impl<'a> Skips<'a> {
    /// Those of a document alone.
    pub fn placed(placed: &'a [Skip]) -> Self {
        Self { placed, comments: None }
    }

    /// The suppression of a rule's finding at `span` of a resource.
    pub fn of(&self, rule: &Arc<Rule>, resource: &Resource, span: Span) -> Option<ForeignSuppression> {
        let placed = self.placed.iter().find(|skip| skip.extent.contains(span) && rule.answers_to(&skip.id));
        placed.map(|skip| skip.suppression.clone()).or_else(|| {
            let mut inside = resource.calls.iter().flat_map(|call| {
                let comments = self.comments.and_then(|all| all.0.get(&call.path)).map_or(&[][..], Vec::as_slice);
                comments.iter().filter(|comment| call.extent.start <= comment.at && comment.at < call.extent.end)
            });
            inside
                .find(|comment| comment.ids.is_empty() || comment.ids.iter().any(|id| rule.answers_to(id)))
                .map(|comment| comment.suppression.clone())
        })
    }
}

struct Comment {
    /// Where it stands, in bytes from 0.
    at: u32,
    /// The checks it names; none for all.
    ids: Vec<String>,
    suppression: ForeignSuppression,
}

/// Suppression comments by file.
#[derive(Default)]
pub(crate) struct Comments(HashMap<RepoPath, Vec<Comment>>);

const MARKERS: [&str; 5] = ["checkov:skip", "bridgecrew:skip", "cortex:skip", "tfsec:ignore", "trivy:ignore"];

impl Comments {
    /// Reads the comments of Terraform files.
    pub fn read(kept: &[KeptInput]) -> Self {
        let mut all = HashMap::new();
        for input in kept.iter().filter(|input| is_configuration(input.path.file_name())) {
            let Ok(text) = std::str::from_utf8(&input.bytes) else { continue };
            let comments: Vec<Comment> = MARKERS.iter().flat_map(|&marker| read(text, marker)).collect();
            if !comments.is_empty() {
                all.insert(input.path.clone(), comments);
            }
        }
        Self(all)
    }
}

fn read<'t>(text: &'t str, marker: &'static str) -> impl Iterator<Item = Comment> + 't {
    memchr::memmem::find_iter(text.as_bytes(), marker).filter_map(move |at| {
        let line = text[at + marker.len()..].lines().next().unwrap_or("");
        let before = text[..at].rsplit('\n').next().unwrap_or("");
        if !before.contains('#') && !before.contains("//") && !before.contains("/*") {
            return None;
        }
        let named = line.strip_prefix(['=', ':']).unwrap_or("").trim_start();
        // One with a last day is for the line it stands on, where the day is known.
        if named.contains(":exp:") {
            return None;
        }
        let (names, reason) = named.split_once([':', ' ']).unwrap_or((named, ""));
        Some(Comment {
            at: u32::try_from(at).ok()?,
            ids: names.split(',').filter(|id| !id.is_empty() && *id != "*").map(str::to_owned).collect(),
            suppression: ForeignSuppression { source: marker.to_owned(), reason: reason.trim().to_owned() },
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::{IacScanner, Settings};
    use super::*;
    use crate::model::Sink;
    use crate::scan::Scanner;

    #[test]
    fn a_comment_in_a_module_block_speaks_of_its_resources() {
        let file = |path: &str, text: &str| KeptInput::work_tree(path, text);
        let reasons = |comment: &str| {
            let kept = [
                file("main.tf", &format!("module \"m\" {{\n  {comment}\n  source = \"./m\"\n}}\n")),
                file("m/main.tf", "resource \"aws_sns_topic\" \"t\" {\n}\n"),
            ];
            let mut sink = Sink::default();
            IacScanner::new(Settings::default(), Vec::new()).finish(&kept, &mut sink);
            let topics = sink.drafts.into_iter().filter(|draft| draft.rule.answers_to("CKV_AWS_26"));
            topics.map(|draft| draft.suppressed.map(|skip| skip.reason)).collect::<Vec<_>>()
        };
        assert_eq!(reasons("# checkov:skip=CKV_AWS_26:nothing secret"), [Some("nothing secret".to_owned())]);
        assert_eq!(reasons("#tfsec:ignore:AVD-AWS-0095"), [Some(String::new())]);
        assert_eq!(reasons("# checkov:skip=CKV_AWS_27:another"), [None]);
        assert_eq!(reasons("name = \"checkov:skip=CKV_AWS_26\""), [None]);
    }
}

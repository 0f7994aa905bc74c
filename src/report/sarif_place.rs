//! Places of a SARIF result, and its texts and repairs.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Value, json};

use super::sarif_rules::sentence;
use crate::model::{Finding, FindingFix, Location, Region};

/// Related places of one result.
const MOST_RELATED: usize = 100;

/// `message` and its kin (SARIF 3.11).
#[derive(Serialize)]
pub struct Text<'a> {
    pub text: Cow<'a, str>,
}

/// `location` (3.28).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Place<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<usize>,
    pub physical_location: Physical<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Text<'a>>,
}

/// `physicalLocation` (3.29).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Physical<'a> {
    pub artifact_location: Artifact,
    pub region: SarifRegion,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context_region: Option<Context<'a>>,
}

/// `artifactLocation` (3.4).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Artifact {
    pub uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri_base_id: Option<&'static str>,
}

/// `region` (3.30).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SarifRegion {
    pub start_line: u32,
    pub start_column: u32,
    pub end_line: u32,
    pub end_column: u32,
}

/// `contextRegion` (3.29.5).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Context<'a> {
    pub start_line: u32,
    pub end_line: u32,
    pub snippet: Text<'a>,
}

impl From<Region> for SarifRegion {
    /// Lines and columns from 1, the end not before the start: a region that is not so is refused.
    fn from(region: Region) -> Self {
        let start_line = region.start_line.max(1);
        let end_line = region.end_line.max(start_line);
        let start_column = region.start_column.max(1);
        let least = if end_line == start_line { start_column } else { 1 };
        Self { start_line, start_column, end_line, end_column: region.end_column.max(least) }
    }
}

/// A place, with an id where a message may link to it.
pub fn place<'a>(location: &Location, id: Option<usize>, context_region: Option<Context<'a>>) -> Place<'a> {
    let artifact_location = Artifact { uri: location.path.uri(), uri_base_id: None };
    let region = location.region.into();
    Place { id, physical_location: Physical { artifact_location, region, context_region }, message: None }
}

/// The lines around; never of a secret, and only where they are more than the region itself.
pub fn context(finding: &Finding) -> Option<Context<'_>> {
    let snippet = finding.snippet.as_ref().filter(|snippet| !snippet.masked && finding.scanner() != "secrets")?;
    let lines = u32::try_from(snippet.text.split('\n').count()).ok()?;
    let end_line = snippet.first_line + lines.saturating_sub(1);
    let region = finding.primary.region;
    let holds = snippet.first_line <= region.start_line && region.end_line <= end_line;
    let more = end_line - snippet.first_line > region.end_line - region.start_line;
    (holds && more).then(|| Context {
        start_line: snippet.first_line,
        end_line,
        snippet: Text { text: Cow::Borrowed(&snippet.text) },
    })
}

/// What explains it, then the block it stands in.
pub fn related(finding: &Finding) -> Vec<Place<'_>> {
    let mut places: Vec<Place<'_>> = Vec::new();
    for related in finding.related.iter().take(MOST_RELATED) {
        let text = Some(Text { text: message(&related.message) });
        places.push(Place { message: text, ..place(&related.location, Some(places.len() + 1), None) });
    }
    if let Some(region) = finding.extent.filter(|extent| *extent != finding.primary.region) {
        let block = Location { path: finding.primary.path.clone(), region };
        let text = Some(Text { text: Cow::Borrowed("The block it stands in.") });
        places.push(Place { message: text, ..place(&block, Some(places.len() + 1), None) });
    }
    places
}

/// `[text](1)` would read as a link to a related place (SARIF 3.11.6).
pub fn message(text: &str) -> Cow<'_, str> {
    if text.contains("](") { Cow::Owned(text.replace("](", "] (")) } else { Cow::Borrowed(text) }
}

/// A repair of ours (3.55).
pub fn fix(finding: &Finding, fix: &FindingFix) -> Value {
    let replacements: Vec<Value> = fix
        .replacements
        .iter()
        .map(|(region, text)| json!({"deletedRegion": SarifRegion::from(*region), "insertedContent": {"text": text}}))
        .collect();
    let change = json!({"artifactLocation": {"uri": finding.primary.path.uri()}, "replacements": replacements});
    json!({"description": {"text": sentence(&fix.description)}, "artifactChanges": [change]})
}

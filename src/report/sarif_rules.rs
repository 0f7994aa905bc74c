//! Tool and rules of a SARIF run, in serde-sarif's types.

use std::collections::BTreeMap;

use serde_json::json;
use serde_sarif::sarif::{
    MultiformatMessageString, PropertyBag, ReportingConfiguration, ReportingDescriptor, Tool as SarifTool,
    ToolComponent,
};

use super::escape::markdown;
use crate::model::{FILLED, Rule, Tool};

/// Code scanning keeps this many tags.
const TAGS: usize = 10;
/// Weaknesses among them.
const CWES: usize = 3;
/// Code scanning's limit on descriptions, in characters.
const DESCRIPTION: usize = 1024;
/// Its limit on names, in characters.
const NAME: usize = 255;
/// A short description reads as a title.
const TITLE: usize = 200;

/// `run.tool` with its rules, in the order that `ruleIndex` counts.
pub fn tool(tool: &Tool, rules: &[&Rule], own: bool) -> SarifTool {
    let descriptors: Vec<ReportingDescriptor> = rules.iter().map(|rule| descriptor(rule, tool, own)).collect();
    let mut driver = ToolComponent::builder().name(tool.name.clone()).rules(descriptors).build();
    if tool.version.is_empty() {
        // Validators ask for one that begins with a number.
        driver.version = Some("0 (unknown)".to_owned());
        let filled = BTreeMap::from([(FILLED.to_owned(), json!(["version"]))]);
        driver.properties = Some(PropertyBag::builder().additional_properties(filled).build());
    } else {
        driver.version = Some(tool.version.clone());
        if semver::Version::parse(&tool.version).is_ok() {
            driver.semantic_version = Some(tool.version.clone());
        }
    }
    if tool.information_uri.starts_with("http") {
        driver.information_uri = Some(tool.information_uri.clone());
    }
    SarifTool::builder().driver(driver).build()
}

fn descriptor(rule: &Rule, tool: &Tool, own: bool) -> ReportingDescriptor {
    let title = sentence(&super::cut(&rule.title, TITLE));
    let full = rule.help.split("\n\n").next().filter(|text| !text.trim().is_empty()).unwrap_or(&rule.title);
    let given = rule.foreign.as_deref();
    let full = given.map(|rule| rule.description.as_str()).filter(|text| !text.is_empty()).unwrap_or(full);
    let full = sentence(&super::cut(full, DESCRIPTION - 1));
    let help = if rule.help.trim().is_empty() { title.clone() } else { rule.help.clone() };
    let markdown_help = given.map(|rule| rule.markdown.clone()).filter(|text| !text.is_empty());
    let markdown_help = markdown_help.unwrap_or_else(|| help_markdown(rule));
    let text = |text: String| MultiformatMessageString::builder().text(text).build();
    let mut descriptor = ReportingDescriptor::builder()
        .id(rule.id.as_str())
        .short_description(text(title))
        .full_description(text(full))
        .help(MultiformatMessageString::builder().text(help).markdown(markdown_help).build())
        .default_configuration(ReportingConfiguration::builder().level(json!(rule.severity.sarif_level())).build())
        .properties(properties(rule, own))
        .build();
    // A name that reads like the id says nothing, and validators warn.
    let tells = |name: &String| !name.is_empty() && !name.eq_ignore_ascii_case(rule.id.as_str());
    let given_name = given.map(|rule| super::cut(&rule.name, NAME)).filter(tells);
    descriptor.name = given_name.or_else(|| Some(pascal(rule.id.short())).filter(tells));
    let links = rule.references.iter().map(String::as_str).filter(|link| link.starts_with("http"));
    let fallback = Some(tool.information_uri.as_str()).filter(|link| link.starts_with("http"));
    descriptor.help_uri = links.map(str::to_owned).next().or(fallback.map(str::to_owned));
    if !rule.deprecated_ids.is_empty() {
        descriptor.deprecated_ids = Some(rule.deprecated_ids.clone());
    }
    descriptor
}

fn properties(rule: &Rule, own: bool) -> PropertyBag {
    let mut tags = vec!["security".to_owned()];
    if own {
        tags.push(rule.id.scanner().to_owned());
    }
    tags.extend(rule.cwe.iter().take(CWES).map(|cwe| format!("external/cwe/cwe-{cwe:03}")));
    for tag in &rule.tags {
        if tags.len() < TAGS && !tags.contains(tag) {
            tags.push(tag.clone());
        }
    }
    let mut more = BTreeMap::new();
    // A string, above 0: code scanning refuses the file otherwise.
    let score = rule.score.filter(|score| *score > 0.0).unwrap_or_else(|| rule.severity.score()).clamp(0.1, 10.0);
    more.insert("security-severity".to_owned(), json!(format!("{score:.1}")));
    more.insert("precision".to_owned(), json!(rule.confidence.word()));
    if let Some(foreign) = rule.foreign.as_deref().filter(|foreign| !foreign.filled.is_empty()) {
        more.insert(FILLED.to_owned(), json!(foreign.filled));
    }
    if !rule.aliases.is_empty() {
        more.insert("aliases".to_owned(), json!(rule.aliases));
    }
    PropertyBag::builder().tags(tags).additional_properties(more).build()
}

/// The rule as a page: what, why and how, links.
fn help_markdown(rule: &Rule) -> String {
    let mut page = format!("**{}**\n", markdown(&rule.title));
    for paragraph in rule.help.split("\n\n").filter(|text| !text.trim().is_empty()) {
        page.push('\n');
        page.push_str(&markdown(&paragraph.replace('\n', " ")));
        page.push('\n');
    }
    let links: Vec<&String> = rule.references.iter().filter(|link| link.starts_with("http")).collect();
    if !links.is_empty() {
        page.push_str("\nSee also:\n\n");
        links.iter().for_each(|link| page.push_str(&format!("- <{}>\n", link.replace(['<', '>', ' '], ""))));
    }
    if !rule.aliases.is_empty() {
        let ids: Vec<String> = rule.aliases.iter().map(|id| super::escape::code(id)).collect();
        page.push_str(&format!("\nAlso known as {}.\n", ids.join(", ")));
    }
    page
}

/// With a final full stop, as SARIF's messages have one.
pub fn sentence(text: &str) -> String {
    let text = text.trim_end();
    if text.ends_with(['.', '!', '?', '…']) { text.to_owned() } else { format!("{text}.") }
}

/// `aws-s3-public-acl` as `AwsS3PublicAcl`: SARIF wants a name unlike the id.
fn pascal(id: &str) -> String {
    let mut name = String::with_capacity(id.len());
    let mut upper = true;
    for c in id.chars().take(200) {
        match c {
            c if c.is_ascii_alphanumeric() && upper => {
                name.push(c.to_ascii_uppercase());
                upper = false;
            }
            c if c.is_ascii_alphanumeric() => name.push(c),
            _ => upper = true,
        }
    }
    name
}

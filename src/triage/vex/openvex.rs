//! OpenVEX (openvex/spec, 0.2.0; also 0.0.1, where vulnerability, products and subcomponents are texts).

use serde_json::Value;

use super::{Statement, Status, array, joined, text, utc};

/// The statements, and how many were left out.
pub(super) fn statements(root: &Value) -> (Vec<Statement>, usize) {
    let (mut found, mut left_out) = (Vec::new(), 0);
    for item in array(root, "statements") {
        let ids = ids(&item["vulnerability"]);
        let Some(status) = status(text(item, "status")).filter(|_| !ids.is_empty()) else {
            left_out += 1;
            continue;
        };
        let reason = joined(&[text(item, "justification"), text(item, "impact_statement")]);
        // A statement without a time has its document's (spec, "Inheritance").
        let times =
            [text(item, "last_updated"), text(item, "timestamp"), text(root, "last_updated"), text(root, "timestamp")];
        let time = times.into_iter().map(utc).find(|time| !time.is_empty()).unwrap_or_default();
        found.push(Statement { ids, packages: packages(item), status, reason, time });
    }
    (found, left_out)
}

fn status(word: &str) -> Option<Status> {
    Some(match word {
        "not_affected" => Status::NotAffected,
        "fixed" => Status::Fixed,
        "affected" => Status::Affected,
        "under_investigation" => Status::UnderInvestigation,
        _ => return None,
    })
}

fn ids(vulnerability: &Value) -> Vec<String> {
    let named = [vulnerability.as_str(), vulnerability["name"].as_str()];
    let aliases = array(vulnerability, "aliases").filter_map(Value::as_str);
    // Where there is no name, the `@id` may end in it: `https://nvd.nist.gov/vuln/detail/CVE-2019-17571`.
    let id = vulnerability["@id"].as_str().and_then(|id| id.rsplit('/').next());
    let id = id.filter(|_| named.iter().all(Option::is_none));
    named.into_iter().flatten().chain(aliases).chain(id).filter(|id| !id.is_empty()).map(str::to_owned).collect()
}

/// The subcomponents of the products, which are dependencies; of a product without any, itself. A document that the
/// caller names is about what is scanned, so a product's own name is not compared where it has subcomponents.
fn packages(statement: &Value) -> Option<Vec<String>> {
    let products = statement["products"].as_array()?;
    let inner: Vec<&Value> = array(statement, "subcomponents").collect();
    let mut packages = Vec::new();
    for product in products {
        let own: Vec<&Value> = array(product, "subcomponents").chain(inner.iter().copied()).collect();
        match own.is_empty() {
            true => packages.extend(purls(product)),
            false => packages.extend(own.into_iter().flat_map(purls)),
        }
    }
    Some(packages)
}

fn purls(component: &Value) -> Vec<String> {
    let named = [component.as_str(), component["@id"].as_str(), component["identifiers"]["purl"].as_str()];
    named.into_iter().flatten().filter(|name| name.starts_with("pkg:")).map(str::to_owned).collect()
}

//! CycloneDX 1.6.

use serde_json::{Value, json};

use super::{About, Bill, Component};

/// The document. No timestamp: the same tree gives the same bytes.
pub(super) fn document(bill: &Bill<'_>, about: &About<'_>) -> Value {
    let components: Vec<Value> = bill.components.iter().map(|(reference, one)| component(reference, one)).collect();
    let root = json!({"ref": "project", "dependsOn": bill.direct});
    let others =
        bill.components.iter().map(|(reference, one)| json!({"ref": reference, "dependsOn": one.dependencies}));
    json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": format!("urn:uuid:{}", bill.serial(about)),
        "version": 1,
        "metadata": {
            "tools": {"components": [{"type": "application", "name": "portcullis", "version": about.version}]},
            "component": {"type": "application", "bom-ref": "project", "name": about.name},
        },
        "components": components,
        "dependencies": std::iter::once(root).chain(others).collect::<Vec<_>>(),
    })
}

fn component(reference: &str, one: &Component<'_>) -> Value {
    let package = one.package;
    let (group, name) = match package.name.rsplit_once('/') {
        // A scope is npm's group; Go's names are whole.
        Some((scope, name)) if scope.starts_with('@') => (Some(scope), name),
        _ => (None, package.name.as_str()),
    };
    let files = one.files.iter().map(|file| json!({"name": "portcullis:lockFile", "value": file}));
    let scope = json!({"name": "portcullis:scope", "value": package.scope.word()});
    let mut value = json!({
        "type": "library",
        "bom-ref": reference,
        "name": name,
        "version": package.version,
        "purl": reference,
        "scope": if one.development { "excluded" } else { "required" },
        "properties": files.chain([scope]).collect::<Vec<_>>(),
    });
    if let Some(group) = group {
        value["group"] = group.into();
    }
    value
}

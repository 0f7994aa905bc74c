//! SPDX 2.3.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{About, Bill, Component};

/// The document.
pub(super) fn document(bill: &Bill<'_>, about: &About<'_>) -> Value {
    // An id has letters, digits, `.` and `-` alone (3.2): a number for each package, in the order of their references.
    let ids: BTreeMap<&str, String> = bill
        .components
        .keys()
        .enumerate()
        .map(|(at, reference)| (reference.as_str(), format!("SPDXRef-Package-{}", at + 1)))
        .collect();
    let id = |reference: &str| ids.get(reference).cloned().unwrap_or_else(|| "NOASSERTION".to_owned());
    let project = json!({
        "SPDXID": "SPDXRef-Project",
        "name": about.name,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": false,
        "primaryPackagePurpose": "APPLICATION",
    });
    let packages = bill.components.iter().map(|(reference, one)| package(&id(reference), reference, one));
    let relation = |from: &str, kind: &str, to: &str| json!({"spdxElementId": from, "relationshipType": kind, "relatedSpdxElement": to});
    let mut relations = vec![relation("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-Project")];
    relations.extend(bill.direct.iter().map(|to| relation("SPDXRef-Project", "DEPENDS_ON", &id(to))));
    for (from, one) in &bill.components {
        relations.extend(one.dependencies.iter().map(|to| relation(&id(from), "DEPENDS_ON", &id(to))));
    }
    json!({
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": about.name,
        "documentNamespace": format!("urn:uuid:{}", bill.serial(about)),
        "creationInfo": {
            "created": about.created,
            "creators": [format!("Tool: portcullis-{}", about.version)],
        },
        "packages": std::iter::once(project).chain(packages).collect::<Vec<_>>(),
        "relationships": relations,
    })
}

fn package(id: &str, reference: &str, one: &Component<'_>) -> Value {
    json!({
        "SPDXID": id,
        "name": one.package.name,
        "versionInfo": one.package.version,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": false,
        "externalRefs": [{
            "referenceCategory": "PACKAGE-MANAGER",
            "referenceType": "purl",
            "referenceLocator": reference,
        }],
        "comment": format!("pinned by {}", one.files.iter().copied().collect::<Vec<_>>().join(", ")),
    })
}

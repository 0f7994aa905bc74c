use super::*;

fn ids(document: &Document) -> Vec<(&str, Option<&[String]>, Status)> {
    document.statements.iter().map(|one| (&*one.ids[0], one.packages.as_deref(), one.status)).collect()
}

#[test]
fn openvex_of_both_versions_is_read() {
    let new = br#"{"@context": "https://openvex.dev/ns/v0.2.0", "timestamp": "2026-01-01T00:00:00+02:00", "statements": [
        {"vulnerability": {"name": "CVE-2024-1", "aliases": ["GHSA-a"]}, "status": "not_affected",
         "products": [{"@id": "pkg:oci/app", "subcomponents": [{"@id": "pkg:npm/%40a/b@1.0.0"}]}, {"@id": "pkg:cargo/c"}],
         "justification": "vulnerable_code_not_in_execute_path", "impact_statement": "never called"},
        {"vulnerability": {"@id": "https://nvd.nist.gov/vuln/detail/CVE-2024-2"}, "status": "maybe"}]}"#;
    let read_new = read("v", new).expect("reads");
    let packages = ["pkg:npm/%40a/b@1.0.0".to_owned(), "pkg:cargo/c".to_owned()];
    assert_eq!(ids(&read_new), [("CVE-2024-1", Some(&packages[..]), Status::NotAffected)]);
    assert_eq!(read_new.left_out, 1);
    assert_eq!(read_new.statements[0].time, "2025-12-31T22:00:00Z");
    assert_eq!(read_new.statements[0].reason, "vulnerable_code_not_in_execute_path: never called");
    let old =
        br#"{"@context": "https://openvex.dev/ns", "statements": [{"vulnerability": "CVE-2024-1", "status": "fixed",
        "products": ["pkg:oci/app"], "subcomponents": ["pkg:golang/golang.org/x/text@v0.3.0"]}]}"#;
    let packages = ["pkg:golang/golang.org/x/text@v0.3.0".to_owned()];
    assert_eq!(ids(&read("v", old).expect("reads")), [("CVE-2024-1", Some(&packages[..]), Status::Fixed)]);
}

#[test]
fn cyclonedx_names_packages_by_reference_link_or_version() {
    let text = br#"{"bomFormat": "CycloneDX", "specVersion": "1.6",
        "components": [{"bom-ref": "c1", "purl": "pkg:npm/minimist@1.2.0", "components": [{"bom-ref": "c2", "purl": "pkg:npm/ms@1.0.0"}]}],
        "vulnerabilities": [
          {"id": "CVE-1", "analysis": {"state": "false_positive"}, "affects": [{"ref": "c2"}, {"ref": "unknown"}]},
          {"id": "CVE-2", "analysis": {"state": "exploitable"},
           "affects": [{"ref": "urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#pkg%3Anpm%2Fqs%406.0.0"}]},
          {"id": "CVE-3", "analysis": {"state": "resolved"},
           "affects": [{"ref": "c1", "versions": [{"version": "1.2.0", "status": "affected"}, {"version": "1.2.8", "status": "unaffected"}]}]},
          {"id": "CVE-4"}]}"#;
    let document = read("v", text).expect("reads");
    let one = |purl: &str| vec![purl.to_owned()];
    let all = [one("pkg:npm/ms@1.0.0"), one("pkg:npm/qs@6.0.0"), one("pkg:npm/minimist@1.2.8")];
    assert_eq!(
        ids(&document),
        [
            ("CVE-1", Some(&all[0][..]), Status::NotAffected),
            ("CVE-2", Some(&all[1][..]), Status::Affected),
            ("CVE-3", Some(&all[2][..]), Status::Fixed),
        ]
    );
    assert_eq!(document.left_out, 0);
}

#[test]
fn what_is_no_vex_says_so() {
    assert!(read("v", b"{").expect_err("no JSON").contains("line 1"));
    assert!(read("v", b"{}").expect_err("no VEX").contains("OpenVEX"));
    let deep = [b"[".repeat(200_000), b"]".repeat(200_000)].concat();
    assert!(read("v", &deep).is_err(), "no stack is used up");
}

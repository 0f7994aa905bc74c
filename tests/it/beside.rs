//! Files that others name and the run did not read: they count for what names them, and nothing is told of them.

use std::fmt::Write as _;

use super::git::{commit, git, places, repository, scan, write};

const DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  namespace: web\nspec:\n  \
    template:\n    spec:\n      containers:\n        - name: web\n          image: registry.example.org/web:1.0\n";

fn overlay(folder: &std::path::Path, value: bool) {
    write(folder, "base/kustomization.yaml", "resources:\n  - deployment.yaml\n");
    write(folder, "base/deployment.yaml", DEPLOYMENT);
    let text = "resources:\n  - ../../base\npatches:\n  - path: patch.yaml\n    target:\n      kind: Deployment\n";
    write(folder, "overlays/prod/kustomization.yaml", text);
    let text = format!("- op: add\n  path: /spec/template/spec/hostNetwork\n  value: {value}\n");
    write(folder, "overlays/prod/patch.yaml", &text);
}

#[test]
fn an_overlay_that_alone_changed_is_judged_with_its_base() {
    let Some(folder) = repository() else { return };
    let folder = folder.path();
    overlay(folder, false);
    commit(folder, "first");
    overlay(folder, true);
    git(folder, &["add", "-A"]);
    let expected = vec![("overlays/prod/patch.yaml".to_owned(), 3)];
    let (_, found) = scan(folder, &["--staged", "--scanners", "iac"]);
    assert_eq!(places(&found), expected, "{found:#?}");
    // The state that is staged counts, not the files.
    write(folder, "base/deployment.yaml", "nothing: here\n");
    let (_, found) = scan(folder, &["--staged", "--scanners", "iac"]);
    assert_eq!(places(&found), expected);
    git(folder, &["checkout", "-q", "base"]);
    commit(folder, "second");
    let (_, found) = scan(folder, &["--diff", "HEAD~1", "--scanners", "iac"]);
    assert_eq!(places(&found), expected);
    // A file that is named alone, as hooks name it.
    let (_, found) = scan(folder, &["overlays/prod/patch.yaml", "--scanners", "iac"]);
    assert!(places(&found).contains(&expected[0]), "{found:#?}");
    assert!(places(&found).iter().all(|(path, _)| path == "overlays/prod/patch.yaml"), "{found:#?}");
}

#[test]
fn a_configuration_reads_text_files_of_the_tree_and_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let (inside, outside) = (folder.path().join("tree"), folder.path().join("outside"));
    write(&outside, "conf.yaml", "public: true\n");
    write(&inside, "conf/db.yaml", "public: true\n");
    write(&inside, "conf/db.csv", "name,public\n\"a, b\",true\n");
    write(&inside, "conf/public.txt", "true");
    write(&inside, "conf/db.tpl", "${word}");
    let mut text = String::new();
    for (name, value) in [
        ("yaml", "yamldecode(file(\"${path.module}/conf/db.yaml\")).public"),
        ("csv", "csvdecode(file(\"conf/db.csv\"))[0].public"),
        ("txt", "file(\"${path.root}/conf/public.txt\")"),
        ("tpl", "templatefile( \"${path.module}/conf/db.tpl\", { word = \"true\" })"),
        ("base64", "base64decode(filebase64(\"conf/public.txt\"))"),
        ("outside", "yamldecode(file(\"../outside/conf.yaml\")).public"),
        ("linked", "yamldecode(file(\"link.yaml\")).public"),
        ("through", "yamldecode(file(\"linked/conf.yaml\")).public"),
        ("absent", "yamldecode(file(\"absent.yaml\")).public"),
    ] {
        writeln!(text, "resource \"aws_db_instance\" \"{name}\" {{\n  publicly_accessible = {value}\n}}").unwrap();
    }
    write(&inside, "main.tf", &text);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(outside.join("conf.yaml"), inside.join("link.yaml")).unwrap();
        std::os::unix::fs::symlink(&outside, inside.join("linked")).unwrap();
    }
    let (_, found) = scan(&inside, &["--scanners", "iac"]);
    let public = found.iter().filter(|one| one["message"].as_str().unwrap().contains("publicly accessible"));
    let mut lines: Vec<u64> = public.map(|one| one["region"]["startLine"].as_u64().unwrap()).collect();
    lines.sort_unstable();
    assert_eq!(lines, [2, 5, 8, 11, 14], "{found:#?}");
}

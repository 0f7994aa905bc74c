//! `--online` against servers on this machine: what tags stand for, and what happens where nobody says.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::thread;

const COMMIT: &str = "1111111111111111111111111111111111111111";
const TAG_OBJECT: &str = "2222222222222222222222222222222222222222";

fn digest() -> String {
    format!("sha256:{}", "3".repeat(64))
}

/// A Git server and an image registry in one, which remember what they were asked.
struct Server {
    address: String,
    log: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (heard, own) = (Arc::clone(&log), address.clone());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (heard, own) = (Arc::clone(&heard), own.clone());
                thread::spawn(move || answer(stream, &own, &heard));
            }
        });
        Self { address, log }
    }

    fn asked(&self) -> Vec<String> {
        let mut asked = self.log.lock().unwrap().clone();
        asked.sort();
        asked
    }
}

/// Reads one request: its head, and as much body as it announces.
fn request(stream: &mut TcpStream) -> (String, String) {
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (key, value) = line.split_once(": ")?;
                key.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>().ok())?
            });
            if body.len() >= length.unwrap_or(0) {
                return (head.to_owned(), body.to_owned());
            }
        }
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return (text, String::new()),
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
        }
    }
}

fn answer(mut stream: TcpStream, own: &str, log: &Mutex<Vec<String>>) {
    let (head, body) = request(&mut stream);
    let first = head.lines().next().unwrap_or_default().to_owned();
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    log.lock().unwrap().push(first.trim_end_matches(" HTTP/1.1").to_owned());
    let mut more = String::new();
    let (status, text) = match path.as_str() {
        "/octo/build.git/git-upload-pack" => {
            assert!(head.to_ascii_lowercase().contains("git-protocol: version=2"), "{head}");
            assert!(body.starts_with("0014command=ls-refs\n0001"), "{body}");
            ("200 OK", refs(&body))
        }
        "/v2/octo/app/manifests/1.2" if !head.to_ascii_lowercase().contains("authorization: bearer let-me-in") => {
            let _ = write!(more, "WWW-Authenticate: Bearer realm=\"http://{own}/token\",service=\"test\"\r\n");
            ("401 Unauthorized", String::new())
        }
        "/v2/octo/app/manifests/1.2" => {
            let _ = write!(more, "Docker-Content-Digest: {}\r\n", digest());
            ("200 OK", String::new())
        }
        "/token?service=test&scope=repository%3Aocto%2Fapp%3Apull" => {
            ("200 OK", "{\"token\":\"let-me-in\"}".to_owned())
        }
        _ => ("404 Not Found", String::new()),
    };
    let length = text.len();
    let _ = write!(stream, "HTTP/1.1 {status}\r\n{more}Content-Length: {length}\r\nConnection: close\r\n\r\n{text}");
}

/// An annotated tag `v1`, a branch `main`, and one name for both.
fn refs(body: &str) -> String {
    let known = [
        ("refs/tags/v1", format!("{TAG_OBJECT} refs/tags/v1 peeled:{COMMIT}\n")),
        ("refs/tags/v1.1", format!("{TAG_OBJECT} refs/tags/v1.1\n")),
        ("refs/heads/main", format!("{COMMIT} refs/heads/main\n")),
        ("refs/tags/both", format!("{COMMIT} refs/tags/both\n")),
        ("refs/heads/both", format!("{TAG_OBJECT} refs/heads/both\n")),
    ];
    let asked: Vec<&str> = body.split("ref-prefix ").skip(1).filter_map(|rest| rest.lines().next()).collect();
    let lines = known.iter().filter(|(name, _)| asked.iter().any(|prefix| name.starts_with(prefix)));
    let mut text: String = lines.map(|(_, line)| format!("{:04x}{line}", line.len() + 4)).collect();
    text.push_str("0000");
    text
}

fn tree(server: &Server) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let workflows = folder.path().join(".github/workflows");
    std::fs::create_dir_all(&workflows).unwrap();
    std::fs::write(workflows.join("ci.yml"), workflow(&server.address, &["v1", "main", "gone", "both"], "")).unwrap();
    folder
}

fn workflow(registry: &str, references: &[&str], digest: &str) -> String {
    let mut text = format!(
        "name: CI\non: push\npermissions: {{}}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    container: {registry}/octo/app:1.2{digest}\n    services:\n      db:\n        image: registry.example.org/db:1\n    steps:\n"
    );
    for reference in references {
        let _ = writeln!(text, "      - uses: octo/build@{reference}");
    }
    text
}

fn run(server: &Server, tree: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_portcullis"))
        .current_dir(tree)
        .env("NO_PROXY", "127.0.0.1")
        .args(arguments)
        .args(["--online-github", &format!("http://{}", server.address), "--online-registry", &server.address])
        .output()
        .unwrap()
}

#[test]
fn tags_are_pinned_to_what_they_stand_for() {
    let server = Server::start();
    let tree = tree(&server);
    let done = run(&server, tree.path(), &["fix", "--online", "--rule", "unpinned-uses", "--rule", "unpinned-images"]);
    let told = String::from_utf8_lossy(&done.stderr).into_owned();
    let pinned = format!("{COMMIT} # v1");
    let followed = format!("{COMMIT} # main");
    let expected = workflow(&server.address, &[&pinned, &followed, "gone", "both"], &format!("@{}", digest()));
    let text = std::fs::read_to_string(tree.path().join(".github/workflows/ci.yml")).unwrap();
    assert_eq!(text, expected, "{told}");
    for why in [
        "`octo/build@gone` could not be pinned: neither a tag nor a branch",
        "`octo/build@both` could not be pinned: both a tag and a branch, at different commits",
        "`registry.example.org/db:1` could not be pinned: its registry is not asked",
    ] {
        assert!(told.contains(why), "{why}\n{told}");
    }
    let manifest = "HEAD /v2/octo/app/manifests/1.2";
    let question = "POST /octo/build.git/git-upload-pack";
    let token = "GET /token?service=test&scope=repository%3Aocto%2Fapp%3Apull";
    assert_eq!(server.asked(), [token, manifest, manifest, question, question, question, question]);
}

#[test]
fn a_report_offers_the_same_and_nothing_without_the_flag() {
    let server = Server::start();
    let tree = tree(&server);
    let scan = ["scan", "--fail-on", "none", "-q", "-f", "sarif"];
    let report = run(&server, tree.path(), &[&scan[..], &["--online"]].concat());
    let text = String::from_utf8_lossy(&report.stdout).into_owned();
    assert!(text.contains(&format!("{COMMIT} # v1")), "{text}");
    assert!(!text.contains("<id>"), "a repair that waits for its id is none");
    let asked = server.asked().len();
    let offline = Command::new(env!("CARGO_BIN_EXE_portcullis")).current_dir(tree.path()).args(scan).output().unwrap();
    let text = String::from_utf8_lossy(&offline.stdout).into_owned();
    assert!(text.contains("unpinned-uses") && !text.contains(COMMIT) && !text.contains("<id>"), "{text}");
    assert_eq!(server.asked().len(), asked, "nothing was asked");
}

#[test]
fn a_server_that_is_away_costs_no_scan() {
    let server = Server::start();
    let tree = tree(&server);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let away = Server { address, log: Arc::default() };
    let before = std::fs::read_to_string(tree.path().join(".github/workflows/ci.yml")).unwrap();
    let done = run(&away, tree.path(), &["fix", "--online", "--rule", "unpinned-uses"]);
    let told = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(0), "{told}");
    assert!(told.contains("`octo/build@v1` could not be pinned: no connection"), "{told}");
    assert_eq!(std::fs::read_to_string(tree.path().join(".github/workflows/ci.yml")).unwrap(), before);
}

#[test]
fn images_of_dockerfiles_and_of_gitlab_get_their_digests() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let image = format!("{}/octo/app:1.2", server.address);
    let dockerfile = |digest: &str| {
        format!(
            "ARG BASE={image}\nFROM --platform=linux/amd64 {image}{digest} AS build\nRUN make\nFROM ${{BASE}}\nCOPY --from=build /a /a\nFROM build AS last\nFROM {image}{digest}\n"
        )
    };
    let pipeline = |digest: &str| {
        format!(
            "default:\n  image: {image}{digest}\nvariables:\n  IMAGE: {image}\njob:\n  image:\n    name: \"{image}{digest}\"\n    entrypoint: [\"\"]\n  services: [{{name: '{image}{digest}', alias: a}}]\n  script: [make]\nother:\n  image: $IMAGE\n  services:\n    - registry.example.org/db:1\n  script: [make]\n"
        )
    };
    let digest = format!("@{}", digest());
    let files = [("Dockerfile", dockerfile("")), (".gitlab-ci.yml", pipeline(""))];
    for (name, text) in &files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let rules = ["--rule", "docker-unpinned-base", "--rule", "gitlab-unpinned-image"];
    let done = run(&server, folder.path(), &[&["fix", "--online"][..], &rules].concat());
    let told = String::from_utf8_lossy(&done.stderr).into_owned();
    for (name, expected) in [("Dockerfile", dockerfile(&digest)), (".gitlab-ci.yml", pipeline(&digest))] {
        let text = std::fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(text, expected, "{told}");
    }
    assert!(told.contains("`registry.example.org/db:1` could not be pinned: its registry is not asked"), "{told}");
    // One question for the image, however often it stands there.
    let manifests = server.asked().into_iter().filter(|line| line.contains("/manifests/")).count();
    assert_eq!(manifests, 2, "without a token, then with one");
}

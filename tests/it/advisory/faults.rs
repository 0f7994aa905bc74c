//! Whatever goes wrong, the database before still answers.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use portcullis::advisory::store::{Store, StoreError};
use portcullis::advisory::update::UpdateError;

use super::server::{Behaviour, Server};
use super::{answer, mirror, update, zip_of};

const TAG: &str = "\"one\"";

/// A store that answers `1.0.0`.
fn old_store(folder: &std::path::Path) -> Store {
    let store = Store::new(folder);
    let source = folder.join("old");
    mirror(&source, &zip_of("1.0.0", 0));
    update(&store, source.to_str().unwrap()).unwrap();
    assert_eq!(answer(&store), ["1.0.0"]);
    store
}

#[test]
fn a_whole_download_replaces_and_an_unchanged_one_is_not_fetched() {
    let folder = tempfile::tempdir().unwrap();
    let store = old_store(folder.path());
    let server = Server::start(Behaviour { body: zip_of("2.0.0", 0), etag: TAG, ..Behaviour::default() });
    assert!(update(&store, &server.url).unwrap().changed);
    assert_eq!(answer(&store), ["2.0.0"]);
    let before = server.requests().len();
    assert!(!update(&store, &server.url).unwrap().changed);
    let again = server.requests().split_off(before);
    assert!(again.iter().filter(|line| line.contains("none-match=Some")).count() == 3, "{again:?}");
}

#[test]
fn a_cut_download_is_resumed_where_it_ended() {
    let folder = tempfile::tempdir().unwrap();
    let store = old_store(folder.path());
    let body = zip_of("2.0.0", 500);
    let half = body.len() / 2;
    let server = Server::start(Behaviour { body, etag: TAG, cut: Some((half, 3)), ..Behaviour::default() });
    update(&store, &server.url).unwrap();
    assert_eq!(answer(&store), ["2.0.0"]);
    // How much of the half arrived before the end of the connection did is the system's affair.
    let requests = server.requests();
    let offset = |line: &String| line.split_once("range=Some(")?.1.split(')').next()?.parse::<usize>().ok();
    let resumed: Vec<usize> = requests.iter().filter_map(offset).collect();
    assert_eq!(resumed.len(), 3, "{requests:?}");
    assert!(resumed.iter().all(|from| (1..=half).contains(from)), "{requests:?}");
}

#[test]
fn a_busy_server_is_asked_again_and_a_missing_archive_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let store = old_store(folder.path());
    let busy = Server::start(Behaviour { body: zip_of("2.0.0", 0), busy: 4, ..Behaviour::default() });
    update(&store, &busy.url).unwrap();
    assert_eq!(answer(&store), ["2.0.0"]);
    let missing = Server::start(Behaviour { missing: true, ..Behaviour::default() });
    let error = update(&store, &missing.url).unwrap_err().to_string();
    assert!(error.contains("404") && error.contains("crates.io/all.zip"), "{error}");
    assert_eq!(answer(&store), ["2.0.0"]);
}

#[test]
fn what_a_bad_server_sends_is_refused_and_the_old_database_answers() {
    let body = zip_of("2.0.0", 50);
    let mut corrupt = body.clone();
    let middle = corrupt.len() / 3;
    corrupt[middle] ^= 0x55;
    let truncated = body[..body.len() - 30].to_vec();
    let cases = [
        ("dies each time", Behaviour { body: body.clone(), cut: Some((40, 1_000)), ..Behaviour::default() }),
        ("corrupt", Behaviour { body: corrupt, ..Behaviour::default() }),
        ("truncated", Behaviour { body: truncated, ..Behaviour::default() }),
        ("a page", Behaviour { body: b"<html>Sign in</html>".to_vec(), ..Behaviour::default() }),
        ("empty", Behaviour::default()),
        ("wrong sum", Behaviour { body: body.clone(), sha256: Some("0".repeat(64)), ..Behaviour::default() }),
        (
            "sends next to nothing",
            Behaviour {
                body: body.clone(),
                etag: TAG,
                trickle: Some((1, Duration::from_millis(50))),
                ..Behaviour::default()
            },
        ),
        ("never answers", Behaviour { body, delay: Duration::from_secs(20), ..Behaviour::default() }),
    ];
    for (name, behaviour) in cases {
        let folder = tempfile::tempdir().unwrap();
        let store = old_store(folder.path());
        let server = Server::start(behaviour);
        let started = Instant::now();
        assert!(update(&store, &server.url).is_err(), "{name}");
        assert!(started.elapsed() < Duration::from_secs(15), "{name}: {:?}", started.elapsed());
        assert_eq!(answer(&store), ["1.0.0"], "{name}");
        // And once the server is well, so is the update.
        let well = Server::start(Behaviour { body: zip_of("3.0.0", 0), etag: TAG, ..Behaviour::default() });
        update(&store, &well.url).unwrap();
        assert_eq!(answer(&store), ["3.0.0"], "{name}");
    }
}

#[test]
fn while_a_slow_server_sends_the_old_database_answers() {
    let folder = tempfile::tempdir().unwrap();
    let store = old_store(folder.path());
    let body = zip_of("2.0.0", 200);
    let trickle = Some((body.len() / 20, Duration::from_millis(60)));
    let server = Server::start(Behaviour { body, etag: TAG, trickle, ..Behaviour::default() });
    let answers = std::thread::scope(|scope| {
        let updating = scope.spawn(|| update(&store, &server.url).unwrap());
        let mut answers = Vec::new();
        while !updating.is_finished() {
            answers.push(answer(&store).concat());
            std::thread::sleep(Duration::from_millis(20));
        }
        answers
    });
    assert!(
        answers.len() > 20 && answers.iter().rev().skip(1).filter(|one| *one == "1.0.0").count() > 20,
        "{answers:?}"
    );
    assert!(answers.iter().all(|one| one == "1.0.0" || one == "2.0.0"), "{answers:?}");
    assert_eq!(answer(&store), ["2.0.0"]);
}

/// The limit on a file's size stands for the disk's: writes fail in the middle.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_the_old_database() {
    let folder = tempfile::tempdir().unwrap();
    let store = old_store(folder.path());
    let source = folder.path().join("new");
    let body = zip_of("2.0.0", 4_000);
    mirror(&source, &body);
    let server = Server::start(Behaviour { body, etag: TAG, ..Behaviour::default() });
    let run = |from: &str, blocks: &str| {
        let script = format!("ulimit -f {blocks}; trap '' XFSZ; exec \"$0\" db update --from \"$1\"");
        let mut command = Command::new("sh");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_portcullis"), from]);
        command.env("PORTCULLIS_CACHE", folder.path()).output().unwrap()
    };
    for from in [source.to_str().unwrap(), &server.url] {
        let full = run(from, "8");
        let told = String::from_utf8_lossy(&full.stderr).into_owned();
        assert!(!full.status.success() && told.contains("cannot write"), "{from}: {told}");
        assert_eq!(answer(&store), ["1.0.0"], "{from}");
        let left = std::fs::read_dir(folder.path().join("advisories")).unwrap().flatten();
        assert!(!left.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with("incoming-")), "{from}");
    }
    // With room again the same command goes through, and takes up the download where it broke.
    assert!(run(&server.url, "unlimited").status.success());
    assert_eq!(answer(&store), ["2.0.0"]);
}

#[test]
fn bad_archives_in_a_folder_are_refused() {
    let good = zip_of("2.0.0", 20);
    let bomb = {
        use std::io::Write;
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        zip.start_file("a.json", zip::write::SimpleFileOptions::default()).unwrap();
        (0..16).for_each(|_| zip.write_all(&vec![b' '; 1 << 20]).unwrap());
        zip.finish().unwrap().into_inner()
    };
    for (name, bytes) in [("half", &good[..good.len() / 2]), ("nothing", &[][..]), ("bomb", &bomb)] {
        let folder = tempfile::tempdir().unwrap();
        let store = old_store(folder.path());
        let source = folder.path().join("new");
        mirror(&source, bytes);
        assert!(update(&store, source.to_str().unwrap()).is_err(), "{name}");
        assert_eq!(answer(&store), ["1.0.0"], "{name}");
    }
}

#[test]
fn a_damaged_database_is_told_and_an_update_mends_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = old_store(folder.path());
    let mut bytes = std::fs::read(store.index_path()).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(store.index_path(), &bytes).unwrap();
    assert!(store.open().unwrap_err().to_string().contains("checksum"));
    update(&store, folder.path().join("old").to_str().unwrap()).unwrap();
    assert_eq!(answer(&store), ["1.0.0"]);
}

#[test]
fn an_exported_database_is_taken_whole() {
    let folder = tempfile::tempdir().unwrap();
    let store = old_store(&folder.path().join("a"));
    let other = Store::new(&folder.path().join("b"));
    let updated = update(&other, store.index_path().to_str().unwrap()).unwrap();
    assert_eq!(updated.meta.advisories, 1);
    assert_eq!(answer(&other), ["1.0.0"]);
}

#[test]
fn two_updates_do_not_meet() {
    let folder = tempfile::tempdir().unwrap();
    let store = old_store(folder.path());
    let _held = store.lock().unwrap();
    let error = update(&store, folder.path().join("old").to_str().unwrap()).unwrap_err();
    assert!(matches!(error, UpdateError::Store(StoreError::Locked(_))));
}

/// Not a test of its own: what the next one kills. It runs where the variables are set.
#[test]
fn updates_until_killed() {
    let (Ok(cache), Ok(sources)) = (std::env::var("PORTCULLIS_TEST_CACHE"), std::env::var("PORTCULLIS_TEST_SOURCES"))
    else {
        return;
    };
    let store = Store::new(std::path::Path::new(&cache));
    for source in sources.split('|').cycle() {
        update(&store, source).unwrap();
    }
}

#[test]
fn two_hundred_kills_leave_a_whole_database_each_time() {
    const KILLS: u64 = 200;
    let folder = tempfile::tempdir().unwrap();
    let store = old_store(folder.path());
    let sources: Vec<String> = ["2.0.0", "3.0.0"]
        .iter()
        .map(|fixed| {
            let source = folder.path().join(fixed);
            mirror(&source, &zip_of(fixed, 300));
            source.to_str().unwrap().to_owned()
        })
        .collect();
    let trickle = Some((4_000, Duration::from_millis(4)));
    let server = Server::start(Behaviour { body: zip_of("4.0.0", 300), etag: TAG, trickle, ..Behaviour::default() });
    let sources = [sources, vec![server.url.clone()]].concat();
    let updates = || {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "advisory::faults::updates_until_killed", "--nocapture"])
            .env("PORTCULLIS_TEST_CACHE", folder.path())
            .env("PORTCULLIS_TEST_SOURCES", sources.join("|"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    // How long a first update takes here: kills come at any time up to some updates later.
    let started = Instant::now();
    let mut child = updates();
    while answer(&store) == ["1.0.0"] && started.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let most = u64::try_from(started.elapsed().as_micros()).unwrap() * 3;
    let mut seen = std::collections::BTreeSet::new();
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..KILLS {
        let mut child = updates();
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        std::thread::sleep(Duration::from_micros(random % most));
        child.kill().unwrap();
        child.wait().unwrap();
        let fixed = answer(&store);
        assert!(matches!(fixed[0].as_str(), "1.0.0" | "2.0.0" | "3.0.0" | "4.0.0"));
        seen.insert(fixed);
    }
    assert!(seen.len() >= 2, "no update came through in {KILLS} runs: the kills come too early to test anything");
    // What the kills left behind goes with the next update.
    update(&store, &sources[0]).unwrap();
    let left = std::fs::read_dir(folder.path().join("advisories")).unwrap().flatten();
    assert!(!left.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with("incoming-")));
}

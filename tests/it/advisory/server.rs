//! A web server of eighty lines that serves one archive, badly if asked to.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// How the server behaves; counts are of requests for archives.
#[derive(Clone, Default)]
pub struct Behaviour {
    pub body: Vec<u8>,
    pub etag: &'static str,
    /// Close the connection after this many bytes, in the first so many answers.
    pub cut: Option<(usize, usize)>,
    /// Answer 503 to the first so many requests.
    pub busy: usize,
    /// Wait before the body.
    pub delay: Duration,
    /// Send the body in pieces of so many bytes, with so long a pause behind each.
    pub trickle: Option<(usize, Duration)>,
    /// Serve this as `all.zip.sha256`.
    pub sha256: Option<String>,
    /// Answer 404 to everything.
    pub missing: bool,
}

pub struct Server {
    pub url: String,
    pub log: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let log = Arc::new(Mutex::new(Vec::new()));
        let (requests, cuts) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (shared, heard) = (Arc::new(behaviour), Arc::clone(&log));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (shared, heard) = (Arc::clone(&shared), Arc::clone(&heard));
                let (requests, cuts) = (Arc::clone(&requests), Arc::clone(&cuts));
                thread::spawn(move || answer(stream, &shared, &heard, &requests, &cuts));
            }
        });
        Self { url, log }
    }

    pub fn requests(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }
}

fn answer(stream: TcpStream, how: &Behaviour, log: &Mutex<Vec<String>>, requests: &AtomicUsize, cuts: &AtomicUsize) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let Some(Ok(first)) = lines.next() else { return };
    let headers: Vec<String> = lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
    let header = |name: &str| {
        let find = |line: &String| {
            line.split_once(": ").filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
        };
        headers.iter().find_map(find)
    };
    let range =
        header("range").and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok());
    log.lock().unwrap().push(format!("{first} range={range:?} none-match={:?}", header("if-none-match")));
    let mut out = stream;
    let path = first.split(' ').nth(1).unwrap_or_default();
    let mut plain = |status: &str, body: &str| {
        let _ = write!(out, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
    };
    if path.ends_with(".sha256") {
        return match &how.sha256 {
            Some(sum) => plain("200 OK", sum),
            None => plain("404 Not Found", ""),
        };
    }
    if how.missing || path.contains("GitHub") {
        return plain("404 Not Found", "");
    }
    if requests.fetch_add(1, Ordering::SeqCst) < how.busy {
        return plain("503 Service Unavailable", "");
    }
    if header("if-none-match").as_deref() == Some(how.etag) && !how.etag.is_empty() {
        return plain("304 Not Modified", "");
    }
    let from = range.filter(|&from| from < how.body.len() && header("if-range").as_deref() == Some(how.etag));
    let body = &how.body[from.unwrap_or(0)..];
    let status = match from {
        Some(from) => {
            format!("206 Partial Content\r\nContent-Range: bytes {from}-{}/{}", how.body.len() - 1, how.body.len())
        }
        None => "200 OK".to_owned(),
    };
    let _ = write!(
        out,
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nETag: {}\r\nConnection: close\r\n\r\n",
        body.len(),
        how.etag
    );
    thread::sleep(how.delay);
    let length = match how.cut {
        Some((at, times)) if cuts.fetch_add(1, Ordering::SeqCst) < times => at.min(body.len()),
        _ => body.len(),
    };
    let (size, pause) = how.trickle.unwrap_or((length.max(1), Duration::ZERO));
    for piece in body[..length].chunks(size) {
        if out.write_all(piece).and_then(|()| out.flush()).is_err() {
            return;
        }
        thread::sleep(pause);
    }
}

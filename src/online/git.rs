//! A repository's tag or branch, by Git's protocol version 2 over HTTP (`gitprotocol-v2`, command `ls-refs`): one request,
//! which needs no token and counts against no limit of an API.

use reqwest::Client;
use reqwest::header::CONTENT_TYPE;

use super::{body, reason};

/// The commit that a tag or branch of `owner/repo` is at.
pub async fn commit(client: &Client, server: &str, repository: &str, reference: &str) -> Result<String, String> {
    let plain = |text: &str, more: &[u8]| {
        !text.is_empty() && text.len() <= 200 && text.bytes().all(|b| b.is_ascii_alphanumeric() || more.contains(&b))
    };
    let parts: Vec<&str> = repository.split('/').collect();
    let named = parts.len() == 2 && parts.iter().all(|part| plain(part, b"._-") && !part.starts_with('.'));
    if !named || !plain(reference, b"._-/+@") {
        return Err("not a name that GitHub gives".to_owned());
    }
    let names = [format!("refs/tags/{reference}"), format!("refs/heads/{reference}")];
    let mut question = packet("command=ls-refs\n");
    question.push_str("0001");
    question.push_str(&packet("peel\n"));
    names.iter().for_each(|name| question.push_str(&packet(&format!("ref-prefix {name}\n"))));
    question.push_str("0000");
    let response = client
        .post(format!("{server}/{repository}.git/git-upload-pack"))
        .header("Git-Protocol", "version=2")
        .header(CONTENT_TYPE, "application/x-git-upload-pack-request")
        .body(question)
        .send()
        .await
        .map_err(|error| reason(&error))?;
    match response.status().as_u16() {
        200 => {}
        401 | 403 | 404 => return Err("no public repository of that name".to_owned()),
        301 | 302 | 307 | 308 => return Err("the repository has moved".to_owned()),
        status => return Err(format!("the server answers {status}")),
    }
    let answer = body(response).await?;
    let found: Vec<String> = lines(&answer).into_iter().filter_map(|line| of(line, &names)).collect();
    match found.as_slice() {
        [] => Err("neither a tag nor a branch".to_owned()),
        [one] => Ok(one.clone()),
        [one, rest @ ..] if rest.iter().all(|other| other == one) => Ok(one.clone()),
        _ => Err("both a tag and a branch, at different commits".to_owned()),
    }
}

/// A line with its length in front (`gitprotocol-common`, pkt-line).
fn packet(text: &str) -> String {
    format!("{:04x}{text}", text.len() + 4)
}

/// The lines of an answer, up to its end or what is no packet.
fn lines(mut rest: &[u8]) -> Vec<&str> {
    let mut found = Vec::new();
    while let Some((length, after)) = rest.split_at_checked(4) {
        let length = std::str::from_utf8(length).ok().and_then(|text| usize::from_str_radix(text, 16).ok());
        let Some((line, after)) = length.and_then(|length| after.split_at_checked(length.checked_sub(4)?)) else {
            break;
        };
        found.extend(std::str::from_utf8(line).ok().map(str::trim_end));
        rest = after;
    }
    found
}

/// `<id> <name> peeled:<id>`: of an annotated tag, the commit is what is peeled.
fn of(line: &str, names: &[String]) -> Option<String> {
    let mut words = line.split(' ');
    let (id, name) = (words.next()?, words.next()?);
    let id = words.find_map(|word| word.strip_prefix("peeled:")).unwrap_or(id);
    let is_id = matches!(id.len(), 40 | 64) && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_id && names.iter().any(|known| known == name)).then(|| id.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_line_by_line() {
        let (a, b) = ("a".repeat(40), "b".repeat(40));
        let names = ["refs/tags/v1".to_owned(), "refs/heads/v1".to_owned()];
        let text = [
            packet(&format!("{a} refs/tags/v1 peeled:{b}\n")),
            packet(&format!("{a} refs/tags/v1.2\n")),
            packet("short refs/heads/v1\n"),
            "0000".to_owned(),
        ]
        .concat();
        let read: Vec<String> = lines(text.as_bytes()).into_iter().filter_map(|line| of(line, &names)).collect();
        assert_eq!(read, [b]);
        for broken in ["", "zzzz", "0003", "00ff x", "0000"] {
            assert!(lines(broken.as_bytes()).is_empty(), "{broken}");
        }
    }
}

//! A file as a web server has it.

use crate::answer::Answer;
use crate::server::Request;

/// Its entity tag.
const TAG: &str = "\"v1\"";

/// The answer: the whole file, or what is behind some bytes of it (RFC 9110, 14.2).
pub fn content(request: &Request, bytes: &[u8]) -> Answer {
    let whole = Answer::with(bytes)
        .header("ETag", TAG)
        .header("Accept-Ranges", "bytes");
    let Some(from) = request.header("range").and_then(first) else {
        return whole;
    };
    if request.header("if-range").is_some_and(|tag| tag != TAG) {
        return whole;
    }
    let length = bytes.len();
    if from >= length {
        return Answer::of(416).header("Content-Range", &format!("bytes */{length}"));
    }
    let range = format!("bytes {from}-{}/{length}", length - 1);
    let mut part = whole.body(&bytes[from..]);
    part.status = 206;
    part.header("Content-Range", &range)
}

/// The first byte of a range to the end.
fn first(range: &str) -> Option<usize> {
    let range = range.strip_prefix("bytes=")?;
    range.strip_suffix('-')?.parse().ok()
}

//! The decoder of event streams against a slow one that follows the standard word by word.

use bytes::Bytes;

use super::SseDecoder;

/// Name and data of the events before the end or the first error, and whether there was one.
type Read = (Vec<(String, String)>, bool);

/// The same events come of a document in any split. The first byte says how the rest is split.
pub fn sse_decoder(input: &[u8]) {
    let Some((size, document)) = input.split_first() else {
        return;
    };
    let expected = expected(document);
    assert_eq!(decoded([document].into_iter()), expected);
    assert_eq!(decoded(document.chunks(usize::from(*size).max(1))), expected);
    assert_eq!(decoded(document.chunks(1)), expected);
}

fn decoded<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Read {
    let mut decoder = SseDecoder::new();
    let mut events = Vec::new();
    for piece in pieces {
        decoder.push(Bytes::copy_from_slice(piece));
        loop {
            match decoder.next_event() {
                Ok(Some(event)) => events.push((event.name.to_owned(), event.data.to_owned())),
                Ok(None) => break,
                Err(_) => return (events, true),
            }
        }
    }
    (events, false)
}

/// All complete lines without their ends.
fn lines(document: &[u8]) -> Vec<&[u8]> {
    let mut lines = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while at < document.len() {
        let end = at;
        match (document[at], document.get(at + 1)) {
            (b'\r', Some(b'\n')) => at += 2,
            (b'\r' | b'\n', _) => at += 1,
            _ => {
                at += 1;
                continue;
            }
        }
        lines.push(&document[start..end]);
        start = at;
    }
    lines
}

fn expected(document: &[u8]) -> Read {
    let document = document.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(document);
    let (mut events, mut name, mut data) = (Vec::new(), Vec::new(), Vec::new());
    for line in lines(document) {
        if line.is_empty() {
            let (name, mut data) = (std::mem::take(&mut name), std::mem::take(&mut data));
            if data.pop().is_some() {
                match (String::from_utf8(name), String::from_utf8(data)) {
                    (Ok(name), Ok(data)) => events.push((name, data)),
                    _ => return (events, true),
                }
            }
            continue;
        }
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let field = parts.next().unwrap_or_default();
        let value = parts.next().unwrap_or_default();
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"event" => name = value.to_vec(),
            b"data" => data.extend(value.iter().chain(b"\n")),
            _ => {}
        }
    }
    (events, false)
}

//! What the bytes of an answer are, whatever its head says of them: servers and gateways label streams as plain text,
//! as JSON or not at all, and some answer a request for a stream with one whole JSON document.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use serde_json::Value;

/// What a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Events,
    Json,
    /// A web page, something compressed, or anything else.
    Other,
}

/// How lines of an event stream begin (WHATWG HTML, "Server-sent events").
const FIELDS: [&[u8]; 5] = [b":", b"data:", b"event:", b"id:", b"retry:"];
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What a body is that begins so; `None` when more of it is needed.
pub(super) fn form(begin: &[u8]) -> Option<Form> {
    let text = begin
        .strip_prefix(BYTE_ORDER_MARK)
        .unwrap_or(begin)
        .trim_ascii_start();
    if text.is_empty() || BYTE_ORDER_MARK.starts_with(text) {
        return None;
    }
    if matches!(text[0], b'{' | b'[') {
        return Some(Form::Json);
    }
    if FIELDS.iter().any(|field| text.starts_with(field)) {
        return Some(Form::Events);
    }
    let may_become = FIELDS.iter().any(|field| field.starts_with(text));
    (!may_become).then_some(Form::Other)
}

/// Whether the head says that it is an event stream, not compressed.
pub(super) fn is_labelled(headers: &HeaderMap) -> bool {
    let essence = label(headers, &CONTENT_TYPE);
    let essence = essence.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("text/event-stream") && is_plain(headers)
}

fn is_plain(headers: &HeaderMap) -> bool {
    let coding = label(headers, &CONTENT_ENCODING);
    coding.split(',').map(str::trim).all(|coding| {
        ["", "identity", "none"]
            .iter()
            .any(|plain| coding.eq_ignore_ascii_case(plain))
    })
}

fn label<'a>(headers: &'a HeaderMap, name: &reqwest::header::HeaderName) -> &'a str {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default()
}

/// What the head says of the body, as it may be told: a type and codings are short words.
pub(super) fn told(headers: &HeaderMap) -> (String, String) {
    let word = |name| {
        let essence = label(headers, name).split(';').next().unwrap_or_default().trim();
        let is_fit = |character: char| character.is_ascii_alphanumeric() || "/+.-, _".contains(character);
        if essence.is_empty() || essence.len() > 64 || !essence.chars().all(is_fit) {
            "-".to_owned()
        } else {
            essence.to_owned()
        }
    };
    (word(&CONTENT_TYPE), word(&CONTENT_ENCODING))
}

/// Makes events of a whole JSON answer, in the words of one wire; `None` when it is no answer.
pub(super) type Whole = fn(Value) -> Option<String>;

/// The events that a whole JSON document stands for: those of an answer, or of an error.
pub(super) fn events_of(document: &[u8], whole: Whole) -> Option<String> {
    let document = document.strip_prefix(BYTE_ORDER_MARK).unwrap_or(document);
    let answer: Value = serde_json::from_slice(document).ok()?;
    if answer.get("error").is_some_and(super::is_truthy) {
        return Some(format!("data: {answer}\n\n"));
    }
    whole(answer)
}

/// The body of an answer that is labelled as it should be. Should it be a JSON document all the same, it is read to its
/// end and given as events.
pub(super) struct Labelled<S> {
    body: S,
    state: State,
    whole: Whole,
    /// A longer document is given as it comes.
    most: usize,
}

enum State {
    /// Nothing but white space has come.
    Blank,
    Events,
    Document(Vec<u8>),
}

impl<S> Labelled<S> {
    pub(super) fn new(body: S, whole: Whole, most: usize) -> Self {
        Self {
            body,
            state: State::Blank,
            whole,
            most,
        }
    }
}

impl<S: Stream<Item = reqwest::Result<Bytes>> + Unpin> Labelled<S> {
    /// Takes what has come; `None` when it is kept.
    fn take(&mut self, bytes: Bytes) -> Option<Bytes> {
        match &mut self.state {
            State::Events => Some(bytes),
            State::Blank if bytes.iter().all(u8::is_ascii_whitespace) => Some(bytes),
            State::Blank if form(&bytes) == Some(Form::Json) => {
                self.state = State::Document(bytes.to_vec());
                None
            }
            State::Blank => {
                self.state = State::Events;
                Some(bytes)
            }
            State::Document(document) => {
                document.extend_from_slice(&bytes);
                (document.len() > self.most).then(|| self.end())?
            }
        }
    }

    /// What was kept, at its end.
    fn end(&mut self) -> Option<Bytes> {
        match std::mem::replace(&mut self.state, State::Events) {
            State::Document(document) => {
                let events = events_of(&document, self.whole);
                Some(events.map_or_else(|| document.into(), Bytes::from))
            }
            State::Blank | State::Events => None,
        }
    }
}

impl<S: Stream<Item = reqwest::Result<Bytes>> + Unpin> Stream for Labelled<S> {
    type Item = reqwest::Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            match ready!(this.body.poll_next_unpin(cx)) {
                Some(Ok(bytes)) => {
                    if let Some(bytes) = this.take(bytes) {
                        return Poll::Ready(Some(Ok(bytes)));
                    }
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(this.end().map(Ok)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_known_by_how_it_begins_in_any_split() {
        for (body, expected) in [
            ("data: {}", Form::Events),
            (": hello", Form::Events),
            ("\u{feff}event: ping", Form::Events),
            (" \r\n\nid: 1", Form::Events),
            ("retry:9", Form::Events),
            ("{\"a\": 1}", Form::Json),
            ("\n [1]", Form::Json),
            ("<html>", Form::Other),
            ("\u{1f}\u{8b}", Form::Other),
            ("dates", Form::Other),
            ("Bad gateway", Form::Other),
        ] {
            let found = (0..=body.len()).find_map(|end| form(&body.as_bytes()[..end]));
            assert_eq!(found, Some(expected), "{body:?}");
            assert_eq!(form(body.as_bytes()), Some(expected), "{body:?}");
        }
    }

    #[test]
    fn codings_that_change_nothing_are_none() {
        for (coding, is_plain_coding) in [
            ("identity", true),
            ("Identity", true),
            ("", true),
            ("none", true),
            ("identity, identity", true),
            ("gzip", false),
            ("identity, br", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, "Text/Event-Stream ; charset=utf-8".parse().unwrap());
            headers.insert(CONTENT_ENCODING, coding.parse().unwrap());
            assert_eq!(is_labelled(&headers), is_plain_coding, "{coding:?}");
        }
    }
}

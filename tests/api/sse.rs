//! A strict reader of event streams: anything but the exact frame form that the service promises ends the test.

use std::collections::VecDeque;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use reqwest::Response;
use serde_json::Value;

use crate::deadline::within;

/// One event as it came over the wire.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event {
    /// Durable events have one, passing events do not.
    pub(crate) id: Option<u64>,
    /// The id of an event in a session's feed, which is more than a number while a turn runs.
    pub(crate) place: Option<String>,
    pub(crate) name: String,
    pub(crate) data: Value,
    /// The whole frame.
    pub(crate) raw: String,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The body came to its end.
    Clean,
    /// The connection broke.
    Broken,
}

/// One open event stream.
pub(crate) struct EventStream {
    body: BoxStream<'static, reqwest::Result<bytes::Bytes>>,
    unread: Vec<u8>,
    ready: VecDeque<Event>,
    /// Comments seen so far.
    pub(crate) comments: usize,
    /// What the server asked a browser to wait before it reconnects, in milliseconds.
    pub(crate) retry: Option<u64>,
    /// Whether the very first frame was a comment; `None` before it came.
    pub(crate) opened_with_comment: Option<bool>,
}

impl EventStream {
    pub(crate) fn new(response: Response) -> Self {
        Self {
            body: response.bytes_stream().boxed(),
            unread: Vec::new(),
            ready: VecDeque::new(),
            comments: 0,
            retry: None,
            opened_with_comment: None,
        }
    }

    /// The next event, or how the connection ended.
    pub(crate) async fn next(&mut self) -> Result<Event, End> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(event);
            }
            self.read_more().await?;
        }
    }

    /// Waits for the next bytes, whatever they hold.
    pub(crate) async fn read_more(&mut self) -> Result<(), End> {
        match within("the next bytes of a stream", self.body.next()).await {
            Some(Ok(bytes)) => {
                self.unread.extend_from_slice(&bytes);
                self.take_frames();
                Ok(())
            }
            Some(Err(_)) => Err(End::Broken),
            None => {
                let rest = String::from_utf8_lossy(&self.unread);
                assert!(rest.is_empty(), "the body ended inside a frame: {rest:?}");
                Err(End::Clean)
            }
        }
    }

    fn take_frames(&mut self) {
        while let Some(end) = self.unread.windows(2).position(|pair| pair == b"\n\n") {
            let frame = self.unread.drain(..end + 2).collect::<Vec<u8>>();
            let frame = String::from_utf8(frame).expect("frames are UTF-8");
            let frame = parse(&frame);
            self.opened_with_comment
                .get_or_insert(matches!(frame, Frame::Comment));
            match frame {
                Frame::Event(event) => self.ready.push_back(event),
                Frame::Comment => self.comments += 1,
                Frame::Retry(milliseconds) => self.retry = Some(milliseconds),
            }
        }
    }
}

/// What stands between two empty lines.
#[derive(Debug, PartialEq)]
enum Frame {
    Event(Event),
    Comment,
    Retry(u64),
}

/// The events of a stored log, which is nothing but frames.
pub(crate) fn parse_log(log: &[u8]) -> Vec<Event> {
    let log = std::str::from_utf8(log).expect("a stored log is UTF-8");
    assert!(
        log.is_empty() || log.ends_with("\n\n"),
        "a stored log ends inside a frame"
    );
    let frames = log.split_inclusive("\n\n").map(parse);
    frames
        .map(|frame| match frame {
            Frame::Event(event) => event,
            other => panic!("a stored log has events only, not {other:?}"),
        })
        .collect()
}

/// Reads one frame.
fn parse(frame: &str) -> Frame {
    let lines = frame
        .strip_suffix("\n\n")
        .expect("a frame ends with an empty line");
    assert!(!frame.contains('\r'), "line ends are LF only: {frame:?}");
    let lines = lines.split('\n').collect::<Vec<_>>();
    match lines[..] {
        [comment] if comment.starts_with(':') => Frame::Comment,
        [retry] => Frame::Retry(parse_number(field(retry, "retry: "))),
        [event, data] => Frame::Event(parse_event(None, [event, data], frame)),
        [id, event, data] => Frame::Event(parse_event(Some(field(id, "id: ")), [event, data], frame)),
        _ => panic!("a frame is id, event, data: {frame:?}"),
    }
}

fn parse_event(id: Option<&str>, [event, data]: [&str; 2], frame: &str) -> Event {
    let name = field(event, "event: ");
    assert!(
        name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'),
        "event name {name:?}"
    );
    let data = serde_json::from_str::<Value>(field(data, "data: ")).expect("data is JSON");
    assert!(data.is_object(), "data is an object: {frame:?}");
    Event {
        id: id.filter(|id| !id.contains('.')).map(parse_number),
        place: id.map(str::to_owned),
        name: name.to_owned(),
        data,
        raw: frame.to_owned(),
    }
}

fn field<'a>(line: &'a str, name: &str) -> &'a str {
    line.strip_prefix(name)
        .unwrap_or_else(|| panic!("{line:?} does not begin with {name:?}"))
}

fn parse_number(digits: &str) -> u64 {
    let number = digits.parse::<u64>().expect("a number");
    assert_eq!(number.to_string(), digits, "a number is written one way only");
    number
}

#[test]
fn a_frame_is_read_as_it_was_sent() {
    let frame = "id: 7\nevent: text-delta\ndata: {\"text\":\"a\\nb\"}\n\n";
    let Frame::Event(event) = parse(frame) else {
        panic!("no event")
    };
    assert_eq!(
        (event.id, event.name.as_str(), event.raw.as_str()),
        (Some(7), "text-delta", frame)
    );
    assert_eq!(event.data["text"], "a\nb");
    let passing = parse("event: reconnect\ndata: {\"afterMs\":9}\n\n");
    assert!(matches!(passing, Frame::Event(Event { id: None, .. })));
    assert_eq!(parse(": hello\n\n"), Frame::Comment);
    assert_eq!(parse("retry: 1500\n\n"), Frame::Retry(1500));
}

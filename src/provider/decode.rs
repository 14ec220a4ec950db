//! Reads Server-Sent Events of a provider: bytes in any split go in, events come out.
//!
//! Follows "parsing an event stream" of the WHATWG HTML standard, with two exceptions: invalid UTF-8 is an
//! error instead of a replacement character, and lines and events have a limit. It knows no vendor: `[DONE]` is
//! data like any other. `id` and `retry` are for readers that reconnect, which a provider call never does.

#[cfg(any(test, feature = "fuzzing"))]
pub(super) mod fuzzing;
mod lines;
#[cfg(test)]
mod tests;

use std::ops::Range;

use bytes::Bytes;
use memchr::memchr;

use lines::{Line, Lines};

/// Most bytes of a line, and of an event, unless a decoder is told otherwise.
const MAX_BYTES: usize = 1024 * 1024;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Why a stream of events cannot be read further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The data or the name of an event is not UTF-8.
    #[error("an event is not valid UTF-8")]
    InvalidUtf8,
    /// A line or an event is longer than the limit.
    #[error("a line or an event is longer than the limit")]
    TooLong,
}

/// One event, borrowed from the decoder until the next call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SseEvent<'a> {
    /// What it is called; empty means `message`.
    pub name: &'a str,
    /// Its lines of data, joined by line feeds.
    pub data: &'a str,
}

/// Turns chunks of bytes into events. After an error it is of no further use.
///
/// A last event without its blank line is no event: at the end of the input, drop the decoder.
#[derive(Debug)]
pub struct SseDecoder {
    lines: Lines,
    event: Event,
}

impl Default for SseDecoder {
    fn default() -> Self {
        Self::new()
    }
}

impl SseDecoder {
    /// A decoder at the start of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self::with_limit(MAX_BYTES)
    }

    /// One that refuses lines and events of more than `max_bytes`.
    #[must_use]
    pub fn with_limit(max_bytes: usize) -> Self {
        Self {
            lines: Lines::new(max_bytes),
            event: Event::new(max_bytes),
        }
    }

    /// Adds bytes. Cheapest after [`Self::next_event`] has returned `None`.
    pub fn push(&mut self, chunk: Bytes) {
        self.event.hold(self.lines.chunk());
        self.lines.push(chunk);
    }

    /// The next complete event of what was pushed; `None` when more bytes are needed.
    ///
    /// # Errors
    /// When the event is not UTF-8, or it or a line is too long.
    pub fn next_event(&mut self) -> Result<Option<SseEvent<'_>>, DecodeError> {
        self.event.clear_dispatched();
        while !self.event.dispatched {
            match self.lines.next_line()? {
                Some(Line::InChunk(range)) => {
                    let chunk = self.lines.chunk();
                    self.event
                        .read_line(&chunk[range.clone()], Some(range.start), chunk)?;
                }
                Some(Line::Joined(line)) => self.event.read_line(&line, None, self.lines.chunk())?,
                None => {
                    self.event.hold(self.lines.chunk());
                    self.lines.release()?;
                    return Ok(None);
                }
            }
        }
        self.event.borrow(self.lines.chunk()).map(Some)
    }

    /// How many comments were read so far: a sign of life, not of progress.
    #[must_use]
    pub fn comments(&self) -> u64 {
        self.event.comments
    }
}

/// What a field says: it stays in the chunk unless the event needs more than one chunk or line.
#[derive(Debug, Default)]
enum Value {
    #[default]
    Absent,
    InChunk(Range<usize>),
    Held(Vec<u8>),
}

impl Value {
    fn bytes<'a>(&'a self, chunk: &'a [u8]) -> &'a [u8] {
        match self {
            Self::Absent => &[],
            Self::InChunk(range) => &chunk[range.clone()],
            Self::Held(bytes) => bytes,
        }
    }

    fn hold(&mut self, chunk: &[u8]) {
        if let Self::InChunk(range) = self {
            *self = Self::Held(chunk[range.clone()].to_vec());
        }
    }
}

/// The event that is being read, and what outlives it.
#[derive(Debug)]
struct Event {
    max_bytes: usize,
    data: Value,
    name: Value,
    dispatched: bool,
    after_first_line: bool,
    comments: u64,
}

impl Event {
    fn new(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            data: Value::Absent,
            name: Value::Absent,
            dispatched: false,
            after_first_line: false,
            comments: 0,
        }
    }

    /// Takes one line without its end; `start` is its place in the chunk, if it lies in it.
    fn read_line(&mut self, line: &[u8], start: Option<usize>, chunk: &[u8]) -> Result<(), DecodeError> {
        let mark = if self.after_first_line || !line.starts_with(BYTE_ORDER_MARK) {
            0
        } else {
            3
        };
        self.after_first_line = true;
        let field = &line[mark..];
        if field.is_empty() {
            self.dispatch();
            return Ok(());
        }
        let colon = memchr(b':', field);
        let value_at = mark
            + colon.map_or(field.len(), |at| {
                at + 1 + usize::from(field.get(at + 1) == Some(&b' '))
            });
        let value = || match start {
            Some(start) => Value::InChunk(start + value_at..start + line.len()),
            None => Value::Held(line[value_at..].to_vec()),
        };
        match &field[..colon.unwrap_or(field.len())] {
            b"data" => self.add_data(value(), chunk)?,
            b"event" => self.name = value(),
            b"" => self.comments += 1,
            _ => {}
        }
        Ok(())
    }

    fn add_data(&mut self, value: Value, chunk: &[u8]) -> Result<(), DecodeError> {
        self.data.hold(chunk);
        match &mut self.data {
            Value::Held(data) => {
                let more = value.bytes(chunk);
                if data.len() + 1 + more.len() > self.max_bytes {
                    return Err(DecodeError::TooLong);
                }
                data.push(b'\n');
                data.extend_from_slice(more);
            }
            _ => self.data = value,
        }
        Ok(())
    }

    /// An event without data is none.
    fn dispatch(&mut self) {
        self.dispatched = !matches!(self.data, Value::Absent);
        if !self.dispatched {
            self.name = Value::Absent;
        }
    }

    fn clear_dispatched(&mut self) {
        if std::mem::take(&mut self.dispatched) {
            self.data = Value::Absent;
            self.name = Value::Absent;
        }
    }

    fn hold(&mut self, chunk: &[u8]) {
        self.data.hold(chunk);
        self.name.hold(chunk);
    }

    fn borrow<'a>(&'a self, chunk: &'a [u8]) -> Result<SseEvent<'a>, DecodeError> {
        let text = |value: &'a Value| {
            std::str::from_utf8(value.bytes(chunk)).map_err(|_invalid| DecodeError::InvalidUtf8)
        };
        Ok(SseEvent {
            name: text(&self.name)?,
            data: text(&self.data)?,
        })
    }
}

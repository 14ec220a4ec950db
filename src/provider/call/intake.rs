//! What the bytes of an answer are: events, or one JSON document. The bytes decide, and the label only where they say
//! nothing: servers and relays write any label.

use std::str::Utf8Error;

use bytes::Bytes;

use crate::provider::decode::{DecodeError, SseDecoder, SseEvent};

/// Fields of an event stream; a line that begins with a colon is a comment (WHATWG HTML, "Parsing an event stream").
const FIELDS: [&[u8]; 5] = [b"data", b"event", b"id", b"retry", b":"];
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
/// So much white space comes before nothing.
const MOST_SPACE: usize = 4096;

/// The bytes of one answer.
pub(super) struct Intake {
    kind: Kind,
    decoder: SseDecoder,
    /// What has come of a whole document, or before it is known what comes.
    document: Vec<u8>,
    /// The label says that these are events.
    is_labelled: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Unknown,
    Events,
    Document,
}

/// The bytes are neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Neither;

impl Intake {
    pub(super) fn new(max_line: usize) -> Self {
        Self {
            kind: Kind::Unknown,
            decoder: SseDecoder::with_limit(max_line),
            document: Vec::new(),
            is_labelled: true,
        }
    }

    /// Without the label of an event stream, the bytes have to show that they are one.
    pub(super) fn unlabelled(self) -> Self {
        Self {
            is_labelled: false,
            ..self
        }
    }

    /// Adds bytes.
    pub(super) fn push(&mut self, bytes: Bytes) -> Result<(), Neither> {
        match self.kind {
            Kind::Events => self.decoder.push(bytes),
            Kind::Document => self.document.extend_from_slice(&bytes),
            Kind::Unknown if self.document.is_empty() => self.begin(bytes)?,
            Kind::Unknown => {
                let mut begun = std::mem::take(&mut self.document);
                begun.extend_from_slice(&bytes);
                self.begin(begun.into())?;
            }
        }
        Ok(())
    }

    fn begin(&mut self, bytes: Bytes) -> Result<(), Neither> {
        self.kind = kind_of(&bytes, self.is_labelled)?;
        match self.kind {
            Kind::Events => self.decoder.push(bytes),
            Kind::Unknown if bytes.len() > MOST_SPACE => return Err(Neither),
            Kind::Document | Kind::Unknown => self.document = bytes.to_vec(),
        }
        Ok(())
    }

    pub(super) fn next_event(&mut self) -> Result<Option<SseEvent<'_>>, DecodeError> {
        match self.kind {
            Kind::Events => self.decoder.next_event(),
            Kind::Document | Kind::Unknown => Ok(None),
        }
    }

    /// How many comments were read so far.
    pub(super) fn comments(&self) -> u64 {
        self.decoder.comments()
    }

    /// Bytes that are kept until the document is whole.
    pub(super) fn held(&self) -> usize {
        self.document.len()
    }

    /// The document, if the answer is one.
    pub(super) fn document(&self) -> Option<Result<&str, Utf8Error>> {
        let bytes = self
            .document
            .strip_prefix(BYTE_ORDER_MARK)
            .unwrap_or(&self.document);
        (self.kind == Kind::Document).then(|| std::str::from_utf8(bytes))
    }
}

/// What an answer is that begins so.
fn kind_of(bytes: &[u8], is_labelled: bool) -> Result<Kind, Neither> {
    if BYTE_ORDER_MARK.starts_with(bytes) {
        return Ok(Kind::Unknown);
    }
    let bytes = bytes
        .strip_prefix(BYTE_ORDER_MARK)
        .unwrap_or(bytes)
        .trim_ascii_start();
    match bytes.first() {
        None => Ok(Kind::Unknown),
        Some(b'{' | b'[') => Ok(Kind::Document),
        Some(b'<') => Err(Neither),
        Some(_) if is_labelled => Ok(Kind::Events),
        Some(_) => {
            let field = bytes
                .split(|byte| matches!(byte, b':' | b'\n' | b'\r'))
                .next()
                .unwrap_or_default();
            let is_whole = field.len() < bytes.len();
            if bytes.starts_with(b":") || (is_whole && FIELDS.contains(&field)) {
                Ok(Kind::Events)
            } else if !is_whole && FIELDS.iter().any(|known| known.starts_with(field)) {
                Ok(Kind::Unknown)
            } else {
                Err(Neither)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of bytes that come one by one.
    fn kind(text: &str, is_labelled: bool) -> Result<Kind, Neither> {
        let mut intake = Intake::new(1024);
        intake.is_labelled = is_labelled;
        for byte in text.as_bytes() {
            intake.push(Bytes::copy_from_slice(&[*byte]))?;
        }
        let at_once = kind_of(text.as_bytes(), is_labelled)?;
        assert_eq!(intake.kind, at_once, "{text:?}");
        Ok(intake.kind)
    }

    #[test]
    fn the_first_bytes_say_what_an_answer_is() {
        for is_labelled in [false, true] {
            for text in [
                "data: a\n\n",
                "event: x\n",
                ": hello\n",
                "\n\ndata:a\n",
                "id\n",
                "retry: 1\n",
                "\u{feff}data: a\n",
            ] {
                assert_eq!(kind(text, is_labelled), Ok(Kind::Events), "{text:?}");
            }
            for text in ["{\"choices\":", " \n[", "\u{feff}{}"] {
                assert_eq!(kind(text, is_labelled), Ok(Kind::Document), "{text:?}");
            }
            for text in ["", "\n", "\u{feff}"] {
                assert_eq!(kind(text, is_labelled), Ok(Kind::Unknown), "{text:?}");
            }
            for text in ["<html>", " \n<!doctype html>"] {
                assert_eq!(kind(text, is_labelled), Err(Neither), "{text:?}");
            }
        }
        for text in ["upstream error\n", "dataset: x\n", "\u{1f}\u{8b}", "eventful"] {
            assert_eq!(kind(text, false), Err(Neither), "{text:?}");
            assert_eq!(kind(text, true), Ok(Kind::Events), "{text:?}");
        }
        assert_eq!(kind("dat", false), Ok(Kind::Unknown));
    }

    #[test]
    fn what_comes_byte_by_byte_is_read_as_it_would_be_at_once() {
        let mut intake = Intake::new(1024).unlabelled();
        let mut events = Vec::new();
        for byte in b"\nevent: x\ndata: a\n\ndata: b\n\n" {
            intake.push(Bytes::copy_from_slice(&[*byte])).unwrap();
            while let Some(event) = intake.next_event().unwrap() {
                events.push((event.name.to_owned(), event.data.to_owned()));
            }
        }
        let event = |name: &str, data: &str| (name.to_owned(), data.to_owned());
        assert_eq!(events, [event("x", "a"), event("", "b")]);
    }
}

//! Splits chunks of bytes into lines that end with LF, CR or CR LF.

use std::ops::Range;

use bytes::Bytes;
use memchr::memchr2;

use super::DecodeError;

/// One line without its end.
pub(super) enum Line {
    /// Its place in the chunk.
    InChunk(Range<usize>),
    /// It came in several chunks.
    Joined(Vec<u8>),
}

/// The bytes that are not read yet.
#[derive(Debug)]
pub(super) struct Lines {
    max_bytes: usize,
    chunk: Bytes,
    position: usize,
    /// The start of a line whose end has not come.
    partial: Vec<u8>,
    /// A line feed that comes first belongs to the carriage return before it.
    after_carriage_return: bool,
}

impl Lines {
    pub(super) fn new(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            chunk: Bytes::new(),
            position: 0,
            partial: Vec::new(),
            after_carriage_return: false,
        }
    }

    pub(super) fn chunk(&self) -> &[u8] {
        &self.chunk
    }

    /// Adds bytes; ranges that point into the chunk before are void.
    pub(super) fn push(&mut self, chunk: Bytes) {
        let unread = &self.chunk[self.position..];
        self.chunk = if unread.is_empty() {
            chunk
        } else {
            [unread, &chunk].concat().into()
        };
        self.position = 0;
    }

    pub(super) fn next_line(&mut self) -> Result<Option<Line>, DecodeError> {
        if self.after_carriage_return && self.position < self.chunk.len() {
            self.position += usize::from(self.chunk[self.position] == b'\n');
            self.after_carriage_return = false;
        }
        let Some(length) = memchr2(b'\n', b'\r', &self.chunk[self.position..]) else {
            return Ok(None);
        };
        self.check_length(length)?;
        let range = self.position..self.position + length;
        self.after_carriage_return = self.chunk[range.end] == b'\r';
        self.position = range.end + 1;
        if self.partial.is_empty() {
            return Ok(Some(Line::InChunk(range)));
        }
        let mut line = std::mem::take(&mut self.partial);
        line.extend_from_slice(&self.chunk[range]);
        Ok(Some(Line::Joined(line)))
    }

    /// Lets go of the chunk, so that its memory can be used again while nothing comes.
    pub(super) fn release(&mut self) -> Result<(), DecodeError> {
        self.check_length(self.chunk.len() - self.position)?;
        self.partial.extend_from_slice(&self.chunk[self.position..]);
        self.chunk = Bytes::new();
        self.position = 0;
        Ok(())
    }

    fn check_length(&self, more: usize) -> Result<(), DecodeError> {
        if self.partial.len() + more > self.max_bytes {
            Err(DecodeError::TooLong)
        } else {
            Ok(())
        }
    }
}

//! Finds where the head of a request ends. It may find an end too many, before the request line; never one too few.

use memchr::memchr_iter;

/// How the line that is being read has begun.
#[derive(Clone, Copy)]
enum Line {
    Empty,
    /// It has a CR and nothing else so far.
    Return,
    Written,
}

/// The lines of a head.
pub(super) struct Lines(Line);

impl Default for Lines {
    fn default() -> Self {
        Self(Line::Written)
    }
}

impl Lines {
    /// The place after the empty line in these bytes, if they have one. Lines end with LF, or CR and LF.
    pub(super) fn end_of_head(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut begin = 0;
        for end in memchr_iter(b'\n', bytes) {
            self.add(&bytes[begin..end]);
            if !matches!(self.0, Line::Written) {
                *self = Self::default();
                return Some(end + 1);
            }
            self.0 = Line::Empty;
            begin = end + 1;
        }
        self.add(&bytes[begin..]);
        None
    }

    fn add(&mut self, part: &[u8]) {
        self.0 = match (self.0, part) {
            (line, []) => line,
            (Line::Empty, b"\r") => Line::Return,
            _ => Line::Written,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_ends_with_its_empty_line_however_it_comes_in_parts() {
        for head in [
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\nHost: a\n\n",
            "GET / HTTP/1.1\r\n\n",
            "GET / HTTP/1.1\n\r\n",
        ] {
            let both = head.repeat(2);
            for cut in 0..both.len() {
                let mut lines = Lines::default();
                let (first, second) = both.as_bytes().split_at(cut);
                let found = lines.end_of_head(first);
                let found = found.or_else(|| lines.end_of_head(second).map(|end| end + cut));
                assert_eq!(found, Some(head.len()), "{head:?} cut at {cut}");
            }
        }
    }

    #[test]
    fn a_return_within_a_line_is_no_empty_line() {
        for text in ["GET /\r\nX: \r\rb\r\n\rc\r\n", "a\n\r\rb\n", "\ra\r\n"] {
            assert_eq!(Lines::default().end_of_head(text.as_bytes()), None, "{text:?}");
        }
    }
}

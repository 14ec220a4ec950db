//! Finds where a chunked body ends (RFC 9112, section 7.1), by the grammar that the HTTP library reads it by. What does
//! not fit that grammar is an end: the library refuses it there.

/// Where in a chunked body.
#[derive(Clone, Copy, Default)]
enum At {
    #[default]
    FirstDigit,
    Digits(u64),
    /// White space or an extension behind the size.
    BehindSize(u64),
    SizeLineFeed(u64),
    Data(u64),
    DataReturn,
    DataLineFeed,
    /// The beginning of a line behind the last chunk.
    Line,
    Trailer,
    TrailerLineFeed,
    LastLineFeed,
    End,
}

/// A chunked body that is being read.
#[derive(Default)]
pub(super) struct Chunks(At);

impl Chunks {
    pub(super) fn have_ended(&self) -> bool {
        matches!(self.0, At::End)
    }

    /// How many of these bytes are still of the body.
    pub(super) fn take(&mut self, bytes: &[u8]) -> usize {
        let mut taken = 0;
        while taken < bytes.len() && !self.have_ended() {
            if let At::Data(left) = self.0 {
                let rest = bytes.len() - taken;
                let length = usize::try_from(left).map_or(rest, |left| left.min(rest));
                taken += length;
                let left = left - length as u64;
                self.0 = if left > 0 { At::Data(left) } else { At::DataReturn };
            } else {
                self.0 = next(self.0, bytes[taken]);
                taken += 1;
            }
        }
        taken
    }
}

fn next(at: At, byte: u8) -> At {
    match (at, byte) {
        (At::FirstDigit, _) => digit(byte).map_or(At::End, At::Digits),
        (At::Digits(size) | At::BehindSize(size), b'\r') => At::SizeLineFeed(size),
        (At::Digits(size), b' ' | b'\t' | b';') => At::BehindSize(size),
        (At::Digits(size), _) => more(size, byte).map_or(At::End, At::Digits),
        (At::BehindSize(size), _) => At::BehindSize(size),
        (At::SizeLineFeed(0), b'\n') | (At::TrailerLineFeed, b'\n') => At::Line,
        (At::SizeLineFeed(size), b'\n') => At::Data(size),
        (At::DataReturn, b'\r') => At::DataLineFeed,
        (At::DataLineFeed, b'\n') => At::FirstDigit,
        (At::Line, b'\r') => At::LastLineFeed,
        (At::Trailer, b'\r') => At::TrailerLineFeed,
        (At::Line | At::Trailer, _) => At::Trailer,
        _ => At::End,
    }
}

fn more(size: u64, byte: u8) -> Option<u64> {
    size.checked_mul(16)?.checked_add(digit(byte)?)
}

fn digit(byte: u8) -> Option<u64> {
    char::from(byte).to_digit(16).map(u64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_ends_where_it_says_however_it_comes_in_parts() {
        for body in [
            "0\r\n\r\n",
            "2\r\n{}\r\n0\r\n\r\n",
            "1\r\n{\r\n1;name=value\r\n}\r\n0\r\n\r\n",
            "A \r\n0\r\n\r\n0\r\n\r\n\r\n00\r\nTrailer: a\r\nAnother: b\r\n\r\n",
        ] {
            let both = format!("{body}GET / HTTP/1.1\r\n\r\n");
            for cut in 0..both.len() {
                let mut chunks = Chunks::default();
                let (first, second) = both.as_bytes().split_at(cut);
                let taken = chunks.take(first) + chunks.take(second);
                assert_eq!(taken, body.len(), "{body:?} cut at {cut}");
                assert!(chunks.have_ended());
            }
        }
    }

    #[test]
    fn what_is_no_chunk_is_given_up_to_the_byte_that_shows_it() {
        for (body, given) in [
            ("x\r\n", 1),
            ("\r\n", 1),
            ("1\r\nab", 5),
            ("fffffffffffffffff\r\n", 17),
            ("1\n", 2),
        ] {
            let mut chunks = Chunks::default();
            assert_eq!(chunks.take(body.as_bytes()), given, "{body:?}");
            assert!(chunks.have_ended());
        }
    }
}

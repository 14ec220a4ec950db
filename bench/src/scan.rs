//! Finds the stamps in a response body as it arrives, however it was cut into reads and HTTP chunks.
//! It knows no event format: the same code measures the server and nginx.

use memchr::{memchr, memchr_iter};

use crate::clock::{STAMP_DIGITS, read_hex};

/// Bytes kept that hold no stamp: enough for the events around the text.
const KEPT: usize = 4096;

/// What one response body held.
#[derive(Default)]
pub(crate) struct Scan {
    framing: Framing,
    /// Whatever followed the last complete stamp.
    tail: Vec<u8>,
    last_stamp: u64,
    after_newline: bool,
    /// When the upstream got the request; known from the first delta on.
    pub(crate) arrival: Option<u64>,
    pub(crate) deltas: u64,
    /// Blank lines: one ends each event.
    pub(crate) frames: u64,
    pub(crate) repeated_or_swapped: u64,
}

#[derive(Default)]
enum Framing {
    #[default]
    Unframed,
    Size(usize),
    Extension(usize),
    Data(usize),
    DataEnd,
    Done,
}

impl Scan {
    pub(crate) fn new(chunked: bool) -> Self {
        let framing = if chunked {
            Framing::Size(0)
        } else {
            Framing::Unframed
        };
        Self {
            framing,
            ..Self::default()
        }
    }

    /// Takes the next bytes of the body; calls `on_stamp` for each delta in them.
    pub(crate) fn feed(&mut self, mut bytes: &[u8], mut on_stamp: impl FnMut(u64)) {
        while let Some(&byte) = bytes.first() {
            match self.framing {
                Framing::Unframed => return self.body(bytes, &mut on_stamp),
                Framing::Data(left) => {
                    let (data, rest) = bytes.split_at(left.min(bytes.len()));
                    self.body(data, &mut on_stamp);
                    self.framing = if data.len() == left {
                        Framing::DataEnd
                    } else {
                        Framing::Data(left - data.len())
                    };
                    bytes = rest;
                    continue;
                }
                Framing::Size(size) | Framing::Extension(size) if byte == b'\n' => {
                    self.framing = if size == 0 {
                        Framing::Done
                    } else {
                        Framing::Data(size)
                    };
                }
                Framing::Size(size) => {
                    self.framing = match (byte as char).to_digit(16) {
                        Some(digit) => Framing::Size(size << 4 | digit as usize),
                        None => Framing::Extension(size),
                    };
                }
                Framing::DataEnd if byte == b'\n' => self.framing = Framing::Size(0),
                Framing::Extension(_) | Framing::DataEnd => {}
                Framing::Done => return,
            }
            bytes = &bytes[1..];
        }
    }

    /// Whether the last chunk of a chunked body was read.
    pub(crate) fn is_done(&self) -> bool {
        matches!(self.framing, Framing::Done)
    }

    /// Whether the body ended with `text` somewhere behind the last delta.
    pub(crate) fn ended_with(&self, text: &str) -> bool {
        memchr::memmem::find(&self.tail, text.as_bytes()).is_some()
    }

    /// The number of deltas that the upstream says it sent.
    pub(crate) fn announced(&self) -> Option<u64> {
        marked(&self.tail, b'=')
    }

    /// The end of what was read, for a message about a fault.
    pub(crate) fn tail_text(&self) -> String {
        String::from_utf8_lossy(&self.tail[self.tail.len().saturating_sub(300)..]).into_owned()
    }

    fn body(&mut self, bytes: &[u8], on_stamp: &mut impl FnMut(u64)) {
        self.count_frames(bytes);
        let begun = self.tail.len().saturating_sub(STAMP_DIGITS);
        match memchr(b'~', &self.tail[begun..]) {
            None => self.find_stamps(bytes, on_stamp),
            Some(at) => {
                // A stamp may be cut by the end of a read: look at both parts together.
                let mut joined = self.tail.split_off(begun + at);
                joined.extend_from_slice(bytes);
                self.find_stamps(&joined, on_stamp);
            }
        }
    }

    fn count_frames(&mut self, bytes: &[u8]) {
        let mut next = if self.after_newline { Some(0) } else { None };
        for at in memchr_iter(b'\n', bytes) {
            if next == Some(at) {
                self.frames += 1;
            }
            next = Some(at + 1);
        }
        self.after_newline = bytes.last() == Some(&b'\n');
    }

    fn find_stamps(&mut self, bytes: &[u8], on_stamp: &mut impl FnMut(u64)) {
        let (mut taken, mut from) = (0, 0);
        while let Some(at) = memchr(b'~', &bytes[from..]).map(|at| from + at) {
            let Some(digits) = bytes.get(at + 1..at + 1 + STAMP_DIGITS) else {
                break;
            };
            from = at + 1;
            if let Some(stamp) = read_hex(digits) {
                if self.deltas == 0 {
                    self.keep(&bytes[taken..at]);
                    self.arrival = marked(&self.tail, b'^');
                }
                self.tail.clear();
                self.repeated_or_swapped += u64::from(stamp <= self.last_stamp);
                self.last_stamp = stamp;
                self.deltas += 1;
                from += STAMP_DIGITS;
                taken = from;
                on_stamp(stamp);
            }
        }
        self.keep(&bytes[taken..]);
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.tail.extend_from_slice(bytes);
        if self.tail.len() > 2 * KEPT {
            self.tail.drain(..self.tail.len() - KEPT);
        }
    }
}

fn marked(text: &[u8], mark: u8) -> Option<u64> {
    memchr_iter(mark, text)
        .filter_map(|at| text.get(at + 1..at + 1 + STAMP_DIGITS))
        .find_map(read_hex)
}

#[cfg(test)]
mod tests {
    use super::Scan;

    const BODY: &str = "data: hello\n\ndata: ^00000000000000aa~0000000000000001\n\n\
        data: ~0000000000000002~0000000000000003\n\ndata: ~0000000000000004=0000000000000004\n\nevent: turn-end\n\n";

    fn chunked(body: &str, size: usize) -> Vec<u8> {
        let chunks = body.as_bytes().chunks(size);
        let mut bytes: Vec<u8> = chunks
            .flat_map(|chunk| [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat())
            .collect();
        bytes.extend(b"0\r\n\r\n");
        bytes
    }

    #[test]
    fn every_split_of_a_body_gives_the_same_deltas() {
        for size in 1..BODY.len() {
            let bytes = chunked(BODY, size);
            for read in [1, 7, 64, bytes.len()] {
                let (mut scan, mut stamps) = (Scan::new(true), Vec::new());
                bytes
                    .chunks(read)
                    .for_each(|part| scan.feed(part, |stamp| stamps.push(stamp)));
                assert_eq!(stamps, [1, 2, 3, 4], "chunks of {size}, reads of {read}");
                assert_eq!(
                    (scan.arrival, scan.announced(), scan.frames),
                    (Some(0xaa), Some(4), 5)
                );
                assert!(scan.is_done() && scan.ended_with("turn-end"));
            }
        }
    }

    #[test]
    fn a_repeated_delta_is_seen() {
        let mut scan = Scan::new(false);
        scan.feed(b"~0000000000000002~0000000000000002", |_| ());
        assert_eq!((scan.deltas, scan.repeated_or_swapped), (2, 1));
    }
}

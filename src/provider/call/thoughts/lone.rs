//! Looks for a closing tag that was never opened, alone on its line: as much of Markdown as says where code is.

use super::tags;

/// More is an indented block of code.
const MOST_INDENT: usize = 3;
/// So many marks in a row begin or end a fence.
const FENCE: usize = 3;
/// Longer than any tag.
const TAG_BYTES: usize = 12;

/// What a line is that begins with `<`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Its end has to be seen.
    Unknown,
    /// A closing tag, so long with the end of its line.
    Alone(usize),
    /// Another line.
    Other,
}

/// What a text is that begins with `<` on a line of its own.
pub(super) fn judge(text: &str) -> Verdict {
    let length = match tags::closed(text) {
        None => return Verdict::Other,
        Some(0) => return Verdict::Unknown,
        Some(length) => length,
    };
    let rest = text[length..].trim_start_matches([' ', '\t', '\r']);
    match rest.as_bytes().first() {
        None => Verdict::Unknown,
        Some(b'\n') => Verdict::Alone(text.len() - rest.len() + 1),
        Some(_) => Verdict::Other,
    }
}

/// Whether a text that nothing follows is a closing tag.
pub(super) fn ends_alone(text: &str) -> bool {
    tags::closed(text).is_some_and(|length| length > 0 && text[length..].trim().is_empty())
}

/// A fence of code that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fence {
    mark: u8,
    length: usize,
}

/// The line that is being read.
#[derive(Clone, Copy, Debug, Default)]
struct Line {
    indent: usize,
    /// The marks that it begins with, and how many.
    lead: Option<Fence>,
    /// Whether anything has come behind them.
    is_past_lead: bool,
    /// Whether anything but white space and the lead has come.
    has_words: bool,
    /// Whether a backtick came behind the lead.
    has_tick: bool,
}

impl Line {
    fn is_blank(self) -> bool {
        self.lead.is_none() && !self.has_words
    }

    fn step(&mut self, byte: u8) {
        if self.leads(byte) {
            let length = self.lead.map_or(0, |lead| lead.length);
            self.lead = Some(Fence {
                mark: byte,
                length: length + 1,
            });
            return;
        }
        match byte {
            b' ' if self.is_blank() => self.indent += 1,
            b'\t' if self.is_blank() => self.indent += MOST_INDENT + 1,
            b' ' | b'\t' | b'\r' => {}
            _ => self.has_words = true,
        }
        self.has_tick |= byte == b'`';
        self.is_past_lead = self.lead.is_some();
    }

    /// Whether a byte is of the marks that the line begins with.
    fn leads(self, byte: u8) -> bool {
        match self.lead {
            Some(lead) => !self.is_past_lead && lead.mark == byte,
            None => self.is_blank() && self.indent <= MOST_INDENT && matches!(byte, b'`' | b'~'),
        }
    }
}

/// Where in the Markdown the next byte stands.
#[derive(Debug, Default)]
pub(super) struct Lone {
    line: Line,
    fence: Option<Fence>,
    /// How many backticks have opened a code span.
    span: Option<usize>,
    /// Backticks in a row.
    ticks: usize,
    is_escaped: bool,
    /// The beginning of a tag.
    tag: [u8; TAG_BYTES],
    tag_length: usize,
    is_over: bool,
    /// Tags say nothing.
    ignores_tags: bool,
}

impl Lone {
    /// One that only knows where code is.
    pub(super) fn of_code() -> Self {
        Self {
            ignores_tags: true,
            ..Self::default()
        }
    }

    /// Whether a fence of code is open.
    pub(super) fn is_in_fence(&self) -> bool {
        let begins = self.line.lead.filter(|lead| lead.length >= FENCE);
        self.fence.or(begins).is_some()
    }

    /// Reads on if there is nothing to be judged in this text.
    pub(super) fn passes(&mut self, text: &str) -> bool {
        // A candidate needs its `<`; without one the whole text can be read at once.
        if self.is_over || memchr::memchr(b'<', text.as_bytes()).is_none() {
            self.read(text);
            return true;
        }
        false
    }

    /// Reads up to a `<` that may be a closing tag alone on its line, and answers where it is.
    pub(super) fn read(&mut self, text: &str) -> Option<usize> {
        if self.is_over {
            return None;
        }
        for (at, byte) in text.bytes().enumerate() {
            if byte == b'<' && !self.ignores_tags && self.is_place() {
                return Some(at);
            }
            self.step(byte);
        }
        None
    }

    /// Reads the `<` of a line that was judged to be another one.
    pub(super) fn take_first(&mut self, text: &str) -> usize {
        let first = text.chars().next().map_or(0, char::len_utf8);
        text.bytes().take(first).for_each(|byte| self.step(byte));
        first
    }

    /// Whether a tag was seen that says that the text itself has to do with them.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    fn is_place(&self) -> bool {
        let outside = self.fence.is_none() && self.span.is_none();
        outside && self.line.is_blank() && self.line.indent <= MOST_INDENT && self.tag_length == 0
    }

    fn step(&mut self, byte: u8) {
        if !self.ignores_tags {
            self.watch_tag(byte);
        }
        if byte == b'\n' {
            self.end_ticks();
            self.end_line();
            return;
        }
        self.line.step(byte);
        self.count_ticks(byte);
    }

    fn count_ticks(&mut self, byte: u8) {
        if byte == b'`' && !(self.is_escaped && self.span.is_none()) {
            self.ticks += 1;
        } else {
            self.end_ticks();
        }
        self.is_escaped = byte == b'\\' && !self.is_escaped;
    }

    /// A run of backticks is over: it opens a code span, or closes the one that was opened with as many.
    fn end_ticks(&mut self) {
        let ticks = std::mem::take(&mut self.ticks);
        if ticks == 0 || self.fence.is_some() {
            return;
        }
        self.span = match self.span {
            None => Some(ticks),
            Some(open) if open == ticks => None,
            open => open,
        };
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        self.is_escaped = false;
        if let Some(lead) = line.lead.filter(|lead| lead.length >= FENCE) {
            match self.fence {
                None if lead.mark == b'~' || !line.has_tick => {
                    (self.fence, self.span) = (Some(lead), None);
                }
                Some(fence) if closes(lead, fence) && !line.has_words => self.fence = None,
                _ => {}
            }
        } else if line.is_blank() {
            // A paragraph has ended, and with it what was open in it.
            self.span = None;
        }
    }

    /// A tag anywhere in the text says that the text has to do with tags.
    fn watch_tag(&mut self, byte: u8) {
        if byte == b'<' {
            self.tag_length = 0;
        } else if self.tag_length == 0 {
            return;
        }
        if let Some(place) = self.tag.get_mut(self.tag_length) {
            *place = byte;
            self.tag_length += 1;
        }
        match tags::either(&self.tag[..self.tag_length]) {
            None => self.tag_length = 0,
            Some(is_whole) => self.is_over |= is_whole,
        }
    }
}

fn closes(lead: Fence, fence: Fence) -> bool {
    lead.mark == fence.mark && lead.length >= fence.length
}

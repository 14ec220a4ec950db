//! The frames of a live turn: one growing byte string with marks in it, in this order: what has left the memory,
//! what is stored, what the writer has taken, and what waits.

use super::event::{self, Event, TextKind};
use super::log::{Resumption, Stored};
use crate::ids::TurnId;
use crate::repository::{Gap, Segment, commit_batch};

/// Frames that stand outside segments: from so many bytes on they become one.
const SEGMENT_BYTES: usize = 64 * 1024;
/// So much of what stands in segments stays in the memory of a live turn.
const KEPT_BYTES: usize = 64 * 1024;
/// What usually waits, and what stays, and a large delta.
const ROOM: usize = 512 * 1024;
/// An event grows no longer than this by merging.
const LONGEST_MERGED: u64 = 16 * 1024;

/// A place in the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Mark {
    /// Bytes from the beginning of the log.
    offset: u64,
    /// Number of the last event before it.
    number: u64,
}

#[derive(Debug, Default)]
pub(super) struct Buffer {
    /// Numbers that no stored event has, in order. The last ones are where this process has begun, if any are.
    gaps: Box<[Gap]>,
    /// Frames from `base` on.
    bytes: Vec<u8>,
    base: u64,
    end: Mark,
    taken: Mark,
    stored: Mark,
    /// The end of what stands in segments.
    segmented: Mark,
    segment_taken: Mark,
    /// Where the last event begins, if more text of its kind can be merged into it.
    open: Option<(u64, TextKind)>,
    ended: bool,
}

impl Buffer {
    pub(super) fn new(from: Resumption) -> Self {
        let gap = from.gaps.last().filter(|gap| gap.after == from.number);
        let begin = Mark {
            offset: from.offset,
            number: gap.map_or(from.number, |gap| gap.last),
        };
        Self {
            gaps: from.gaps.into(),
            base: begin.offset,
            end: begin,
            taken: begin,
            stored: begin,
            segmented: begin,
            segment_taken: begin,
            ..Self::default()
        }
    }

    pub(super) fn push(&mut self, event: &Event) {
        let number = self.end.number + 1;
        event.encode(number, &mut self.bytes);
        self.end = Mark {
            offset: self.base + self.bytes.len() as u64,
            number,
        };
        self.open = None;
        self.ended |= matches!(event, Event::TurnEnd(_));
    }

    pub(super) fn push_text(&mut self, kind: TextKind, text: String) {
        match self.open {
            Some((begin, open)) if open == kind && self.can_grow(begin) => {
                self.make_room(text.len());
                Event::merge_text(&text, &mut self.bytes);
                self.end.offset = self.base + self.bytes.len() as u64;
            }
            _ => {
                self.make_room(text.len());
                let begin = self.end.offset;
                self.push(&kind.event(text));
                self.open = Some((begin, kind));
            }
        }
    }

    /// Room for an event with so much text. Much that waits gets the room of all that may wait at once: growing by
    /// doubling would leave holes in the memory that are together as large.
    fn make_room(&mut self, text: usize) {
        const AROUND_A_TEXT: usize = 128;
        let least = self.bytes.len() + text + AROUND_A_TEXT;
        if least > 2 * SEGMENT_BYTES && least > self.bytes.capacity() {
            self.bytes
                .reserve_exact(least.next_multiple_of(ROOM) - self.bytes.len());
        }
    }

    /// An event that the writer has taken is as it is.
    fn can_grow(&self, begin: u64) -> bool {
        begin >= self.taken.offset && self.end.offset - begin < LONGEST_MERGED
    }

    /// Bytes that are not stored yet.
    pub(super) fn waiting(&self) -> u64 {
        self.end.offset - self.stored.offset
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    pub(super) fn last_number(&self) -> u64 {
        self.end.number
    }

    /// Appends the frames that came since the last take to `batch`. The end of a log is stored with the turn's
    /// outcome or not at all.
    pub(super) fn take_into(&mut self, turn_id: TurnId, batch: &mut Vec<u8>) -> bool {
        if self.ended || self.taken == self.end {
            return false;
        }
        let (first, last) = (self.taken.number + 1, self.end.number);
        let frames = self.between(self.taken, self.end);
        commit_batch::push(
            batch,
            commit_batch::TurnFrames {
                turn_id,
                first,
                last,
                frames,
            },
        );
        self.taken = self.end;
        true
    }

    /// Takes frames that stand in no segment, so many that they are a segment; the end of a log only `with_end`.
    pub(super) fn take_segment(&mut self, with_end: bool) -> Option<Segment> {
        let goes_on = with_end || !self.ended;
        let limit = if goes_on { self.end } else { self.taken };
        let from = self.segment_taken;
        if from == limit {
            return None;
        }
        let to = self.segment_end(from, limit);
        let frames = self.between(from, to).to_vec();
        self.segment_taken = to;
        if self.taken.offset < to.offset {
            self.taken = to;
        }
        Some(Segment {
            first: from.number + 1,
            last: to.number,
            frames,
        })
    }

    /// Where a segment ends that begins at `from`, at the latest at `limit`: what is written at once has a bound.
    fn segment_end(&self, from: Mark, limit: Mark) -> Mark {
        let frames = self.between(from, limit);
        let Some(head) = frames.get(..SEGMENT_BYTES) else {
            return limit;
        };
        let end = memchr::memmem::rfind(head, b"\n\n").or_else(|| memchr::memmem::find(frames, b"\n\n"));
        let frames = &frames[..end.map_or(frames.len(), |end| end + 2)];
        event::last_number(frames).map_or(limit, |number| Mark {
            offset: from.offset + frames.len() as u64,
            number,
        })
    }

    pub(super) fn wants_segment(&self) -> bool {
        !self.ended && self.end.offset - self.segmented.offset > SEGMENT_BYTES as u64
    }

    /// What was taken is stored.
    pub(super) fn set_stored(&mut self) {
        self.stored = self.taken;
        self.segmented = self.segment_taken;
        if !self.ended {
            self.forget_segmented();
        }
    }

    /// How far it is stored.
    pub(super) fn stored(&self) -> Stored {
        // Nothing has the number before the first event, when a gap lies there.
        let gap = self.gaps.last().filter(|gap| gap.last == self.stored.number);
        let number = gap.map_or(self.stored.number, |gap| gap.after);
        Stored {
            offset: self.stored.offset,
            number,
            ended: self.ended && self.stored == self.end,
            ..Stored::default()
        }
    }

    /// Whether the event of this number is stored. Events of the numbers in a gap are not.
    pub(super) fn knows(&self, number: u64) -> bool {
        number <= self.stored.number && !self.gaps.iter().any(|gap| gap.holds(number))
    }

    /// What was taken is not stored.
    pub(super) fn undo(&mut self) {
        (self.taken, self.segment_taken) = (self.stored, self.segmented);
    }

    /// Stored bytes from `offset` on, at most about `limit`, in whole frames. `None` when they have left the memory.
    pub(super) fn read(&self, offset: u64, limit: usize) -> Option<Vec<u8>> {
        let from = usize::try_from(offset.checked_sub(self.base)?).ok()?;
        let bytes = self.stored_bytes().get(from..)?;
        let whole = match bytes.get(..limit) {
            None => bytes.len(),
            Some(head) => {
                let end =
                    memchr::memmem::rfind(head, b"\n\n").or_else(|| memchr::memmem::find(bytes, b"\n\n"));
                end? + 2
            }
        };
        Some(bytes[..whole].to_vec())
    }

    /// The place after event `number`; `None` when that place has left the memory.
    pub(super) fn offset_after(&self, number: u64) -> Option<u64> {
        let gap = self.gaps.last().filter(|gap| gap.after == number);
        let number = gap.map_or(number, |gap| gap.last);
        if number == self.stored.number {
            return Some(self.stored.offset);
        }
        let mut offset = self.base;
        for frame in event::frames(self.stored_bytes()) {
            if frame.number > number {
                return (frame.number == number + 1).then_some(offset);
            }
            offset += frame.length as u64;
        }
        None
    }

    /// Frames that stand in segments leave the memory, but for the last ones: readers are about to read them.
    fn forget_segmented(&mut self) {
        let Some(old) = self.index(self.segmented).checked_sub(KEPT_BYTES) else {
            return;
        };
        if let Some(end) = memchr::memmem::rfind(&self.bytes[..old], b"\n\n") {
            self.bytes.drain(..end + 2);
            self.base += end as u64 + 2;
        }
    }

    fn stored_bytes(&self) -> &[u8] {
        &self.bytes[..self.index(self.stored)]
    }

    fn between(&self, from: Mark, to: Mark) -> &[u8] {
        self.bytes
            .get(self.index(from)..self.index(to))
            .unwrap_or_default()
    }

    /// Where a mark is in `bytes`: at its beginning when it has left the memory.
    fn index(&self, mark: Mark) -> usize {
        usize::try_from(mark.offset.saturating_sub(self.base)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests;

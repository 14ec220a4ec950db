//! The log of a live turn: numbers events, has them stored, then shows them. It is one growing byte string of
//! frames with marks in it; a reader is a place in that string.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::watch;

use super::event::{self, Event, TextKind};
use super::merging::Merging;
use crate::ids::TurnId;
use crate::repository::{CommitSource, Segment, Writer, commit_batch};

/// Frames that stand outside segments: from so many bytes on they become one and leave the memory.
const SEGMENT_BYTES: u64 = 256 * 1024;
/// A provider is read no further while so many bytes wait to be stored.
const MOST_WAITING: u64 = 1 << 20;
/// So much of what stands in segments stays in the memory of a live turn.
const KEPT_BYTES: usize = 64 * 1024;
/// An event grows no longer than this by merging.
const LONGEST_MERGED: u64 = 16 * 1024;

/// How far a log is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// Bytes from the beginning of the log.
    pub offset: u64,
    /// Number of the last stored event.
    pub number: u64,
    /// Whether the last event is stored.
    pub ended: bool,
    /// Whether nothing more will be stored here, although the turn has not ended.
    pub closed: bool,
}

/// The log of one live turn.
pub struct TurnLog {
    turn_id: TurnId,
    writer: Writer,
    merging: Arc<Merging>,
    state: Mutex<State>,
    stored: watch::Sender<Stored>,
}

/// A place in the log.
#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    offset: u64,
    number: u64,
}

#[derive(Default)]
struct State {
    /// Frames from `base` on.
    buffer: Vec<u8>,
    base: u64,
    /// The end of what was appended.
    end: Mark,
    /// The end of what the writer has taken and not yet committed or given back.
    taken: Mark,
    /// The end of what is stored.
    stored: Mark,
    /// The end of what stands in segments.
    segmented: Mark,
    segment_taken: Mark,
    /// Where the last event begins, if more text of its kind can be merged into it.
    open: Option<(u64, TextKind)>,
    /// Whether the writer knows that something waits.
    announced: bool,
    /// Whether text has come: the first is shown at once.
    has_text: bool,
    ended: bool,
}

impl TurnLog {
    /// An empty log.
    #[must_use]
    pub fn new(turn_id: TurnId, writer: Writer, merging: Arc<Merging>) -> Arc<Self> {
        Self::resumed(turn_id, writer, merging, Stored::default())
    }

    /// A log whose first events, up to `stored`, stand in segments.
    #[must_use]
    pub fn resumed(turn_id: TurnId, writer: Writer, merging: Arc<Merging>, stored: Stored) -> Arc<Self> {
        let mark = Mark {
            offset: stored.offset,
            number: stored.number,
        };
        let state = State {
            base: mark.offset,
            end: mark,
            taken: mark,
            stored: mark,
            segmented: mark,
            segment_taken: mark,
            ..State::default()
        };
        let (stored, _) = watch::channel(stored);
        Arc::new(Self {
            turn_id,
            writer,
            merging,
            state: Mutex::new(state),
            stored,
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends an event that is to be stored at once.
    pub fn append(self: &Arc<Self>, event: &Event) {
        let mut state = self.lock();
        state.push(event);
        state.ended |= matches!(event, Event::TurnEnd(_));
        let ends = state.ended;
        state.announced = true;
        drop(state);
        // The end of a log is stored together with the turn's outcome.
        if !ends {
            self.writer.store_now(Arc::clone(self) as Arc<dyn CommitSource>);
        }
    }

    /// Appends text; text that waits for the same commit becomes one event. Answers whether so much waits
    /// that the caller should wait until the log is [`Self::ready`].
    pub fn append_text(self: &Arc<Self>, kind: TextKind, text: String) -> bool {
        self.merging.count_delta();
        let mut state = self.lock();
        state.push_text(kind, text);
        let full = state.waiting() > MOST_WAITING;
        if std::mem::replace(&mut state.announced, true) {
            return full;
        }
        let first = !std::mem::replace(&mut state.has_text, true);
        drop(state);
        let log = Arc::clone(self) as Arc<dyn CommitSource>;
        match self.merging.store_at(Instant::now()).filter(|_| !first) {
            Some(moment) => self.writer.store_at(moment, log),
            None => self.writer.store_now(log),
        }
        full
    }

    /// Waits until the writer has caught up so far that more may be appended.
    pub async fn ready(&self) {
        if self.lock().waiting() <= MOST_WAITING {
            return;
        }
        let mut stored = self.stored.subscribe();
        while self.lock().waiting() > MOST_WAITING {
            if stored.changed().await.is_err() {
                return;
            }
        }
    }

    /// Nothing more will be stored by this process: readers come back later.
    pub fn close(&self) {
        self.stored.send_modify(|stored| stored.closed = true);
    }

    /// Number of the last appended event.
    #[must_use]
    pub fn last_number(&self) -> u64 {
        self.lock().end.number
    }

    /// How far it is stored, as that changes.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Stored> {
        self.stored.subscribe()
    }

    /// Stored bytes from `offset` on, at most about `limit`, in whole frames. `None` when they have left the memory.
    #[must_use]
    pub fn read(&self, offset: u64, limit: usize) -> Option<Vec<u8>> {
        let state = self.lock();
        let from = usize::try_from(offset.checked_sub(state.base)?).ok()?;
        let to = usize::try_from(state.stored.offset - state.base).ok()?;
        let bytes = state.buffer.get(from..to)?;
        if bytes.len() <= limit {
            return Some(bytes.to_vec());
        }
        let whole =
            memchr::memmem::rfind(&bytes[..limit], b"\n\n").or_else(|| memchr::memmem::find(bytes, b"\n\n"));
        Some(bytes[..whole? + 2].to_vec())
    }

    /// The place after event `number`; `None` when that place has left the memory.
    #[must_use]
    pub fn offset_after(&self, number: u64) -> Option<u64> {
        let state = self.lock();
        if number == state.stored.number {
            return Some(state.stored.offset);
        }
        let to = usize::try_from(state.stored.offset - state.base).ok()?;
        let mut offset = state.base;
        for frame in event::frames(state.buffer.get(..to)?) {
            if frame.number > number {
                return (frame.number == number + 1).then_some(offset);
            }
            offset += frame.length as u64;
        }
        None
    }
}

impl State {
    fn waiting(&self) -> u64 {
        self.end.offset - self.stored.offset
    }

    fn push(&mut self, event: &Event) {
        let number = self.end.number + 1;
        event.encode(number, &mut self.buffer);
        self.end = Mark {
            offset: self.base + self.buffer.len() as u64,
            number,
        };
        self.open = None;
    }

    fn push_text(&mut self, kind: TextKind, text: String) {
        match self.open {
            Some((begin, open)) if open == kind && self.can_grow(begin) => {
                Event::merge_text(&text, &mut self.buffer);
                self.end.offset = self.base + self.buffer.len() as u64;
            }
            _ => {
                let begin = self.end.offset;
                self.push(&kind.event(text));
                self.open = Some((begin, kind));
            }
        }
    }

    /// An event that the writer has taken is as it is.
    fn can_grow(&self, begin: u64) -> bool {
        begin >= self.taken.offset && self.end.offset - begin < LONGEST_MERGED
    }

    /// Frames that stand in segments leave the memory, but for the last ones: readers are about to read them.
    fn forget_segmented(&mut self) {
        let segmented = usize::try_from(self.segmented.offset - self.base).unwrap_or(0);
        let Some(old) = segmented.checked_sub(KEPT_BYTES) else {
            return;
        };
        if let Some(end) = memchr::memmem::rfind(&self.buffer[..old], b"\n\n") {
            self.buffer.drain(..end + 2);
            self.base += end as u64 + 2;
        }
    }

    fn bytes(&self, from: Mark, to: Mark) -> &[u8] {
        let index = |mark: Mark| usize::try_from(mark.offset - self.base).unwrap_or(usize::MAX);
        self.buffer.get(index(from)..index(to)).unwrap_or_default()
    }
}

impl CommitSource for TurnLog {
    fn turn_id(&self) -> TurnId {
        self.turn_id
    }

    fn take_into(&self, batch: &mut Vec<u8>) -> bool {
        let mut state = self.lock();
        // The end is stored with the turn's outcome or not at all.
        if state.ended || state.taken.offset == state.end.offset {
            return false;
        }
        let (from, to) = (state.taken, state.end);
        let frames = state.bytes(from, to);
        let turn = commit_batch::TurnFrames {
            turn_id: self.turn_id,
            first: from.number + 1,
            last: to.number,
            frames,
        };
        commit_batch::push(batch, turn);
        state.taken = to;
        state.announced = false;
        true
    }

    fn take_segment(&self) -> Option<Segment> {
        let mut state = self.lock();
        if state.segment_taken.offset == state.end.offset {
            return None;
        }
        let (from, to) = (state.segment_taken, state.end);
        let segment = Segment {
            first: from.number + 1,
            last: to.number,
            frames: state.bytes(from, to).to_vec(),
        };
        state.taken = to;
        state.segment_taken = to;
        state.announced = false;
        Some(segment)
    }

    fn wants_segment(&self) -> bool {
        let state = self.lock();
        !state.ended && state.end.offset - state.segmented.offset > SEGMENT_BYTES
    }

    fn stored(&self) {
        let mut state = self.lock();
        state.stored = state.taken;
        state.segmented = state.segment_taken;
        if !state.ended {
            state.forget_segmented();
        }
        let ended = state.ended && state.stored.offset == state.end.offset;
        let stored = Stored {
            offset: state.stored.offset,
            number: state.stored.number,
            ended,
            closed: false,
        };
        drop(state);
        self.stored.send_replace(stored);
    }

    fn undo(&self) {
        let mut state = self.lock();
        state.taken = state.stored;
        state.segment_taken = state.segmented;
    }
}

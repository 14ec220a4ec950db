//! The log of a live turn: numbers events, has them stored, then shows them. A reader is a place in it
//! ([`super::Subscription`]).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::buffer::Buffer;
use super::event::{Event, TextKind};
use super::merging::Merging;
use super::passing::Passing;
use super::waiting::next_change;
use crate::ids::TurnId;
use crate::repository::{CommitSource, Gap, Segment, Writer};

/// A provider is read no further while so many bytes wait to be stored.
const MOST_WAITING: u64 = 1 << 20;
/// So many wait while the writer is only busy: a provider that is faster than the disk is read as fast as that.
const USUALLY_WAITING: u64 = 256 * 1024;
/// A writer that has stored nothing for so long is more than busy.
const BUSY: Duration = Duration::from_millis(100);

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
    /// What readers may be told meanwhile; no part of the log.
    pub passing: Option<Passing>,
    /// The number of that: another one for each that is told.
    pub passing_number: u32,
    /// Another one after every change of the others.
    pub version: u32,
}

/// Where a log goes on that an earlier process has begun; its default is a new log.
#[derive(Clone, Debug, Default)]
pub struct Resumption {
    /// Bytes that are stored.
    pub offset: u64,
    /// Number of the last stored event.
    pub number: u64,
    /// Numbers that are left out, in order: readers may have seen events of these numbers that are not stored.
    pub gaps: Vec<Gap>,
}

/// The log of one live turn.
pub struct TurnLog {
    turn_id: TurnId,
    writer: Writer,
    merging: Arc<Merging>,
    state: Mutex<State>,
    changed: Notify,
}

struct State {
    buffer: Buffer,
    /// Whether the writer knows that something waits.
    announced: bool,
    /// Whether text has come: the first is shown at once.
    has_text: bool,
    closed: bool,
    version: u32,
    /// Boxed, because it is rare.
    passing: Option<Box<Passing>>,
    passing_number: u32,
}

impl TurnLog {
    /// A new log, or one that goes on.
    #[must_use]
    pub fn new(turn_id: TurnId, writer: Writer, merging: Arc<Merging>, from: Resumption) -> Arc<Self> {
        let state = State {
            buffer: Buffer::new(from),
            announced: false,
            has_text: false,
            closed: false,
            version: 0,
            passing: None,
            passing_number: 0,
        };
        Arc::new(Self {
            turn_id,
            writer,
            merging,
            state: Mutex::new(state),
            changed: Notify::new(),
        })
    }

    /// Whether the event of this number is stored. Events of numbers that were left out are not.
    #[must_use]
    pub fn knows(&self, number: u64) -> bool {
        self.lock().buffer.knows(number)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends events that are to be stored at once, all of them or none.
    pub fn append(self: &Arc<Self>, events: &[Event]) {
        let mut state = self.lock();
        events.iter().for_each(|event| state.buffer.push(event));
        state.announced = true;
        let ended = state.buffer.has_ended();
        drop(state);
        // The end of a log is stored together with the turn's outcome.
        if !ended {
            self.writer.store_now(Arc::clone(self) as Arc<dyn CommitSource>);
        }
    }

    /// Appends text; text that waits for the same commit becomes one event. Answers whether so much waits
    /// that the caller should wait until the log is [`Self::ready`].
    pub fn append_text(self: &Arc<Self>, kind: TextKind, text: String) -> bool {
        self.merging.count_delta();
        let mut state = self.lock();
        state.buffer.push_text(kind, text);
        let full = state.buffer.waiting() > USUALLY_WAITING;
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
        if tokio::time::timeout(BUSY, self.caught_up_to(USUALLY_WAITING))
            .await
            .is_err()
        {
            self.caught_up_to(MOST_WAITING).await;
        }
    }

    async fn caught_up_to(&self, most: u64) {
        let enough = |log: &Self| log.lock().buffer.waiting() <= most;
        while !enough(self) {
            next_change(self, |log| &log.changed, enough).await;
        }
    }

    /// Nothing more will be stored by this process: readers come back later.
    pub fn close(&self) {
        self.change(|state| state.closed = true);
    }

    /// Tells those who read now what the turn waits for, or, with `None`, that it does not wait.
    pub(super) fn show_passing(&self, passing: Option<Passing>) {
        self.change(|state| {
            state.passing = passing.map(Box::new);
            state.passing_number = state.passing_number.wrapping_add(1);
        });
    }

    /// Changes what readers see, and wakes them.
    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        change(&mut state);
        state.version = state.version.wrapping_add(1);
        drop(state);
        self.changed.notify_waiters();
    }

    /// Number of the last appended event.
    #[must_use]
    pub fn last_number(&self) -> u64 {
        self.lock().buffer.last_number()
    }

    /// How far it is stored.
    #[must_use]
    pub fn stored(&self) -> Stored {
        let state = self.lock();
        Stored {
            closed: state.closed,
            passing: state.passing.as_deref().copied(),
            passing_number: state.passing_number,
            version: state.version,
            ..state.buffer.stored()
        }
    }

    /// Waits until [`Self::stored`] has changed since this version of it. Cancel safe.
    pub fn changed_since(&self, version: u32) -> impl Future<Output = ()> {
        let changed = move |log: &Self| log.lock().version != version;
        next_change(self, |log| &log.changed, changed)
    }

    /// Stored bytes from `offset` on, at most about `limit`, in whole frames. `None` when they have left the memory.
    #[must_use]
    pub fn read(&self, offset: u64, limit: usize) -> Option<Vec<u8>> {
        self.lock().buffer.read(offset, limit)
    }

    /// The place after event `number`; `None` when that place has left the memory.
    #[must_use]
    pub fn offset_after(&self, number: u64) -> Option<u64> {
        self.lock().buffer.offset_after(number)
    }
}

impl CommitSource for TurnLog {
    fn turn_id(&self) -> TurnId {
        self.turn_id
    }

    fn take_into(&self, batch: &mut Vec<u8>) -> bool {
        let mut state = self.lock();
        state.announced = false;
        state.buffer.take_into(self.turn_id, batch)
    }

    fn take_segment(&self) -> Option<Segment> {
        let mut state = self.lock();
        state.announced = false;
        state.buffer.take_segment(false)
    }

    fn take_last_segment(&self) -> Option<Segment> {
        let mut state = self.lock();
        state.announced = false;
        state.buffer.take_segment(true)
    }

    fn wants_segment(&self) -> bool {
        self.lock().buffer.wants_segment()
    }

    fn set_stored(&self) {
        self.change(|state| state.buffer.set_stored());
    }

    fn undo(&self) {
        self.lock().buffer.undo();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::config::Durability;
    use crate::repository::Repository;
    use crate::telemetry::Metrics;
    use crate::turn::event::{TextOf, last_number};

    #[tokio::test]
    async fn what_can_be_read_is_known_and_whoever_waits_for_it_is_woken() {
        let folder = tempfile::tempdir().unwrap();
        let storing = (Durability::Off, Duration::ZERO);
        let path = folder.path().join("tutor.db");
        let (repository, _) = Repository::open(&path, storing, Arc::new(Metrics::default())).unwrap();
        let log = TurnLog::new(
            TurnId::new(),
            repository.writer().clone(),
            Arc::new(Merging::new(Duration::ZERO)),
            Resumption::default(),
        );
        let version = log.stored().version;
        let mut waiting = Box::pin(log.changed_since(version));
        assert_eq!((&mut waiting).now_or_never(), None);
        log.lock().buffer.push(&Event::TextDelta(TextOf {
            text: "Because".to_owned(),
        }));
        log.take_into(&mut Vec::new());
        assert!((&mut waiting).now_or_never().is_none() && !log.knows(1));
        log.set_stored();
        let seen = log.read(0, 1_000).and_then(|frames| last_number(&frames));
        assert_eq!((seen, log.stored().number), (Some(1), 1));
        assert!(log.knows(1), "who has read it comes back with its number");
        assert!(!log.knows(2));
        assert_eq!(waiting.now_or_never(), Some(()), "it waited while it was stored");
        assert_eq!(
            log.changed_since(version).now_or_never(),
            Some(()),
            "it came too late"
        );
        repository.close();
    }
}

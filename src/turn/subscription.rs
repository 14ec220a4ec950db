//! A reader's place in a turn's log. First connection, resume, second tab and slow reader are the same: read
//! forward from the place, wait at the end. What has left the memory is read from the database.

use std::sync::Arc;

use tokio::time::Instant;

use super::log::{Stored, TurnLog};
use super::{event, replay};
use crate::ids::TurnId;
use crate::repository::{Repository, RepositoryError};

/// A reader is given about so many bytes at a time.
const MOST_AT_ONCE: usize = 64 * 1024;

/// Reads the stored events of one turn in order, each once.
pub struct Subscription {
    repository: Arc<Repository>,
    turn_id: TurnId,
    /// Number of the last event that was read.
    number: u64,
    live: Option<Live>,
}

/// What comes next in a log.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// Whole frames.
    Frames(Vec<u8>),
    /// A frame that passes: it is no part of the log.
    Passing(Vec<u8>),
    /// The last event was read.
    End,
    /// The turn goes on, but not in this process.
    Cut,
}

struct Live {
    log: Arc<TurnLog>,
    /// The place after event `number`, once it is known.
    offset: Option<u64>,
    /// When the last retry is due that the reader was told of.
    told: Option<Instant>,
}

impl Subscription {
    /// Reads the events after `number`; without a live log, those in the database.
    pub(super) fn new(
        repository: Arc<Repository>,
        turn_id: TurnId,
        number: u64,
        log: Option<Arc<TurnLog>>,
    ) -> Self {
        let live = log.map(|log| Live {
            log,
            offset: None,
            told: None,
        });
        Self {
            repository,
            turn_id,
            number,
            live,
        }
    }

    /// Number of the last event that was read.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The next stored frames; waits for them at the end of a live log. Cancel safe.
    ///
    /// # Errors
    /// `Unavailable`, `Database`: the reader may come back with the number of its last event.
    pub async fn next(&mut self) -> Result<Next, RepositoryError> {
        loop {
            let Some(live) = &mut self.live else {
                return Box::pin(self.read_stored()).await;
            };
            let stored = live.log.stored();
            if self.number < stored.number {
                if let Some((frames, number)) = live.read(self.number, stored) {
                    self.number = number;
                    return Ok(Next::Frames(frames));
                }
                return Box::pin(self.read_stored()).await;
            }
            if stored.ended {
                return Ok(Next::End);
            }
            if let Some(retrying) = stored.retrying.filter(|retrying| Some(retrying.at) != live.told) {
                live.told = Some(retrying.at);
                return Ok(Next::Passing(retrying.encode()));
            }
            if stored.closed {
                return Ok(Next::Cut);
            }
            live.log.changed_since(stored.version).await;
        }
    }

    async fn read_stored(&mut self) -> Result<Next, RepositoryError> {
        let Some(segment) = self.repository.next_segment(self.turn_id, self.number).await? else {
            return self.read_remains().await;
        };
        let mut frames = segment.frames;
        if segment.first <= self.number {
            let seen = event::frames(&frames).take_while(|frame| frame.number <= self.number);
            let length: usize = seen.map(|frame| frame.length).sum();
            frames.drain(..length);
        }
        self.number = segment.last;
        if let Some(live) = &mut self.live {
            live.offset = None;
        }
        Ok(Next::Frames(frames))
    }
}

impl Subscription {
    /// The end of a log; or all of a turn whose log is gone, in one piece. Who was in the middle of it when it went comes
    /// back, and begins anew.
    async fn read_remains(&mut self) -> Result<Next, RepositoryError> {
        let Some(remains) = self.repository.remains(self.turn_id).await? else {
            return Ok(Next::End);
        };
        let last = remains.turn.last_number.cast_unsigned();
        if self.number == last {
            return Ok(Next::End);
        }
        if self.number > 0 {
            return Ok(Next::Cut);
        }
        self.number = last;
        Ok(Next::Frames(replay::frames(remains)))
    }
}

impl Live {
    fn read(&mut self, number: u64, stored: Stored) -> Option<(Vec<u8>, u64)> {
        let offset = match self.offset {
            Some(offset) => offset,
            None => self.log.offset_after(number)?,
        };
        let frames = self.log.read(offset, MOST_AT_ONCE)?;
        let end = offset + frames.len() as u64;
        let last = if end == stored.offset {
            stored.number
        } else {
            event::last_number(&frames)?
        };
        self.offset = Some(end);
        Some((frames, last))
    }
}

//! A reader's place in a turn's log. First connection, resume, second tab and slow reader are the same: read
//! forward from the place, wait at the end. What has left the memory is read from the database.

use std::sync::Arc;

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
    /// The number of the last passing event that the reader was told.
    told: u32,
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
            told: 0,
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
            // The first event of a stream is the first of the log.
            let is_new = stored.number > 0 && stored.passing_number != live.told;
            if let Some(passing) = stored.passing.filter(|_| is_new) {
                live.told = stored.passing_number;
                return Ok(Next::Passing(passing.encode()));
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt;

    use super::*;
    use crate::config::Durability;
    use crate::repository::CommitSource;
    use crate::telemetry::Metrics;
    use crate::turn::event::{Event, TextOf};
    use crate::turn::passing::Passing;
    use crate::turn::{Merging, Resumption};

    #[tokio::test]
    async fn what_passes_never_comes_before_the_first_event_and_is_told_once() {
        let folder = tempfile::tempdir().unwrap();
        let storing = (Durability::Off, Duration::ZERO);
        let path = folder.path().join("tutor.db");
        let (repository, _) = Repository::open(&path, storing, Arc::new(Metrics::default())).unwrap();
        let turn_id = TurnId::new();
        let writer = repository.writer().clone();
        let log = TurnLog::new(
            turn_id,
            writer,
            Arc::new(Merging::new(Duration::ZERO)),
            Resumption::default(),
        );
        let repository = Arc::new(repository);
        let mut reader = Subscription::new(Arc::clone(&repository), turn_id, 0, Some(Arc::clone(&log)));

        log.show_passing(Some(Passing::Waiting { position: 2 }));
        assert!(
            reader.next().now_or_never().is_none(),
            "there is no first event yet"
        );
        let first = Event::TextDelta(TextOf {
            text: "Because".to_owned(),
        });
        log.append(&[first]);
        while log.stored().number == 0 {
            let version = log.stored().version;
            log.changed_since(version).await;
        }
        assert!(matches!(reader.next().await, Ok(Next::Frames(_))));
        let waiting = Next::Passing(b"event: waiting\ndata: {\"position\":2}\n\n".to_vec());
        assert_eq!(reader.next().await.unwrap(), waiting);
        assert!(reader.next().now_or_never().is_none(), "it was told");
        log.show_passing(None);
        log.show_passing(Some(Passing::Waiting { position: 2 }));
        assert_eq!(reader.next().await.unwrap(), waiting, "it waits once more");
        assert!(!log.wants_segment());
        repository.close();
    }
}

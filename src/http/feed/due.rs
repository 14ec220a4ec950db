//! Rows that a feed is to show, read within their user's share of memory and made into frames away from the threads that
//! serve connections.

use std::cell::Cell;
use std::sync::Arc;

use tokio::task::{JoinHandle, spawn_blocking};

use crate::ids::{SessionId, TurnId};
use crate::limits::{Claim, Shares};
use crate::repository::{Changes, PAGE_BYTES, ReadingRepository, RepositoryError, json_length};
use crate::turn::{Following, LiveText, TurnError, Turns};

/// Frames that are being made, and what they take.
pub(super) type Making = JoinHandle<(Vec<u8>, Claim)>;

/// Whom rows are read for, and from where.
pub(super) struct Origin {
    pub(super) turns: Arc<Turns>,
    pub(super) reading: ReadingRepository,
    pub(super) shares: Shares,
    pub(super) session_id: SessionId,
}

/// Rows as they were read.
pub(super) struct Due {
    pub(super) changes: Changes,
    /// Of a snapshot.
    pub(super) live: Option<LiveText>,
    /// What they take.
    pub(super) claim: Claim,
    /// Whether the reader has just come: turns that have ended meanwhile are told by their messages alone.
    pub(super) opening: bool,
}

impl Origin {
    /// The rows that have changed. A snapshot comes with the text of the running reply.
    pub(super) async fn read(&self, since: Option<i64>) -> Result<Due, RepositoryError> {
        let mut wanted = PAGE_BYTES;
        loop {
            let claim = self.shares.claim(self.reading.subject(), wanted).await;
            let (changes, live) = self.rows(since).await?;
            wanted = size(&changes, live.as_ref());
            if claim.covers(wanted) {
                return Ok(Due {
                    changes,
                    live,
                    claim,
                    opening: false,
                });
            }
        }
    }

    async fn rows(&self, since: Option<i64>) -> Result<(Changes, Option<LiveText>), RepositoryError> {
        let since = Cell::new(since);
        let read = async || {
            let changes = self.reading.changes(self.session_id, since.get()).await?;
            // Rows that are read again are what the first were: a snapshot, or changes.
            since.set(changes.since);
            Ok(changes)
        };
        self.turns.with_live_text(read).await
    }

    /// A turn's events after one of them.
    pub(super) async fn subscribe(&self, turn_id: TurnId, number: u64) -> Result<Following, TurnError> {
        self.turns.subscribe(&self.reading, turn_id, number).await
    }

    /// Has frames made for the reader, who is being shown a turn up to a place.
    pub(super) fn make(
        &self,
        (mut claim, turn): (Claim, Option<(TurnId, u64)>),
        make: impl FnOnce(&str, Option<(TurnId, u64)>) -> Vec<u8> + Send + 'static,
    ) -> Making {
        let subject = self.reading.subject().to_owned();
        spawn_blocking(move || {
            let mut frames = make(&subject, turn);
            frames.shrink_to_fit();
            claim.shrink(frames.len());
            (frames, claim)
        })
    }
}

/// About what the frames of these rows take.
fn size(changes: &Changes, live: Option<&LiveText>) -> usize {
    let live = live.map_or(0, |live| json_length(&live.text));
    let messages = changes.messages.iter();
    live + messages
        .map(|message| json_length(&message.content))
        .sum::<usize>()
}

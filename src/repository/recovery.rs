//! After a crash: the batches that were left over become segments of the turns that were live.

use std::collections::BTreeMap;

use diesel::sqlite::SqliteConnection;

use super::error::RepositoryError;
use super::source::Segment;
use super::turns::{self, Turn};
use super::{commit_batch, sessions, token_reservations, turn_events};
use crate::ids::TurnId;

/// A turn that had not ended when the last process did.
#[derive(Debug)]
pub struct LeftOver {
    /// The stored row.
    pub turn: Turn,
    /// Whose it is.
    pub owner: String,
    /// The stored log, whole frames.
    pub frames: Vec<u8>,
    /// Number of the last stored event.
    pub last_number: u64,
    /// Whether readers may have seen events that are not stored: after a power cut, or when a copy was restored.
    pub may_have_lost: bool,
}

/// Moves all batches into segments, as one transaction, and answers the turns that have not ended.
pub(super) fn recover(
    connection: &mut SqliteConnection,
    may_have_lost: bool,
) -> Result<Vec<LeftOver>, RepositoryError> {
    connection.immediate_transaction(|connection| {
        if may_have_lost {
            sessions::leave_out_revisions(connection)?;
        }
        let left_over = turns::left_over(connection)?;
        let mut tails = BTreeMap::new();
        for (turn, _) in &left_over {
            tails.insert(
                turn.id,
                Tail::after(turn_events::last_number(connection, turn.id)?),
            );
        }
        let mut last = 0;
        while let Some((id, batch)) = turn_events::next_batch(connection, last)? {
            last = id;
            for turn in commit_batch::read(&batch) {
                if let Some(tail) = tails.get_mut(&turn.turn_id) {
                    tail.push(turn);
                }
            }
        }
        for (turn_id, tail) in &tails {
            tail.store(connection, *turn_id)?;
        }
        turn_events::delete_batches_before(connection, last + 1)?;
        token_reservations::settle_left_over(connection)?;
        left_over
            .into_iter()
            .map(|(turn, owner)| read_log(connection, turn, owner, may_have_lost))
            .collect()
    })
}

fn read_log(
    connection: &mut SqliteConnection,
    turn: Turn,
    owner: String,
    may_have_lost: bool,
) -> Result<LeftOver, RepositoryError> {
    let mut frames = Vec::new();
    let mut last_number = 0;
    while let Some(segment) = turn_events::next_segment(connection, turn.id, last_number)? {
        last_number = segment.last;
        frames.extend(segment.frames);
    }
    Ok(LeftOver {
        turn,
        owner,
        frames,
        last_number,
        may_have_lost,
    })
}

/// What the batches have of a turn beyond its segments.
struct Tail {
    stored: u64,
    segment: Segment,
}

impl Tail {
    fn after(stored: u64) -> Self {
        Self {
            stored,
            segment: Segment {
                first: stored + 1,
                last: stored,
                frames: Vec::new(),
            },
        }
    }

    fn push(&mut self, turn: commit_batch::TurnFrames<'_>) {
        // Frames that stand in a segment already begin at or before its end.
        if turn.first > self.segment.last && turn.first > self.stored {
            self.segment.frames.extend_from_slice(turn.frames);
            self.segment.last = turn.last;
        }
    }

    fn store(&self, connection: &mut SqliteConnection, turn_id: TurnId) -> Result<(), RepositoryError> {
        if self.segment.frames.is_empty() {
            return Ok(());
        }
        turn_events::insert_segment(connection, turn_id, &self.segment)
    }
}

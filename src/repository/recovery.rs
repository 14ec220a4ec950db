//! After a crash: the batches that were left over become segments of the turns that were live.

use std::collections::BTreeMap;

use diesel::sqlite::SqliteConnection;

use super::error::RepositoryError;
use super::gaps::{self, Gap};
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
    /// Numbers that are left out, in order: readers may have seen events of these numbers that are not stored, after a
    /// power cut, or when a copy was restored.
    pub gaps: Vec<Gap>,
}

/// Moves all batches into segments and leaves out the numbers that may be lost, as one transaction, and answers the
/// turns that have not ended.
pub(super) fn recover(
    connection: &mut SqliteConnection,
    may_have_lost: bool,
) -> Result<Vec<LeftOver>, RepositoryError> {
    connection.immediate_transaction(|connection| {
        // Stored together with what it is about: whatever comes of this process, the next one knows of it.
        let left_out = may_have_lost.then(gaps::length);
        if let Some(length) = left_out {
            sessions::leave_out_revisions(connection, length)?;
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
            .map(|(turn, owner)| read_log(connection, turn, owner, left_out))
            .collect()
    })
}

fn read_log(
    connection: &mut SqliteConnection,
    turn: Turn,
    owner: String,
    left_out: Option<u64>,
) -> Result<LeftOver, RepositoryError> {
    let mut frames = Vec::new();
    let mut last_number = 0;
    while let Some(segment) = turn_events::next_segment(connection, turn.id, last_number)? {
        last_number = segment.last;
        frames.extend(segment.frames);
    }
    if let Some(length) = left_out {
        gaps::leave_out(connection, turn.id, (last_number, length))?;
    }
    Ok(LeftOver {
        gaps: gaps::of_turn(connection, turn.id)?,
        turn,
        owner,
        frames,
        last_number,
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
            if self.segment.frames.is_empty() {
                // Numbers that were left out before it are in no segment.
                self.segment.first = turn.first;
            }
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

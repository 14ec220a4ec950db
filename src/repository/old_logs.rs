//! Logs of turns that ended long ago: which they are, how they go, and what their turns are told from afterwards. Rows
//! are deleted, never rewritten, and few at a time, so that nobody waits for it.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::SqliteConnection;

use super::error::RepositoryError;
use super::learning::{self, FocusVersion};
use super::messages::{self, Message};
use super::turns::Turn;
use super::{Repository, Segment, turn_events};
use crate::ids::TurnId;
use crate::schema::{turn_events as events, turn_reasoning, turns};

/// So many turns are looked at, and so many rows of logs deleted, at once. A row has some kilobytes, and 64 KiB at most.
const MOST_TURNS: i64 = 16;
const MOST_ROWS: i64 = 16;

/// The states of a log; see the migration `old_logs`.
const IS_THERE: i32 = 0;
const BEING_DELETED: i32 = 1;
const GONE: i32 = 2;

/// With the constants of the partial index, so that it is used and nothing is prepared anew.
const DUE: &str = "SELECT id, log_state FROM turns WHERE log_state <> 2 AND ended_at IS NOT NULL AND ended_at < ? \
    ORDER BY ended_at LIMIT ?";
const NEXT_ROWS: &str = "DELETE FROM turn_events WHERE turn_id = ? AND first_number IN \
    (SELECT first_number FROM turn_events WHERE turn_id = ? ORDER BY first_number LIMIT ?)";

/// A turn whose log is to go.
#[derive(Clone, Copy, Debug)]
pub struct OldLog {
    /// The turn.
    pub turn_id: TurnId,
    /// Whether all of it is still there to be read.
    pub is_whole: bool,
}

/// A log that goes, and what it told that no other row does.
#[derive(Clone, Debug)]
pub struct GoingLog {
    /// The turn.
    pub turn_id: TurnId,
    /// What the model thought aloud; nothing when that is kept already.
    pub reasoning: String,
}

/// What a turn is told from when its log is gone.
#[derive(Clone, Debug)]
pub struct Remains {
    /// How it ended.
    pub turn: Turn,
    /// The reply as it is now.
    pub message: Message,
    /// The place of the message that is answered.
    pub position: i64,
    /// The plan that it was answered by.
    pub focus: Option<FocusVersion>,
    /// What the model thought aloud.
    pub reasoning: Option<String>,
}

#[derive(QueryableByName)]
struct Due {
    #[diesel(sql_type = Text)]
    id: TurnId,
    #[diesel(sql_type = diesel::sql_types::Integer)]
    log_state: i32,
}

/// Whether the log of a turn is there to be read.
pub(super) fn is_there(connection: &mut SqliteConnection, id: TurnId) -> Result<bool, RepositoryError> {
    let state = turns::table.find(id).select(turns::log_state);
    let state = state.get_result::<i32>(connection).optional()?;
    Ok(state == Some(IS_THERE))
}

impl Repository {
    /// The part of a stored log that holds event `after` + 1; `None` at its end, and where it is gone.
    ///
    /// # Errors
    /// `Unavailable`, `Database`.
    pub async fn next_segment(
        &self,
        turn_id: TurnId,
        after: u64,
    ) -> Result<Option<Segment>, RepositoryError> {
        self.pool
            .read(move |connection| next_segment(connection, turn_id, after))
            .await
    }

    /// Whether the stored log of an ended turn has an event of this number; 0 is before the first.
    ///
    /// # Errors
    /// `Unavailable`, `Database`.
    pub async fn has_event(&self, turn_id: TurnId, number: u64) -> Result<bool, RepositoryError> {
        self.pool
            .read(move |connection| Ok(number == 0 || has_number(connection, turn_id, number)?))
            .await
    }

    /// Some turns that ended before `moment` (milliseconds since the Unix epoch) and have a log, the oldest first.
    ///
    /// # Errors
    /// `Unavailable`, `Database`.
    pub async fn old_logs(&self, moment: i64) -> Result<Vec<OldLog>, RepositoryError> {
        let query = move |connection: &mut SqliteConnection| {
            let due = diesel::sql_query(DUE)
                .bind::<BigInt, _>(moment)
                .bind::<BigInt, _>(MOST_TURNS);
            let due = due.load::<Due>(connection)?.into_iter();
            let log = |due: Due| OldLog {
                turn_id: due.id,
                is_whole: due.log_state == IS_THERE,
            };
            Ok(due.map(log).collect())
        };
        self.pool.read(query).await
    }

    /// Deletes some rows of these logs, which are read no more from now on.
    ///
    /// # Errors
    /// `Unavailable`, `Database`.
    pub async fn delete_logs(&self, logs: Vec<GoingLog>) -> Result<(), RepositoryError> {
        let work = move |connection: &mut SqliteConnection| {
            let mut rows_left = MOST_ROWS;
            for log in &logs {
                if rows_left <= 0 {
                    break;
                }
                rows_left -= delete_some(connection, log, rows_left)?.max(1);
            }
            Ok(())
        };
        self.writer.run(work).await
    }

    /// What a turn is told from; `None` when its log is there, or the turn is not.
    ///
    /// # Errors
    /// `Unavailable`, `Database`.
    pub async fn remains(&self, turn_id: TurnId) -> Result<Option<Remains>, RepositoryError> {
        let query = move |connection: &mut SqliteConnection| {
            let row = turns::table
                .filter(turns::id.eq(turn_id).and(turns::log_state.ne(IS_THERE)))
                .select(Turn::as_select());
            let Some(turn) = row.get_result::<Turn>(connection).optional()? else {
                return Ok(None);
            };
            let message = messages::find(connection, turn.session_id, turn.message_id)?;
            let asked = messages::find(connection, turn.session_id, turn.user_message_id)?;
            let reasoning = turn_reasoning::table
                .find(turn_id)
                .select(turn_reasoning::reasoning);
            Ok(Some(Remains {
                focus: learning::newest_upto(connection, turn.session_id, asked.position)?,
                position: asked.position,
                reasoning: reasoning.get_result(connection).optional()?,
                message,
                turn,
            }))
        };
        self.pool.read(query).await
    }
}

/// Answers how many rows have gone.
fn delete_some(connection: &mut SqliteConnection, log: &GoingLog, most: i64) -> Result<i64, RepositoryError> {
    let (turn_id, reasoning) = (log.turn_id, &log.reasoning);
    if !reasoning.is_empty() && is_there(connection, turn_id)? {
        let kept = (
            turn_reasoning::turn_id.eq(turn_id),
            turn_reasoning::reasoning.eq(reasoning),
        );
        diesel::insert_into(turn_reasoning::table)
            .values(kept)
            .execute(connection)?;
    }
    let deleted = diesel::sql_query(NEXT_ROWS)
        .bind::<Text, _>(turn_id)
        .bind::<Text, _>(turn_id)
        .bind::<BigInt, _>(most)
        .execute(connection)?;
    let left = events::table.filter(events::turn_id.eq(turn_id)).count();
    let state = match left.get_result::<i64>(connection)? {
        0 => GONE,
        _ => BEING_DELETED,
    };
    diesel::update(turns::table.find(turn_id))
        .set(turns::log_state.eq(state))
        .execute(connection)?;
    Ok(i64::try_from(deleted).unwrap_or(i64::MAX))
}

/// The stored part of a log that is there.
pub(super) fn next_segment(
    connection: &mut SqliteConnection,
    turn_id: TurnId,
    after: u64,
) -> Result<Option<Segment>, RepositoryError> {
    if !is_there(connection, turn_id)? {
        return Ok(None);
    }
    turn_events::next_segment(connection, turn_id, after)
}

/// Whether an event of this number stands in a log that is there.
pub(super) fn has_number(
    connection: &mut SqliteConnection,
    turn_id: TurnId,
    number: u64,
) -> Result<bool, RepositoryError> {
    Ok(is_there(connection, turn_id)? && turn_events::has_number(connection, turn_id, number)?)
}

#[cfg(test)]
mod tests;

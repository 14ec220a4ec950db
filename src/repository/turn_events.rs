//! Rows of `turn_events` and `commit_batches`: the stored logs.

use diesel::dsl::{exists, max};
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;

use super::error::RepositoryError;
use super::source::Segment;
use crate::ids::TurnId;
use crate::schema::{commit_batches, turn_events, turns};

/// Stores a part of a log. A turn whose session was deleted meanwhile has no log any more.
pub(super) fn insert_segment(
    connection: &mut SqliteConnection,
    turn_id: TurnId,
    segment: &Segment,
) -> Result<(), RepositoryError> {
    let exists = turns::table.find(turn_id).count().get_result::<i64>(connection)?;
    if exists == 0 {
        return Ok(());
    }
    diesel::insert_into(turn_events::table)
        .values((
            turn_events::turn_id.eq(turn_id),
            turn_events::first_number.eq(segment.first.cast_signed()),
            turn_events::last_number.eq(segment.last.cast_signed()),
            turn_events::frames.eq(&segment.frames),
        ))
        .execute(connection)?;
    Ok(())
}

/// The frames of a segment that holds event `after` + 1 or later ones; `None` at the end of what is stored.
/// The first number of the segment comes with it.
pub(super) fn next_segment(
    connection: &mut SqliteConnection,
    turn_id: TurnId,
    after: u64,
) -> Result<Option<Segment>, RepositoryError> {
    let row = turn_events::table
        .filter(
            turn_events::turn_id
                .eq(turn_id)
                .and(turn_events::last_number.gt(after.cast_signed())),
        )
        .order(turn_events::first_number)
        .select((
            turn_events::first_number,
            turn_events::last_number,
            turn_events::frames,
        ))
        .get_result::<(i64, i64, Vec<u8>)>(connection)
        .optional()?;
    Ok(row.map(|(first, last, frames)| Segment {
        first: first.cast_unsigned(),
        last: last.cast_unsigned(),
        frames,
    }))
}

/// The number of the last event in a segment; 0 when there is none.
pub(super) fn last_number(
    connection: &mut SqliteConnection,
    turn_id: TurnId,
) -> Result<u64, RepositoryError> {
    let rows = turn_events::table.filter(turn_events::turn_id.eq(turn_id));
    let last = rows
        .select(max(turn_events::last_number))
        .get_result::<Option<i64>>(connection)?;
    Ok(last.unwrap_or(0).cast_unsigned())
}

/// Whether an event of this number stands in a segment.
pub(super) fn has_number(
    connection: &mut SqliteConnection,
    turn_id: TurnId,
    number: u64,
) -> Result<bool, RepositoryError> {
    let number = number.cast_signed();
    let holds = turn_events::first_number
        .le(number)
        .and(turn_events::last_number.ge(number));
    let rows = turn_events::table.filter(turn_events::turn_id.eq(turn_id).and(holds));
    Ok(diesel::select(exists(rows)).get_result(connection)?)
}

pub(super) fn last_batch(connection: &mut SqliteConnection) -> Result<i64, RepositoryError> {
    let last = commit_batches::table
        .select(max(commit_batches::id))
        .get_result::<Option<i64>>(connection)?;
    Ok(last.unwrap_or(0))
}

pub(super) fn insert_batch(
    connection: &mut SqliteConnection,
    id: i64,
    frames: &[u8],
) -> Result<(), RepositoryError> {
    diesel::insert_into(commit_batches::table)
        .values((commit_batches::id.eq(id), commit_batches::frames.eq(frames)))
        .execute(connection)?;
    Ok(())
}

/// One batch after another, oldest first.
pub(super) fn next_batch(
    connection: &mut SqliteConnection,
    after: i64,
) -> Result<Option<(i64, Vec<u8>)>, RepositoryError> {
    let rows = commit_batches::table
        .filter(commit_batches::id.gt(after))
        .order(commit_batches::id);
    Ok(rows.get_result(connection).optional()?)
}

pub(super) fn delete_batches_before(
    connection: &mut SqliteConnection,
    id: i64,
) -> Result<(), RepositoryError> {
    diesel::delete(commit_batches::table.filter(commit_batches::id.lt(id))).execute(connection)?;
    Ok(())
}

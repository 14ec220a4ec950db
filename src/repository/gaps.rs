//! Rows of `log_gaps`: numbers that a start has left out of a log, because readers may have seen events of these numbers
//! that are not stored. They are stored before anything that comes after them, and never taken back: no event ever has
//! one of these numbers, and a reader who has seen one is told so at any later time.

use std::hash::{BuildHasher, RandomState};

use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;

use super::error::RepositoryError;
use crate::ids::TurnId;
use crate::schema::log_gaps;

/// So many numbers are left out at least: more than were given since whatever was stored last.
const LEAST: u64 = 1_000_000;
/// And a random number below this one more. A copy of an earlier day knows nothing of the numbers that were left out
/// and given after it was taken: it must not come to the same ones.
const SPREAD: u64 = 1 << 36;

/// Numbers that are left out of a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gap {
    /// Number of the last event before it; 0: it is before the first.
    pub after: u64,
    /// The last number in it.
    pub last: u64,
}

impl Gap {
    /// Whether this number is left out.
    #[must_use]
    pub fn holds(&self, number: u64) -> bool {
        self.after < number && number <= self.last
    }
}

/// How many numbers are left out now.
pub(super) fn length() -> u64 {
    LEAST + RandomState::new().hash_one(LEAST) % SPREAD
}

/// The gaps of a log, in order.
pub(super) fn of_turn(
    connection: &mut SqliteConnection,
    turn_id: TurnId,
) -> Result<Vec<Gap>, RepositoryError> {
    let rows = log_gaps::table
        .filter(log_gaps::turn_id.eq(turn_id))
        .order(log_gaps::after_number)
        .select((log_gaps::after_number, log_gaps::last_number));
    let gaps = rows.load::<(i64, i64)>(connection)?.into_iter();
    Ok(gaps
        .map(|(after, last)| Gap {
            after: after.cast_unsigned(),
            last: last.cast_unsigned(),
        })
        .collect())
}

/// Leaves out `length` numbers after all that were ever given, when the last event that is stored is `stored`. Numbers
/// that were left out there already stay so: events beyond them may have been seen, too.
pub(super) fn leave_out(
    connection: &mut SqliteConnection,
    turn_id: TurnId,
    (stored, length): (u64, u64),
) -> Result<(), RepositoryError> {
    let before = of_turn(connection, turn_id)?;
    let given = before.last().map_or(stored, |gap| gap.last.max(stored));
    diesel::replace_into(log_gaps::table)
        .values((
            log_gaps::turn_id.eq(turn_id),
            log_gaps::after_number.eq(stored.cast_signed()),
            log_gaps::last_number.eq((given + length).cast_signed()),
        ))
        .execute(connection)?;
    Ok(())
}

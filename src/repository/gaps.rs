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

#[cfg(test)]
mod tests {
    use diesel_migrations::MigrationHarness;

    use super::*;
    use crate::repository::open::MIGRATIONS;

    #[test]
    fn what_was_left_out_stays_so_and_a_further_gap_is_beyond_all_that_was_given() {
        let mut connection = SqliteConnection::establish(":memory:").unwrap();
        connection.run_pending_migrations(MIGRATIONS).unwrap();
        // A turn is not needed for this.
        diesel::sql_query("PRAGMA foreign_keys = OFF")
            .execute(&mut connection)
            .unwrap();
        let turn_id = TurnId::new();
        let mut leave_out = |stored, length| {
            super::leave_out(&mut connection, turn_id, (stored, length)).unwrap();
            of_turn(&mut connection, turn_id).unwrap()
        };
        let first = Gap { after: 8, last: 108 };
        assert_eq!(leave_out(8, 100), [first]);
        // Events beyond the gap may have been seen, and none is stored.
        let longer = Gap { after: 8, last: 118 };
        assert_eq!(leave_out(8, 10), [longer]);
        let second = Gap {
            after: 130,
            last: 140,
        };
        assert_eq!(leave_out(130, 10), [longer, second]);
        assert!(longer.holds(9) && longer.holds(118) && !longer.holds(8) && !longer.holds(119));
    }

    #[test]
    fn so_many_numbers_are_left_out_that_no_copy_comes_to_the_same_ones() {
        let lengths: std::collections::HashSet<_> = std::iter::repeat_with(length).take(100).collect();
        assert!(
            lengths.len() > 90
                && lengths
                    .iter()
                    .all(|length| (LEAST..LEAST + SPREAD).contains(length))
        );
    }
}

//! The frames of a group that stand in `commit_batches`, and the ids of their rows. Usually one row; what has waited
//! through a long failure makes more, since SQLite takes no value of more than about a gigabyte.

use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel::sqlite::SqliteConnection;

use super::error::RepositoryError;
use super::store_error::StoreError;
use super::turn_events;

/// A row is no longer than this and what one log has waiting.
const LONGEST: usize = 64 << 20;

pub(super) struct Batch {
    first_id: i64,
    rows: i64,
    frames: Vec<u8>,
    /// Bytes in rows.
    stored: usize,
}

impl Batch {
    pub(super) fn new(first_id: i64) -> Self {
        Self {
            first_id,
            rows: 0,
            frames: Vec::new(),
            stored: 0,
        }
    }

    /// Where frames are appended.
    pub(super) fn frames(&mut self) -> &mut Vec<u8> {
        &mut self.frames
    }

    pub(super) fn bytes(&self) -> usize {
        self.stored
    }

    /// The id that no row has.
    pub(super) fn next_id(&self) -> i64 {
        self.first_id + self.rows
    }

    pub(super) fn store_if_long(&mut self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        if self.frames.len() < LONGEST {
            return Ok(());
        }
        self.store(connection)
    }

    /// Makes a row of what was appended.
    pub(super) fn store(&mut self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        if self.frames.is_empty() {
            return Ok(());
        }
        turn_events::insert_batch(connection, self.next_id(), &self.frames).map_err(|error| match error {
            // Nobody else makes such rows.
            RepositoryError::Database(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => {
                StoreError::Present
            }
            error => StoreError::Before(error),
        })?;
        self.stored += self.frames.len();
        self.rows += 1;
        self.frames.clear();
        Ok(())
    }

    /// Nothing of it is stored.
    pub(super) fn clear(&mut self) {
        (self.rows, self.stored) = (0, 0);
        self.frames.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::scripted_log::TestDatabase;

    #[test]
    fn what_has_waited_for_long_makes_more_rows_than_one() {
        let (database, mut connection) = TestDatabase::new();
        let mut batch = Batch::new(7);
        for length in [LONGEST, LONGEST / 2, LONGEST / 2, 10] {
            batch.frames().extend(std::iter::repeat_n(b'x', length));
            batch.store_if_long(&mut connection).unwrap();
        }
        batch.store(&mut connection).unwrap();
        batch.store(&mut connection).unwrap();
        assert_eq!((batch.next_id(), batch.bytes()), (10, 2 * LONGEST + 10));
        let mut look = database.look();
        let longest = look.number("SELECT max(length(frames)) FROM commit_batches");
        assert_eq!(usize::try_from(longest).unwrap(), LONGEST);
        assert_eq!(
            look.number("SELECT count(*) FROM commit_batches WHERE id IN (7, 8, 9)"),
            3
        );
    }
}

//! What SQLite's errors mean for the writer. Diesel keeps the result code to itself and hands on only SQLite's words
//! for it, and calling `sqlite3_extended_errcode` would take `unsafe`: so the words are compared, whole, with the fixed
//! text that SQLite has for each code. The tests provoke the codes in the SQLite that is linked.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// Why a statement failed, as far as it matters to whoever tries again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Somebody else writes (`SQLITE_BUSY`, `SQLITE_LOCKED`).
    Locked,
    /// No room (`SQLITE_FULL`).
    Full,
    /// The disk, the file or the memory failed (`SQLITE_IOERR`, `SQLITE_CANTOPEN`, `SQLITE_NOMEM` …): the next try may
    /// succeed, with a new connection.
    Broken,
    /// This one statement failed, and would again: a constraint, a damaged page, a value too long.
    Statement,
}

/// SQLite's words for each result code that is about the database rather than about a statement (`sqlite3_errstr`).
const WORDS: [(&str, Failure); 11] = [
    ("database is locked", Failure::Locked),
    ("database table is locked", Failure::Locked),
    ("locking protocol", Failure::Locked),
    ("database or disk is full", Failure::Full),
    ("disk I/O error", Failure::Broken),
    ("unable to open database file", Failure::Broken),
    ("out of memory", Failure::Broken),
    ("attempt to write a readonly database", Failure::Broken),
    ("file is not a database", Failure::Broken),
    ("access permission denied", Failure::Broken),
    ("interrupted", Failure::Broken),
];

impl Failure {
    pub(super) fn of(error: &DieselError) -> Self {
        match error {
            DieselError::DatabaseError(DatabaseErrorKind::Unknown, information) => {
                let known = WORDS.iter().find(|(words, _)| *words == information.message());
                known.map_or(Self::Statement, |(_, failure)| *failure)
            }
            DieselError::DatabaseError(DatabaseErrorKind::ClosedConnection, _)
            | DieselError::BrokenTransactionManager => Self::Broken,
            _ => Self::Statement,
        }
    }

    /// Whether another statement would fail as well.
    pub(super) fn is_of_database(self) -> bool {
        self != Self::Statement
    }

    /// Whether a COMMIT that ended so has stored nothing, for certain: SQLite gives up before it marks the end of the
    /// transaction in the log. After any other error the mark may be on the disk.
    pub(super) fn is_before_commit_mark(self) -> bool {
        matches!(self, Self::Locked | Self::Full)
    }

    /// Whether the connection is as it was, although a whole transaction failed.
    pub(super) fn spares_connection(self) -> bool {
        matches!(self, Self::Locked | Self::Full)
    }
}

#[cfg(test)]
mod tests;

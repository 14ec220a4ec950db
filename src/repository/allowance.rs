//! What a user may still take when a turn begins, checked in the transaction that begins it.

use diesel::sqlite::SqliteConnection;

use super::error::RepositoryError;
use super::{now, usage};

/// What the user may still take when a turn begins. A repeated request takes nothing.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    /// Whether one more of the user's turns may run.
    pub turn: bool,
    /// Tokens that the user may spend in a day of UTC.
    pub tokens_per_day: Option<u64>,
}

/// `TooManyTurns`, `TokensSpent`.
pub(super) fn check(
    connection: &mut SqliteConnection,
    owner: &str,
    allowance: Allowance,
) -> Result<(), RepositoryError> {
    if !allowance.turn {
        return Err(RepositoryError::TooManyTurns);
    }
    if let Some(most) = allowance.tokens_per_day {
        let spent = usage::spent_on_day_of(connection, owner, now())?;
        if spent.unsigned_abs() >= most {
            return Err(RepositoryError::TokensSpent);
        }
    }
    Ok(())
}

//! What a user may take, and what of it a turn takes when it begins, in the transaction that begins it.

use diesel::sqlite::SqliteConnection;

use super::error::RepositoryError;
use super::storage::StorageLimits;
use super::token_reservations::{self, NewReservation};
use super::turns::Turn;
use crate::model::Purpose;

/// What every user may take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UserLimits {
    /// How much may be stored.
    pub storage: StorageLimits,
    /// How many tokens may be spent; `None` is without limit.
    pub tokens: Option<TokenLimits>,
}

/// How many tokens a user may spend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenLimits {
    /// In a day of UTC, read and written.
    pub per_day: u64,
    /// How many are held for a reply, and for more of it, where nothing says how long it may be.
    pub reserve: u32,
}

/// What the user may still take when a turn begins. A repeated request takes nothing.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    /// Whether one more of the user's turns may run.
    pub turn: bool,
    /// Tokens that its prompt has at least.
    pub prompt_tokens: i64,
    /// The most tokens that its reply is asked for.
    pub reply_tokens: i64,
}

/// `TooManyTurns`.
pub(super) fn check(allowance: Allowance) -> Result<(), RepositoryError> {
    if allowance.turn {
        Ok(())
    } else {
        Err(RepositoryError::TooManyTurns)
    }
}

/// Holds tokens for a turn, so that others that begin know of it; its first call says how many they are. `TokensSpent`.
pub(super) fn reserve(
    connection: &mut SqliteConnection,
    (owner, limits): (&str, &UserLimits),
    turn: &Turn,
    allowance: Allowance,
) -> Result<(), RepositoryError> {
    let Some(limits) = limits.tokens else {
        return Ok(());
    };
    let call = NewReservation {
        call: turn.id.to_string(),
        provider: turn.provider.clone(),
        model: turn.model.clone(),
        purpose: Purpose::Reply,
        prompt_tokens: allowance.prompt_tokens,
        reply_tokens: allowance.reply_tokens,
        whole: false,
    };
    token_reservations::reserve(connection, (owner, limits.per_day), &call)?;
    Ok(())
}

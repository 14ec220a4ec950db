//! How much each user stores and may store. The database counts by itself (triggers of the migration
//! `storage_by_user`); here is what a write may add. Checked after the write and in its transaction, so that what is
//! compared is what is there: a write that is too much is undone.

use std::path::Path;
use std::sync::Arc;

use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;

use super::Repository;
use super::allowance::UserLimits;
use super::error::RepositoryError;
use super::pool::ReadPool;
use crate::ids::TurnId;
use crate::schema::{turns, user_storage};

/// How much a user may store; `None` is without limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StorageLimits {
    /// Bytes of texts and logs, and what is held for replies that are being written.
    pub bytes: Option<u64>,
    /// Sessions.
    pub sessions: Option<u64>,
    /// Messages.
    pub messages: Option<u64>,
    /// What is held for each turn until it has ended, in bytes.
    pub of_a_turn: u64,
}

/// What a user stores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = user_storage)]
pub struct StorageUse {
    /// Bytes of texts and logs.
    pub bytes: i64,
    /// Bytes that are held for replies that are being written.
    pub reserved_bytes: i64,
    /// Messages.
    pub messages: i64,
    /// Sessions.
    pub sessions: i64,
}

/// What all users store together, and how near to its limit the nearest of them is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StorageTotals {
    /// Of all users.
    pub all: StorageUse,
    /// The most that one user stores and holds, in bytes.
    pub largest: i64,
}

/// Which bound a write would pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StorageBound {
    /// So many bytes.
    Bytes(u64),
    /// So many sessions.
    Sessions(u64),
    /// So many messages.
    Messages(u64),
}

impl StorageLimits {
    /// Refuses what has grown past its limit. What was past it before may stay, and shrink.
    fn check(&self, before: StorageUse, after: StorageUse) -> Result<(), RepositoryError> {
        let taken = |of: StorageUse| of.bytes.saturating_add(of.reserved_bytes);
        let exceeds = |most: Option<u64>, before: i64, after: i64| {
            most.filter(|most| after > before && u64::try_from(after).is_ok_and(|after| after > *most))
        };
        let found = exceeds(self.sessions, before.sessions, after.sessions)
            .map(StorageBound::Sessions)
            .or_else(|| exceeds(self.messages, before.messages, after.messages).map(StorageBound::Messages))
            .or_else(|| exceeds(self.bytes, taken(before), taken(after)).map(StorageBound::Bytes));
        found.map_or(Ok(()), |bound| Err(RepositoryError::StorageFull(bound)))
    }

    fn are_none(&self) -> bool {
        (self.bytes, self.sessions, self.messages) == (None, None, None)
    }
}

impl Repository {
    /// Where the database is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// From now on no user may take more than this.
    #[must_use]
    pub fn with_limits(mut self, limits: UserLimits) -> Self {
        self.limits = Arc::new(limits);
        self
    }

    /// What a user may take.
    #[must_use]
    pub fn limits(&self) -> UserLimits {
        *self.limits
    }

    /// What all users store.
    ///
    /// # Errors
    /// `Unavailable`, `Database`.
    pub async fn storage_totals(&self) -> Result<StorageTotals, RepositoryError> {
        totals(&self.pool).await
    }
}

/// Does `work`, which writes for this user; `StorageFull` when that is more than the user may store.
pub(super) fn within<T>(
    connection: &mut SqliteConnection,
    (owner, limits): (&str, &StorageLimits),
    work: impl FnOnce(&mut SqliteConnection) -> Result<T, RepositoryError>,
) -> Result<T, RepositoryError> {
    if limits.are_none() {
        return work(connection);
    }
    let before = used(connection, owner)?;
    let done = work(connection)?;
    limits.check(before, used(connection, owner)?)?;
    Ok(done)
}

/// Holds what a turn may come to store until it has ended.
pub(super) fn reserve(
    connection: &mut SqliteConnection,
    id: TurnId,
    limits: &StorageLimits,
) -> Result<(), RepositoryError> {
    if limits.bytes.is_some() {
        let held = i64::try_from(limits.of_a_turn).unwrap_or(i64::MAX);
        diesel::update(turns::table.find(id))
            .set(turns::reserved_bytes.eq(held))
            .execute(connection)?;
    }
    Ok(())
}

/// What the user stores.
pub(super) fn used(connection: &mut SqliteConnection, owner: &str) -> Result<StorageUse, RepositoryError> {
    let row = user_storage::table.find(owner).select(StorageUse::as_select());
    Ok(row.get_result(connection).optional()?.unwrap_or_default())
}

/// What all users store. Reads a row for each user.
async fn totals(pool: &ReadPool) -> Result<StorageTotals, RepositoryError> {
    pool.read(|connection| {
        let rows = user_storage::table.select(StorageUse::as_select());
        let mut totals = StorageTotals::default();
        for row in rows.load_iter(connection)? {
            let row: StorageUse = row?;
            totals.all.bytes += row.bytes;
            totals.all.reserved_bytes += row.reserved_bytes;
            totals.all.messages += row.messages;
            totals.all.sessions += row.sessions;
            totals.largest = totals.largest.max(row.bytes + row.reserved_bytes);
        }
        Ok(totals)
    })
    .await
}

#[cfg(test)]
mod tests;

//! The users of a database file, for the command line: works while a server has the file and while none has, as
//! [`TokenFile`](super::TokenFile) does. Rows are read and moved; what takes a server, a deletion, is asked of it by a row.

use std::path::Path;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::sqlite::SqliteConnection;

use super::error::RepositoryError;
use super::export::{self, ExportPlace};
use super::marker::FileLock;
use super::open::OpenError;
use super::token_file;
use super::usage::{self, UsageDay};
use super::{now, users};
use crate::schema::account_deletions;

const LIST: &str = "SELECT u.owner AS user, coalesce(s.sessions, 0) AS sessions, coalesce(s.messages, 0) AS messages, \
    coalesce(s.bytes, 0) AS bytes, \
    (SELECT count(*) FROM api_tokens t WHERE t.owner = u.owner AND t.revoked_at IS NULL) AS tokens, \
    (SELECT max(updated_at) FROM sessions x WHERE x.owner = u.owner) AS changed_at \
    FROM (SELECT owner FROM sessions UNION SELECT owner FROM api_tokens UNION SELECT owner FROM learners \
        UNION SELECT owner FROM usage_days) u \
    LEFT JOIN user_storage s ON s.owner = u.owner WHERE u.owner > ? ORDER BY u.owner LIMIT ?";

/// One user, in a list.
#[derive(Clone, Debug, QueryableByName)]
pub struct UserSummary {
    /// The name.
    #[diesel(sql_type = Text)]
    pub user: String,
    /// How many sessions the user has.
    #[diesel(sql_type = BigInt)]
    pub sessions: i64,
    /// How many messages.
    #[diesel(sql_type = BigInt)]
    pub messages: i64,
    /// How many bytes the user stores.
    #[diesel(sql_type = BigInt)]
    pub bytes: i64,
    /// How many tokens made here stand for the user, without those that were revoked.
    #[diesel(sql_type = BigInt)]
    pub tokens: i64,
    /// When one of the sessions changed last, milliseconds since the Unix epoch.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub changed_at: Option<i64>,
}

/// The users of one database file. Blocks.
pub struct UserFile {
    connection: SqliteConnection,
    lock: Option<FileLock>,
}

/// Every operation can end in `Database`; the others are named.
#[expect(clippy::missing_errors_doc, reason = "said once for all of them")]
impl UserFile {
    /// Opens the file.
    ///
    /// # Errors
    /// One [`OpenError`] for each reason why it cannot be used.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let (connection, lock) = token_file::open_beside(path)?;
        Ok(Self { connection, lock })
    }

    /// Whether a server has the file.
    #[must_use]
    pub fn is_served(&self) -> bool {
        self.lock.is_none()
    }

    /// Whether a user of this name is known.
    pub fn knows(&mut self, user: &str) -> Result<bool, RepositoryError> {
        users::owns_rows(&mut self.connection, user)
    }

    /// Up to `limit` users behind `after`, in the order of their names.
    pub fn list(&mut self, after: &str, limit: i64) -> Result<Vec<UserSummary>, RepositoryError> {
        let users = diesel::sql_query(LIST)
            .bind::<Text, _>(after)
            .bind::<BigInt, _>(limit);
        Ok(users.load(&mut self.connection)?)
    }

    /// What a user has spent, by day, oldest first.
    pub fn usage(&mut self, user: &str) -> Result<Vec<UsageDay>, RepositoryError> {
        usage::since(&mut self.connection, user, "")
    }

    /// The next lines of all that is a user's, and where the ones after them begin.
    pub fn export(
        &mut self,
        user: &str,
        place: &ExportPlace,
    ) -> Result<Option<(String, ExportPlace)>, RepositoryError> {
        export::page(&mut self.connection, user, place)
    }

    /// Gives all that is `from`'s to `to`; where `to` says something of the same, that stays. `UserBusy` while replies are
    /// being written for one of the two.
    pub fn rename(&mut self, from: &str, to: &str) -> Result<(), RepositoryError> {
        self.connection
            .immediate_transaction(|connection| users::rename(connection, from, to))
    }

    /// Asks the server to delete a user with all that is the user's.
    pub fn ask_to_delete(&mut self, user: &str) -> Result<(), RepositoryError> {
        diesel::insert_or_ignore_into(account_deletions::table)
            .values((
                account_deletions::owner.eq(user),
                account_deletions::asked_at.eq(now()),
            ))
            .execute(&mut self.connection)?;
        Ok(())
    }

    /// Whether that has still to be carried out.
    pub fn is_to_be_deleted(&mut self, user: &str) -> Result<bool, RepositoryError> {
        let row = account_deletions::table.find(user);
        Ok(diesel::select(diesel::dsl::exists(row)).get_result(&mut self.connection)?)
    }
}

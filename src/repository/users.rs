//! Users, as far as rows name them: there is no table of users, whoever owns something is one.

use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;

use super::Repository;
use super::error::RepositoryError;
use crate::schema::{api_tokens, learners, sessions, usage_days};

impl Repository {
    /// Whether a user of this name is known.
    ///
    /// # Errors
    /// `Unavailable`, `Database`.
    pub async fn owns_rows(&self, user: String) -> Result<bool, RepositoryError> {
        self.pool
            .read(move |connection| owns_rows(connection, &user))
            .await
    }
}

/// Whether a user of this name is known: owns a session, has a token, said something of itself or spent tokens.
pub(super) fn owns_rows(connection: &mut SqliteConnection, owner: &str) -> Result<bool, RepositoryError> {
    let owns = diesel::select(
        exists(sessions::table.filter(sessions::owner.eq(owner)))
            .or(exists(api_tokens::table.filter(api_tokens::owner.eq(owner))))
            .or(exists(learners::table.filter(learners::owner.eq(owner))))
            .or(exists(usage_days::table.filter(usage_days::owner.eq(owner)))),
    );
    Ok(owns.get_result(connection)?)
}

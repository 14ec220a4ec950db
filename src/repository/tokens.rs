//! Rows of `api_tokens`. A token itself is never here, only its SHA-256.

use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;

use super::error::RepositoryError;
use super::now;
use super::scope::Observes;
use crate::ids::TokenId;
use crate::schema::api_tokens;

/// A bearer token as it is stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = api_tokens)]
pub struct ApiToken {
    /// Its id.
    pub id: TokenId,
    /// SHA-256 of the token, in hexadecimal.
    pub hash: String,
    /// The user it stands for.
    pub owner: String,
    /// What it is for, in words of who made it.
    pub name: Option<String>,
    /// Whose sessions it lets its user read; see [`ApiToken::observes`].
    observes: Option<String>,
    /// Milliseconds since the Unix epoch.
    pub created_at: i64,
    /// Milliseconds since the Unix epoch; `None`: it never expires.
    pub expires_at: Option<i64>,
    /// Milliseconds since the Unix epoch; `None`: it was not revoked.
    pub revoked_at: Option<i64>,
}

/// What a new token is to be.
#[derive(Clone, Debug, Default)]
pub struct NewApiToken {
    /// SHA-256 of the token, in hexadecimal.
    pub hash: String,
    /// The user it stands for.
    pub owner: String,
    /// What it is for.
    pub name: Option<String>,
    /// Whose sessions it lets its user read.
    pub observes: Observes,
    /// Milliseconds since the Unix epoch.
    pub expires_at: Option<i64>,
}

impl ApiToken {
    /// Whose sessions it lets its user read besides.
    #[must_use]
    pub fn observes(&self) -> Observes {
        Observes::from_column(self.observes.as_deref())
    }

    /// Whether it opens anything at `now` (milliseconds since the Unix epoch).
    #[must_use]
    pub fn is_live(&self, now: i64) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|expiry| now < expiry)
    }
}

pub(super) fn insert(
    connection: &mut SqliteConnection,
    new: NewApiToken,
) -> Result<ApiToken, RepositoryError> {
    let token = ApiToken {
        id: TokenId::new(),
        hash: new.hash,
        owner: new.owner,
        name: new.name,
        observes: new.observes.to_column(),
        created_at: now(),
        expires_at: new.expires_at,
        revoked_at: None,
    };
    diesel::insert_into(api_tokens::table)
        .values(&token)
        .execute(connection)?;
    Ok(token)
}

/// The token of this hash, live or not. What a lookup by SHA-256 tells by its time says nothing of the token.
pub(super) fn find(
    connection: &mut SqliteConnection,
    hash: &str,
) -> Result<Option<ApiToken>, RepositoryError> {
    let rows = api_tokens::table.filter(api_tokens::hash.eq(hash));
    Ok(rows
        .select(ApiToken::as_select())
        .get_result(connection)
        .optional()?)
}

/// Whether a token opens anything at `now` (milliseconds since the Unix epoch).
pub(super) fn is_live(
    connection: &mut SqliteConnection,
    id: TokenId,
    now: i64,
) -> Result<bool, RepositoryError> {
    let rows = api_tokens::table.find(id).select(ApiToken::as_select());
    let found = rows.get_result(connection).optional()?;
    Ok(found.is_some_and(|token| token.is_live(now)))
}

/// All tokens, oldest first.
pub(super) fn list(connection: &mut SqliteConnection) -> Result<Vec<ApiToken>, RepositoryError> {
    let rows = api_tokens::table.order(api_tokens::id);
    Ok(rows.select(ApiToken::as_select()).load(connection)?)
}

/// Once and for all; a token that was revoked before stays as it is.
pub(super) fn revoke(connection: &mut SqliteConnection, id: TokenId) -> Result<(), RepositoryError> {
    let found = api_tokens::table.find(id).count().get_result::<i64>(connection)?;
    if found == 0 {
        return Err(RepositoryError::NotFound);
    }
    diesel::update(
        api_tokens::table
            .find(id)
            .filter(api_tokens::revoked_at.is_null()),
    )
    .set(api_tokens::revoked_at.eq(now()))
    .execute(connection)?;
    Ok(())
}

/// Tokens that were revoked at `since` (milliseconds since the Unix epoch) or later.
pub(super) fn revoked_since(
    connection: &mut SqliteConnection,
    since: i64,
) -> Result<Vec<TokenId>, RepositoryError> {
    let rows = api_tokens::table.filter(api_tokens::revoked_at.ge(since));
    Ok(rows.select(api_tokens::id).load(connection)?)
}

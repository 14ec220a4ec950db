//! The bearer tokens of a database file, for the command line: works while a server has the file and while none has.
//!
//! Without a server the file is locked, checked and, if need be, created and migrated as a server does. Beside a
//! running one a connection of its own waits for the write lock, which the server's writer gives back after each
//! commit; the server sees the change with its next read.

use std::path::Path;

use diesel::sqlite::SqliteConnection;

use super::connection::Connector;
use super::error::RepositoryError;
use super::marker::FileLock;
use super::open::{self, OpenError};
use super::tokens::{self, ApiToken, NewApiToken};
use super::users;
use crate::config::Durability;
use crate::ids::TokenId;

/// The tokens of one database file. Blocks.
pub struct TokenFile {
    connection: SqliteConnection,
    /// Keeps servers away while there is none.
    _lock: Option<FileLock>,
}

impl TokenFile {
    /// Opens the file.
    ///
    /// # Errors
    /// One [`OpenError`] for each reason why it cannot be used.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let connector = Connector::new(path, Durability::Full);
        let lock = match open::open(&connector) {
            Ok(opened) => Some(opened.lock),
            Err(OpenError::InUse(_)) => None,
            Err(error) => return Err(error),
        };
        let opened = connector.open_for_upkeep();
        let mut connection = opened.map_err(|error| OpenError::Open {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
        if !open::check_schema(&mut connection, path)? {
            return Err(OpenError::Older(path.to_owned()));
        }
        Ok(Self {
            connection,
            _lock: lock,
        })
    }

    /// Whether a user of this name is known.
    ///
    /// # Errors
    /// `Database`.
    pub fn owns_rows(&mut self, user: &str) -> Result<bool, RepositoryError> {
        users::owns_rows(&mut self.connection, user)
    }

    /// Stores a token.
    ///
    /// # Errors
    /// `Database`.
    pub fn create(&mut self, new: NewApiToken) -> Result<ApiToken, RepositoryError> {
        self.connection
            .immediate_transaction(|connection| tokens::insert(connection, new))
    }

    /// All tokens, oldest first.
    ///
    /// # Errors
    /// `Database`.
    pub fn list(&mut self) -> Result<Vec<ApiToken>, RepositoryError> {
        tokens::list(&mut self.connection)
    }

    /// Revokes a token, once and for all.
    ///
    /// # Errors
    /// `NotFound`, `Database`.
    pub fn revoke(&mut self, id: TokenId) -> Result<(), RepositoryError> {
        self.connection
            .immediate_transaction(|connection| tokens::revoke(connection, id))
    }
}

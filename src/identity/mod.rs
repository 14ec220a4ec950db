//! Who calls: checks tokens and tickets and says which user a request acts as, what that user may read of others,
//! and until when. Knows nothing of HTTP. A token is never stored, logged or shown again.

mod jwt;
pub mod name;
pub mod opaque;
mod tickets;
mod validity;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use jwt::JwtError;
#[cfg(any(test, feature = "fuzzing"))]
pub use jwt::fuzzing;
pub use tickets::Ticket;
pub use validity::{Right, Validities, Validity};

use self::jwt::JwtVerifier;
use crate::config::AuthSettings;
use crate::ids::TokenId;
use crate::repository::{Observes, Repository, RepositoryError, Scope, now};

/// Who all requests are when nobody is told apart.
const LOCAL: &str = "local";

/// The user that a request acts as, and by what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The user.
    pub subject: Arc<str>,
    /// Whose sessions the user may read besides.
    pub observes: Arc<Observes>,
    /// The token that can be revoked.
    pub token_id: Option<TokenId>,
    /// Milliseconds since the Unix epoch; `None`: it does not expire.
    pub expires_at: Option<i64>,
}

impl Identity {
    /// The one user of a service without authentication.
    fn local() -> Self {
        Self {
            subject: LOCAL.into(),
            observes: Arc::default(),
            token_id: None,
            expires_at: None,
        }
    }

    /// What the repository is asked with.
    #[must_use]
    pub fn scope(&self) -> Scope {
        Scope {
            subject: Arc::clone(&self.subject),
            observes: Arc::clone(&self.observes),
            by_claim: self.token_id.is_none(),
        }
    }
}

/// Why nobody was recognised.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The token or ticket is wrong, old, used or revoked: which of them is for nobody to know.
    #[error("invalid credentials")]
    Invalid,
    /// There are no keys to check a token with.
    #[error("the keys of the identity provider are not available")]
    KeysUnavailable,
    /// What the database says.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

/// Checks credentials.
pub struct Authority {
    repository: Arc<Repository>,
    jwt: Option<JwtVerifier>,
    required: bool,
}

impl Authority {
    /// Call it on the main runtime: keys are fetched there.
    ///
    /// # Errors
    /// When there is no key to check tokens with.
    pub fn new(repository: Arc<Repository>, settings: &AuthSettings) -> Result<Self, JwtError> {
        let jwt = settings.jwt.as_ref().map(JwtVerifier::new).transpose()?;
        Ok(Self {
            repository,
            jwt,
            required: settings.required,
        })
    }

    /// Who a request without credentials is; `None`: nobody.
    #[must_use]
    pub fn anonymous(&self) -> Option<Identity> {
        (!self.required).then(Identity::local)
    }

    /// Whether tokens of an identity provider are accepted, whose claims may let their users observe others.
    #[must_use]
    pub fn knows_claims(&self) -> bool {
        self.jwt.is_some()
    }

    /// Who bears this token.
    ///
    /// # Errors
    /// One [`Refusal`] for all that is wrong with a token; others when it cannot be checked now.
    pub async fn identify(&self, token: &str) -> Result<Identity, Refusal> {
        if let Some(hash) = opaque::hash(opaque::Kind::Token, token) {
            return self.find_token(hash).await;
        }
        let jwt = self.jwt.as_ref().ok_or(Refusal::Invalid)?;
        let identity = jwt.verify(token, now()).await?;
        self.check_name(&identity.subject).await?;
        Ok(identity)
    }

    /// A name that is refused today may be that of a user from before.
    async fn check_name(&self, user: &str) -> Result<(), Refusal> {
        let Err(reason) = name::check(user) else {
            return Ok(());
        };
        if self.repository.owns_rows(user.to_owned()).await? {
            return Ok(());
        }
        log::warn!("identity.name_refused user={user:?} reason={reason}");
        Err(Refusal::Invalid)
    }

    async fn find_token(&self, hash: String) -> Result<Identity, Refusal> {
        let found = self.repository.find_token(hash).await?;
        let token = found
            .filter(|token| token.is_live(now()))
            .ok_or(Refusal::Invalid)?;
        Ok(Identity {
            observes: Arc::new(token.observes()),
            subject: token.owner.into(),
            token_id: Some(token.id),
            expires_at: token.expires_at,
        })
    }
}

/// Says in the log what was made before authentication was asked for, now that it is: a token for that name would own it.
///
/// # Errors
/// `Unavailable`, `Database`.
pub async fn say_what_was_open(
    settings: &AuthSettings,
    repository: &Repository,
) -> Result<(), RepositoryError> {
    if settings.required && repository.owns_rows(LOCAL.to_owned()).await? {
        log::warn!(
            "identity.local_owns user={LOCAL:?}: what was made without authentication belongs to whoever has a token for \
             that name; `tutorstream user rename {LOCAL} NAME` gives it to somebody"
        );
    }
    Ok(())
}

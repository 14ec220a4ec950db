//! Tickets: for a stream that a browser opens without headers. One ticket opens one path, once, for 30 s, as the
//! user who asked for it, and for no longer than that user's token.

use secrecy::SecretString;

use super::opaque::{self, Kind};
use super::{Authority, Identity, Refusal};
use crate::repository::{RepositoryError, StreamTicket, now};

/// How long a ticket waits to be used, in milliseconds.
const LIFETIME: i64 = 30_000;

/// A ticket as it is given out.
pub struct Ticket {
    /// Shown once.
    pub secret: SecretString,
    /// Milliseconds since the Unix epoch.
    pub expires_at: i64,
}

impl Authority {
    /// A ticket with which `path` can be opened as `identity`.
    ///
    /// # Errors
    /// `TooManyTickets`, `Unavailable`, `Database`.
    pub async fn grant_ticket(&self, identity: &Identity, path: String) -> Result<Ticket, RepositoryError> {
        let (secret, hash) = opaque::generate(Kind::Ticket).map_err(|error| {
            log::error!("identity.no_random_numbers error={error}");
            RepositoryError::NotStored
        })?;
        let expires_at = now() + LIFETIME;
        let ticket = StreamTicket {
            hash,
            owner: identity.subject.to_string(),
            path,
            bearer: serde_json::to_string(identity).unwrap_or_default(),
            expires_at,
        };
        self.repository.add_ticket(ticket).await?;
        Ok(Ticket { secret, expires_at })
    }

    /// Who may open `path` with this ticket. It is used up, whatever the answer.
    ///
    /// # Errors
    /// One [`Refusal`] for all that is wrong with a ticket; others when it cannot be checked now.
    pub async fn take_ticket(&self, ticket: &str, path: &str) -> Result<Identity, Refusal> {
        let hash = opaque::hash(Kind::Ticket, ticket).ok_or(Refusal::Invalid)?;
        let taken = self.repository.take_ticket(hash, path.to_owned()).await?;
        let taken = taken.ok_or(Refusal::Invalid)?;
        let identity: Identity =
            serde_json::from_str(&taken.bearer).map_err(|_another_version| Refusal::Invalid)?;
        let expired = identity.expires_at.is_some_and(|expiry| expiry <= now());
        let revoked = match identity.token_id {
            Some(id) => !self.repository.token_is_live(id).await?,
            None => false,
        };
        if expired || revoked {
            return Err(Refusal::Invalid);
        }
        Ok(identity)
    }
}

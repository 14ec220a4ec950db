//! Tokens of an identity provider: JSON Web Tokens (RFC 7519) as RFC 8725 wants them checked. Algorithm, issuer,
//! audience, types and keys come from the settings; a token says nothing about how it is to be checked, but which of the
//! keys that are known anyway it means.

mod claims;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod jws;
mod key;
mod key_set;
mod object;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use secrecy::ExposeSecret;

use self::claims::Claims;
use self::jws::Jws;
use self::key::Key;
use self::key_set::KeySet;
use super::{Identity, Refusal};
use crate::config::{JwtKeys, JwtSettings};

/// Why tokens cannot be checked at all.
#[derive(Debug, thiserror::Error)]
pub enum JwtError {
    /// The file cannot be read.
    #[error("cannot read the JWK Set {path}: {source}")]
    File {
        /// Which file.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no JWK Set, or has no key of the configured algorithm.
    #[error("the JWK Set has no key that fits: {0}")]
    NoKey(&'static str),
    /// The address does not give one.
    #[error("cannot fetch the JWK Set: {0}")]
    Fetch(#[from] reqwest::Error),
}

/// Checks tokens of one issuer.
pub(super) struct JwtVerifier {
    settings: JwtSettings,
    keys: Keys,
}

enum Keys {
    Secret(Box<Key>),
    Set(Arc<KeySet>),
}

/// How many keys tokens can be checked with, after one look at the source; 0: a secret. Call it on the main runtime.
///
/// # Errors
/// What is wrong with the source.
pub async fn look_at_keys(settings: &JwtSettings) -> Result<usize, JwtError> {
    match &settings.keys {
        JwtKeys::Secret(_) => Ok(0),
        JwtKeys::File(_) | JwtKeys::Url(_) => KeySet::new(settings)?.count().await,
    }
}

impl JwtVerifier {
    /// Call it on the main runtime.
    pub(super) fn new(settings: &JwtSettings) -> Result<Self, JwtError> {
        let keys = match &settings.keys {
            JwtKeys::Secret(secret) => Keys::Secret(Box::new(Key::secret(secret.expose_secret().as_bytes()))),
            JwtKeys::File(_) | JwtKeys::Url(_) => Keys::Set(KeySet::new(settings)?),
        };
        Ok(Self {
            settings: settings.clone(),
            keys,
        })
    }

    /// Who bears this token at `now` (milliseconds since the Unix epoch).
    pub(super) async fn verify(&self, token: &str, now: i64) -> Result<Identity, Refusal> {
        let jws = Jws::parse(token, self.settings.algorithm).ok_or(Refusal::Invalid)?;
        // A token for something else may have the same issuer and audience (RFC 8725, section 3.11).
        if !jws
            .kind
            .as_deref()
            .is_some_and(|kind| self.settings.accepts(kind))
        {
            return Err(Refusal::Invalid);
        }
        let signed = match &self.keys {
            Keys::Secret(key) => jws.is_signed_by(key),
            Keys::Set(set) => {
                let key = set.find(jws.key_id.as_deref()).await?;
                key.is_some_and(|key| jws.is_signed_by(&key))
            }
        };
        if !signed {
            return Err(Refusal::Invalid);
        }
        let claims = Claims::parse(&jws.payload).ok_or(Refusal::Invalid)?;
        claims.identity(&self.settings, now).ok_or(Refusal::Invalid)
    }
}

//! Secrets that this service gives out: 256 random bits behind a prefix, by which scanners of repositories and logs
//! know them. Only their SHA-256 is stored: they are too long to be guessed, so a slow hash would protect nobody
//! and cost every request.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::SecretString;
use sha2::{Digest, Sha256};

/// What a secret is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A bearer token.
    Token,
    /// A ticket for one stream.
    Ticket,
}

impl Kind {
    fn prefix(self) -> &'static str {
        match self {
            Self::Token => "tst_",
            Self::Ticket => "tsk_",
        }
    }
}

/// A new secret, and its hash as [`hash`] gives it.
///
/// # Errors
/// When the system has no random numbers.
pub fn generate(kind: Kind) -> Result<(SecretString, String), ring::error::Unspecified> {
    let mut bits = [0; 32];
    SystemRandom::new().fill(&mut bits)?;
    let secret = format!("{}{}", kind.prefix(), URL_SAFE_NO_PAD.encode(bits));
    let hash = sha256(&secret);
    Ok((SecretString::from(secret), hash))
}

/// The SHA-256 of a secret in hexadecimal; `None` when it is none of this kind.
#[must_use]
pub fn hash(kind: Kind, secret: &str) -> Option<String> {
    secret.starts_with(kind.prefix()).then(|| sha256(secret))
}

/// SHA-256 in hexadecimal.
#[must_use]
pub fn sha256(text: &str) -> String {
    Sha256::digest(text)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use secrecy::ExposeSecret;

    use super::{Kind, generate, hash};

    #[test]
    fn a_secret_has_256_random_bits_behind_its_prefix_and_one_hash() {
        let mut seen = HashSet::new();
        for _ in 0..100 {
            let (secret, stored) = generate(Kind::Token).expect("random numbers");
            let secret = secret.expose_secret();
            // 32 bytes are 43 characters of base64.
            assert_eq!((secret.len(), &secret[..4]), (4 + 43, "tst_"));
            assert_eq!(hash(Kind::Token, secret), Some(stored));
            assert!(seen.insert(secret.to_owned()), "the same secret twice");
        }
    }

    #[test]
    fn a_secret_of_one_kind_is_none_of_another() {
        let (ticket, _) = generate(Kind::Ticket).expect("random numbers");
        assert_eq!(hash(Kind::Token, ticket.expose_secret()), None);
    }
}

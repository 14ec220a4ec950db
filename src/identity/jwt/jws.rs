//! The compact form of a signed token (RFC 7515, section 7.1): three parts of base64url. Everything in the header
//! that would change how the token is checked is refused or, where it only offers a key, not looked at.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::key::Key;
use super::object::Object;
use crate::config::JwtAlgorithm;

/// Largest token in bytes.
const LARGEST: usize = 8 * 1024;
/// Longest key id in bytes.
const LONGEST_KEY_ID: usize = 256;

/// A token whose signature is yet to be checked.
pub(super) struct Jws<'a> {
    /// Which key it means.
    pub(super) key_id: Option<String>,
    /// What it says it is.
    pub(super) kind: Option<String>,
    /// The claims.
    pub(super) payload: Vec<u8>,
    signed: &'a [u8],
    signature: Vec<u8>,
}

impl<'a> Jws<'a> {
    /// `None`: it is none, or not for `algorithm`.
    pub(super) fn parse(token: &'a str, algorithm: JwtAlgorithm) -> Option<Self> {
        if token.len() > LARGEST {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        let header = Object::parse(&decode(header)?)?;
        check(&header, algorithm)?;
        let key_id = match header.get("kid") {
            None => None,
            Some(Value::String(id)) if id.len() <= LONGEST_KEY_ID => Some(id.clone()),
            Some(_) => return None,
        };
        let kind = match header.get("typ") {
            None => None,
            Some(Value::String(name)) => Some(name.clone()),
            Some(_) => return None,
        };
        Some(Self {
            key_id,
            kind,
            payload: decode(payload)?,
            signed: signed.as_bytes(),
            signature: decode(signature)?,
        })
    }

    pub(super) fn is_signed_by(&self, key: &Key) -> bool {
        key.verifies(self.signed, &self.signature)
    }
}

/// Strict: no padding, no other alphabet, no spare bits; so a token has one form only. A dot is in no part.
fn decode(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part).ok()
}

/// `crit` names extensions that must be understood (RFC 7515, section 4.1.11): none is here. `b64` (RFC 7797) and
/// `zip` change what is signed. `jwk`, `jku`, `x5c` and `x5u` offer a key and are not looked at.
fn check(header: &Object, algorithm: JwtAlgorithm) -> Option<()> {
    let named = header.get("alg")?.as_str()?;
    let right = named == algorithm_name(algorithm);
    let changed = ["crit", "b64", "zip", "enc"]
        .into_iter()
        .any(|name| header.has(name));
    (right && !changed).then_some(())
}

pub(super) fn algorithm_name(algorithm: JwtAlgorithm) -> &'static str {
    match algorithm {
        JwtAlgorithm::HS256 => "HS256",
        JwtAlgorithm::RS256 => "RS256",
        JwtAlgorithm::ES256 => "ES256",
        JwtAlgorithm::EdDSA => "EdDSA",
    }
}

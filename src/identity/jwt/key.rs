//! Keys that signatures are checked with. A key is for one algorithm, and nothing in a token can make it another's.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::{hmac, signature};
use serde_json::Value;

use super::jws::algorithm_name;
use super::object::Object;
use crate::config::JwtAlgorithm;

/// One key.
pub(super) enum Key {
    Secret(hmac::Key),
    Rsa(signature::RsaPublicKeyComponents<Vec<u8>>),
    /// On P-256, uncompressed (SEC 1, section 2.3.3), or for Ed25519.
    Curve(&'static dyn signature::VerificationAlgorithm, Vec<u8>),
}

impl Key {
    pub(super) fn secret(secret: &[u8]) -> Self {
        Self::Secret(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// A member of a JWK Set (RFC 7517), with its id; `None`: it is not for signatures of `algorithm`.
    pub(super) fn from_jwk(jwk: &Object, algorithm: JwtAlgorithm) -> Option<(Option<String>, Self)> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let signs = text("use").is_none_or(|purpose| purpose == "sig");
        let fits = text("alg").is_none_or(|name| name == algorithm_name(algorithm));
        if !signs || !fits {
            return None;
        }
        let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok();
        let key = match (algorithm, text("kty")?, text("crv")) {
            (JwtAlgorithm::RS256, "RSA", _) => Self::Rsa(signature::RsaPublicKeyComponents {
                n: without_leading_zeros(bytes("n")?),
                e: without_leading_zeros(bytes("e")?),
            }),
            (JwtAlgorithm::ES256, "EC", Some("P-256")) => {
                let (x, y) = (bytes("x")?, bytes("y")?);
                if x.len() != 32 || y.len() != 32 {
                    return None;
                }
                Self::Curve(&signature::ECDSA_P256_SHA256_FIXED, [vec![4], x, y].concat())
            }
            (JwtAlgorithm::EdDSA, "OKP", Some("Ed25519")) => Self::Curve(&signature::ED25519, bytes("x")?),
            _ => return None,
        };
        Some((text("kid").map(str::to_owned), key))
    }

    /// In constant time where a secret is compared.
    pub(super) fn verifies(&self, signed: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Secret(key) => hmac::verify(key, signed, signature).is_ok(),
            Self::Rsa(key) => key
                .verify(&signature::RSA_PKCS1_2048_8192_SHA256, signed, signature)
                .is_ok(),
            Self::Curve(algorithm, key) => signature::UnparsedPublicKey::new(*algorithm, key)
                .verify(signed, signature)
                .is_ok(),
        }
    }
}

/// Some issuers write the sign of a number, which RFC 7518, section 2 forbids.
fn without_leading_zeros(number: Vec<u8>) -> Vec<u8> {
    let first = number.iter().position(|byte| *byte != 0).unwrap_or(number.len());
    number[first..].to_vec()
}

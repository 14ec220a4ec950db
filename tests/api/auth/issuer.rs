//! An identity provider: makes tokens, right and forged ones, and shows its keys.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair};
use ring::{hmac, rsa, signature};
use serde_json::{Value, json};

use super::rsa_example;

pub(crate) const SECRET: &str = "a secret for tests, and longer than 32 bytes";

/// A key that tokens are signed with.
pub(crate) enum Signer {
    Secret(Vec<u8>),
    Rsa(Box<RsaKeyPair>),
    Curve(EcdsaKeyPair),
    Edwards(Ed25519KeyPair),
}

impl Signer {
    pub(crate) fn secret() -> Self {
        Self::Secret(SECRET.as_bytes().to_vec())
    }

    /// The key of RFC 7515, appendix A.2: making one takes longer than the tests.
    pub(crate) fn rsa() -> Self {
        let part = |text: &str| URL_SAFE_NO_PAD.decode(text).expect("base64");
        let pair = RsaKeyPair::from_components(&rsa::KeyPairComponents {
            public_key: rsa::PublicKeyComponents {
                n: part(rsa_example::N),
                e: part("AQAB"),
            },
            d: part(rsa_example::D),
            p: part(rsa_example::P),
            q: part(rsa_example::Q),
            dP: part(rsa_example::DP),
            dQ: part(rsa_example::DQ),
            qInv: part(rsa_example::QI),
        });
        Self::Rsa(Box::new(pair.expect("a key")))
    }

    pub(crate) fn curve() -> Self {
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.as_ref(), &random);
        Self::Curve(pair.expect("a key"))
    }

    pub(crate) fn edwards() -> Self {
        let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
        Self::Edwards(Ed25519KeyPair::from_pkcs8(key.as_ref()).expect("a key"))
    }

    pub(crate) fn algorithm(&self) -> &'static str {
        match self {
            Self::Secret(_) => "HS256",
            Self::Rsa(_) => "RS256",
            Self::Curve(_) => "ES256",
            Self::Edwards(_) => "EdDSA",
        }
    }

    /// The public key, as a member of a JWK Set.
    pub(crate) fn jwk(&self, id: &str) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut jwk = match self {
            Self::Secret(secret) => json!({ "kty": "oct", "k": text(secret) }),
            Self::Rsa(_) => json!({ "kty": "RSA", "n": rsa_example::N, "e": "AQAB" }),
            Self::Curve(pair) => {
                let point = pair.public_key().as_ref();
                json!({ "kty": "EC", "crv": "P-256", "x": text(&point[1..33]), "y": text(&point[33..]) })
            }
            Self::Edwards(pair) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "x": text(pair.public_key().as_ref()) })
            }
        };
        jwk["kid"] = id.into();
        jwk["use"] = "sig".into();
        jwk
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Secret(secret) => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
                hmac::sign(&key, message).as_ref().to_vec()
            }
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&signature::RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .expect("a signature");
                signature
            }
            Self::Curve(pair) => pair
                .sign(&random, message)
                .expect("a signature")
                .as_ref()
                .to_vec(),
            Self::Edwards(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }

    /// A token with this header and these claims, rightly signed.
    pub(crate) fn token(&self, header: &Value, claims: &Value) -> String {
        self.token_of_bytes(header.to_string().as_bytes(), claims.to_string().as_bytes())
    }

    pub(crate) fn token_of_bytes(&self, header: &[u8], claims: &[u8]) -> String {
        let signed = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(claims)
        );
        let signature = self.sign(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// A token as it should be, of the key `id`.
    pub(crate) fn good(&self, user: &str, id: Option<&str>) -> String {
        let mut header = json!({ "alg": self.algorithm(), "typ": "JWT" });
        if let Some(id) = id {
            header["kid"] = id.into();
        }
        self.token(&header, &claims(user))
    }
}

/// Claims as they should be, for an hour.
pub(crate) fn claims(user: &str) -> Value {
    json!({
        "iss": "https://issuer.example",
        "aud": "tutor",
        "sub": user,
        "exp": now() + 3_600,
    })
}

/// Seconds since the Unix epoch.
pub(crate) fn now() -> u64 {
    std::time::UNIX_EPOCH.elapsed().expect("a clock").as_secs()
}

/// The table `[auth.jwt]`, with further lines.
pub(crate) fn table(algorithm: &str, lines: &str) -> String {
    format!(
        "[auth.jwt]\nalgorithm = \"{algorithm}\"\nissuer = \"https://issuer.example\"\naudience = \"tutor\"\n{lines}\n"
    )
}

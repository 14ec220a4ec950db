//! Any bytes as a signed token, and as the claims of one whose signature is good.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::claims::Claims;
use super::jws::{Jws, algorithm_name};
use super::key::Key;
use crate::config::{JwtAlgorithm, JwtKeys, JwtSettings};

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const ALGORITHMS: [JwtAlgorithm; 4] = [
    JwtAlgorithm::HS256,
    JwtAlgorithm::RS256,
    JwtAlgorithm::ES256,
    JwtAlgorithm::EdDSA,
];
/// Milliseconds since the Unix epoch.
const NOW: i64 = 1_000_000_000;

/// A token is for the algorithm that it names and signed by nobody who has no key; claims that are accepted say what
/// they must.
pub fn jwt(input: &[u8]) {
    claims(input);
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    for algorithm in ALGORITHMS {
        let Some(jws) = Jws::parse(text, algorithm) else {
            continue;
        };
        let header = text
            .split('.')
            .next()
            .and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
        let header: Value = serde_json::from_slice(&header.unwrap_or_default()).unwrap_or_default();
        assert_eq!(header["alg"], algorithm_name(algorithm), "{text}");
        assert!(
            header.get("crit").is_none() && header.get("b64").is_none(),
            "{text}"
        );
        assert!(!jws.is_signed_by(&Key::secret(SECRET.as_bytes())), "{text}");
        claims(&jws.payload);
    }
}

fn claims(payload: &[u8]) {
    let settings = settings();
    let Some(identity) = Claims::parse(payload).and_then(|claims| claims.identity(&settings, NOW)) else {
        return;
    };
    let said: Value = serde_json::from_slice(payload).unwrap_or_default();
    let text = String::from_utf8_lossy(payload);
    assert_eq!(said["iss"], settings.issuer, "{text}");
    let one_of = said["aud"]
        .as_array()
        .is_some_and(|all| all.contains(&"tutor".into()));
    assert!(said["aud"] == "tutor" || one_of, "{text}");
    assert_eq!(said["sub"], *identity.subject, "{text}");
    let expiry = said["exp"].as_f64().unwrap_or_default();
    assert!(expiry + 60.0 > 1_000_000.0, "{text}");
    assert!(identity.expires_at.is_some_and(|moment| moment > NOW), "{text}");
}

fn settings() -> JwtSettings {
    JwtSettings {
        algorithm: JwtAlgorithm::HS256,
        issuer: "https://issuer.example".to_owned(),
        audience: "tutor".to_owned(),
        types: vec!["jwt".to_owned()],
        leeway: Duration::from_secs(60),
        user_claim: "sub".to_owned(),
        observes_claim: "observes".to_owned(),
        keys: JwtKeys::Secret(SECRET.to_owned().into()),
        floor: Duration::from_secs(30),
        patience: Duration::from_secs(5),
    }
}

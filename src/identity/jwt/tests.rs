//! Signatures that others made: the examples of RFC 7515, appendix A, and RFC 8037, appendix A. Then claims, at
//! moments that the tests choose.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::claims::Claims;
use super::jws::Jws;
use super::key::Key;
use super::object::Object;
use crate::config::{JwtAlgorithm, JwtKeys, JwtSettings};
use crate::repository::Observes;

const PAYLOAD: &str =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
const SECRET: &str = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
const HS256: [&str; 2] = [
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9",
    "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
];
const RSA: &str = r#"{"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}"#;
const RS256: [&str; 2] = [
    "eyJhbGciOiJSUzI1NiJ9",
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
];
const EC: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
const ES256: [&str; 2] = [
    "eyJhbGciOiJFUzI1NiJ9",
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
];
const OKP: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
const EDDSA: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

fn key(jwk: &str, algorithm: JwtAlgorithm) -> Option<Key> {
    let jwk = Object::parse(jwk.as_bytes()).expect("an object");
    Key::from_jwk(&jwk, algorithm).map(|(_, key)| key)
}

fn secret() -> Key {
    Key::secret(&URL_SAFE_NO_PAD.decode(SECRET).expect("base64"))
}

/// The examples, each with its algorithm and key.
fn examples() -> Vec<(JwtAlgorithm, Key, String)> {
    let token = |[header, signature]: [&str; 2]| format!("{header}.{PAYLOAD}.{signature}");
    let public = |jwk, algorithm| key(jwk, algorithm).expect("a key");
    vec![
        (JwtAlgorithm::HS256, secret(), token(HS256)),
        (
            JwtAlgorithm::RS256,
            public(RSA, JwtAlgorithm::RS256),
            token(RS256),
        ),
        (JwtAlgorithm::ES256, public(EC, JwtAlgorithm::ES256), token(ES256)),
        (
            JwtAlgorithm::EdDSA,
            public(OKP, JwtAlgorithm::EdDSA),
            EDDSA.to_owned(),
        ),
    ]
}

#[test]
fn the_examples_of_the_standards_are_signed_by_their_keys() {
    for (algorithm, key, token) in examples() {
        let jws = Jws::parse(&token, algorithm).expect("a token");
        assert!(jws.is_signed_by(&key), "{algorithm:?}");
    }
}

#[test]
fn a_token_that_was_changed_at_any_place_is_not_signed() {
    for (algorithm, key, token) in examples() {
        for place in 0..token.len() {
            for other in ["A", "_", ".", "=", "", "AA"] {
                let mut changed = token.clone();
                changed.replace_range(place..=place, other);
                if changed == token {
                    continue;
                }
                let signed = Jws::parse(&changed, algorithm).is_some_and(|jws| jws.is_signed_by(&key));
                assert!(!signed, "{algorithm:?} at {place}: {other:?}");
            }
        }
    }
}

#[test]
fn no_token_is_taken_for_another_algorithm_than_the_configured() {
    let all = [
        JwtAlgorithm::HS256,
        JwtAlgorithm::RS256,
        JwtAlgorithm::ES256,
        JwtAlgorithm::EdDSA,
    ];
    for (own, _, token) in examples() {
        for configured in all {
            assert_eq!(Jws::parse(&token, configured).is_some(), own == configured);
        }
    }
    for (jwk, own) in [(RSA, all[1]), (EC, all[2]), (OKP, all[3])] {
        for configured in all {
            assert_eq!(key(jwk, configured).is_some(), own == configured);
        }
    }
}

#[test]
fn a_key_for_something_else_is_no_key() {
    let algorithm = JwtAlgorithm::EdDSA;
    for (member, value, fits) in [
        ("use", "sig", true),
        ("use", "enc", false),
        ("alg", "EdDSA", true),
        ("alg", "ES256", false),
        ("crv", "X25519", false),
        ("kty", "oct", false),
    ] {
        let mut jwk: Value = serde_json::from_str(OKP).expect("JSON");
        jwk[member] = value.into();
        assert_eq!(
            key(&jwk.to_string(), algorithm).is_some(),
            fits,
            "{member}: {value}"
        );
    }
}

proptest! {
    #[test]
    fn no_text_is_taken_for_a_token_or_stops_the_reader(text in any::<String>()) {
        prop_assert!(Jws::parse(&text, JwtAlgorithm::HS256).is_none());
    }

    #[test]
    fn no_bytes_are_signed_by_chance(
        (header, payload, signature) in (any_json(), any::<Vec<u8>>(), any::<Vec<u8>>())
    ) {
        let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let token = format!("{}.{}.{}", part(header.as_bytes()), part(&payload), part(&signature));
        for algorithm in [JwtAlgorithm::HS256, JwtAlgorithm::RS256] {
            let key = if algorithm == JwtAlgorithm::HS256 { Some(secret()) } else { key(RSA, algorithm) };
            let signed = Jws::parse(&token, algorithm).is_some_and(|jws| key.is_some_and(|key| jws.is_signed_by(&key)));
            prop_assert!(!signed);
        }
        if let Some(claims) = Claims::parse(&payload) {
            prop_assert!(claims.identity(&settings(), 0).is_none());
        }
    }
}

/// Headers: right ones, nearly right ones, and anything.
fn any_json() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(r#"{"alg":"HS256"}"#.to_owned()),
        Just(r#"{"alg":"RS256","typ":"JWT"}"#.to_owned()),
        any::<String>().prop_map(|kid| json!({ "alg": "HS256", "kid": kid }).to_string()),
        any::<String>(),
    ]
}

pub(super) fn settings() -> JwtSettings {
    JwtSettings {
        algorithm: JwtAlgorithm::HS256,
        issuer: "https://issuer.example".to_owned(),
        audience: "tutor".to_owned(),
        types: vec!["jwt".to_owned()],
        leeway: Duration::from_secs(60),
        user_claim: "sub".to_owned(),
        observes_claim: "observes".to_owned(),
        keys: JwtKeys::Secret("0123456789abcdef0123456789abcdef".to_owned().into()),
        floor: Duration::from_secs(30),
        patience: Duration::from_secs(5),
    }
}

fn right() -> Value {
    json!({ "iss": "https://issuer.example", "aud": "tutor", "sub": "alice", "exp": 1_000 })
}

fn identity(claims: &Value, now: i64) -> Option<super::Identity> {
    Claims::parse(claims.to_string().as_bytes())?.identity(&settings(), now)
}

#[test]
fn a_token_is_good_until_it_expires_and_for_the_leeway() {
    for (now, ends) in [
        (0, Some(1_000_000)),
        (999_999, Some(1_000_000)),
        (1_000_000, Some(1_060_000)),
        (1_059_999, Some(1_060_000)),
        (1_060_000, None),
        (i64::MAX, None),
    ] {
        let found = identity(&right(), now);
        assert_eq!(found.and_then(|found| found.expires_at), ends, "at {now}");
    }
    let mut early = right();
    early["nbf"] = 500.into();
    assert!(identity(&early, 439_999).is_none());
    assert!(identity(&early, 440_000).is_some());
}

#[test]
fn a_claim_that_is_missing_or_wrong_makes_a_token_worthless() {
    for (claim, value) in [
        ("exp", Value::Null),
        ("exp", json!("1000")),
        ("exp", json!(-1)),
        ("exp", json!(1e300)),
        ("nbf", json!("0")),
        ("iss", Value::Null),
        ("iss", json!("https://issuer.example/")),
        ("iss", json!(["https://issuer.example"])),
        ("aud", Value::Null),
        ("aud", json!("tutors")),
        ("aud", json!([])),
        ("aud", json!(["other"])),
        ("sub", Value::Null),
        ("sub", json!("")),
        ("sub", json!(7)),
        ("sub", json!("a\u{0}b")),
        ("sub", json!("x".repeat(201))),
        ("observes", json!("all")),
        ("observes", json!([1])),
        ("observes", json!(true)),
    ] {
        let mut claims = right();
        claims[claim] = value.clone();
        assert!(identity(&claims, 0).is_none(), "{claim}: {value}");
        if value.is_null() {
            claims.as_object_mut().expect("an object").remove(claim);
            assert!(identity(&claims, 0).is_none(), "no {claim}");
        }
    }
    let twice = br#"{"iss":"https://issuer.example","aud":"tutor","sub":"alice","sub":"bob","exp":1000}"#;
    assert!(Claims::parse(twice).is_none());
}

#[test]
fn a_claim_says_whom_the_user_observes() {
    for (value, observes) in [
        (Value::Null, Observes::Nobody),
        (json!("*"), Observes::Everybody),
        (
            json!(["bob", "eve"]),
            Observes::Users(vec!["bob".to_owned(), "eve".to_owned()]),
        ),
    ] {
        let mut claims = right();
        claims["aud"] = json!(["other", "tutor"]);
        claims["observes"] = value;
        let found = identity(&claims, 0).expect("a good token");
        assert_eq!((&*found.subject, &*found.observes), ("alice", &observes));
    }
}

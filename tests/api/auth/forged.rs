//! Tokens of an identity provider, and the many ways to forge one (RFC 8725).

use reqwest::Method;
use serde_json::{Value, json};

use super::issuer::{SECRET, Signer, claims, now, table};
use crate::app::{Setup, TestApp};
use crate::client::header;
use crate::problem::refused;

fn app_with_secret() -> TestApp {
    Setup::new()
        .variable("TUTORSTREAM_JWT_SECRET", SECRET)
        .tables(&table("HS256", ""))
        .start()
}

async fn assert_all_refused(app: &TestApp, cases: Vec<(&str, String)>) {
    for (case, token) in cases {
        let client = app.learner.with_token(Some(&token));
        let response = client.call(Method::GET, "/sessions", Value::Null).await;
        assert_eq!(response.status(), 401, "{case}");
        let challenge = header(&response, "www-authenticate");
        assert_eq!(challenge, "Bearer error=\"invalid_token\"", "{case}");
        refused(response, 401, "unauthorized").await;
    }
}

/// A good header with another member.
fn with(name: &str, value: Value) -> Value {
    let mut header = json!({ "alg": "HS256", "typ": "JWT" });
    header[name] = value;
    header
}

fn claims_with(name: &str, value: Value) -> Value {
    let mut claims = claims("alice");
    claims[name] = value;
    claims
}

#[tokio::test]
async fn a_good_token_is_its_user_and_forged_headers_are_refused() {
    let app = app_with_secret();
    let signer = Signer::secret();
    assert_eq!(
        app.learner.status_of("/sessions").await,
        401,
        "a token is needed now"
    );
    let alice = app.learner.with_token(Some(&signer.good("alice", None)));
    alice.send("Why is the sky blue?").await.until_end().await;
    let right = claims("alice");
    let token = |header: &Value| signer.token(header, &right);
    let good = token(&json!({ "alg": "HS256", "typ": "JWT" }));
    let parts: Vec<&str> = good.split('.').collect();
    let none = token(&with("alg", json!("none")));
    let unsigned = format!("{}.", none.rsplit_once('.').expect("a token").0);
    assert_all_refused(
        &app,
        vec![
            ("alg none", none),
            ("alg none, unsigned", unsigned),
            ("alg nOnE", token(&with("alg", json!("nOnE")))),
            ("another alg", token(&with("alg", json!("HS384")))),
            ("alg of a public key", token(&with("alg", json!("RS256")))),
            ("no alg", token(&json!({ "typ": "JWT" }))),
            ("alg is a list", token(&with("alg", json!(["HS256"])))),
            ("crit", token(&with("crit", json!(["exp"])))),
            ("empty crit", token(&with("crit", json!([])))),
            ("b64 false", token(&with("b64", json!(false)))),
            ("detached", format!("{}..{}", parts[0], parts[2])),
            ("zip", token(&with("zip", json!("DEF")))),
            ("another type", token(&with("typ", json!("dpop+jwt")))),
            ("kid is a number", token(&with("kid", json!(7)))),
            ("kid is huge", token(&with("kid", json!("k".repeat(300))))),
            (
                "alg twice",
                signer.token_of_bytes(
                    br#"{"alg":"HS256","alg":"HS256","typ":"JWT"}"#,
                    right.to_string().as_bytes(),
                ),
            ),
            (
                "no object",
                signer.token_of_bytes(b"[]", right.to_string().as_bytes()),
            ),
            ("no signature", format!("{}.{}.", parts[0], parts[1])),
            ("two parts", format!("{}.{}", parts[0], parts[1])),
            ("four parts", format!("{good}.{}", parts[2])),
            ("padded", format!("{good}=")),
            ("huge", signer.token(&with("x", json!("x".repeat(9_000))), &right)),
            (
                "another secret",
                Signer::Secret(b"another secret of more than 32 bytes".to_vec()).good("alice", None),
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_token_is_of_a_type_that_is_meant_for_apis_or_that_the_settings_name() {
    let names = [
        "JWT",
        "jwt",
        "application/jwt",
        "at+jwt",
        "application/at+JWT",
        "logout+jwt",
        "dpop+jwt",
    ];
    for (line, accepted) in [
        ("", &names[..5]),
        (r#"types = ["at+jwt"]"#, &names[3..5]),
        (r#"types = ["application/Logout+JWT"]"#, &names[5..6]),
    ] {
        let setup = Setup::new().variable("TUTORSTREAM_JWT_SECRET", SECRET);
        let app = setup.tables(&table("HS256", line)).start();
        for name in names {
            let token = Signer::secret().token(&with("typ", json!(name)), &claims("alice"));
            let status = app.learner.with_token(Some(&token)).status_of("/sessions").await;
            assert_eq!(
                status == 200,
                accepted.contains(&name),
                "{name}: {status} with {line:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_token_that_does_not_say_what_it_is_is_refused() {
    let app = app_with_secret();
    let token = |header: &Value| Signer::secret().token(header, &claims("alice"));
    assert_all_refused(
        &app,
        vec![
            ("no type", token(&json!({ "alg": "HS256" }))),
            ("null", token(&with("typ", Value::Null))),
            ("an empty type", token(&with("typ", json!("")))),
            ("a list of types", token(&with("typ", json!(["JWT"])))),
            (
                "more than a type",
                token(&with("typ", json!("application/jwt/x"))),
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn forged_claims_are_refused() {
    let app = app_with_secret();
    let signer = Signer::secret();
    let header = json!({ "alg": "HS256", "typ": "JWT" });
    let token = |claims: &Value| signer.token(&header, claims);
    let without = |name: &str| {
        let mut claims = claims("alice");
        claims.as_object_mut().expect("an object").remove(name);
        token(&claims)
    };
    let twice = format!(
        r#"{{"iss":"https://issuer.example","aud":"tutor","sub":"bob","sub":"alice","exp":{}}}"#,
        now() + 60
    );
    assert_all_refused(
        &app,
        vec![
            ("expired", token(&claims_with("exp", json!(now() - 61)))),
            ("not yet", token(&claims_with("nbf", json!(now() + 3_600)))),
            ("exp is text", token(&claims_with("exp", json!("9999999999")))),
            (
                "another issuer",
                token(&claims_with("iss", json!("https://evil.example"))),
            ),
            ("another audience", token(&claims_with("aud", json!("grades")))),
            ("no exp", without("exp")),
            ("no iss", without("iss")),
            ("no aud", without("aud")),
            ("no sub", without("sub")),
            (
                "sub twice",
                signer.token_of_bytes(header.to_string().as_bytes(), twice.as_bytes()),
            ),
            ("control characters", token(&claims_with("sub", json!("a\nb")))),
        ],
    )
    .await;
    let within_leeway = token(&claims_with("exp", json!(now() - 5)));
    let alice = app.learner.with_token(Some(&within_leeway));
    assert_eq!(alice.status_of("/sessions").await, 200);
}

#[tokio::test]
async fn each_algorithm_is_checked_against_its_keys_and_no_other() {
    for signer in [Signer::rsa(), Signer::curve(), Signer::edwards()] {
        let setup = Setup::new();
        let file = setup.folder().join("keys.json");
        let others = [Signer::secret().jwk("hmac"), Signer::edwards().jwk("other")];
        let set = json!({ "keys": [others[0], signer.jwk("one"), others[1]] });
        std::fs::write(&file, set.to_string()).expect("a file");
        let lines = format!("jwks_file = {:?}", file.to_string_lossy());
        let app = setup.tables(&table(signer.algorithm(), &lines)).start();
        let alice = app.learner.with_token(Some(&signer.good("alice", Some("one"))));
        assert_eq!(alice.status_of("/sessions").await, 200, "{}", signer.algorithm());
        let public = signer.jwk("one").to_string();
        let confused = Signer::Secret(public.into_bytes());
        let forged = |name: &str, value: Value| {
            let mut header = json!({ "alg": signer.algorithm(), "typ": "JWT", "kid": "two" });
            header[name] = value;
            Signer::edwards().token(&header, &claims("alice"))
        };
        assert_all_refused(
            &app,
            vec![
                ("the public key as a secret", confused.good("alice", Some("one"))),
                (
                    "a secret from the set",
                    Signer::secret().good("alice", Some("hmac")),
                ),
                ("an unknown key", signer.good("alice", Some("two"))),
                ("a path", signer.good("alice", Some("../../../../dev/null"))),
                ("SQL", signer.good("alice", Some("' UNION SELECT 'x'; --"))),
                ("jwk", forged("jwk", Signer::edwards().jwk("two"))),
                ("jku", forged("jku", json!("http://127.0.0.1:9/keys.json"))),
                ("x5u", forged("x5u", json!("http://127.0.0.1:9/cert.pem"))),
                ("x5c", forged("x5c", json!(["MIIB"]))),
            ],
        )
        .await;
    }
}

#[tokio::test]
async fn it_does_not_start_with_settings_that_are_not_safe() {
    let secret = |secret: &str| Setup::new().variable("TUTORSTREAM_JWT_SECRET", secret);
    let cases = [
        (
            secret("short").tables(&table("HS256", "")),
            "shorter than 32 bytes",
        ),
        (secret(SECRET), "[auth.jwt]"),
        (Setup::new().tables(&table("HS256", "")), "needs a secret"),
        (secret(SECRET).tables(&table("RS256", "")), "no secret"),
        (secret(SECRET).tables(&table("none", "")), "none"),
        (
            secret(SECRET).tables("[auth.jwt]\nalgorithm = \"HS256\"\nissuer = \"i\"\n"),
            "audience",
        ),
        (
            secret(SECRET).tables(&table("HS256", "").replace("\"tutor\"", "\"\"")),
            "empty",
        ),
        (secret(SECRET).tables(&table("HS256", "types = []")), "jwt.types"),
        (
            secret(SECRET).tables(&table("HS256", "types = [\"JWT\", \"\"]")),
            "jwt.types",
        ),
        (
            secret(SECRET).tables(&format!("[auth]\nrequired = false\n{}", table("HS256", ""))),
            "contradicts",
        ),
        (
            Setup::new().tables(&table("ES256", "jwks_url = \"http://issuer.example/keys\"")),
            "https://",
        ),
        (
            Setup::new().tables(&table("ES256", "jwks_url = \"https://u:p@issuer.example/\"")),
            "https://",
        ),
        (
            Setup::new().tables(&table("ES256", "jwks_file = \"/no/such/file\"")),
            "/no/such/file",
        ),
    ];
    for (setup, words) in cases {
        let Err(refusal) = setup.try_start() else {
            panic!("it started: {words}")
        };
        assert!(refusal.message.contains(words), "{words}: {}", refusal.message);
        assert!(!refusal.message.contains(SECRET), "{}", refusal.message);
    }
}

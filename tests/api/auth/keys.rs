//! Keys at an address: they change, the address fails, and forged key ids are not passed on to it.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::Value;

use super::issuer::{Signer, table};
use super::key_server::KeyServer;
use crate::app::{Setup, TestApp};
use crate::client::header;
use crate::deadline::eventually_asked;
use crate::problem::refused;

fn app_with(keys: &KeyServer, lines: &str) -> TestApp {
    let lines = format!("jwks_url = \"{}\"\n{lines}", keys.url);
    Setup::new().tables(&table("EdDSA", &lines)).start()
}

/// The address is asked again as soon as can be.
const OFTEN: &str = "jwks_timeout_seconds = 1\njwks_floor_seconds = 1.001";
/// The address is asked once.
const ONCE: &str = "jwks_floor_seconds = 3600";

/// Asks until the answer has this status.
async fn answered(app: &TestApp, token: &str, wanted: u16) {
    eventually_asked("another answer", async || {
        (status(app, token).await == wanted).then_some(())
    })
    .await;
}

async fn status(app: &TestApp, token: &str) -> u16 {
    let client = app.learner.with_token(Some(token));
    client.status_of("/sessions").await.as_u16()
}

#[tokio::test]
async fn a_new_key_is_found_when_a_token_names_it_and_a_withdrawn_one_is_forgotten() {
    let [old, new] = [Signer::edwards(), Signer::edwards()];
    let keys = KeyServer::start(&[old.jwk("old")]).await;
    let app = app_with(&keys, OFTEN);
    let [with_old, with_new] = [old.good("alice", Some("old")), new.good("alice", Some("new"))];
    assert_eq!(status(&app, &with_old).await, 200);
    assert_eq!(status(&app, &with_new).await, 401);
    keys.publish(&[new.jwk("new")]);
    answered(&app, &with_new, 200).await;
    assert_eq!(status(&app, &with_old).await, 401);
}

#[tokio::test]
async fn fifty_at_once_ask_for_the_keys_once() {
    let signer = Signer::edwards();
    let keys = KeyServer::start(&[signer.jwk("one")]).await;
    let app = app_with(&keys, ONCE);
    let token = signer.good("alice", Some("one"));
    let hold = keys.hold();
    let all = join_all((0..50).map(|_| status(&app, &token)));
    let release = async {
        keys.was_asked(1).await;
        hold.give();
    };
    let (statuses, ()) = tokio::join!(all, release);
    assert_eq!(statuses, [200; 50]);
    assert_eq!(keys.asked(), 1);
}

#[tokio::test]
async fn forged_key_ids_do_not_reach_the_identity_provider() {
    let signer = Signer::edwards();
    let keys = KeyServer::start(&[signer.jwk("one")]).await;
    let app = app_with(&keys, ONCE);
    for number in 0..50 {
        let forged = Signer::edwards().good("alice", Some(&format!("forged-{number}")));
        assert_eq!(status(&app, &forged).await, 401);
    }
    assert_eq!(status(&app, &signer.good("alice", Some("one"))).await, 200);
    assert_eq!(keys.asked(), 1);
}

#[tokio::test]
async fn a_client_that_leaves_does_not_end_a_look_that_others_wait_for() {
    let signer = Signer::edwards();
    let keys = KeyServer::start(&[signer.jwk("one")]).await;
    let app = app_with(&keys, ONCE);
    let token = signer.good("alice", Some("one"));
    let hold = keys.hold();
    let leaver = app.learner.with_token(Some(&token));
    let request = leaver.request(Method::GET, "/sessions").send();
    tokio::select! {
        _ = request => panic!("it was answered without keys"),
        () = keys.was_asked(1) => {}
    }
    hold.give();
    assert_eq!(status(&app, &token).await, 200);
    assert_eq!(keys.asked(), 1);
}

#[tokio::test]
async fn without_keys_nobody_is_told_that_a_token_is_wrong() {
    let signer = Signer::edwards();
    let keys = KeyServer::start(&[]).await;
    let app = app_with(&keys, OFTEN);
    let alice = app.learner.with_token(Some(&signer.good("alice", Some("one"))));
    let set = format!("{{\"keys\":[{}]}}", signer.jwk("one"));
    let huge = format!("{set}{}", " ".repeat(300 * 1024));
    let length = huge.len();
    for wrong in [
        "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n".to_owned(),
        format!(
            "HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n",
            keys.url
        ),
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n<html".to_owned(),
        "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"keys\":[]}".to_owned(),
        format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{huge}"),
        "nonsense".to_owned(),
        String::new(),
    ] {
        let before = keys.asked();
        keys.answer(&wrong);
        eventually_asked("the keys are asked for", async || {
            alice.status_of("/sessions").await;
            (keys.asked() > before).then_some(())
        })
        .await;
        let response = alice.call(Method::GET, "/sessions", Value::Null).await;
        assert!(!header(&response, "retry-after").is_empty());
        refused(response, 503, "identity-provider-unavailable").await;
    }
    keys.publish(&[signer.jwk("one")]);
    answered(&app, &signer.good("alice", Some("one")), 200).await;
    keys.answer("");
    assert_eq!(alice.status_of("/sessions").await, 200, "known keys stay good");
    let unknown = signer.good("alice", Some("two"));
    assert_eq!(status(&app, &unknown).await, 401);
}

#[tokio::test]
async fn a_token_without_a_key_id_means_the_only_key() {
    let signer = Signer::edwards();
    let keys = KeyServer::start(&[signer.jwk("one")]).await;
    let app = app_with(&keys, OFTEN);
    let token = signer.good("alice", None);
    assert_eq!(status(&app, &token).await, 200);
    keys.publish(&[signer.jwk("one"), Signer::edwards().jwk("two")]);
    let other = signer.good("alice", Some("three"));
    eventually_asked("the set is looked at again", async || {
        assert_eq!(status(&app, &other).await, 401);
        (keys.asked() > 1).then_some(())
    })
    .await;
    assert_eq!(
        status(&app, &token).await,
        401,
        "which of two it means is not said"
    );
}

#[tokio::test]
async fn those_who_wait_for_an_address_that_hangs_wait_for_one_look_together() {
    let signer = Signer::edwards();
    let keys = KeyServer::start(&[signer.jwk("one")]).await;
    let app = app_with(&keys, OFTEN);
    let hold = keys.hold();
    let token = signer.good("alice", Some("one"));
    let statuses = join_all((0..20).map(|_| status(&app, &token))).await;
    assert_eq!(statuses, [503; 20]);
    assert_eq!(keys.asked(), 1, "each of them took what that look found");
    hold.give();
    answered(&app, &token, 200).await;
}

#[tokio::test]
async fn a_malformed_member_of_the_set_costs_itself_alone() {
    let signer = Signer::edwards();
    let keys = KeyServer::start(&[]).await;
    let good = signer.jwk("one");
    let twice = r#"{"kty":"OKP","kty":"OKP","crv":"Ed25519","x":"AA","kid":"two"}"#;
    let members = [
        twice,
        "null",
        "7",
        "\"text\"",
        "[]",
        "{}",
        r#"{"kty":7}"#,
        r#"{"kty":"OKP","crv":"Ed25519","x":"!"}"#,
        r#"{"kty":"OKP","crv":"Ed25519","x":7,"kid":[]}"#,
        r#"{"kty":"EC","crv":"P-521","x":"AA","y":"AA"}"#,
    ];
    let set = format!("{{\"keys\":[{},{good}],\"keys2\":7}}", members.join(","));
    keys.answer(&format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{set}",
        set.len()
    ));
    let app = app_with(&keys, ONCE);
    assert_eq!(status(&app, &signer.good("alice", Some("one"))).await, 200);
    assert_eq!(status(&app, &signer.good("alice", Some("two"))).await, 401);
}

#[test]
fn a_floor_that_one_look_can_outlast_is_refused_at_the_start() {
    for (lines, wrong) in [
        ("jwks_floor_seconds = 5", true),
        ("jwks_floor_seconds = 0", true),
        ("jwks_floor_seconds = 4.9", true),
        ("jwks_timeout_seconds = 30", true),
        ("jwks_timeout_seconds = 0", true),
        ("jwks_timeout_seconds = -1", true),
        ("jwks_timeout_seconds = nan", true),
        ("jwks_floor_seconds = inf", true),
        ("jwks_floor_seconds = 6", false),
        ("jwks_timeout_seconds = 2\njwks_floor_seconds = 3", false),
    ] {
        let lines = format!("jwks_url = \"https://issuer.example/keys\"\n{lines}");
        let setup = Setup::new().tables(&table("EdDSA", &lines));
        match setup.try_start() {
            Ok(_) => assert!(!wrong, "{lines}"),
            Err(refusal) => assert!(
                wrong && refusal.message.contains("jwks_floor_seconds"),
                "{lines}: {refusal:?}"
            ),
        }
    }
}

//! Keys at an address: they change, the address fails, and forged key ids are not passed on to it.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::Value;

use super::issuer::{Signer, table};
use super::key_server::KeyServer;
use crate::app::{Setup, TestApp};
use crate::client::header;
use crate::problem::refused;

fn app_with(keys: &KeyServer, floor: u32) -> TestApp {
    let lines = format!("jwks_url = \"{}\"\njwks_floor_seconds = {floor}", keys.url);
    Setup::new().tables(&table("EdDSA", &lines)).start()
}

async fn status(app: &TestApp, token: &str) -> u16 {
    let client = app.learner.with_token(Some(token));
    client.status_of("/sessions").await.as_u16()
}

#[tokio::test]
async fn a_new_key_is_found_when_a_token_names_it_and_a_withdrawn_one_is_forgotten() {
    let [old, new] = [Signer::edwards(), Signer::edwards()];
    let keys = KeyServer::start(&[old.jwk("old")]).await;
    let app = app_with(&keys, 0);
    let [with_old, with_new] = [old.good("alice", Some("old")), new.good("alice", Some("new"))];
    assert_eq!(status(&app, &with_old).await, 200);
    assert_eq!(status(&app, &with_new).await, 401);
    keys.publish(&[new.jwk("new")]);
    assert_eq!(status(&app, &with_new).await, 200);
    assert_eq!(status(&app, &with_old).await, 401);
}

#[tokio::test]
async fn fifty_at_once_ask_for_the_keys_once() {
    let signer = Signer::edwards();
    let keys = KeyServer::start(&[signer.jwk("one")]).await;
    let app = app_with(&keys, 0);
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
    let app = app_with(&keys, 3_600);
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
    let app = app_with(&keys, 3_600);
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
    let app = app_with(&keys, 0);
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
        keys.answer(&wrong);
        let response = alice.call(Method::GET, "/sessions", Value::Null).await;
        assert!(!header(&response, "retry-after").is_empty());
        refused(response, 503, "identity-provider-unavailable").await;
    }
    keys.publish(&[signer.jwk("one")]);
    assert_eq!(alice.status_of("/sessions").await, 200);
    keys.answer("");
    assert_eq!(alice.status_of("/sessions").await, 200, "known keys stay good");
    let unknown = signer.good("alice", Some("two"));
    assert_eq!(status(&app, &unknown).await, 401);
}

#[tokio::test]
async fn a_token_without_a_key_id_means_the_only_key() {
    let signer = Signer::edwards();
    let keys = KeyServer::start(&[signer.jwk("one")]).await;
    let app = app_with(&keys, 0);
    let token = signer.good("alice", None);
    assert_eq!(status(&app, &token).await, 200);
    keys.publish(&[signer.jwk("one"), Signer::edwards().jwk("two")]);
    let other = signer.good("alice", Some("three"));
    assert_eq!(status(&app, &other).await, 401, "the set is looked at again");
    assert_eq!(
        status(&app, &token).await,
        401,
        "which of two it means is not said"
    );
}

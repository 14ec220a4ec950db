//! Observers: they read and follow what they were shown, and never change it.

use reqwest::Method;
use serde_json::{Value, json};

use super::issuer::{SECRET, Signer, claims, table};
use crate::app::{Setup, TestApp};
use crate::client::Client;
use crate::problem::refused;
use crate::upstream::{Script, Signal};
use crate::witness::Witness;

/// A session of alice with one finished turn.
async fn session_of(alice: &Client) -> Witness {
    let mut reader = alice.send("Why is the sky blue?").await;
    reader.until_end().await;
    reader
}

async fn sees(client: &Client, reader: &Witness) -> u16 {
    let path = format!("/sessions/{}", reader.session_id);
    client.status_of(&path).await.as_u16()
}

#[tokio::test]
async fn an_observer_reads_what_the_owner_reads_and_follows_it_live() {
    let app = Setup::new().require_auth().start();
    let [alice, teacher] = [app.as_user("alice"), app.as_user("teacher")];
    let reader = session_of(&alice).await;
    let session = format!("/sessions/{}", reader.session_id);
    assert_eq!(sees(&teacher, &reader).await, 404);
    let grant = format!("{session}/observers/teacher");
    for _ in 0..2 {
        assert_eq!(alice.call(Method::PUT, &grant, Value::Null).await.status(), 204);
    }
    let list = alice.get(&format!("{session}/observers")).await;
    assert_eq!(list["observers"][0]["user"], "teacher");
    assert_eq!(list["observers"].as_array().map(Vec::len), Some(1));
    for path in [
        format!("{session}/messages"),
        format!("/turns/{}", reader.turn_id),
    ] {
        assert_eq!(teacher.get(&path).await, alice.get(&path).await, "{path}");
    }
    let mut shown = teacher.get(&session).await;
    assert_eq!(shown["owner"], "alice");
    shown.as_object_mut().expect("an object").remove("owner");
    assert_eq!(shown, alice.get(&session).await);

    let go_on = Signal::new();
    app.upstream.next(
        Script::stream()
            .delta("Then ")
            .wait_for(&go_on)
            .delta("red.")
            .finish(),
    );
    let mut owner = alice.send_in(&reader.session_id, "And in the evening?").await;
    owner.until_text("Then").await;
    let mut observer = teacher.follow(&owner.turn_id).await;
    observer.until_text("Then").await;
    go_on.give();
    owner.until_end().await;
    observer.until_end().await;
    assert_eq!(observer.events, owner.events);
}

#[tokio::test]
async fn an_observer_changes_nothing() {
    let app = Setup::new().require_auth().start();
    let [alice, teacher] = [app.as_user("alice"), app.as_user("teacher")];
    let reader = session_of(&alice).await;
    let (session, turn) = (
        format!("/sessions/{}", reader.session_id),
        format!("/turns/{}", reader.turn_id),
    );
    let messages = format!("{session}/messages");
    let grant = format!("{session}/observers/teacher");
    assert_eq!(alice.call(Method::PUT, &grant, Value::Null).await.status(), 204);
    let message = alice.get(&messages).await["messages"][0]["id"].clone();
    let message = format!("{messages}/{}", message.as_str().expect("an id"));
    let before = alice.get(&messages).await;
    let writes = [
        (Method::PATCH, session.clone(), json!({ "title": "Mine" })),
        (Method::DELETE, session.clone(), Value::Null),
        (
            Method::POST,
            messages.clone(),
            json!({ "role": "user", "content": "?" }),
        ),
        (Method::PATCH, message.clone(), json!({ "content": "?" })),
        (Method::POST, format!("{message}/regenerate"), Value::Null),
        (Method::POST, format!("{turn}/stop"), Value::Null),
        (Method::POST, format!("{turn}/continue"), Value::Null),
        (
            Method::POST,
            "/stream-chat".to_owned(),
            json!({ "sessionId": reader.session_id, "message": "?" }),
        ),
        (Method::GET, format!("{session}/observers"), Value::Null),
        (Method::PUT, format!("{session}/observers/eve"), Value::Null),
        (Method::DELETE, format!("{session}/observers/eve"), Value::Null),
    ];
    for (method, path, body) in &writes {
        refused(
            teacher.call(method.clone(), path, body.clone()).await,
            403,
            "read-only",
        )
        .await;
    }
    assert_eq!(alice.get(&messages).await, before);
    assert_eq!(app.upstream.count(), 1);
    assert_eq!(
        alice.call(Method::DELETE, &grant, Value::Null).await.status(),
        204
    );
    for (method, path, body) in writes {
        refused(teacher.call(method, &path, body).await, 404, "not-found").await;
    }
}

#[tokio::test]
async fn a_running_turn_is_not_stopped_by_an_observer() {
    let app = Setup::new().require_auth().start();
    let [alice, teacher] = [app.as_user("alice"), app.as_user("teacher")];
    let go_on = Signal::new();
    app.upstream
        .next(Script::stream().delta("Because").wait_for(&go_on).finish());
    let mut reader = alice.send("Why is the sky blue?").await;
    reader.until_text("Because").await;
    let stop = format!("/turns/{}/stop", reader.turn_id);
    refused(
        teacher.call(Method::POST, &stop, Value::Null).await,
        404,
        "not-found",
    )
    .await;
    let grant = format!("/sessions/{}/observers/teacher", reader.session_id);
    assert_eq!(alice.call(Method::PUT, &grant, Value::Null).await.status(), 204);
    refused(
        teacher.call(Method::POST, &stop, Value::Null).await,
        403,
        "read-only",
    )
    .await;
    go_on.give();
    assert_eq!(reader.until_end().await.data["status"], "complete");
}

#[tokio::test]
async fn a_token_shows_its_user_whom_it_observes_and_nobody_else() {
    let app = Setup::new().require_auth().start();
    let [alice, bob] = [app.as_user("alice"), app.as_user("bob")];
    let [of_alice, of_bob] = [session_of(&alice).await, session_of(&bob).await];
    let bearer = |options: &[&str]| app.learner.with_token(Some(&app.token(options)));
    let one = bearer(&["--user", "teacher", "--observes", "alice"]);
    let all = bearer(&["--user", "teacher", "--observes-all"]);
    let none = bearer(&["--user", "teacher"]);
    for (client, statuses) in [(&one, [200, 404]), (&all, [200, 200]), (&none, [404, 404])] {
        let seen = [sees(client, &of_alice).await, sees(client, &of_bob).await];
        assert_eq!(seen, statuses);
        let listed = client.get("/sessions?view=observed").await;
        let listed = listed["sessions"].as_array().expect("a list");
        assert_eq!(
            listed.len(),
            statuses.iter().filter(|status| **status == 200).count()
        );
        let own = client.get("/sessions").await;
        assert_eq!(
            own["sessions"],
            json!([]),
            "what is observed is not the observer's own"
        );
    }
    let title = format!("/sessions/{}", of_alice.session_id);
    refused(
        one.call(Method::PATCH, &title, json!({ "title": "?" })).await,
        403,
        "read-only",
    )
    .await;
}

#[tokio::test]
async fn a_claim_shows_its_user_whom_it_observes_and_nobody_else() {
    let setup = Setup::new().variable("TUTORSTREAM_JWT_SECRET", SECRET);
    let app = setup
        .tables(&table("HS256", "observes_claim = \"learners\""))
        .start();
    let bearer = |user: &str, learners: Value| {
        let mut claims = claims(user);
        claims["learners"] = learners;
        let token = Signer::secret().token(&json!({ "alg": "HS256", "typ": "JWT" }), &claims);
        app.learner.with_token(Some(&token))
    };
    let [alice, bob] = [bearer("alice", Value::Null), bearer("bob", json!([]))];
    let [of_alice, of_bob] = [session_of(&alice).await, session_of(&bob).await];
    for (learners, statuses) in [
        (json!(["alice"]), [200, 404]),
        (json!("*"), [200, 200]),
        (json!(["alicE", "alice "]), [404, 404]),
    ] {
        let teacher = bearer("teacher", learners);
        assert_eq!(
            [sees(&teacher, &of_alice).await, sees(&teacher, &of_bob).await],
            statuses
        );
    }
    assert_eq!(sees(&bob, &of_alice).await, 404);
}

#[tokio::test]
async fn a_session_has_a_hundred_observers_at_most() {
    let app = TestApp::start();
    let session = app.learner.create_session().await;
    let observers = format!("/sessions/{session}/observers");
    let put = async |user: &str| {
        let path = format!("{observers}/{user}");
        app.learner.call(Method::PUT, &path, Value::Null).await
    };
    for number in 0..100 {
        assert_eq!(put(&format!("user-{number}")).await.status(), 204);
    }
    refused(put("user-100").await, 409, "too-many-observers").await;
    assert_eq!(put("user-7").await.status(), 204, "who is there already stays");
    for wrong in ["%00", "%20", &"x".repeat(201)] {
        refused(put(wrong).await, 422, "invalid-request").await;
    }
    let path = format!("/sessions/{session}");
    assert_eq!(
        app.learner
            .call(Method::DELETE, &path, Value::Null)
            .await
            .status(),
        204
    );
    assert_eq!(
        app.database().count("session_observers"),
        0,
        "they go with the session"
    );
}

//! Who may follow the feed of a session.

use reqwest::Method;
use serde_json::{Value, json};

use super::viewer::{Viewer, get_feed};
use crate::app::Setup;
use crate::problem::refused;
use crate::sse::End;

#[tokio::test]
async fn an_observer_is_shown_the_session_until_the_owner_takes_that_back() {
    let app = Setup::new().require_auth().start();
    let [alice, teacher] = [app.as_user("alice"), app.as_user("teacher")];
    let session_id = alice.create_session().await;
    refused(get_feed(&teacher, &session_id, None).await, 404, "not-found").await;

    let path = format!("/sessions/{session_id}");
    let grant = format!("{path}/observers/teacher");
    alice.call(Method::PUT, &grant, Value::Null).await;
    let mut shown = Viewer::open(&teacher, &session_id).await;
    alice
        .send_in(&session_id, "Why is the sky blue?")
        .await
        .until_end()
        .await;
    alice
        .json(Method::PATCH, &path, json!({ "title": "Optics" }))
        .await;
    shown.assert_in_step().await;
    assert_eq!(shown.session["title"], "Optics");
    assert_eq!(shown.session["owner"], "alice");

    alice.call(Method::DELETE, &grant, Value::Null).await;
    shown.until_event("auth-expired").await;
    assert_eq!(shown.next().await, Err(End::Clean));
    let again = get_feed(&teacher, &session_id, shown.place.as_deref()).await;
    refused(again, 404, "not-found").await;
}

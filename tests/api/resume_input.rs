//! The last event id that a client names: any string may come.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::client::Client;
use crate::problem::refused;
use crate::sse::EventStream;
use crate::witness::Witness;

async fn finished_turn(app: &TestApp) -> Witness {
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_end().await;
    reader
}

/// `GET /turns/{id}/events` with a query.
async fn query(learner: &Client, turn_id: &str, last_event_id: &str) -> reqwest::Response {
    let path = format!("/turns/{turn_id}/events?lastEventId={last_event_id}");
    learner.call(Method::GET, &path, Value::Null).await
}

#[tokio::test]
async fn an_event_id_that_is_no_number_is_refused() {
    let app = TestApp::start();
    let turn_id = finished_turn(&app).await.turn_id.clone();
    for id in [
        "abc",
        "-1",
        "1.5",
        "+1",
        "0x1",
        "1e3",
        "١",
        "9223372036854775807",
        "18446744073709551616",
        "99999999999999999999999",
    ] {
        refused(
            query(&app.learner, &turn_id, id).await,
            400,
            "invalid-last-event-id",
        )
        .await;
        if id.is_ascii() {
            let response = app.learner.open_events(&turn_id, Some(id)).await;
            refused(response, 400, "invalid-last-event-id").await;
        }
    }
}

#[tokio::test]
async fn a_client_that_is_ahead_of_the_database_is_told_to_go_back() {
    let app = TestApp::start();
    let reader = finished_turn(&app).await;
    let last = reader.last_event_id();
    for ahead in [last + 1, 1_000_000, u64::from(u32::MAX) + 1, 999_999_999_999_999] {
        let response = app
            .learner
            .open_events(&reader.turn_id, Some(&ahead.to_string()))
            .await;
        assert_eq!(response.status(), StatusCode::OK);
        let mut stream = EventStream::new(response);
        let rewind = stream.next().await.expect("an event");
        assert_eq!((rewind.id, rewind.name.as_str()), (None, "rewind"));
        assert_eq!(rewind.data, json!({ "lastEventId": 0 }));
        for event in &reader.events {
            let next = stream.next().await.expect("the whole log follows");
            assert_eq!(&next, event);
        }
    }
}

#[tokio::test]
async fn the_header_wins_over_the_query() {
    let app = TestApp::start();
    let reader = finished_turn(&app).await;
    let path = format!("/turns/{}/events?lastEventId=1", reader.turn_id);
    let request = app
        .learner
        .request(Method::GET, &path)
        .header("Last-Event-ID", "2");
    let response = request.send().await.expect("the server answers");
    assert_eq!(
        EventStream::new(response).next().await.expect("an event"),
        reader.events[2]
    );
    let response = query(&app.learner, &reader.turn_id, "1").await;
    assert_eq!(
        EventStream::new(response).next().await.expect("an event"),
        reader.events[1]
    );
}

#[tokio::test]
async fn zero_and_nothing_are_the_start() {
    let app = TestApp::start();
    let reader = finished_turn(&app).await;
    for response in [
        app.learner.open_events(&reader.turn_id, Some("0")).await,
        app.learner.open_events(&reader.turn_id, None).await,
        query(&app.learner, &reader.turn_id, "0").await,
    ] {
        assert_eq!(
            EventStream::new(response).next().await.expect("an event"),
            reader.events[0]
        );
    }
}

#[tokio::test]
async fn nothing_more_to_send_is_said_with_204() {
    let app = TestApp::start();
    let reader = finished_turn(&app).await;
    let last = reader.last_event_id().to_string();
    for response in [
        app.learner.open_events(&reader.turn_id, Some(&last)).await,
        query(&app.learner, &reader.turn_id, &last).await,
    ] {
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
        assert_eq!(response.text().await.expect("a body"), "");
    }
}

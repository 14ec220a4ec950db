//! The OpenAPI document as the running service gives it.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::client::header;

#[tokio::test]
async fn the_document_is_served_as_json_and_names_what_the_service_takes() {
    let app = TestApp::start();
    let response = app.learner.call(Method::GET, "/openapi.json", Value::Null).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(header(&response, "content-type"), "application/json");
    let document: Value = response.json().await.expect("JSON");
    assert_eq!(document["openapi"], "3.1.1");
    let chat = &document["paths"]["/stream-chat"]["post"];
    let body = &chat["requestBody"]["content"]["application/json"]["schema"]["$ref"];
    let schema = document
        .pointer(&body.as_str().expect("a reference")[1..])
        .expect("a schema");
    assert_eq!(
        schema["additionalProperties"], false,
        "unknown fields are refused"
    );
    assert_eq!(schema["required"], json!(["message"]));
}

#[tokio::test]
async fn every_event_that_a_turn_sends_is_a_frame_of_the_document() {
    let app = TestApp::start();
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_end().await;
    let document = app.learner.get("/openapi.json").await;
    let frames = document["components"]["schemas"]["TurnFrame"]["oneOf"]
        .as_array()
        .expect("frames");
    for event in &reader.events {
        let frame = frames
            .iter()
            .find(|frame| frame["properties"]["event"]["const"] == event.name.as_str())
            .unwrap_or_else(|| panic!("{} is not described", event.name));
        let pointer = frame["properties"]["data"]["contentSchema"]["$ref"]
            .as_str()
            .expect("a reference");
        let schema = document.pointer(&pointer[1..]).expect("a schema");
        let described = schema["properties"].as_object().expect("fields");
        let sent = event.data.as_object().expect("fields");
        let unknown: Vec<_> = sent
            .keys()
            .filter(|name| !described.contains_key(*name))
            .collect();
        assert!(unknown.is_empty(), "{}: {unknown:?} is not described", event.name);
        for name in schema["required"].as_array().expect("required fields") {
            assert!(
                sent.contains_key(name.as_str().expect("a name")),
                "{}: no {name}",
                event.name
            );
        }
    }
}

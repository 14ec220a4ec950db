//! Errors that a provider describes: before the stream, in a 200, and in the stream.

use serde_json::{Value, json};

use super::fake::{KEY, play, stream_of};
use super::secrets::{OVERLOADED, SECRET, answer, assert_tells_nothing, told};
use super::vendor::{ALL, Vendor};
use crate::model::FinishReason;
use crate::provider::ProviderErrorKind;

#[tokio::test]
async fn codes_of_the_body_are_kept_for_the_log() {
    for vendor in ALL {
        let body = format!(
            r#"{{"error":{{"message":"{SECRET}","type":"invalid_request_error","param":null,"code":"context_length_exceeded"}}}}"#
        );
        let outcome = play(vendor, answer(400, "content-type: application/json\r\n", &body)).await;
        assert_eq!(outcome.kind(), Some(&ProviderErrorKind::TooLong));
        assert!(told(&outcome).contains("400, code context_length_exceeded, type invalid_request_error"));
        assert_tells_nothing(&outcome);
        let sentence = format!(r#"{{"error":{{"code":"{SECRET}","type":"{KEY}"}}}}"#);
        let outcome = play(vendor, answer(400, "", &sentence)).await;
        assert!(told(&outcome).contains("400, code -, type -"));
        assert_tells_nothing(&outcome);
    }
}

#[tokio::test]
async fn an_error_object_is_mapped_in_a_200_and_in_the_stream() {
    let limited = ProviderErrorKind::RateLimited { retry_after: None };
    let cases = [
        (r#"{"message":"x","code":429}"#, limited.clone()),
        (r#"{"message":"x","code":"429"}"#, limited.clone()),
        (
            r#"{"message":"x","type":"rate_limit_error","code":null}"#,
            limited,
        ),
        (r#"{"message":"x","code":502}"#, OVERLOADED),
        (
            r#"{"message":"x","status":401,"code":"whatever"}"#,
            ProviderErrorKind::Unauthorized,
        ),
        (
            r#"{"message":"x","code":"invalid_api_key"}"#,
            ProviderErrorKind::Unauthorized,
        ),
        (
            r#"{"message":"x","code":400,"type":"exceed_context_size_error"}"#,
            ProviderErrorKind::TooLong,
        ),
        (
            r#"{"message":"x","type":"invalid_request_error"}"#,
            ProviderErrorKind::Rejected,
        ),
        (r#"{"message":"x","type":"server_error"}"#, OVERLOADED),
        (r#"{"message":"x"}"#, OVERLOADED),
        (r#""out of memory""#, OVERLOADED),
    ];
    for vendor in ALL {
        for (error, kind) in &cases {
            let error: Value = serde_json::from_str(error).unwrap();
            let object = json!({"error": error, "note": format!("{SECRET} {KEY}")}).to_string();
            let whole = play(vendor, answer(200, "content-type: application/json\r\n", &object)).await;
            let first = stream_of(vendor, vendor.error(&error)).await;
            let unnamed = stream_of(vendor, format!("data: {object}\n\n")).await;
            let body = vendor.begin() + &vendor.text("kept") + &vendor.error(&error);
            let later = stream_of(vendor, body + &vendor.end(FinishReason::Stop)).await;
            assert_eq!(later.text(), "kept");
            for outcome in [whole, first, unnamed, later] {
                assert_eq!(outcome.kind(), Some(kind), "{vendor:?} {error}: {outcome:?}");
                assert_tells_nothing(&outcome);
            }
        }
    }
}

#[tokio::test]
async fn an_event_that_is_called_error_is_one() {
    for vendor in ALL {
        let body = vendor.text("kept") + "event: error\ndata: {\"code\":\"rate_limit_exceeded\"}\n\n";
        let outcome = stream_of(vendor, body).await;
        assert_eq!(outcome.text(), "kept");
        let error = outcome.error.unwrap();
        assert!(error.kind.is_retryable(), "{vendor:?}: {error:?}");
    }
}

#[tokio::test]
async fn a_prompt_that_is_too_long_is_told_from_a_wrong_one() {
    let error = |message: &str| json!({"type": "invalid_request_error", "message": message});
    for (message, kind) in [
        (
            "prompt is too long: 214000 tokens > 200000 maximum",
            ProviderErrorKind::TooLong,
        ),
        (
            "messages: text content blocks must be non-empty",
            ProviderErrorKind::Rejected,
        ),
    ] {
        let body = json!({"type": "error", "error": error(message)}).to_string();
        let outcome = play(Vendor::Messages, answer(400, "", &body)).await;
        assert_eq!(outcome.kind(), Some(&kind));
        assert!(!told(&outcome).contains("tokens"), "{}", told(&outcome));
    }
}

#[tokio::test]
async fn malformed_data_is_not_quoted() {
    for vendor in ALL {
        let wrong = format!("{SECRET} {KEY}");
        for (data, problem) in [
            (json!(wrong).to_string(), "is no text"),
            (format!("{{\"delta\": \"{wrong}\""), "Eof error in column"),
            (wrong.clone(), "Syntax error in column"),
        ] {
            let outcome = stream_of(vendor, format!("data: {data}\n\n")).await;
            assert_eq!(outcome.kind(), Some(&ProviderErrorKind::Malformed), "{vendor:?}");
            assert!(told(&outcome).contains(problem), "{}", told(&outcome));
            assert_tells_nothing(&outcome);
        }
    }
}

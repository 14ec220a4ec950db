//! The bytes of an answer say what it is; its label may be anything.

use serde_json::{Value, json};

use super::fake::{Outcome, Step, play, send};
use super::secrets::told;
use super::vendor::{ALL, Vendor};
use crate::model::FinishReason;
use crate::provider::{Delta, ProviderErrorKind};

/// An answer that ends with the connection.
fn answer(headers: &str, body: impl AsRef<[u8]>) -> Vec<Step> {
    vec![send(format!("HTTP/1.1 200 OK\r\n{headers}\r\n")), send(body)]
}

const LABELS: &[&str] = &[
    "content-type: text/plain\r\n",
    "content-type: text/plain; charset=utf-8\r\n",
    "",
    "content-type:\r\n",
    "content-type: application/json\r\n",
    "content-type: application/octet-stream\r\n",
    "content-type: application/x-ndjson\r\n",
    "content-type: text/event-stream, text/event-stream\r\n",
    "content-type: Text/Event-Stream\r\n",
    "content-type: text/html\r\n",
    "content-encoding: Identity\r\n",
    "content-encoding: IDENTITY, identity\r\n",
    "content-encoding:\r\n",
    "content-encoding: none\r\n",
    "content-type: text/event-stream\r\ncontent-encoding: identity\r\n",
];

#[tokio::test]
async fn a_right_stream_is_read_whatever_it_is_called() {
    for vendor in ALL {
        for label in LABELS {
            for before in ["", "\n\n", ": hello\n\n", "\u{feff}", "retry: 5\n\n"] {
                let body =
                    before.to_owned() + &vendor.begin() + &vendor.text("a") + &vendor.end(FinishReason::Stop);
                let outcome = play(vendor, answer(label, body)).await;
                assert!(
                    outcome.has_end() && outcome.text() == "a",
                    "{vendor:?} {label} {before:?}: {outcome:?}"
                );
            }
        }
    }
}

/// A whole reply that was not asked to stream.
fn whole(vendor: Vendor, text: &str) -> Value {
    match vendor {
        Vendor::Chat => json!({
            "object": "chat.completion",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "length"}],
            "usage": {"prompt_tokens": 9, "completion_tokens": 12},
        }),
        Vendor::Responses => json!({
            "object": "response", "status": "incomplete", "error": null,
            "incomplete_details": {"reason": "max_output_tokens"},
            "output": [{"type": "message", "content": [{"type": "output_text", "text": text}]}],
            "usage": {"input_tokens": 9, "output_tokens": 12},
        }),
        Vendor::Messages => json!({
            "type": "message", "role": "assistant", "content": [{"type": "text", "text": text}],
            "stop_reason": "max_tokens", "usage": {"input_tokens": 9, "output_tokens": 12},
        }),
    }
}

#[tokio::test]
async fn a_whole_reply_is_one_delta() {
    for vendor in ALL {
        let document = whole(vendor, "Light scatters.");
        for body in [document.to_string(), format!("\n {document:#}\n")] {
            for label in [
                "content-type: application/json\r\n",
                "content-type: text/event-stream\r\n",
                "",
            ] {
                let framed = format!("{label}content-length: {}\r\n", body.len());
                for headers in [label, &framed] {
                    let outcome = play(vendor, answer(headers, &body)).await;
                    assert_eq!(
                        outcome.deltas[0],
                        Delta::Text("Light scatters.".to_owned()),
                        "{outcome:?}"
                    );
                    let Some(Delta::End(end)) = outcome.deltas.get(1) else {
                        panic!("{vendor:?}: {outcome:?}");
                    };
                    let tokens = end.usage.map(|usage| (usage.input_tokens, usage.output_tokens));
                    assert_eq!((end.finish_reason, tokens), (FinishReason::Length, Some((9, 12))));
                }
            }
        }
    }
}

#[tokio::test]
async fn a_whole_reply_that_is_cut_at_any_byte_is_none() {
    for vendor in ALL {
        let body = whole(vendor, "Light scatters.").to_string();
        for cut in (1..body.len()).step_by(3) {
            let outcome = play(vendor, answer("content-type: application/json\r\n", &body[..cut])).await;
            assert_eq!(
                outcome.kind(),
                Some(&ProviderErrorKind::Disconnected),
                "{vendor:?} cut at {cut}"
            );
        }
    }
}

#[tokio::test]
async fn a_whole_reply_without_text_is_none() {
    for vendor in ALL {
        let body = whole(vendor, "").to_string();
        let outcome = play(vendor, answer("content-type: application/json\r\n", &body)).await;
        assert!(
            matches!(outcome.kind(), Some(ProviderErrorKind::OutOfTokens { .. })),
            "{outcome:?}"
        );
    }
}

#[tokio::test]
async fn what_is_neither_is_refused_and_the_type_is_told() {
    let cases: [(&str, &[u8], &str); 8] = [
        (
            "content-type: text/html; charset=utf-8\r\n",
            b"<!doctype html><html>",
            "text/html",
        ),
        ("content-type: text/html\r\n", b"\n\n <html>", "text/html"),
        (
            "content-type: text/event-stream\r\n",
            b"<html>",
            "text/event-stream",
        ),
        ("content-type: text/plain\r\n", b"upstream error", "text/plain"),
        ("", b"bad gateway", "content type -"),
        (
            "content-type: application/json\r\n",
            b"{\"status\": \"ready\"}",
            "application/json",
        ),
        (
            "content-type: text/event-stream\r\ncontent-encoding: gzip\r\n",
            b"\x1f\x8b",
            "coding gzip",
        ),
        (
            "content-type: text/event-stream\r\ncontent-encoding: BR\r\n",
            b"data: a\n\n",
            "coding BR",
        ),
    ];
    for vendor in ALL {
        for (headers, body, told_type) in cases {
            let outcome = play(vendor, answer(headers, body)).await;
            assert_eq!(
                outcome.kind(),
                Some(&ProviderErrorKind::Unreadable),
                "{vendor:?} {headers}: {outcome:?}"
            );
            assert!(told(&outcome).contains(told_type), "{}", told(&outcome));
        }
        let outcome: Outcome = play(vendor, answer("content-type: secret sentence\r\n", "<p>")).await;
        assert!(!told(&outcome).contains("sentence"), "{}", told(&outcome));
    }
}

#[tokio::test]
async fn an_error_document_is_an_error_whatever_it_is_called() {
    for vendor in ALL {
        for label in LABELS {
            let outcome = play(vendor, answer(label, "{\n  \"error\": {\"code\": 429}\n}\n")).await;
            let limited = ProviderErrorKind::RateLimited { retry_after: None };
            assert_eq!(outcome.kind(), Some(&limited), "{vendor:?} {label}: {outcome:?}");
        }
    }
}

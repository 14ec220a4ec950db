//! The bytes of an answer decide what it is, not its label.

use serde_json::{Value, json};

use super::fake::{Outcome, Step, play, send};
use super::secrets::{answer, assert_tells_nothing, told};
use super::vendor::{ALL, Vendor};
use crate::model::FinishReason;
use crate::provider::{Delta, ProviderErrorKind};

/// Labels that a right stream was seen to have, and others of their kind.
const LABELS: [&str; 14] = [
    "content-type: text/event-stream\r\n",
    "content-type: TEXT/Event-Stream;charset=UTF-8\r\n",
    "content-type: text/event-stream, text/event-stream\r\n",
    "content-type: text/event-streams\r\n",
    "content-type: text/plain; charset=utf-8\r\n",
    "content-type: application/json\r\n",
    "content-type: application/octet-stream\r\n",
    "content-type: application/x-ndjson\r\n",
    "content-type: text/html\r\n",
    "content-type: \r\n",
    "",
    "content-type: text/event-stream\r\ncontent-encoding: Identity\r\n",
    "content-type: text/event-stream\r\ncontent-encoding: \r\n",
    "content-type: text/event-stream\r\ncontent-encoding: none\r\n",
];

fn stream(vendor: Vendor) -> String {
    vendor.begin() + &vendor.text("The sky ") + &vendor.text("is blue.") + &vendor.end(FinishReason::Stop)
}

/// A whole answer as this vendor gives it to a request without `stream`.
fn whole(vendor: Vendor) -> Value {
    match vendor {
        Vendor::Chat => json!({
            "id": "chatcmpl-1", "object": "chat.completion", "model": "m",
            "choices": [{ "index": 0, "message": { "role": "assistant", "content": "The sky is blue." }, "finish_reason": "stop" }],
            "usage": { "prompt_tokens": 9, "completion_tokens": 12, "total_tokens": 21 },
        }),
        Vendor::Responses => json!({
            "id": "r", "object": "response", "status": "completed", "error": null, "incomplete_details": null,
            "output": [
                { "type": "reasoning", "summary": [] },
                { "type": "message", "role": "assistant", "content": [{ "type": "output_text", "text": "The sky is blue." }] },
            ],
            "usage": { "input_tokens": 9, "output_tokens": 12, "total_tokens": 21 },
        }),
        Vendor::Messages => json!({
            "id": "m", "type": "message", "role": "assistant", "stop_reason": "end_turn",
            "content": [{ "type": "text", "text": "The sky is blue." }],
            "usage": { "input_tokens": 9, "output_tokens": 12 },
        }),
    }
}

#[track_caller]
fn assert_whole(outcome: &Outcome, what: &str) {
    assert_eq!(outcome.text(), "The sky is blue.", "{what}: {outcome:?}");
    assert!(
        outcome.has_end() && outcome.error.is_none(),
        "{what}: {outcome:?}"
    );
}

#[tokio::test]
async fn a_right_stream_is_read_whatever_its_label() {
    for vendor in ALL {
        for label in LABELS {
            let outcome = play(vendor, answer(200, label, &stream(vendor))).await;
            assert_whole(&outcome, &format!("{vendor:?} {label}"));
        }
    }
}

#[tokio::test]
async fn a_stream_without_a_label_is_known_by_its_first_bytes_in_any_split() {
    for vendor in ALL {
        let body = stream(vendor);
        for at in 1..12 {
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n";
            let (first, rest) = body.split_at(at);
            let pause = Step::Pause(std::time::Duration::from_millis(5));
            let outcome = play(vendor, vec![send(head), send(first), pause, send(rest)]).await;
            assert_whole(&outcome, &format!("{vendor:?} {at}"));
        }
    }
}

#[tokio::test]
async fn a_whole_answer_is_a_reply_in_one_delta_whatever_its_label() {
    for vendor in ALL {
        let pretty = serde_json::to_string_pretty(&whole(vendor)).unwrap();
        for body in [whole(vendor).to_string(), format!("\n {pretty}\n")] {
            for label in LABELS {
                let outcome = play(vendor, answer(200, label, &body)).await;
                let what = format!("{vendor:?} {label}");
                assert_whole(&outcome, &what);
                assert_eq!(outcome.deltas.len(), 2, "{what}: {outcome:?}");
                let Some(Delta::End(end)) = outcome.deltas.last() else {
                    panic!("{what}: no end")
                };
                assert_eq!(end.finish_reason, FinishReason::Stop);
                let usage = end.usage.expect("its tokens are reported");
                assert_eq!((usage.input_tokens, usage.output_tokens), (9, 12), "{what}");
            }
        }
    }
}

#[tokio::test]
async fn a_whole_answer_that_broke_off_is_no_reply() {
    for vendor in ALL {
        let body = whole(vendor).to_string();
        for label in LABELS {
            let head = format!("HTTP/1.1 200 OK\r\n{label}content-length: {}\r\n\r\n", body.len());
            let outcome = play(vendor, vec![send(head), send(&body[..body.len() / 2])]).await;
            assert!(
                !outcome.has_end() && outcome.text().is_empty(),
                "{vendor:?} {label}"
            );
            assert!(
                outcome
                    .error
                    .as_ref()
                    .is_some_and(|error| error.kind.is_retryable()),
                "{outcome:?}"
            );
        }
    }
}

#[tokio::test]
async fn what_is_no_reply_at_all_is_told_with_its_type_and_not_asked_for_again() {
    for vendor in ALL {
        for (label, body, expected) in [
            (
                "content-type: text/html; charset=utf-8\r\n",
                "<html>",
                "content type text/html, coding -",
            ),
            ("", "Bad gateway", "content type -, coding -"),
            (
                "content-type: application/json\r\n",
                r#"{"hello": "a sentence of the learner"}"#,
                "content type application/json, coding -",
            ),
            (
                "content-type: application/json\r\n",
                "{\"a\":1}\n{\"a\":2}\n",
                "application/json",
            ),
            (
                "content-type: text/event-stream\r\ncontent-encoding: gzip\r\n",
                "\u{1f}\u{8b}\u{8}",
                "content type text/event-stream, coding gzip",
            ),
            (
                "content-type: text/plain\r\nx-note: a sentence of the learner\r\n",
                "a sentence of the learner",
                "content type text/plain, coding -",
            ),
        ] {
            let outcome = play(vendor, answer(200, label, body)).await;
            assert_eq!(
                outcome.kind(),
                Some(&ProviderErrorKind::Unreadable),
                "{vendor:?} {label}"
            );
            assert!(!ProviderErrorKind::Unreadable.is_retryable());
            assert!(told(&outcome).contains(expected), "{}", told(&outcome));
            assert_tells_nothing(&outcome);
        }
    }
}

#[tokio::test]
async fn an_empty_answer_was_cut_whatever_its_label() {
    for vendor in ALL {
        for label in LABELS {
            for body in ["", "\n\n"] {
                let outcome = play(vendor, answer(200, label, body)).await;
                assert_eq!(
                    outcome.kind(),
                    Some(&ProviderErrorKind::Disconnected),
                    "{vendor:?} {label}"
                );
            }
        }
    }
}

//! What the fake upstream does with one request, step by step.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::plan::Plan;
use crate::deadline::within;

/// Something that happens once, and that others may wait for.
#[derive(Clone)]
pub(crate) struct Signal(Arc<Semaphore>);

impl Signal {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }

    /// It has happened.
    pub(crate) fn give(&self) {
        self.0.close();
    }

    /// Waits until it has happened, which must be before the deadline.
    pub(crate) async fn wait(&self, what: &str) {
        within(what, self.happened()).await;
    }

    pub(super) async fn happened(&self) {
        // Nobody ever adds a permit: this ends when the semaphore is closed.
        let _ = self.0.acquire().await;
    }
}

/// One step of a reply.
#[derive(Clone)]
pub(crate) enum Step {
    /// Bytes outside any HTTP framing: a response head, say.
    Bare(Vec<u8>),
    /// Bytes of the streamed body.
    Body(Vec<u8>),
    /// The same bytes of the body, so many times.
    Repeated(Vec<u8>, usize),
    /// Wait for a test.
    Await(Signal),
    Pause(Duration),
    /// The body ends as HTTP says; the connection can be used again.
    EndOfBody,
    /// Close the connection politely.
    Cut,
    /// Close it with a reset.
    Reset,
    /// Do nothing more until the peer has gone.
    Hang,
}

/// A whole reply.
#[derive(Clone, Default)]
pub(crate) struct Script(pub(super) Vec<Step>);

impl Script {
    /// A streamed reply that has begun.
    pub(crate) fn stream() -> Self {
        Self::default().then(Step::Bare(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
                .to_vec(),
        ))
    }

    /// A response that is no stream.
    pub(crate) fn plain(status: u16, content_type: &str, body: &str) -> Self {
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status} Status\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n"
        );
        Self::default().then(Step::Bare(format!("{head}\r\n{body}").into_bytes()))
    }

    /// A refusal with further lines of its head.
    pub(crate) fn refusal(status: u16, headers: &str) -> Self {
        let body = r#"{"error":{"message":"secret-canary"}}"#;
        let head = format!("HTTP/1.1 {status} Status\r\nContent-Type: application/json\r\n{headers}");
        let length = body.len();
        Self::default().then(Step::Bare(
            format!("{head}Content-Length: {length}\r\n\r\n{body}").into_bytes(),
        ))
    }

    /// A whole answer of a given shape.
    pub(crate) fn json(answer: &Value) -> Self {
        Self::stream().delta(&answer.to_string()).finish()
    }

    /// No response at all.
    pub(crate) fn silence() -> Self {
        Self::default().then(Step::Hang)
    }

    /// The reply that a plan describes, as far as it is missing after `kept`.
    pub(crate) fn seeded(plan: &Plan, kept: &str) -> Self {
        let Some(deltas) = plan.deltas_after(kept) else {
            return Self::plain(
                400,
                "application/json",
                r#"{"error":{"message":"not a part of this reply"}}"#,
            );
        };
        let mut script = Self::stream();
        for delta in deltas {
            script = script.delta(&delta);
            script.0.extend(plan.pause().map(Step::Pause));
        }
        script.finish()
    }

    pub(crate) fn then(mut self, step: Step) -> Self {
        self.0.push(step);
        self
    }

    /// Text of the reply, in a chunk of its own.
    pub(crate) fn delta(self, text: &str) -> Self {
        self.raw(chunk(
            &json!([{ "index": 0, "delta": { "content": text }, "finish_reason": null }]),
            &Value::Null,
        ))
    }

    /// Any bytes of the body.
    pub(crate) fn raw(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.then(Step::Body(bytes.into()))
    }

    /// The same bytes of the body again and again.
    pub(crate) fn repeated(self, bytes: impl Into<Vec<u8>>, times: usize) -> Self {
        self.then(Step::Repeated(bytes.into(), times))
    }

    /// Goes on when the test says so.
    pub(crate) fn wait_for(self, signal: &Signal) -> Self {
        self.then(Step::Await(signal.clone()))
    }

    /// The natural end: the finish reason, reported usage, `[DONE]`.
    pub(crate) fn finish(self) -> Self {
        let usage = json!({ "prompt_tokens": 9, "completion_tokens": 12, "total_tokens": 21 });
        let with_usage = self.finish_reason("stop").raw(chunk(&json!([]), &usage));
        with_usage.raw("data: [DONE]\n\n").then(Step::EndOfBody)
    }

    /// The natural end of a server that does not count tokens.
    pub(crate) fn finish_without_usage(self) -> Self {
        self.finish_reason("stop")
            .raw("data: [DONE]\n\n")
            .then(Step::EndOfBody)
    }

    /// The chunk that says why the reply ends.
    pub(crate) fn finish_reason(self, reason: &str) -> Self {
        self.raw(chunk(
            &json!([{ "index": 0, "delta": {}, "finish_reason": reason }]),
            &Value::Null,
        ))
    }

    pub(crate) fn cut(self) -> Self {
        self.then(Step::Cut)
    }

    pub(crate) fn reset(self) -> Self {
        self.then(Step::Reset)
    }

    pub(crate) fn hang(self) -> Self {
        self.then(Step::Hang)
    }
}

/// One record of a Chat Completions stream.
pub(crate) fn chunk(choices: &Value, usage: &Value) -> String {
    let chunk = json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_760_000_000, "model": "fake-model",
        "choices": choices, "usage": usage,
    });
    format!("data: {chunk}\n\n")
}

//! The head of an answer: accepted, or an error with as much of its body as is worth reading.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::Value;
use tokio::time::{Instant, timeout, timeout_at};

use super::failure::{Cause, Failures, is_truthy};
use super::reply::Reply;
use super::{Call, Transcript};
use crate::provider::{DeltaStream, ProviderError, ProviderErrorKind, TimeLimit};

/// Most bytes of an error's body that are read, and the longest wait for them.
const MAX_ERROR_BYTES: usize = 64 * 1024;
const ERROR_BODY_TIMEOUT: Duration = Duration::from_secs(2);

/// A request that is about to be sent.
pub(super) struct Opening<T> {
    pub(super) request: RequestBuilder,
    pub(super) transcript: T,
    pub(super) call: Arc<Call>,
}

impl<T: Transcript> Opening<T> {
    /// Sends the request and waits until it is accepted. Its large state is gone before the first delta.
    pub(super) async fn open(self) -> Result<DeltaStream, ProviderError> {
        let Self {
            request,
            transcript,
            call,
        } = self;
        let started = Instant::now();
        let limits = call.timeouts;
        let accepted = accepted(request, &call.failures);
        let response = timeout_at(started + limits.first_delta.min(limits.total), accepted)
            .await
            .map_err(|elapsed| {
                let kind = ProviderErrorKind::TimedOut(TimeLimit::FirstDelta);
                call.failures.caused(kind, elapsed)
            })??;
        Ok(Box::pin(Reply::new(
            response.bytes_stream(),
            transcript,
            call,
            started,
        )))
    }
}

async fn accepted(request: RequestBuilder, failures: &Failures) -> Result<Response, ProviderError> {
    let response = request.send().await.map_err(|error| failures.transport(error))?;
    let status = response.status();
    if status == StatusCode::OK && is_event_stream(response.headers()) {
        return Ok(response);
    }
    let headers = response.headers().clone();
    let body = error_body(response).await;
    if status != StatusCode::OK {
        return Err(failures.status(status.as_u16(), &headers, &body));
    }
    let answer = serde_json::from_slice::<Value>(&body).unwrap_or_default();
    Err(match answer.get("error").filter(|error| is_truthy(error)) {
        Some(error) => failures.error_object(error),
        None => failures.caused(ProviderErrorKind::Malformed, Cause::NoEventStream),
    })
}

/// Compressed events, which were not asked for, would not come out one by one.
fn is_event_stream(headers: &HeaderMap) -> bool {
    let essence = |value: &HeaderValue| {
        let text = value.to_str().unwrap_or_default();
        text.split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .eq_ignore_ascii_case("text/event-stream")
    };
    headers.get(CONTENT_TYPE).is_some_and(essence)
        && headers
            .get(CONTENT_ENCODING)
            .is_none_or(|encoding| encoding == "identity")
}

/// The start of an error's body. Half of it is no JSON, but the status says enough.
async fn error_body(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    let read = async {
        while let Ok(Some(chunk)) = response.chunk().await {
            let room = MAX_ERROR_BYTES - body.len();
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if body.len() == MAX_ERROR_BYTES {
                break;
            }
        }
    };
    timeout(ERROR_BODY_TIMEOUT, read).await.unwrap_or_default();
    body
}

//! The head of an answer: accepted, or an error with as much of its body as is worth reading. What a server refuses of
//! a request is left out, and it is asked again at once.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue, TRANSFER_ENCODING,
};
use reqwest::{RequestBuilder, Response, StatusCode};
use tokio::time::{Instant, timeout, timeout_at};

use super::failure::{Cause, Failures};
use super::reply::Reply;
use super::without::{Field, Without};
use super::{Call, Transcript};
use crate::provider::{DeltaStream, ProviderError, ProviderErrorKind, TimeLimit};

/// Most bytes of an error's body that are read, and the longest wait for them.
const MAX_ERROR_BYTES: usize = 64 * 1024;
const ERROR_BODY_TIMEOUT: Duration = Duration::from_secs(2);

/// A request as it is sent, and its body.
pub(super) type Prepared = (RequestBuilder, Bytes);

/// A request that is about to be sent.
pub(super) struct Opening<T> {
    pub(super) asking: Asking,
    pub(super) transcript: T,
}

/// How it is sent.
pub(super) struct Asking {
    /// Makes the request, without some fields.
    pub(super) prepare: Box<dyn Fn(Without) -> serde_json::Result<Prepared> + Send + Sync>,
    pub(super) call: Arc<Call>,
}

/// Why a request was not accepted, and the field of it that was to blame.
struct Refusal {
    error: ProviderError,
    field: Option<Field>,
}

impl From<ProviderError> for Refusal {
    fn from(error: ProviderError) -> Self {
        Self { error, field: None }
    }
}

impl<T: Transcript> Opening<T> {
    /// Sends the request and waits until it is accepted. Its large state is gone before the first delta.
    pub(super) async fn open(self) -> Result<DeltaStream, ProviderError> {
        let started = Instant::now();
        let Self { asking, transcript } = self;
        let limits = asking.call.timeouts;
        let (response, label) = timeout_at(started + limits.first_delta.min(limits.total), asking.accepted())
            .await
            .map_err(|elapsed| {
                let kind = ProviderErrorKind::TimedOut(TimeLimit::FirstDelta);
                asking.call.failures.caused(kind, elapsed)
            })??;
        let reply = Reply::new(response.bytes_stream(), transcript, asking.call, started);
        Ok(Box::pin(reply.labelled(label)))
    }
}

impl Asking {
    /// Asks, each time without what was refused, until the request is accepted or refused for good.
    async fn accepted(&self) -> Result<(Response, Label), ProviderError> {
        let Call {
            failures, refused, ..
        } = &*self.call;
        let mut without = refused.known();
        loop {
            let prepared = (self.prepare)(without).map_err(|error| failures.json(&error))?;
            match self.ask(prepared).await {
                Ok(accepted) => {
                    for field in refused.remember(without).names() {
                        failures.log_left_out(field);
                    }
                    return Ok(accepted);
                }
                Err(Refusal {
                    field: Some(field), ..
                }) if !without.has(field) => without = without.and(field),
                Err(Refusal { error, .. }) => return Err(error),
            }
        }
    }

    async fn ask(&self, (request, sent): Prepared) -> Result<(Response, Label), Refusal> {
        let failures = &self.call.failures;
        let response = request.send().await.map_err(|error| failures.transport(error))?;
        let status = response.status();
        if status == StatusCode::OK {
            let label = Label::of(response.headers());
            return if label.is_plain() {
                Ok((response, label))
            } else {
                Err(label.refusal(failures).into())
            };
        }
        let headers = response.headers().clone();
        let body = error_body(response).await;
        let (error, field) = failures.status((status.as_u16(), &headers), &body, &sent);
        Err(Refusal { error, field })
    }
}

/// What the head of an answer says of its body.
#[derive(Debug)]
pub(super) struct Label {
    pub(super) is_event_stream: bool,
    /// The body tells its own end; another one ends with the connection, and so does one that was cut.
    pub(super) is_framed: bool,
    content_type: Option<String>,
    coding: Option<String>,
}

impl Default for Label {
    fn default() -> Self {
        Self {
            is_event_stream: true,
            is_framed: false,
            content_type: None,
            coding: None,
        }
    }
}

impl Label {
    fn of(headers: &HeaderMap) -> Self {
        let text = |name| {
            headers
                .get(name)
                .and_then(|value: &HeaderValue| value.to_str().ok())
        };
        let content_type = text(CONTENT_TYPE);
        let essence = content_type.and_then(|value| value.split([';', ',']).next());
        let transfer = text(TRANSFER_ENCODING).map(str::to_ascii_lowercase);
        Self {
            is_event_stream: essence
                .is_some_and(|name| name.trim().eq_ignore_ascii_case("text/event-stream")),
            // RFC 9112, section 6.3.
            is_framed: match transfer {
                Some(codings) => codings.trim_end().ends_with("chunked"),
                None => headers.contains_key(CONTENT_LENGTH),
            },
            content_type: content_type.map(str::to_owned),
            coding: text(CONTENT_ENCODING).map(str::to_owned),
        }
    }

    /// Compressed events, which were not asked for, would not come out one by one.
    fn is_plain(&self) -> bool {
        let codings = self.coding.as_deref().unwrap_or_default().split(',');
        codings
            .map(|coding| coding.trim().to_ascii_lowercase())
            .all(|coding| matches!(&*coding, "" | "identity" | "none"))
    }

    /// The answer is no reply, and will not be one when it is asked for again.
    pub(super) fn refusal(&self, failures: &Failures) -> ProviderError {
        let cause = Cause::NoEventStream {
            content_type: failures.header(self.content_type.as_deref()),
            coding: failures.header(self.coding.as_deref()),
        };
        failures.caused(ProviderErrorKind::Unreadable, cause)
    }
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

//! The head of an answer: accepted, or an error with as much of its body as is worth reading. What a server refuses of
//! a request is left out, and it is asked again at once.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use reqwest::header::HeaderMap;
use reqwest::{RequestBuilder, Response, StatusCode};
use tokio::time::{Instant, timeout, timeout_at};

use super::failure::{Cause, Failures};
use super::reply::Reply;
use super::sniff::{self, Form, Labelled, Whole};
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
    pub(super) whole: Whole,
    pub(super) call: Arc<Call>,
}

/// A body, as its bytes say.
enum Body {
    /// It is what its label says, as far as is known.
    Labelled(Response),
    /// It has another label, and was looked at.
    Found(BoxStream<'static, reqwest::Result<Bytes>>),
}

/// Why a request was not accepted, and the field that was to blame.
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
        let body = timeout_at(started + limits.first_delta.min(limits.total), asking.accepted())
            .await
            .map_err(|elapsed| {
                let kind = ProviderErrorKind::TimedOut(TimeLimit::FirstDelta);
                asking.call.failures.caused(kind, elapsed)
            })??;
        let Asking { whole, call, .. } = asking;
        let most = call.limits.line;
        Ok(match body {
            Body::Labelled(response) => {
                let body = Labelled::new(response.bytes_stream(), whole, most);
                Box::pin(Reply::new(body, transcript, call, started))
            }
            Body::Found(body) => Box::pin(Reply::new(body, transcript, call, started)),
        })
    }
}

impl Asking {
    /// Asks, each time without what was refused, until the request is accepted or refused for good.
    async fn accepted(&self) -> Result<Body, ProviderError> {
        let Call {
            failures, refused, ..
        } = &*self.call;
        let mut without = refused.known();
        loop {
            let prepared = (self.prepare)(without).map_err(|error| failures.json(&error))?;
            match self.ask(prepared).await {
                Ok(body) => {
                    for field in refused.remember(without).names() {
                        log::info!(
                            "provider.asked_without provider.name={} field={field}",
                            failures.provider()
                        );
                    }
                    return Ok(body);
                }
                Err(Refusal {
                    field: Some(field), ..
                }) if !without.has(field) => without = without.and(field),
                Err(Refusal { error, .. }) => return Err(error),
            }
        }
    }

    async fn ask(&self, (request, sent): Prepared) -> Result<Body, Refusal> {
        let failures = &self.call.failures;
        let response = request.send().await.map_err(|error| failures.transport(error))?;
        let status = response.status();
        if status != StatusCode::OK {
            let headers = response.headers().clone();
            let body = error_body(response).await;
            let (error, field) = failures.status((status.as_u16(), &headers), &body, &sent);
            return Err(Refusal { error, field });
        }
        if sniff::is_labelled(response.headers()) {
            return Ok(Body::Labelled(response));
        }
        Ok(self.found(response).await?)
    }

    /// Looks at a body that is not labelled as an event stream.
    async fn found(&self, mut response: Response) -> Result<Body, ProviderError> {
        let failures = &self.call.failures;
        let headers = response.headers().clone();
        let mut begin = Vec::new();
        let form = loop {
            if let Some(form) = sniff::form(&begin) {
                break form;
            }
            match response
                .chunk()
                .await
                .map_err(|error| failures.transport(error))?
            {
                Some(chunk) => begin.extend_from_slice(&chunk),
                // Nothing at all is a reply that was cut.
                None if begin.trim_ascii().is_empty() => break Form::Events,
                None => break Form::Other,
            }
            if begin.len() > self.call.limits.line {
                break Form::Other;
            }
        };
        match form {
            Form::Events => {
                let begin = stream::iter([Ok(Bytes::from(begin))]);
                Ok(Body::Found(begin.chain(response.bytes_stream()).boxed()))
            }
            Form::Json => self
                .document(response, begin)
                .await?
                .ok_or_else(|| no_stream(failures, &headers)),
            Form::Other => Err(no_stream(failures, &headers)),
        }
    }

    /// The events that a whole JSON document stands for.
    async fn document(&self, mut response: Response, begin: Vec<u8>) -> Result<Option<Body>, ProviderError> {
        let failures = &self.call.failures;
        let mut document = begin;
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| failures.transport(error))?
        {
            document.extend_from_slice(&chunk);
            if document.len() > self.call.limits.line {
                return Err(failures.bare(ProviderErrorKind::TooLarge));
            }
        }
        let events = sniff::events_of(&document, self.whole);
        Ok(events.map(|events| Body::Found(stream::iter([Ok(Bytes::from(events))]).boxed())))
    }
}

fn no_stream(failures: &Failures, headers: &HeaderMap) -> ProviderError {
    let (content_type, coding) = sniff::told(headers);
    failures.caused(
        ProviderErrorKind::Unreadable,
        Cause::NoEventStream { content_type, coding },
    )
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

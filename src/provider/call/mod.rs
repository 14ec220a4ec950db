//! One call of a provider over HTTP, the same for every wire: a POST, answered by a stream of events.
//!
//! No retries, no redirects, no proxy: the key goes to the configured host or nowhere. What differs between vendors
//! is a [`Dialect`]: how a request is said, and what the events of a reply add up to.

mod answer;
mod client;
mod draft;
mod failure;
#[cfg(any(test, feature = "fuzzing"))]
pub(super) mod fuzzing;
mod reply;
mod resolver;
mod seam;
mod text;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::header::HeaderMap;
use reqwest::{Client, RequestBuilder, Url};
use tokio::sync::Semaphore;

use self::answer::Opening;
pub(super) use self::draft::Draft;
use self::failure::Cause;
pub(super) use self::failure::{Failures, is_truthy};
use self::seam::Seam;
pub(super) use self::text::{Text, text};
use super::decode::SseEvent;
use super::{Completion, CompletionRequest, Delta, DeltaStream, Provider, ProviderError, ProviderErrorKind};
use crate::config::{AnswerLimits, ProviderSettings, Timeouts};

/// Longer limits would overflow the clock.
const MAX_LIMIT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How one vendor is spoken to.
pub(super) trait Dialect: Send + Sync + Sized + 'static {
    /// What the events of a reply add up to.
    type Transcript: Transcript;
    /// Where it is served, below the base URL.
    const PATH: &'static [&'static str];
    /// Whether white space at the end of a partial reply is not sent.
    const TRIMS_KEPT: bool = false;
    /// Headers that every request has.
    const HEADERS: &'static [(&'static str, &'static str)] = &[];

    /// The most tokens that a request asks for when nobody has said how many.
    const MAX_TOKENS: Option<u32> = None;

    /// The dialect with what the settings say of every request.
    fn of(settings: &ProviderSettings) -> Self;
    /// Whether it goes on from a partial reply.
    fn continues_partial(&self) -> bool;
    /// The JSON of a request.
    fn body(&self, request: &CompletionRequest) -> serde_json::Result<Vec<u8>>;
    /// An empty transcript of the reply to this request.
    fn transcript(&self, request: &CompletionRequest, draft: Draft) -> Self::Transcript;
}

/// What the events of one reply add up to. No input or output, no clock.
pub(super) trait Transcript: Send + Unpin + 'static {
    /// Takes one event; [`Delta::End`] is the last delta.
    fn read(&mut self, event: SseEvent<'_>, failures: &Failures) -> Result<Option<Delta>, ProviderError>;
    /// What is left of the last event.
    fn take_next(&mut self) -> Option<Delta>;
    /// Whether the provider has written anything.
    fn has_begun(&self) -> bool;
    /// What the provider has ended the reply with, when nothing but its usage may still come.
    fn completion(&self) -> Option<Completion>;
}

/// A provider that is called over HTTP.
pub(super) struct HttpProvider<D> {
    name: String,
    model: String,
    max_tokens: Option<u32>,
    dialect: D,
    url: Url,
    headers: HeaderMap,
    client: Client,
    call: Arc<Call>,
}

/// What every reply of a provider needs.
struct Call {
    failures: Failures,
    timeouts: Timeouts,
    limits: AnswerLimits,
    /// One permit for each call that may run at a time.
    places: Option<Arc<Semaphore>>,
}

impl<D: Dialect> HttpProvider<D> {
    /// A client of the API that the settings name. It connects when it is asked for a reply.
    ///
    /// # Errors
    /// When a header cannot be sent, or there are no TLS roots.
    pub(super) fn new(settings: &ProviderSettings) -> Result<Self, ProviderError> {
        let failures = Failures::new(settings.name.clone(), settings.api_key.clone());
        let url = client::endpoint(settings, D::PATH)
            .ok_or_else(|| failures.caused(ProviderErrorKind::Rejected, Cause::BaseUrl))?;
        let headers = client::headers(settings, D::HEADERS)
            .map_err(|error| failures.caused(ProviderErrorKind::Unauthorized, error))?;
        let client = client::build(settings).map_err(|error| failures.transport(error))?;
        let Timeouts {
            connect,
            first_delta,
            idle,
            total,
        } = settings.timeouts;
        Ok(Self {
            name: settings.name.clone(),
            model: settings.model.clone(),
            max_tokens: settings.parameters.max_tokens.or(D::MAX_TOKENS),
            dialect: D::of(settings),
            url,
            headers,
            client,
            call: Arc::new(Call {
                failures,
                timeouts: Timeouts {
                    connect: connect.min(MAX_LIMIT),
                    first_delta: first_delta.min(MAX_LIMIT),
                    idle: idle.min(MAX_LIMIT),
                    total: total.min(MAX_LIMIT),
                },
                limits: settings.limits,
                places: settings.max_concurrent.map(|most| Arc::new(Semaphore::new(most))),
            }),
        })
    }

    fn draft(&self, request: &CompletionRequest) -> Draft {
        let is_trimmed = D::TRIMS_KEPT && self.dialect.continues_partial();
        Draft::new(self.call.limits.answer, Seam::after(&request.kept, is_trimmed))
    }

    /// The reply that these bytes are.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(super) fn read(&self, request: &CompletionRequest, body: Vec<bytes::Bytes>) -> DeltaStream {
        let transcript = self.dialect.transcript(request, self.draft(request));
        let body = futures_util::stream::iter(body.into_iter().map(Ok));
        let started = tokio::time::Instant::now();
        Box::pin(reply::Reply::new(
            body,
            transcript,
            Arc::clone(&self.call),
            started,
        ))
    }

    fn request(&self, request: &CompletionRequest) -> serde_json::Result<RequestBuilder> {
        let body = self.dialect.body(request)?;
        Ok(self
            .client
            .post(self.url.clone())
            .headers(self.headers.clone())
            .body(body))
    }
}

impl<D: Dialect> Provider for HttpProvider<D> {
    fn name(&self) -> &str {
        &self.name
    }

    fn model(&self) -> &str {
        &self.model
    }

    fn continues_partial(&self) -> bool {
        self.dialect.continues_partial()
    }

    fn max_tokens(&self) -> Option<u32> {
        self.max_tokens
    }

    fn stream(&self, request: CompletionRequest) -> BoxFuture<'static, Result<DeltaStream, ProviderError>> {
        let call = Arc::clone(&self.call);
        let draft = self.draft(&request);
        match self.request(&request) {
            Ok(prepared) => {
                let transcript = self.dialect.transcript(&request, draft);
                let opening = Opening {
                    request: prepared,
                    transcript,
                    call,
                };
                Box::pin(opening.open())
            }
            Err(error) => Box::pin(async move { Err(call.failures.json(&error)) }),
        }
    }
}

impl<D> fmt::Debug for HttpProvider<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpProvider")
            .field("name", &self.name)
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}

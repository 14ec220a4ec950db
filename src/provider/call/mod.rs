//! One call of a provider over HTTP, the same for every wire: a POST, answered by a stream of events.
//!
//! No retries, no redirects, no proxy: the key goes to the configured host or nowhere. What differs between vendors
//! is a [`Dialect`]: how a request is said, and what the events of a reply add up to.

mod answer;
mod client;
mod clock;
mod content;
mod data;
mod deltas;
mod draft;
mod drain;
mod ending;
mod error_record;
mod failure;
mod finish;
#[cfg(any(test, feature = "fuzzing"))]
pub(super) mod fuzzing;
mod halves;
mod intake;
mod loose;
mod notes;
mod refusal;
mod reply;
mod resolver;
mod seam;
mod text;
mod thoughts;
mod told;
mod usage;
mod without;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::header::HeaderMap;
use reqwest::{Client, Url};

use self::answer::{Asking, Opening, Prepared};
pub(super) use self::content::{Kind, pieces};
pub(super) use self::data::{is_done, record};
pub(super) use self::draft::Draft;
use self::draft::Reading;
pub(super) use self::error_record::error_of;
use self::failure::Cause;
pub(super) use self::failure::Failures;
pub(super) use self::loose::Loose;
use self::seam::Seam;
pub(super) use self::text::{Text, text};
pub(super) use self::told::Told;
pub(super) use self::usage::{Counted, count};
use self::without::Refused;
pub(super) use self::without::{Field, Without};
use super::decode::SseEvent;
use super::{CompletionRequest, DeltaStream, Provider, ProviderError, ProviderErrorKind};
use crate::config::{AnswerLimits, Deltas, ProviderSettings, Thoughts, Timeouts};
use crate::model::Role;

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
    /// The JSON of a request, without the fields that the server refuses.
    fn body(&self, request: &CompletionRequest, without: Without) -> serde_json::Result<Vec<u8>>;
    /// An empty transcript of the reply to this request.
    fn transcript(&self, request: &CompletionRequest, draft: Draft) -> Self::Transcript;
}

/// What the events of one reply add up to. No input or output, no clock.
pub(super) trait Transcript: Send + Unpin + 'static {
    /// Takes one event. What it says is in the draft, also when an error follows it.
    fn read(&mut self, event: SseEvent<'_>, failures: &Failures) -> Result<(), ProviderError>;
    /// Takes a whole reply that comes as one JSON document. Answers whether it is one.
    fn read_document(&mut self, document: Loose<'_>, failures: &Failures) -> Result<bool, ProviderError>;
    /// What was read so far.
    fn draft(&self) -> &Draft;
    /// The same, to take from it.
    fn draft_mut(&mut self) -> &mut Draft;
}

/// A provider that is called over HTTP.
pub(super) struct HttpProvider<D> {
    name: String,
    model: String,
    max_tokens: Option<u32>,
    line: Arc<Line<D>>,
    thoughts: Thoughts,
    deltas: Deltas,
    call: Arc<Call>,
}

/// Where requests go, and how they are said.
struct Line<D> {
    dialect: D,
    url: Url,
    headers: HeaderMap,
    client: Client,
}

impl<D: Dialect> Line<D> {
    fn request(&self, request: &CompletionRequest, without: Without) -> serde_json::Result<Prepared> {
        let body = bytes::Bytes::from(self.dialect.body(request, without)?);
        let builder = self.client.post(self.url.clone()).headers(self.headers.clone());
        Ok((builder.body(body.clone()), body))
    }
}

/// What every reply of a provider needs.
struct Call {
    failures: Failures,
    timeouts: Timeouts,
    limits: AnswerLimits,
    /// What the server refuses of requests.
    refused: Refused,
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
            line: Arc::new(Line {
                dialect: D::of(settings),
                url,
                headers,
                client,
            }),
            thoughts: settings.thoughts,
            deltas: settings.deltas,
            call: Arc::new(Call {
                failures,
                timeouts: Timeouts {
                    connect: connect.min(MAX_LIMIT),
                    first_delta: first_delta.min(MAX_LIMIT),
                    idle: idle.min(MAX_LIMIT),
                    total: total.min(MAX_LIMIT),
                },
                limits: settings.limits,
                refused: Refused::default(),
            }),
        })
    }

    fn draft(&self, request: &CompletionRequest) -> Draft {
        let continues = self.line.dialect.continues_partial();
        let goes_on = !request.kept.is_empty();
        let newest = request
            .messages
            .iter()
            .rfind(|message| message.role == Role::User);
        let speaks_of_tags = newest.is_some_and(|message| thoughts::are_named_in(&message.content));
        let reading = Reading {
            max_bytes: self.call.limits.answer,
            thoughts: match self.thoughts {
                // It goes on in the middle of its reply, not at the begin of its template.
                Thoughts::Unopened if goes_on && continues => Thoughts::Tagged,
                _ if goes_on && thoughts::ends_in_fence(&request.kept) => Thoughts::Shown,
                setting => setting,
            },
            may_void: !goes_on && !speaks_of_tags,
            is_cumulative: self.deltas == Deltas::Cumulative,
            goes_on,
        };
        Draft::new(&reading, Seam::after(&request.kept, D::TRIMS_KEPT && continues))
    }

    /// The reply that these bytes are.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(super) fn read(&self, request: &CompletionRequest, body: Vec<bytes::Bytes>) -> DeltaStream {
        let transcript = self.line.dialect.transcript(request, self.draft(request));
        let body = futures_util::stream::iter(body.into_iter().map(Ok));
        let started = tokio::time::Instant::now();
        Box::pin(reply::Reply::new(
            body,
            transcript,
            Arc::clone(&self.call),
            started,
        ))
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
        self.line.dialect.continues_partial()
    }

    fn left_out(&self) -> Vec<&'static str> {
        self.call.refused.known().names()
    }

    fn max_tokens(&self) -> Option<u32> {
        self.max_tokens
    }

    fn stream(&self, request: CompletionRequest) -> BoxFuture<'static, Result<DeltaStream, ProviderError>> {
        let transcript = self.line.dialect.transcript(&request, self.draft(&request));
        let line = Arc::clone(&self.line);
        let asking = Asking {
            prepare: Box::new(move |without| line.request(&request, without)),
            call: Arc::clone(&self.call),
        };
        Box::pin(Opening { asking, transcript }.open())
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

//! Replies over the chat completions API of OpenAI and of the many servers that speak it.
//!
//! One POST per reply, no retries, no redirects, no proxy: the key goes to the configured host or nowhere.

mod failure;
mod prompt;
mod reply;
#[cfg(test)]
mod tests;
mod transcript;
mod wire;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
    InvalidHeaderName, InvalidHeaderValue,
};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use secrecy::ExposeSecret;
use tokio::time::{Instant, timeout, timeout_at};

use self::failure::{Cause, Failures};
use self::prompt::Manner;
use self::reply::Reply;
use self::transcript::Transcript;
use super::{CompletionRequest, DeltaStream, Provider, ProviderError, ProviderErrorKind, TimeLimit};
use crate::config::{AnswerLimits, Auth, ProviderSettings, StructuredOutput};

const USER_AGENT: &str = concat!("tutorstream/", env!("CARGO_PKG_VERSION"));
const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const IDLE_CONNECTIONS: usize = 32;
const IDLE_CONNECTION_TIMEOUT: Duration = Duration::from_secs(60);
/// Most bytes of an error's body that are read, and the longest wait for them.
const MAX_ERROR_BYTES: usize = 64 * 1024;
const ERROR_BODY_TIMEOUT: Duration = Duration::from_secs(2);
/// Longer limits would overflow the clock.
const MAX_LIMIT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// An OpenAI-compatible chat completions API.
pub struct OpenAiChat {
    name: String,
    manner: Manner,
    url: Url,
    headers: HeaderMap,
    client: Client,
    call: Arc<Call>,
}

/// What every reply of a provider needs.
struct Call {
    failures: Failures,
    limits: Limits,
    answer: AnswerLimits,
}

/// How long to wait for what.
#[derive(Clone, Copy)]
struct Limits {
    first_delta: Duration,
    idle: Duration,
    total: Duration,
}

impl OpenAiChat {
    /// A client of the API that the settings name. It connects when it is asked for a reply.
    ///
    /// # Errors
    /// When the base URL or the key cannot be used, or there are no TLS roots.
    pub fn new(settings: &ProviderSettings) -> Result<Self, ProviderError> {
        let failures = Failures::new(settings.name.clone(), settings.api_key.clone());
        let url =
            endpoint(settings).ok_or_else(|| failures.caused(ProviderErrorKind::Rejected, Cause::BaseUrl))?;
        let headers =
            headers(settings).map_err(|error| failures.caused(ProviderErrorKind::Unauthorized, error))?;
        let client = client(&url, settings.timeouts.connect).map_err(|error| failures.transport(error))?;
        let limits = Limits {
            first_delta: settings.timeouts.first_delta.min(MAX_LIMIT),
            idle: settings.timeouts.idle.min(MAX_LIMIT),
            total: settings.timeouts.total.min(MAX_LIMIT),
        };
        Ok(Self {
            name: settings.name.clone(),
            manner: Manner::of(settings),
            url,
            headers,
            client,
            call: Arc::new(Call {
                failures,
                limits,
                answer: settings.limits,
            }),
        })
    }

    fn request(&self, request: &CompletionRequest) -> serde_json::Result<RequestBuilder> {
        let body = self.manner.body(request)?;
        Ok(self
            .client
            .post(self.url.clone())
            .headers(self.headers.clone())
            .body(body))
    }
}

impl Provider for OpenAiChat {
    fn name(&self) -> &str {
        &self.name
    }

    fn model(&self) -> &str {
        &self.manner.model
    }

    fn continues_partial(&self) -> bool {
        self.manner.continuation.is_some()
    }

    fn stream(&self, request: CompletionRequest) -> BoxFuture<'static, Result<DeltaStream, ProviderError>> {
        let call = Arc::clone(&self.call);
        let calls_tool =
            request.format.is_some() && self.manner.structured_output == StructuredOutput::ToolCall;
        match self.request(&request) {
            Ok(request) => Box::pin(open(request, call, calls_tool)),
            Err(error) => Box::pin(async move { Err(call.failures.json(&error)) }),
        }
    }
}

impl fmt::Debug for OpenAiChat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAiChat")
            .field("name", &self.name)
            .field("model", &self.manner.model)
            .finish_non_exhaustive()
    }
}

/// The URL to post to.
fn endpoint(settings: &ProviderSettings) -> Option<Url> {
    let mut url = settings.base_url.clone();
    url.path_segments_mut()
        .ok()?
        .pop_if_empty()
        .extend(["chat", "completions"]);
    if !settings.query.is_empty() {
        url.query_pairs_mut().extend_pairs(&settings.query);
    }
    Some(url)
}

fn headers(settings: &ProviderSettings) -> Result<HeaderMap, Unsendable> {
    let mut headers = HeaderMap::with_capacity(6 + settings.headers.len());
    for (name, value) in &settings.headers {
        headers.insert(HeaderName::try_from(name)?, secret(value.expose_secret())?);
    }
    headers.insert(ACCEPT, EVENT_STREAM);
    headers.insert(CONTENT_TYPE, JSON);
    if let Some(organization) = &settings.organization {
        headers.insert("openai-organization", HeaderValue::try_from(organization)?);
    }
    if let Some(project) = &settings.project {
        headers.insert("openai-project", HeaderValue::try_from(project)?);
    }
    if let Some(key) = &settings.api_key {
        let key = key.expose_secret();
        match settings.auth {
            Auth::Bearer => drop(headers.insert(AUTHORIZATION, secret(&format!("Bearer {key}"))?)),
            Auth::ApiKey => drop(headers.insert("api-key", secret(key)?)),
            Auth::XApiKey => drop(headers.insert("x-api-key", secret(key)?)),
            Auth::None => {}
        }
    }
    Ok(headers)
}

fn secret(value: &str) -> Result<HeaderValue, Unsendable> {
    let mut value = HeaderValue::try_from(value)?;
    value.set_sensitive(true);
    Ok(value)
}

/// A header that cannot be sent. Says nothing about which: it may be the key.
#[derive(Debug, thiserror::Error)]
#[error("a header of the configuration cannot be sent")]
struct Unsendable;

impl From<InvalidHeaderValue> for Unsendable {
    fn from(_: InvalidHeaderValue) -> Self {
        Self
    }
}

impl From<InvalidHeaderName> for Unsendable {
    fn from(_: InvalidHeaderName) -> Self {
        Self
    }
}

fn client(url: &Url, connect_timeout: Duration) -> reqwest::Result<Client> {
    // Another part of the process may have installed one already: either is fine.
    drop(rustls::crypto::ring::default_provider().install_default());
    let builder = Client::builder()
        .user_agent(USER_AGENT)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .http1_only()
        .tcp_nodelay(true)
        .connect_timeout(connect_timeout)
        .pool_max_idle_per_host(IDLE_CONNECTIONS)
        .pool_idle_timeout(IDLE_CONNECTION_TIMEOUT);
    // Without TLS no roots are needed, and a machine without any can talk to its own model.
    if url.scheme() == "http" {
        builder.tls_certs_only([])
    } else {
        builder
    }
    .build()
}

/// Sends the request and waits until it is accepted. Its large state is gone before the first delta.
async fn open(
    request: RequestBuilder,
    call: Arc<Call>,
    calls_tool: bool,
) -> Result<DeltaStream, ProviderError> {
    let started = Instant::now();
    let limits = call.limits;
    let late = ProviderErrorKind::TimedOut(TimeLimit::FirstDelta);
    let response = timeout_at(
        started + limits.first_delta.min(limits.total),
        accepted(request, &call.failures),
    )
    .await
    .map_err(|elapsed| call.failures.caused(late, elapsed))??;
    let transcript = Transcript::new(call.answer.answer, calls_tool);
    Ok(Box::pin(Reply::new(
        response.bytes_stream(),
        transcript,
        call,
        started,
    )))
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
    let answer = serde_json::from_slice::<serde_json::Value>(&body).unwrap_or_default();
    Err(
        match answer.get("error").filter(|error| failure::is_truthy(error)) {
            Some(error) => failures.error_object(error),
            None => failures.caused(ProviderErrorKind::Malformed, Cause::NoEventStream),
        },
    )
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

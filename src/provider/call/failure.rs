//! What went wrong, in the words of [`ProviderErrorKind`]. A provider's own message is never kept: it may repeat
//! the prompt or the key. Its short `code` and `type` are, for the log.

use std::error::Error as _;
use std::io::ErrorKind;
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::notes::Notes;
use super::refusal;
use super::without::{Field, refused_field};
use crate::provider::{DecodeError, ProviderError, ProviderErrorKind, TimeLimit};

/// Longer codes are sentences.
const MAX_CODE_BYTES: usize = 64;
/// A provider that asks for more is not waited for anyway.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60 * 60);

/// The cause of an error, for logs.
#[derive(Debug, thiserror::Error)]
pub(in crate::provider) enum Cause {
    #[error("the provider answered with status {status}, code {code}, type {category}")]
    Refused {
        status: u16,
        code: String,
        category: String,
    },
    #[error("the stream has an error object: code {code}, type {category}")]
    ErrorObject { code: String, category: String },
    #[error(
        "the answer is neither an event stream nor a whole reply: content type {content_type}, coding {coding}"
    )]
    NoEventStream { content_type: String, coding: String },
    #[error("the provider, or what stands before it, answered with status {status} and a web page")]
    Page { status: u16 },
    #[error("an event is not the JSON of a chunk: {problem:?} error in column {column}")]
    Json {
        problem: serde_json::error::Category,
        column: usize,
    },
    #[error("the stream ended before the reply did")]
    CutShort,
    #[error("the stream ended without text")]
    NoText,
    #[error("the provider broke the reply off: {word}")]
    BrokenOff { word: String },
    #[error("what carries the text of an event is no text")]
    NoString,
    #[error("the base URL must be http or https and have no user name or password")]
    BaseUrl,
}

/// Makes errors of one provider.
pub(in crate::provider) struct Failures {
    pub(super) provider: String,
    /// To recognise it when it is echoed.
    api_key: Option<SecretString>,
    pub(super) notes: Notes,
}

impl Failures {
    pub(in crate::provider) fn new(provider: String, api_key: Option<SecretString>) -> Self {
        Self {
            provider,
            api_key,
            notes: Notes::default(),
        }
    }

    pub(in crate::provider) fn bare(&self, kind: ProviderErrorKind) -> ProviderError {
        ProviderError {
            provider: self.provider.clone(),
            kind,
            source: None,
        }
    }

    pub(in crate::provider) fn caused(
        &self,
        kind: ProviderErrorKind,
        cause: impl std::error::Error + Send + Sync + 'static,
    ) -> ProviderError {
        ProviderError {
            source: Some(Box::new(cause)),
            ..self.bare(kind)
        }
    }

    /// The connection failed.
    pub(in crate::provider) fn transport(&self, error: reqwest::Error) -> ProviderError {
        let kind = if error.is_timeout() && error.is_connect() {
            ProviderErrorKind::TimedOut(TimeLimit::Connect)
        } else if error.is_builder() {
            ProviderErrorKind::Rejected
        } else if error.is_request() && !error.is_connect() && was_closed(&error) {
            ProviderErrorKind::ClosedUnanswered
        } else {
            ProviderErrorKind::Disconnected
        };
        self.caused(kind, error.without_url())
    }

    /// The bytes are no stream of events.
    pub(in crate::provider) fn decode(&self, error: DecodeError) -> ProviderError {
        let kind = match error {
            DecodeError::TooLong => ProviderErrorKind::TooLarge,
            DecodeError::InvalidUtf8 => ProviderErrorKind::Malformed,
        };
        self.caused(kind, error)
    }

    /// The data of an event is no chunk. serde_json's own words would quote it.
    pub(in crate::provider) fn json(&self, error: &serde_json::Error) -> ProviderError {
        let cause = Cause::Json {
            problem: error.classify(),
            column: error.column(),
        };
        self.caused(ProviderErrorKind::Malformed, cause)
    }

    /// The provider refused a request that had this body; and the field of it that it refuses, if that is why.
    pub(super) fn status(
        &self,
        (status, headers): (u16, &HeaderMap),
        body: &[u8],
        sent: &[u8],
    ) -> (ProviderError, Option<Field>) {
        let is_page = body.trim_ascii_start().starts_with(b"<");
        let body = serde_json::from_slice::<Value>(body).unwrap_or_default();
        // Google's come in an array.
        let body = body.get(0).unwrap_or(&body);
        let error = body.get("error").filter(|error| is_truthy(error)).unwrap_or(body);
        let kind = refusal::of_status(status, error, retry_after(headers), is_page);
        let (code, category) = (self.code(error.get("code")), self.code(error.get("type")));
        let refused = Cause::Refused {
            status,
            code,
            category,
        };
        let cause = if is_page { Cause::Page { status } } else { refused };
        (self.caused(kind, cause), refused_field(status, error, sent))
    }

    /// The provider sent `{"error": …}` where a chunk or a stream belongs.
    pub(in crate::provider) fn error_object(&self, error: &Value) -> ProviderError {
        let kind = refusal::of_object(error);
        let (code, category) = (self.code(error.get("code")), self.code(error.get("type")));
        self.caused(kind, Cause::ErrorObject { code, category })
    }

    /// A code that is fit for the log; `-` when there is none.
    pub(super) fn code(&self, value: Option<&Value>) -> String {
        let code = match value {
            Some(Value::String(code)) => code.clone(),
            Some(Value::Number(code)) => code.to_string(),
            _ => String::new(),
        };
        let is_word =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/' | b'+');
        let is_code = !code.is_empty() && code.len() <= MAX_CODE_BYTES && code.bytes().all(is_word);
        let has_key = self
            .api_key
            .as_ref()
            .is_some_and(|key| code.contains(key.expose_secret()));
        if is_code && !has_key { code } else { "-".to_owned() }
    }
}

/// Whether the peer closed the connection while a request was under way and nothing of an answer had come: so ends
/// a request that met the close of an idle connection on its way (RFC 9112, section 9.3.1).
fn was_closed(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        let by_hyper = error
            .downcast_ref::<hyper::Error>()
            .is_some_and(|error| error.is_incomplete_message() || error.is_closed() || error.is_canceled());
        let by_system = error
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe));
        if by_hyper || by_system {
            return true;
        }
        cause = error.source();
    }
    false
}

/// As OpenAI's own readers see it: an empty error is none.
pub(in crate::provider) fn is_truthy(error: &Value) -> bool {
    match error {
        Value::Null => false,
        Value::Bool(is_error) => *is_error,
        Value::String(message) => !message.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Number(_) | Value::Array(_) => true,
    }
}

/// `retry-after-ms` (OpenAI, Azure), else seconds, of which some say fractions, or an HTTP date (RFC 9110, section 10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let said = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let milliseconds = said("retry-after-ms").and_then(|value| value.parse::<f64>().ok());
    if let Some(wait) = milliseconds.and_then(|value| Duration::try_from_secs_f64(value / 1000.0).ok()) {
        return Some(wait.min(MAX_RETRY_AFTER));
    }
    let value = said(RETRY_AFTER.as_str())?;
    let seconds = value.parse::<f64>().ok().filter(|seconds| *seconds >= 0.0);
    let wait = match seconds {
        Some(seconds) => Duration::try_from_secs_f64(seconds).unwrap_or(MAX_RETRY_AFTER),
        None => {
            let date = DateTime::parse_from_rfc2822(value).ok()?;
            date.signed_duration_since(Utc::now())
                .to_std()
                .unwrap_or_default()
        }
    };
    Some(wait.min(MAX_RETRY_AFTER))
}

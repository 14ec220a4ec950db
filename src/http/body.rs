//! Request bodies: JSON of a bounded size that arrives within a bounded time.

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::BytesMut;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::code::Code;
use super::error::ApiError;
use super::json_shape::{self, Misshapen, check_shape};
use super::objects::is_object;

/// Largest body in bytes.
const LARGEST: usize = 1 << 20;
/// Longest wait for the whole body.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest message in characters (Unicode scalar values).
pub(super) const LONGEST_MESSAGE: usize = 128 * 1024;
/// Longest name, title or key in characters.
pub(super) const LONGEST_LINE: usize = 200;

/// A JSON body.
pub(super) struct JsonBody<T>(pub(super) T);

impl<T: DeserializeOwned + 'static> FromRequest for JsonBody<T> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let content_type = request.content_type().to_owned();
        let length = request
            .headers()
            .get(header::CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok());
        let length = length.and_then(|value| value.parse::<usize>().ok());
        let payload = payload.take();
        Box::pin(async move {
            if !content_type.eq_ignore_ascii_case("application/json") {
                return Err(ApiError::unsupported_media_type());
            }
            if length.is_some_and(|length| length > LARGEST) {
                return Err(too_large());
            }
            let body = tokio::time::timeout(PATIENCE, read(payload))
                .await
                .map_err(|_elapsed| {
                    let detail = "The body did not arrive within 10 s.";
                    ApiError::new(Code::RequestTimeout, detail)
                })??;
            parse(&body).map(Self)
        })
    }
}

/// An object of a bounded shape that is a `T`.
pub(super) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    check_shape(body).map_err(misshapen)?;
    let read = serde_json::from_slice(body).map_err(|error| refuse(&error))?;
    if !is_object(body) {
        return Err(ApiError::invalid_request("The body is not an object."));
    }
    Ok(read)
}

async fn read(mut payload: Payload) -> Result<BytesMut, ApiError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| {
            ApiError::new(Code::InvalidBody, format!("The body cannot be read: {error}."))
        })?;
        if body.len() + chunk.len() > LARGEST {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn too_large() -> ApiError {
    ApiError::new(
        Code::PayloadTooLarge,
        "The body is larger than 1 MiB. Send less at once.",
    )
}

fn misshapen(misshapen: Misshapen) -> ApiError {
    let (code, detail) = match misshapen {
        Misshapen::TooDeep => (
            Code::JsonTooDeep,
            format!("The body is nested deeper than {}.", json_shape::DEEPEST),
        ),
        Misshapen::TooLong => (
            Code::JsonTooLong,
            format!("A list or an object has more than {} parts.", json_shape::LONGEST),
        ),
    };
    ApiError::new(code, detail)
}

fn refuse(error: &serde_json::Error) -> ApiError {
    match error.classify() {
        Category::Data => ApiError::invalid_request(format!("The body does not fit: {}.", what(error))),
        Category::Io | Category::Syntax | Category::Eof => {
            ApiError::new(Code::InvalidJson, format!("The body is not JSON: {error}."))
        }
    }
}

/// What is wrong, without the place: of a body that a library has written nobody knows its columns.
fn what(error: &serde_json::Error) -> String {
    let place = format!(" at line {} column {}", error.line(), error.column());
    let told = error.to_string();
    told.strip_suffix(&place).unwrap_or(&told).to_owned()
}

/// A learner's message: it says something, and the database can hold it.
pub(super) fn check_message(text: &str) -> Result<(), ApiError> {
    if text.trim().is_empty() {
        let detail = "The message is empty. Write something first.";
        return Err(ApiError::new(Code::MessageEmpty, detail));
    }
    if text.chars().count() > LONGEST_MESSAGE {
        let detail = "The message is longer than 131072 characters. Shorten it, or send it in parts.";
        return Err(ApiError::new(Code::MessageTooLong, detail));
    }
    check_text(text)
}

/// A title, a subject or a client's name for something.
pub(super) fn check_line(text: Option<&str>) -> Result<(), ApiError> {
    let Some(text) = text else { return Ok(()) };
    if text.trim().is_empty() || text.chars().count() > LONGEST_LINE {
        return Err(ApiError::invalid_request(
            "A name, title, subject or key has 1 to 200 characters.",
        ));
    }
    check_text(text)
}

/// PostgreSQL cannot store NUL, and no learner writes it.
fn check_text(text: &str) -> Result<(), ApiError> {
    if text.contains('\0') {
        let detail = "The text has a NUL character, which cannot be stored. Take it out.";
        return Err(ApiError::new(Code::InvalidText, detail));
    }
    Ok(())
}

//! The name of a request in its answer and in the log: the caller's own, if it is a plain token, else a new one.

use std::sync::Arc;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

pub(super) const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// Longest id that is taken from a caller, in bytes.
const LONGEST: usize = 64;

pub(super) fn request_id(headers: &HeaderMap) -> Arc<str> {
    let mut given = headers.get_all(HEADER);
    // With two of them it is not clear whose is meant.
    let id = given.next().filter(|_| given.next().is_none());
    match id.and_then(|id| id.to_str().ok()).filter(|id| is_token(id)) {
        Some(id) => id.into(),
        None => Uuid::now_v7().to_string().into(),
    }
}

pub(super) fn to_header(id: &str) -> HeaderValue {
    HeaderValue::from_str(id).unwrap_or(HeaderValue::from_static("-"))
}

/// Nothing of it can be taken for anything else, in a header, in JSON or in a line of the log.
fn is_token(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':');
    (1..=LONGEST).contains(&id.len()) && id.bytes().all(plain)
}

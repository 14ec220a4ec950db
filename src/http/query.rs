//! Path and query parameters whose errors are problem details.

use std::future::{Ready, ready};
use std::str::FromStr;

use actix_web::dev::Payload;
use actix_web::web::Query;
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;

use super::code::Code;
use super::error::ApiError;

/// Most rows of a page.
const LARGEST_PAGE: i64 = 500;

/// A query string.
pub(super) struct ProblemQuery<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest for ProblemQuery<T> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let query = Query::<T>::from_query(request.query_string());
        let query =
            query.map_err(|error| ApiError::invalid_request(format!("The query does not fit: {error}.")));
        ready(query.map(|query| Self(query.into_inner())))
    }
}

/// The last event that a reader has seen, by its own account; the header wins over the query.
pub(super) fn last_seen(request: &HttpRequest, query: Option<String>) -> Option<String> {
    let header = request.headers().get("last-event-id");
    let header = header.map(|value| value.to_str().unwrap_or("?").to_owned());
    header.or(query)
}

/// An id in a path.
pub(super) fn parse_id<T: FromStr>(text: &str) -> Result<T, ApiError> {
    text.parse()
        .map_err(|_not_an_id| ApiError::new(Code::InvalidId, "The id in the path is not a UUID."))
}

/// How many rows a page has.
pub(super) fn page_limit(limit: Option<i64>, default: i64) -> Result<i64, ApiError> {
    let limit = limit.unwrap_or(default);
    if (1..=LARGEST_PAGE).contains(&limit) {
        return Ok(limit);
    }
    Err(ApiError::invalid_request("limit is a number from 1 to 500."))
}

/// Where the next page begins.
pub(super) fn invalid_cursor() -> ApiError {
    ApiError::invalid_request("The cursor is not one that this service has given.")
}

//! A panic in a handler is that request's alone: it is answered with 500, and the answer says nothing of the cause.

use std::panic::AssertUnwindSafe;

use actix_web::error::InternalError;
use actix_web::{Error, ResponseError};
use futures_util::FutureExt;

use super::request_id;
use crate::http::error::ApiError;
use crate::telemetry::current_request;

/// The result of `work`, also when that panics. The panic itself has been logged when this answers.
pub(super) async fn survive<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let Ok(result) = AssertUnwindSafe(work).catch_unwind().await else {
        let mut response = ApiError::internal("a panic").error_response();
        if let Some(id) = current_request() {
            let id = request_id::to_header(&id);
            response.headers_mut().insert(request_id::HEADER, id);
        }
        return Err(InternalError::from_response("a panic", response).into());
    };
    result
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;

    use super::*;
    use crate::telemetry::answering;

    #[tokio::test]
    async fn a_panic_is_answered_as_a_fault_under_the_requests_id() {
        let work = async { None::<()>.ok_or_else(|| panic!("a bug with a secret")) };
        let error = answering("r-1".into(), survive(work)).await.unwrap_err();
        let response = error.error_response();
        assert_eq!(response.status(), 500);
        let id = response.headers().get(request_id::HEADER).unwrap();
        assert_eq!(id, "r-1");
        let body = to_bytes(response.into_body()).await.unwrap();
        let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(
            (&problem["code"], &problem["requestId"]),
            (&"internal".into(), &"r-1".into())
        );
        assert!(!problem.to_string().contains("secret"), "{problem}");
    }
}

//! Who calls. Without authentication configured the service listens on loopback only, and every request acts as
//! the one user `local`.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpRequest};

use super::error::ApiError;

const LOCAL: &str = "local";

/// The subject that a request acts as.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    pub(super) subject: String,
}

impl FromRequest for Identity {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(_request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(Ok(Self {
            subject: LOCAL.to_owned(),
        }))
    }
}

impl Identity {
    /// A user id in a body says who the caller thinks it is; it must be right.
    pub(super) fn must_be(&self, user_id: Option<&str>) -> Result<(), ApiError> {
        if user_id.is_some_and(|user_id| user_id != self.subject) {
            let detail = "userId is not the user that this request acts as.";
            return Err(ApiError::new(StatusCode::FORBIDDEN, "user-mismatch", detail));
        }
        Ok(())
    }
}

//! What a user may take of the service, as a status and as headers. The counting is done in `limits`.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::web::Bytes;

use super::code::Code;
use super::error::ApiError;
use crate::app::App;
use crate::limits::{Seat, Standing, TooMany};

/// draft-ietf-httpapi-ratelimit-headers-10.
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// A request that its user may make.
pub(super) struct Pass {
    seat: Seat,
    standing: Option<Standing>,
}

/// Counts a request of this user, and lets it through unless it is one too many.
pub(super) fn admit(app: &App, user: &str) -> Result<Pass, ApiError> {
    let standing = app.limits.requests.take(user).map_err(|too_many| {
        let TooMany {
            retry_after,
            standing,
        } = too_many;
        let detail = "You ask too often. Wait as long as Retry-After says.";
        ApiError::too_many(Code::RateLimited, (detail, seconds(retry_after))).standing(standing)
    })?;
    let seat = app.limits.parallel.take(user).ok_or_else(|| {
        let detail = "As many of your requests and streams are open as may be. Close some, or wait.";
        ApiError::too_many(Code::TooManyParallelRequests, (detail, 5))
    })?;
    Ok(Pass { seat, standing })
}

/// An address that was wrong too often.
pub(super) fn too_many_failures(retry_after: Duration) -> ApiError {
    let detail = "This address was wrong about who it is too often. Wait as long as Retry-After says.";
    ApiError::too_many(Code::TooManyFailures, (detail, seconds(retry_after)))
}

impl Pass {
    /// Says in the answer where the user stands, and counts the answer as long as it is being sent.
    pub(super) fn accompany(self, mut response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
        if let Some(standing) = self.standing {
            say(response.headers_mut(), standing);
        }
        if !self.seat.is_counted() || response.status() == StatusCode::NO_CONTENT {
            return response;
        }
        response.map_body(|_, body| {
            BoxBody::new(Seated {
                body,
                _seat: self.seat,
            })
        })
    }
}

/// Names the policy, what is left of it, and when all of it is there again.
pub(super) fn say(headers: &mut HeaderMap, standing: Standing) {
    let Standing {
        limit,
        window,
        remaining,
        full_after,
    } = standing;
    let window = window.as_secs();
    let name = if window == 1 { "second" } else { "minute" };
    let mut insert = |header: HeaderName, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(header, value);
        }
    };
    insert(POLICY, format!("\"{name}\";q={limit};w={window}"));
    insert(
        LIMIT,
        format!("\"{name}\";r={remaining};t={}", seconds(full_after)),
    );
}

/// Whole seconds, never too few.
fn seconds(time: Duration) -> u32 {
    let whole = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    u32::try_from(whole.max(1)).unwrap_or(u32::MAX)
}

/// A body that counts while it is being sent.
struct Seated {
    body: BoxBody,
    _seat: Seat,
}

impl MessageBody for Seated {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}

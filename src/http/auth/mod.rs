//! The one policy point: every route says who may call it ([`Access`]), [`enforce`] sees to that before the handler
//! runs, and handlers get the caller's part of the repository from here ([`Reader`], [`Author`]) and from nowhere else.

mod cookie;
mod credentials;
mod origin;

use std::future::{Ready, ready};

use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{FromRequest, HttpMessage, HttpRequest, ResponseError};

pub(super) use self::cookie::{LoginBody, login, logout};
use self::credentials::Credentials;
use super::code::Code;
use super::error::ApiError;
use super::{SharedApp, quota};
use crate::app::{App, MetricsAccess};
use crate::identity::{Identity, Refusal, Validity, opaque};
use crate::ids::SessionId;
use crate::repository::{ReadingRepository, UserRepository};

/// Who may call a route. There is no route without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody: it shows nothing of a user.
    Public,
    /// Whoever may see how the service does: see [`MetricsAccess`].
    Metrics,
    /// A user, who gets to read what is the user's own or what it observes.
    Read,
    /// As `Read`, for event streams: a ticket for this path opens it as well.
    Stream,
    /// A user, who changes what is the user's own.
    Write,
}

/// What [`enforce`] found out, for the handler.
#[derive(Clone)]
struct Admitted {
    identity: Identity,
    access: Access,
}

/// Lets a request through to its handler, or answers it.
pub(super) async fn enforce(
    access: Access,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let passed = admit(access, request.request()).await.and_then(|identity| {
        let Some(identity) = identity else { return Ok(None) };
        let pass = quota::admit(state(request.request())?, &identity.subject)?;
        request.extensions_mut().insert(Admitted { identity, access });
        Ok(Some(pass))
    });
    match passed {
        Ok(None) => next.call(request).await,
        Ok(Some(pass)) => Ok(private(pass.accompany(next.call(request).await?))),
        Err(error) => Ok(request.into_response(error.error_response())),
    }
}

/// What is one user's is for no cache that others use.
fn private(mut response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let headers = response.headers_mut();
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

async fn admit(access: Access, request: &HttpRequest) -> Result<Option<Identity>, ApiError> {
    let app = state(request)?;
    match access {
        Access::Public => Ok(None),
        Access::Metrics => within_failures(app, request, async { admit_to_metrics(app, request) })
            .await
            .map(|()| None),
        Access::Read | Access::Stream | Access::Write => {
            within_failures(app, request, identify(app, access, request))
                .await
                .map(Some)
        }
    }
}

fn state(request: &HttpRequest) -> Result<&SharedApp, ApiError> {
    let app = request.app_data::<SharedApp>();
    app.ok_or_else(|| ApiError::internal("no state"))
}

/// An address that was wrong about who it is too often is not listened to, right or wrong.
async fn within_failures<T>(
    app: &App,
    request: &HttpRequest,
    found: impl Future<Output = Result<T, ApiError>>,
) -> Result<T, ApiError> {
    let Some(peer) = request.peer_addr() else {
        return found.await;
    };
    app.limits
        .failures
        .check(peer.ip())
        .map_err(quota::too_many_failures)?;
    let found = found.await;
    if let Err(error) = &found
        && error.status_code() == StatusCode::UNAUTHORIZED
    {
        app.limits.failures.failed(peer.ip());
    }
    found
}

async fn identify(app: &App, access: Access, request: &HttpRequest) -> Result<Identity, ApiError> {
    let found = match Credentials::of(request, app.cookie) {
        Credentials::None => return anonymous(app, request, false),
        // Without authentication configured, schemes that are for a proxy are none of ours.
        Credentials::Foreign => return anonymous(app, request, true),
        Credentials::Malformed => Err(Refusal::Invalid),
        Credentials::Bearer(token) => app.authority.identify(&token).await,
        Credentials::Cookie(token) => {
            cookie::check_same_origin(request)?;
            app.authority.identify(&token).await
        }
        Credentials::Ticket(ticket) if access == Access::Stream => {
            app.authority.take_ticket(&ticket, request.path()).await
        }
        Credentials::Ticket(_) => Err(Refusal::Invalid),
    };
    found.map_err(|refusal| match refusal {
        Refusal::Invalid => ApiError::unauthorized(true),
        Refusal::KeysUnavailable => ApiError::keys_unavailable(),
        Refusal::Repository(error) => error.into(),
    })
}

/// The one user of a service without authentication; `wrong`: credentials were sent that are not ours.
fn anonymous(app: &App, request: &HttpRequest, wrong: bool) -> Result<Identity, ApiError> {
    let open = app.authority.anonymous();
    let identity = open.ok_or_else(|| ApiError::unauthorized(wrong))?;
    if origin::is_let_in(request, &app.origins) {
        return Ok(identity);
    }
    let detail = "A page of another site sent this. The operator of this service can add its origin to allowed_origins.";
    Err(ApiError::new(Code::CrossSite, detail))
}

fn admit_to_metrics(app: &App, request: &HttpRequest) -> Result<(), ApiError> {
    let token = match Credentials::of(request, false) {
        Credentials::Bearer(token) => Some(token),
        _ => None,
    };
    let right = match (&app.metrics_access, &token) {
        (MetricsAccess::Open, _) => true,
        // Hashes are compared: how long that takes says nothing of the token.
        (MetricsAccess::Token(hash), Some(token)) => *hash == opaque::sha256(token),
        (MetricsAccess::Token(_), None) | (MetricsAccess::Closed, _) => false,
    };
    right
        .then_some(())
        .ok_or_else(|| ApiError::unauthorized(token.is_some()))
}

/// A caller who reads.
pub(super) struct Reader {
    pub(super) identity: Identity,
    pub(super) reading: ReadingRepository,
}

/// A caller who writes: only on routes with [`Access::Write`].
pub(super) struct Author {
    pub(super) identity: Identity,
    pub(super) user: UserRepository,
}

impl FromRequest for Reader {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(admitted(request).map(|(app, Admitted { identity, .. })| Self {
            reading: app.repository.for_reader(identity.scope()),
            identity,
        }))
    }
}

impl FromRequest for Author {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(
            admitted(request).and_then(|(app, Admitted { identity, access })| {
                if access != Access::Write {
                    return Err(ApiError::internal("a handler writes on a route for reading"));
                }
                Ok(Self {
                    user: app.repository.for_user(identity.scope()),
                    identity,
                })
            }),
        )
    }
}

/// A handler that asks for a caller on a route without one must not run.
fn admitted(request: &HttpRequest) -> Result<(&SharedApp, Admitted), ApiError> {
    let admitted = request.extensions().get::<Admitted>().cloned();
    let app = request.app_data::<SharedApp>();
    app.zip(admitted)
        .ok_or_else(|| ApiError::internal("a handler wants a caller on a public route"))
}

/// A stream is entered among those that can be ended, and only then it is looked whether its reader may have it:
/// whoever takes a right away changes the rows first, and ends the streams after that.
async fn hold(
    app: &App,
    (identity, reading): (&Identity, &ReadingRepository),
    observed: Option<SessionId>,
) -> Result<Validity, ApiError> {
    let check = async {
        if let Some(id) = identity.token_id
            && !app.repository.token_is_live(id).await?
        {
            return Err(ApiError::unauthorized(true));
        }
        if let Some(session) = observed {
            reading.session(session).await?;
        }
        Ok(())
    };
    app.validities.hold((identity, observed), check).await
}

impl Reader {
    /// How long a stream of this caller may go on, if it still may; `observed`: the session, when it is another user's.
    pub(super) async fn hold(&self, app: &App, observed: Option<SessionId>) -> Result<Validity, ApiError> {
        hold(app, (&self.identity, &self.reading), observed).await
    }
}

impl Author {
    /// How long a stream of this caller may go on, if it still may.
    pub(super) async fn hold(&self, app: &App) -> Result<Validity, ApiError> {
        hold(app, (&self.identity, self.user.reading()), None).await
    }

    /// A user id in a body says who the caller thinks it is; it must be right.
    pub(super) fn must_be(&self, user_id: Option<&str>) -> Result<(), ApiError> {
        if user_id.is_some_and(|user_id| user_id != &*self.identity.subject) {
            let detail = "userId is not the user that this request acts as.";
            return Err(ApiError::new(Code::UserMismatch, detail));
        }
        Ok(())
    }
}

//! A token in a cookie, for pages of this origin: out of reach of their scripts, of other hosts (`__Host-`,
//! RFC 6265bis), and, by the checks here, of requests that another site makes a browser send.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use schemars::JsonSchema;
use serde::Serialize;

use super::super::SharedApp;
use super::super::code::Code;
use super::super::error::ApiError;
use super::Author;
use super::credentials::Credentials;
use super::origin::{self, Source};
use crate::repository::now;

const NAME: &str = "__Host-tutorstream";
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Strict";
/// Browsers keep no larger cookie (RFC 6265, section 6.1).
const LARGEST: usize = 3_800;

/// Who has logged in.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Login")]
pub(in crate::http) struct LoginBody {
    /// The user that requests with the cookie act as.
    user: String,
}

/// The token in the cookie.
pub(super) fn read(request: &HttpRequest) -> Option<String> {
    let values = request.headers().get_all(header::COOKIE);
    let pairs = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'));
    let mut own = pairs.filter_map(|pair| pair.trim().strip_prefix(NAME)?.strip_prefix('='));
    own.next().map(str::to_owned)
}

/// `POST /login`: puts the token of this request into the cookie.
pub(in crate::http) async fn login(
    app: SharedApp,
    request: HttpRequest,
    author: Author,
) -> Result<HttpResponse, ApiError> {
    if !app.cookie {
        return Err(ApiError::not_found());
    }
    let Credentials::Bearer(token) = Credentials::of(&request, false) else {
        return Err(ApiError::unauthorized(false));
    };
    if token.len() > LARGEST {
        return Err(ApiError::invalid_request("The token is too large for a cookie."));
    }
    let expires_at = author.identity.expires_at;
    let age = expires_at.map(|expiry| format!("; Max-Age={}", (expiry - now()).max(0) / 1_000));
    let cookie = format!("{NAME}={token}; {ATTRIBUTES}{}", age.unwrap_or_default());
    let user = author.identity.subject.to_string();
    Ok(with_cookie(HttpResponse::Ok(), &cookie).json(LoginBody { user }))
}

/// `POST /logout`: takes it out, also when it has expired. The token itself stays as it is.
pub(in crate::http) async fn logout(app: SharedApp, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    if !app.cookie {
        return Err(ApiError::not_found());
    }
    check_same_origin(&request)?;
    let cookie = format!("{NAME}=; {ATTRIBUTES}; Max-Age=0");
    Ok(with_cookie(HttpResponse::NoContent(), &cookie).finish())
}

fn with_cookie(mut response: HttpResponseBuilder, cookie: &str) -> HttpResponseBuilder {
    response
        .insert_header((header::SET_COOKIE, cookie))
        .insert_header((header::CACHE_CONTROL, "no-store"));
    response
}

/// A request that changes something comes from a page of this origin, and could not have been sent by a form.
pub(super) fn check_same_origin(request: &HttpRequest) -> Result<(), ApiError> {
    if origin::changes_nothing(request) {
        return Ok(());
    }
    if Source::of(request) != Source::Own {
        let detail = "With a cookie, this must come from a page of the same origin.";
        return Err(ApiError::new(Code::CrossSite, detail));
    }
    match origin::header(request, "content-type") {
        Some(kind) if !is_json(kind) => Err(ApiError::unsupported_media_type()),
        _ => Ok(()),
    }
}

fn is_json(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/json")
}

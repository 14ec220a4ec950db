//! What a request brings along to show who it is. One header, one cookie, one query parameter; everything else, such
//! as `X-Forwarded-User` or `X-Api-Key`, is not looked at.

use actix_web::HttpRequest;
use actix_web::http::header;

use super::cookie;

/// What was found.
pub(super) enum Credentials {
    None,
    /// Of a scheme that is not ours.
    Foreign,
    /// Ours, and wrong in form; or more than one.
    Malformed,
    Bearer(String),
    Cookie(String),
    Ticket(String),
}

impl Credentials {
    /// A header wins over the cookie, which a browser adds by itself. A ticket stands alone.
    pub(super) fn of(request: &HttpRequest, cookies: bool) -> Self {
        let header = authorization(request);
        match (ticket(request), header) {
            (None, Self::None) if cookies => cookie::read(request).map_or(Self::None, Self::Cookie),
            (None, header) => header,
            (Some(Ok(ticket)), Self::None) => Self::Ticket(ticket),
            (Some(_), _) => Self::Malformed,
        }
    }
}

/// RFC 6750, section 2.1. The token's alphabet is wider than what tokens here are made of.
fn authorization(request: &HttpRequest) -> Credentials {
    let mut values = request.headers().get_all(header::AUTHORIZATION);
    let Some(value) = values.next() else {
        return Credentials::None;
    };
    if values.next().is_some() {
        return Credentials::Malformed;
    }
    let Ok(value) = value.to_str() else {
        return Credentials::Malformed;
    };
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Credentials::Foreign;
    }
    let token = token.trim_start_matches(' ');
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    if token.is_empty() || !token.bytes().all(fits) {
        return Credentials::Malformed;
    }
    Credentials::Bearer(token.to_owned())
}

/// The query parameter `ticket`; an error when there are several.
fn ticket(request: &HttpRequest) -> Option<Result<String, ()>> {
    let mut tickets = request
        .query_string()
        .split('&')
        .filter_map(|pair| pair.strip_prefix("ticket="));
    let first = tickets.next()?;
    Some(match tickets.next() {
        None => Ok(first.to_owned()),
        Some(_) => Err(()),
    })
}

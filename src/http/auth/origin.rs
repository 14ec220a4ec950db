//! Where a request that changes something comes from, as the browser says it (Fetch Metadata; `Origin`, RFC 6454,
//! section 7). A page cannot write these headers, and programs that are no browsers leave both out.

use actix_web::HttpRequest;
use actix_web::http::Method;

/// A page that a browser made the request for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// Not told: no browser, or a very old one.
    Untold,
    /// No page: the address was typed, or a bookmark opened.
    Person,
    /// A page of this origin.
    Own,
    /// A page of another origin, also of another port of this host.
    Other,
}

impl Source {
    pub(super) fn of(request: &HttpRequest) -> Self {
        match (header(request, "sec-fetch-site"), header(request, "origin")) {
            (Some("same-origin"), _) => Self::Own,
            (Some("none"), None) => Self::Person,
            (Some(_), _) => Self::Other,
            (None, Some(origin)) if is_host(origin, header(request, "host")) => Self::Own,
            (None, Some(_)) => Self::Other,
            (None, None) => Self::Untold,
        }
    }
}

/// A header's text; one that is not ASCII is told apart from none.
pub(super) fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    let value = request.headers().get(name)?;
    Some(value.to_str().unwrap_or("?"))
}

pub(super) fn changes_nothing(request: &HttpRequest) -> bool {
    matches!(*request.method(), Method::GET | Method::HEAD)
}

/// Without authentication every browser of this machine acts as its one user: a page of another origin may not, unless
/// the operator lists it.
pub(super) fn is_let_in(request: &HttpRequest, allowed: &[String]) -> bool {
    let listed = || {
        let origin = header(request, "origin");
        origin.is_some_and(|origin| allowed.iter().any(|allowed| allowed == origin))
    };
    changes_nothing(request) || Source::of(request) != Source::Other || listed()
}

fn is_host(origin: &str, host: Option<&str>) -> bool {
    let named = origin.split_once("://").map(|(_, host)| host);
    named.is_some() && named == host
}

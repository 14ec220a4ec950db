//! The URL of a provider: read by one parser, and only taken when it is read as it is written. What an eye and
//! another parser would take for another host is refused.

use std::net::IpAddr;

use reqwest::Url;

use super::address::{Reach, reach};
use super::{ProviderProblem, Wire};

/// Where a provider is. Names are checked again when they are looked up.
///
/// # Errors
/// One [`ProviderProblem`] for each thing that is wrong with it.
pub fn base_url(text: &str, allows_private: bool) -> Result<Url, ProviderProblem> {
    if text.contains(char::is_whitespace) && !text.trim().is_empty() {
        return Err(ProviderProblem::WhiteSpaceInBaseUrl);
    }
    let url = Url::parse(text).map_err(|_not_a_url| ProviderProblem::BaseUrl)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(ProviderProblem::BaseUrl);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(ProviderProblem::UserInBaseUrl);
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(ProviderProblem::QueryInBaseUrl);
    }
    if !is_written_as_read(text, &url) {
        return Err(ProviderProblem::DisguisedBaseUrl);
    }
    check_place(&url, allows_private)?;
    Ok(url)
}

/// What a base URL must not end with, because a wire adds it. The last parts of other wires are no base of this one.
const ENDPOINTS: [&str; 4] = [
    "/chat/completions",
    "/v1/completions",
    "/v1/responses",
    "/v1/messages",
];

/// Refuses a URL to which the wire's path was added by hand, and one that would be asked with two slashes in a row.
///
/// # Errors
/// The [`ProviderProblem`] that says so.
pub(super) fn check_path(url: &Url, wire: Wire) -> Result<(), ProviderProblem> {
    let path = url.path().to_ascii_lowercase();
    if path.contains("//") {
        return Err(ProviderProblem::EmptyPart);
    }
    let of_wire = match wire {
        Wire::OpenaiChat => "/completions",
        Wire::OpenaiResponses => "/responses",
        Wire::Anthropic => "/messages",
        Wire::Practice => return Ok(()),
    };
    let path = path.trim_end_matches('/');
    let endpoint = ENDPOINTS
        .into_iter()
        .chain([of_wire])
        .find(|end| path.ends_with(end));
    endpoint.map_or(Ok(()), |end| Err(ProviderProblem::WholeEndpoint(end)))
}

/// Letters' case apart, and but for a port that is the scheme's own and the slash that stands for no path.
fn is_written_as_read(text: &str, url: &Url) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else {
        return false;
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = url.host_str().unwrap_or_default();
    let read = match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    let with_default = format!("{host}:{}", url.port_or_known_default().unwrap_or_default());
    let host_fits = [read, with_default]
        .iter()
        .any(|read| authority.eq_ignore_ascii_case(read));
    let path_fits = path == url.path() || (path.is_empty() && url.path() == "/");
    scheme.eq_ignore_ascii_case(url.scheme()) && host_fits && path_fits && !host.ends_with('.')
}

/// An address that the operator has written is meant, also a private one. Without TLS, what is sent stays inside.
fn check_place(url: &Url, allows_private: bool) -> Result<(), ProviderProblem> {
    let host = url.host_str().unwrap_or_default();
    let literal = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>();
    let plain = url.scheme() == "http";
    match literal.map(reach) {
        Ok(Reach::Nowhere) => Err(ProviderProblem::UnusableAddress),
        Ok(Reach::Public) if plain => Err(ProviderProblem::PlainHttp),
        Err(_name) if plain && !is_this_machine(host) && !allows_private => Err(ProviderProblem::PlainHttp),
        _ => Ok(()),
    }
}

/// Names of this machine for itself (RFC 6761, section 6.3).
pub fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.ends_with(".localhost")
}

#[cfg(test)]
mod tests;

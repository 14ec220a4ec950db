//! What every request passes before it is routed: it gets an id, its head has bounds, and it names a host that this
//! service is; a panic behind it stays that request's. Knows nothing of users; never reads a body, but sees to it
//! that one that is left unread has an end.

mod counted;
mod panics;
mod request_id;
mod unread;
mod upgrade;

use std::sync::Arc;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Uri, Version, header};
use actix_web::middleware::Next;

use self::counted::Counted;
pub(super) use self::counted::expect;
use self::unread::Unread;
use super::code::Code;
use super::error::ApiError;
use super::pace::{Answer, Owed};
use crate::config::AllowedHosts;
use crate::telemetry;

/// Longest path with its query, in bytes.
const LONGEST_TARGET: usize = 8 * 1024;
/// Most bytes of header names and values. The parser below takes at most 96 lines and 128 KiB.
const LARGEST_HEAD: usize = 32 * 1024;

/// What an answer holds until it is sent.
pub(super) type Held = (Option<Unread>, Option<Owed>);

/// Lets a request through, or answers it; either way under its id.
pub(super) async fn pass<B: MessageBody + 'static>(
    hosts: Arc<AllowedHosts>,
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<Answer<Held>>, Error> {
    let id = request_id::request_id(request.headers());
    let header = request_id::to_header(&id);
    let counted = Counted::begin(&request);
    let answer = telemetry::answering(id, async move {
        let owed = Owed::begin(&request);
        upgrade::end_body(&mut request);
        let held = (Unread::hold(&mut request), owed);
        let answer = match check(&request, &hosts) {
            Ok(()) => {
                let answered = panics::survive(async move { next.call(request).await });
                answered.await?.map_into_boxed_body()
            }
            Err(error) => request.error_response(error),
        };
        Ok::<_, Error>(answer.map_body(|_, body| Answer::new(body, held)))
    });
    let mut response = answer.await?;
    counted.answered(&response);
    response.headers_mut().insert(request_id::HEADER, header);
    Ok(response)
}

fn check(request: &ServiceRequest, hosts: &AllowedHosts) -> Result<(), ApiError> {
    if target_length(request.uri()) > LONGEST_TARGET {
        let detail = "The path and its query are longer than 8 KiB.";
        return Err(ApiError::new(Code::UriTooLong, detail));
    }
    let lines = request.headers().iter();
    let head: usize = lines.map(|(name, value)| name.as_str().len() + value.len()).sum();
    if head > LARGEST_HEAD {
        let detail = "The header is larger than 32 KiB.";
        return Err(ApiError::new(Code::HeadersTooLarge, detail));
    }
    if is_probe(request.path()) || names_this_service(request, hosts) {
        return Ok(());
    }
    let detail = "This service does not answer for that host. Its operator can add it to allowed_hosts.";
    Err(ApiError::new(Code::UnknownHost, detail))
}

fn target_length(uri: &Uri) -> usize {
    uri.path_and_query().map_or(0, |target| target.as_str().len())
}

/// Probes come by address, from whatever watches the service, and are told nothing that is anybody's.
fn is_probe(path: &str) -> bool {
    matches!(path, "/health/live" | "/health/ready")
}

/// The host in the target counts before the header (RFC 9112, section 3.2.2), but a request whose hosts are not
/// all ours is not meant for us. Before HTTP/1.1 a request need not name one; browsers always do.
fn names_this_service(request: &ServiceRequest, hosts: &AllowedHosts) -> bool {
    let in_target = request.uri().authority().map(|authority| authority.as_str());
    let in_header = request.headers().get(header::HOST);
    if in_target.is_some_and(|host| !hosts.allow(host)) {
        return false;
    }
    match in_header {
        Some(host) => host.to_str().is_ok_and(|host| hosts.allow(host)),
        None => request.version() < Version::HTTP_11,
    }
}

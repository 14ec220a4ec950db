//! A request that asks for another protocol. None is spoken here, and a server may ignore the wish (RFC 9110, section
//! 7.8), but the HTTP library takes all that follows for the body: here it ends where its head says.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::HttpMessage;
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::error::PayloadError;
use actix_web::http::header;
use actix_web::web::Bytes;
use futures_util::Stream;

use crate::http::pace::content_length;

/// Gives the body of such a request its end. The connection is closed behind the answer.
pub(super) fn end_body(request: &mut ServiceRequest) {
    let headers = request.headers();
    let wished = headers.contains_key(header::UPGRADE);
    if !wished || headers.contains_key(header::TRANSFER_ENCODING) {
        return;
    }
    let left = content_length(headers);
    let payload = request.take_payload();
    let payload = Box::pin(Bounded { payload, left });
    request.set_payload(Payload::Stream { payload });
}

struct Bounded {
    payload: Payload,
    left: u64,
}

impl Stream for Bounded {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let next = Pin::new(&mut self.payload).poll_next(context);
        next.map_ok(|mut chunk| {
            let length = usize::try_from(self.left).map_or(chunk.len(), |left| left.min(chunk.len()));
            chunk.truncate(length);
            self.left -= length as u64;
            chunk
        })
    }
}

//! A chunked body that nobody reads to its end. The HTTP library would go on taking it for as long as the client likes,
//! without a limit in time or size; it closes the connection behind the answer only while somebody holds the body.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::HttpMessage;
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::error::PayloadError;
use actix_web::http::header;
use actix_web::web::Bytes;
use futures_util::Stream;

/// The body of a request, for those who read it and, until it is sent, for its answer.
pub(in crate::http) struct Unread {
    _held: Rc<RefCell<Payload>>,
}

impl Unread {
    /// Takes hold of the body, if it is chunked.
    pub(super) fn hold(request: &mut ServiceRequest) -> Option<Self> {
        request.headers().get(header::TRANSFER_ENCODING)?;
        let body = Rc::new(RefCell::new(request.take_payload()));
        let payload = Box::pin(Shared(Rc::clone(&body)));
        request.set_payload(Payload::Stream { payload });
        Some(Self { _held: body })
    }
}

struct Shared(Rc<RefCell<Payload>>);

impl Stream for Shared {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_next(cx)
    }
}

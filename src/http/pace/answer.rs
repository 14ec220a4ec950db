//! An answer as it is sent: in parts of a bounded size, and the next request is taken when it has gone.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::ServiceRequest;
use actix_web::web::Bytes;

use super::SharedPace;

/// The HTTP library copies what it is given into the connection's buffer: of a large answer, of which there may be one
/// copy for all, no more than this.
const PART: usize = 16 * 1024;

/// An answer that is owed to a connection, until this is dropped.
pub(in crate::http) struct Owed(SharedPace);

impl Owed {
    /// To the connection that the request came on, if that has a pace.
    pub(in crate::http) fn begin(request: &ServiceRequest) -> Option<Self> {
        let pace = request.conn_data::<SharedPace>()?.clone();
        pace.begin(request.headers());
        Some(Self(pace))
    }
}

impl Drop for Owed {
    fn drop(&mut self) {
        self.0.answered();
    }
}

/// The body of an answer, and what is held until it is sent.
pub(in crate::http) struct Answer<H> {
    body: BoxBody,
    /// What the body has given and is not sent yet.
    rest: Bytes,
    _held: H,
}

impl<H> Answer<H> {
    pub(in crate::http) fn new(body: BoxBody, held: H) -> Self {
        Self {
            body,
            rest: Bytes::new(),
            _held: held,
        }
    }
}

impl<H: Unpin> MessageBody for Answer<H> {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        if self.rest.is_empty() {
            match Pin::new(&mut self.body).poll_next(context) {
                Poll::Ready(Some(Ok(bytes))) => self.rest = bytes,
                other => return other,
            }
        }
        let length = self.rest.len().min(PART);
        Poll::Ready(Some(Ok(self.rest.split_to(length))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_large_answer_is_sent_in_parts_and_whole() {
        let text = Bytes::from(b"0123456789".repeat(10_000));
        let mut answer = Answer::new(BoxBody::new(text.clone()), ());
        let mut parts = Vec::new();
        while let Some(part) = std::future::poll_fn(|context| Pin::new(&mut answer).poll_next(context)).await
        {
            parts.push(part.expect("bytes"));
        }
        assert!(parts.iter().all(|part| part.len() <= PART) && parts.len() > 1);
        assert!(parts.concat() == text);
    }
}

//! The stream of one reply: bytes and time in, deltas out.
//!
//! One timer per reply, moved only when it fires or would fire too late: a delta costs no timer. Complete events
//! and comments are signs of life for the idle limit, half an event is none, and a comment does not put off the
//! limit for the first delta. Silence counts while this process listens: one that stood still (a virtual machine that
//! was paused) has not read yet what came meanwhile, and waits anew.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use tokio::time::{Instant, Sleep};

use super::failure::Cause;
use super::{Call, Transcript};
use crate::provider::{Delta, ProviderError, ProviderErrorKind, SseDecoder, TimeLimit};

/// How long the usage and `[DONE]` may come after the finish reason.
const GRACE: Duration = Duration::from_secs(2);
/// A timer that fires so much too late says that the process stood still.
const STANDSTILL: Duration = Duration::from_millis(500);
/// Chunks without a delta that are read before other tasks have their turn.
const CHUNKS_PER_POLL: usize = 32;

/// A reply as it is written. Dropping it drops the body, and with it the connection.
pub(super) struct Reply<S, T> {
    /// `None`: it has ended.
    body: Option<S>,
    decoder: SseDecoder,
    transcript: T,
    call: Arc<Call>,
    timer: Pin<Box<Sleep>>,
    started: Instant,
    /// Since when this process waits for the first delta.
    waiting: Instant,
    received: Instant,
    alive: Instant,
    progress: Instant,
    comments: u64,
}

impl<S, T: Transcript> Reply<S, T> {
    /// The limits count from `started`, when the request was sent.
    pub(super) fn new(body: S, transcript: T, call: Arc<Call>, started: Instant) -> Self {
        let limits = call.timeouts;
        Self {
            body: Some(body),
            decoder: SseDecoder::with_limit(call.limits.line),
            transcript,
            call,
            timer: Box::pin(tokio::time::sleep_until(
                started + limits.first_delta.min(limits.total),
            )),
            started,
            waiting: started,
            received: started,
            alive: started,
            progress: started,
            comments: 0,
        }
    }

    /// The next delta of the bytes that have come.
    fn next_delta(&mut self) -> Result<Option<Delta>, ProviderError> {
        if let Some(delta) = self.transcript.take_next() {
            return Ok(Some(delta));
        }
        let failures = &self.call.failures;
        while let Some(event) = self
            .decoder
            .next_event()
            .map_err(|error| failures.decode(error))?
        {
            self.alive = self.received;
            if let Some(delta) = self.transcript.read(event, failures)? {
                self.progress = self.received;
                return Ok(Some(delta));
            }
        }
        if self.comments != self.decoder.comments() {
            self.comments = self.decoder.comments();
            self.alive = self.received;
        }
        Ok(None)
    }

    fn deadline(&self) -> Instant {
        let limits = self.call.timeouts;
        let silence = if self.transcript.completion().is_some() {
            self.alive + GRACE.min(limits.idle)
        } else if self.transcript.has_begun() {
            // Life without progress lasts no longer than the wait for the first delta.
            (self.alive + limits.idle).min(self.progress + limits.idle.max(limits.first_delta))
        } else {
            self.waiting + limits.first_delta
        };
        silence.min(self.started + limits.total)
    }

    /// Which limit the deadline is of.
    fn limit(&self) -> TimeLimit {
        if self.deadline() == self.started + self.call.timeouts.total {
            TimeLimit::Total
        } else if self.transcript.has_begun() {
            TimeLimit::Idle
        } else {
            TimeLimit::FirstDelta
        }
    }

    fn add(&mut self, bytes: Bytes) -> Result<(), ProviderError> {
        self.received = Instant::now();
        if self.received >= self.started + self.call.timeouts.total {
            return Err(self
                .call
                .failures
                .bare(ProviderErrorKind::TimedOut(TimeLimit::Total)));
        }
        self.decoder.push(bytes);
        Ok(())
    }

    /// Nothing more comes. A reply that the provider has finished is complete, however the connection ended.
    fn end_or(&self, error: impl FnOnce() -> ProviderError) -> Result<Delta, ProviderError> {
        self.transcript.completion().map(Delta::End).ok_or_else(error)
    }

    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<Result<Delta, ProviderError>> {
        let deadline = self.deadline();
        if deadline < self.timer.deadline() {
            self.timer.as_mut().reset(deadline);
        }
        loop {
            ready!(self.timer.as_mut().poll(cx));
            self.excuse_standstill();
            let deadline = self.deadline();
            if self.timer.deadline() >= deadline {
                let kind = ProviderErrorKind::TimedOut(self.limit());
                return Poll::Ready(self.end_or(|| self.call.failures.bare(kind)));
            }
            self.timer.as_mut().reset(deadline);
        }
    }

    fn excuse_standstill(&mut self) {
        let now = Instant::now();
        if now > self.timer.deadline() + STANDSTILL {
            (self.waiting, self.alive, self.progress) = (now, now, now);
        }
    }
}

impl<S: Stream<Item = reqwest::Result<Bytes>> + Unpin, T: Transcript> Reply<S, T> {
    fn poll_delta(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Delta, ProviderError>>> {
        for _ in 0..CHUNKS_PER_POLL {
            if let Some(item) = self.next_delta().transpose() {
                return Poll::Ready(Some(item));
            }
            let Some(body) = &mut self.body else {
                return Poll::Ready(None);
            };
            let failures = &self.call.failures;
            match body.poll_next_unpin(cx) {
                Poll::Ready(Some(Ok(bytes))) => self.add(bytes)?,
                Poll::Ready(Some(Err(error))) => {
                    return Poll::Ready(Some(self.end_or(|| failures.transport(error))));
                }
                Poll::Ready(None) => {
                    let cut = || failures.caused(ProviderErrorKind::Disconnected, Cause::CutShort);
                    return Poll::Ready(Some(self.end_or(cut)));
                }
                Poll::Pending => return self.poll_deadline(cx).map(Some),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<S: Stream<Item = reqwest::Result<Bytes>> + Unpin, T: Transcript> Stream for Reply<S, T> {
    type Item = Result<Delta, ProviderError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.body.is_none() {
            return Poll::Ready(None);
        }
        let item = ready!(this.poll_delta(cx));
        if !matches!(item, Some(Ok(Delta::Text(_) | Delta::Reasoning(_)))) {
            this.body = None;
        }
        Poll::Ready(item)
    }
}

//! The stream of one reply: bytes and time in, deltas out.
//!
//! One timer per reply, moved only when it fires or would fire too late: a delta costs no timer. Complete events
//! and comments are signs of life for the idle limit, half an event is none, and a comment does not put off the
//! limit for the first delta. Silence counts while this process listens: one that stood still (a virtual machine that
//! was paused) has not read yet what came meanwhile, and waits anew.

use std::pin::Pin;
use std::str::Utf8Error;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use tokio::time::{Instant, Sleep};

use super::answer::Label;
use super::clock::Clock;
use super::failure::{Cause, Failures};
use super::intake::{Intake, Neither};
use super::{Call, Loose, Transcript, data, drain, error_of};
use crate::provider::{Delta, ProviderError, ProviderErrorKind, TimeLimit};

/// Chunks without a delta that are read before other tasks have their turn.
const CHUNKS_PER_POLL: usize = 32;

/// A reply as it is written. Dropping it drops the body, and with it the connection.
pub(super) struct Reply<S, T> {
    /// `None`: it has ended.
    body: Option<S>,
    label: Label,
    intake: Intake,
    transcript: T,
    /// What has ended it, to be told after the deltas that came before.
    failure: Option<Box<ProviderError>>,
    call: Arc<Call>,
    timer: Pin<Box<Sleep>>,
    clock: Clock,
    comments: u64,
}

impl<S, T: Transcript> Reply<S, T> {
    /// The limits count from `started`, when the request was sent.
    pub(super) fn new(body: S, transcript: T, call: Arc<Call>, started: Instant) -> Self {
        let limits = call.timeouts;
        Self {
            body: Some(body),
            label: Label::default(),
            intake: Intake::new(call.limits.line),
            transcript,
            failure: None,
            call,
            timer: Box::pin(tokio::time::sleep_until(
                started + limits.first_delta.min(limits.total),
            )),
            clock: Clock::new(started),
            comments: 0,
        }
    }

    /// What the head says of the body.
    pub(super) fn labelled(self, label: Label) -> Self {
        let intake = if label.is_event_stream {
            self.intake
        } else {
            self.intake.unlabelled()
        };
        Self {
            label,
            intake,
            ..self
        }
    }

    /// What is to be told of the bytes that have come.
    fn next_item(&mut self) -> Option<Result<Delta, ProviderError>> {
        loop {
            if let Some(delta) = self.transcript.draft_mut().take_next() {
                return Some(Ok(delta));
            }
            if let Some(error) = self.failure.take() {
                return Some(Err(*error));
            }
            if !self.read_event() {
                return None;
            }
        }
    }

    /// Reads one event. Answers whether there was one.
    fn read_event(&mut self) -> bool {
        let failures = &self.call.failures;
        let event = match self.intake.next_event() {
            Ok(Some(event)) => event,
            Ok(None) => {
                if self.comments != self.intake.comments() {
                    self.comments = self.intake.comments();
                    self.clock.alive = self.clock.received;
                }
                return false;
            }
            Err(error) => {
                let error = failures.decode(error);
                self.end_or(error);
                return true;
            }
        };
        self.clock.alive = self.clock.received;
        let read = self.transcript.read(event, failures);
        let draft = self.transcript.draft_mut();
        if draft.has_next() {
            self.clock.progress = self.clock.received;
        }
        if draft.is_firm() {
            self.clock.firm.get_or_insert(self.clock.received);
        } else {
            self.clock.firm = None;
        }
        match read {
            Err(error) if draft.is_firm() && !draft.is_over() => draft.note_after_end(&error, failures),
            Err(error) => self.failure = Some(Box::new(error)),
            Ok(()) => {}
        }
        true
    }

    fn deadline(&self) -> Instant {
        let has_begun = self.transcript.draft().has_begun();
        self.clock.deadline(self.call.timeouts, has_begun)
    }

    /// Which limit the deadline is of.
    fn limit(&self) -> TimeLimit {
        let has_begun = self.transcript.draft().has_begun();
        self.clock.limit(self.call.timeouts, has_begun)
    }

    fn add(&mut self, bytes: Bytes) {
        self.clock.received = Instant::now();
        let failures = &self.call.failures;
        if self.clock.received >= self.clock.started + self.call.timeouts.total {
            let error = failures.bare(ProviderErrorKind::TimedOut(TimeLimit::Total));
            self.end_or(error);
            return;
        }
        if let Err(Neither) = self.intake.push(bytes) {
            self.failure = Some(Box::new(self.label.refusal(failures)));
        } else if self.intake.held() > self.call.limits.answer + self.call.limits.line {
            self.failure = Some(Box::new(failures.bare(ProviderErrorKind::TooLarge)));
        }
    }

    /// Nothing more comes. A reply that the provider has finished is complete, however the connection ended.
    fn end_or(&mut self, error: ProviderError) {
        if self.transcript.draft().is_firm() {
            self.conclude();
        } else {
            self.failure = Some(Box::new(error));
        }
    }

    fn conclude(&mut self) {
        let concluded = self.transcript.draft_mut().conclude(&self.call.failures);
        self.failure = concluded.err().map(Box::new);
    }

    /// The body has ended, and not by an error.
    fn end_of_body(&mut self) {
        let failures = &self.call.failures;
        let cut = failures.caused(ProviderErrorKind::Disconnected, Cause::CutShort);
        match self.intake.document() {
            Some(document) => match read_document(document, &mut self.transcript, (failures, &self.label)) {
                Ok(true) => self.conclude(),
                Ok(false) => self.failure = Some(Box::new(self.label.refusal(failures))),
                Err(error) => self.failure = Some(Box::new(error.unwrap_or(cut))),
            },
            None => {
                if self.label.is_framed {
                    self.transcript.draft_mut().confirm();
                }
                self.end_or(cut);
            }
        }
    }

    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let deadline = self.deadline();
        if deadline < self.timer.deadline() {
            self.timer.as_mut().reset(deadline);
        }
        loop {
            ready!(self.timer.as_mut().poll(cx));
            self.clock.excuse_standstill(self.timer.deadline());
            let deadline = self.deadline();
            if self.timer.deadline() >= deadline {
                let kind = ProviderErrorKind::TimedOut(self.limit());
                let error = self.call.failures.bare(kind);
                self.end_or(error);
                return Poll::Ready(());
            }
            self.timer.as_mut().reset(deadline);
        }
    }
}

impl<S: Stream<Item = reqwest::Result<Bytes>> + Unpin, T: Transcript> Reply<S, T> {
    fn poll_delta(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Delta, ProviderError>>> {
        for _ in 0..CHUNKS_PER_POLL {
            if let Some(item) = self.next_item() {
                return Poll::Ready(Some(item));
            }
            let Some(body) = &mut self.body else {
                return Poll::Ready(None);
            };
            match body.poll_next_unpin(cx) {
                Poll::Ready(Some(Ok(bytes))) => self.add(bytes),
                Poll::Ready(Some(Err(error))) => {
                    let error = self.call.failures.transport(error);
                    self.end_or(error);
                }
                Poll::Ready(None) => self.end_of_body(),
                Poll::Pending => ready!(self.poll_deadline(cx)),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<S, T> Stream for Reply<S, T>
where
    S: Stream<Item = reqwest::Result<Bytes>> + Unpin + Send + 'static,
    T: Transcript,
{
    type Item = Result<Delta, ProviderError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.body.is_none() {
            return Poll::Ready(None);
        }
        let item = ready!(this.poll_delta(cx));
        if matches!(item, Some(Ok(Delta::End(_)) | Err(_)) | None) {
            let body = this.body.take();
            if let (Some(Ok(_)), Some(body)) = (&item, body) {
                drain::finish(body, cx);
            }
        }
        Poll::Ready(item)
    }
}

/// Reads an answer that is one document. Answers whether it is a reply; no error means that it was cut.
fn read_document<T: Transcript>(
    document: Result<&str, Utf8Error>,
    transcript: &mut T,
    (failures, label): (&Failures, &Label),
) -> Result<bool, Option<ProviderError>> {
    let document = document.map_err(|_cut_in_a_character| None)?;
    // Half a document was cut; what is none (a line of JSON after another, say) will be none again.
    let malformed = |error: serde_json::Error| (!error.is_eof()).then(|| label.refusal(failures));
    let json = data::record(document).map_err(malformed)?;
    let record = Loose::parse(&json).map_err(malformed)?;
    match error_of(record) {
        Some(error) => Err(Some(failures.error_object(&error))),
        None => transcript.read_document(record, failures).map_err(Some),
    }
}

//! One call to a provider: ask, and append what comes, until it ends one way or another.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use futures_util::StreamExt;

use super::Turns;
use super::allotment::asked;
use super::end::Ending;
use super::event::TextKind;
use super::live::LiveTurn;
use super::reply::Reply;
use crate::model::AttemptMode;
use crate::provider::{
    Call, CompletionRequest, Course, Delta, DeltaStream, Place, ProviderError, ProviderErrorKind,
};

/// What a call needs that outlives it.
pub(super) struct Attempting<'a> {
    pub(super) live: &'a Arc<LiveTurn>,
    pub(super) reply: &'a mut Reply,
    pub(super) course: Course,
    /// Kept from one call to the next until a provider takes it: a reply that streams needs no prompt.
    pub(super) prompt: Option<Box<CompletionRequest>>,
    /// Why there is a further call.
    pub(super) reason: &'static str,
    pub(super) began: Instant,
}

/// A stream, and the right to have it.
type Opened = (DeltaStream, Place);

/// How a stream ended that has begun or not.
pub(super) struct Broken {
    pub(super) ending: Ending,
    /// Whether it has given any delta.
    pub(super) begun: bool,
}

impl Turns {
    /// Asks the provider and appends what it writes.
    pub(super) async fn attempt(&self, attempting: &mut Attempting<'_>, call: Call) -> Broken {
        // Boxed, so that its large state is freed before the reply streams.
        let (mut stream, _place) = match Box::pin(self.ask(attempting, call)).await {
            Ok(opened) => opened,
            Err(ending) => return Broken { ending, begun: false },
        };
        self.relay(attempting, call.link, &mut stream).await
    }

    /// Asks the provider, unless somebody wants the turn to end.
    async fn ask(&self, attempting: &mut Attempting<'_>, call: Call) -> Result<Opened, Ending> {
        let provider = Arc::clone(self.chain.provider(call.link));
        attempting.reply.call(provider, call.mode);
        let live = attempting.live;
        tokio::select! {
            biased;
            interruption = live.interruption() => Err(Ending::Interrupted(interruption)),
            opened = self.connect(attempting, call) => opened,
        }
    }

    async fn connect(&self, attempting: &mut Attempting<'_>, call: Call) -> Result<Opened, Ending> {
        let Attempting {
            live, reply, prompt, ..
        } = attempting;
        let prompt = match prompt {
            Some(prompt) => prompt,
            None => {
                let prepared = self.agent.prepare(
                    &live.repository,
                    &live.turn,
                    live.focus.get().map(AsRef::as_ref),
                    reply.text(),
                );
                prompt.insert(Box::new(prepared.await.map_err(Ending::Repository)?))
            }
        };
        let place = self.place(live, call.link).await?;
        let mut request = CompletionRequest::clone(prompt);
        request.kept = match call.mode {
            AttemptMode::Continue => reply.text().to_owned(),
            AttemptMode::Start | AttemptMode::Restart => String::new(),
        };
        let wished = asked(live.turn.parameters.as_deref());
        request.parameters = self.chain.allowed(call.link, wished);
        self.allot(live, reply, (call.link, &mut request)).await?;
        self.note_call(live, reply).await.map_err(Ending::Repository)?;
        reply.sent();
        let opening = self.chain.provider(call.link).stream(request);
        // Counted when the request is on its way.
        let (stream, ()) = tokio::join!(opening, async { reply.set_prompt(prompt) });
        let stream = stream.map_err(Ending::Provider)?;
        attempting.reply.accepted();
        attempting.prompt = None;
        Ok((stream, place))
    }

    async fn relay(&self, attempting: &mut Attempting<'_>, link: usize, stream: &mut DeltaStream) -> Broken {
        let mut relaying = Relaying::of(attempting, link);
        let mut interruption = attempting.live.interruption();
        let ending = loop {
            let delta = tokio::select! {
                biased;
                interruption = &mut interruption => break Ending::Interrupted(interruption),
                delta = stream.next() => delta,
            };
            // Away from here, so that no room is kept for a delta while the next one is waited for.
            let pauses = match self.take(attempting, &mut relaying, delta) {
                ControlFlow::Continue(pauses) => pauses,
                ControlFlow::Break(ending) => break ending,
            };
            // Boxed, because it is rare: a reply that streams keeps no room for it.
            if pauses && let Some(ending) = Box::pin(self.pause(attempting, &mut relaying)).await {
                break ending;
            }
        };
        Broken {
            ending,
            begun: relaying.begun,
        }
    }

    /// Waits until there is room in the log, or tokens for a delta that is put off. Answers how the call has ended, if
    /// it has.
    async fn pause(&self, attempting: &mut Attempting<'_>, relaying: &mut Relaying) -> Option<Ending> {
        let full = match attempting.reply.take_short() {
            Some(delta) => match self.stretch(attempting, relaying, delta).await {
                ControlFlow::Continue(full) => full,
                ControlFlow::Break(ending) => return Some(ending),
            },
            None => true,
        };
        if !full {
            return None;
        }
        let live = attempting.live;
        tokio::select! {
            interruption = live.interruption() => Some(Ending::Interrupted(interruption)),
            () = live.log.ready() => None,
        }
    }

    /// Appends what the provider has given and answers whether to pause then, or else how the call has ended.
    fn take(
        &self,
        attempting: &mut Attempting<'_>,
        relaying: &mut Relaying,
        delta: Option<Result<Delta, ProviderError>>,
    ) -> ControlFlow<Ending, bool> {
        let (kind, text) = match delta {
            Some(Ok(Delta::Text(text))) => (TextKind::Reply, text),
            Some(Ok(Delta::Reasoning(text))) => (TextKind::Reasoning, text),
            Some(Ok(Delta::Restart { reason, text })) => {
                if relaying.opening.is_none() {
                    self.begin_anew(attempting, reason, text);
                    return ControlFlow::Continue(false);
                }
                attempting.reply.restart_call();
                attempting.reason = reason;
                (TextKind::Reply, text)
            }
            Some(Ok(Delta::End(completion))) => return ControlFlow::Break(Ending::Complete(completion)),
            Some(Err(error)) => return ControlFlow::Break(Ending::Provider(error)),
            None => return ControlFlow::Break(Ending::Provider(disconnected(attempting))),
        };
        self.metrics.delta();
        if !std::mem::replace(&mut relaying.begun, true) {
            attempting.course.began(relaying.link);
        }
        let Some(text) = attempting.reply.afford(kind, text) else {
            return ControlFlow::Continue(true);
        };
        ControlFlow::Continue(self.show(attempting, &mut relaying.opening, (kind, text)))
    }

    /// Appends a delta. Answers whether the log is full.
    pub(super) fn show(
        &self,
        attempting: &mut Attempting<'_>,
        opening: &mut Option<Opening>,
        (kind, text): (TextKind, String),
    ) -> bool {
        if let Some(opening) = opening
            && opening.holds_back(kind, &text)
        {
            attempting.reply.push_reasoning(&text);
            return false;
        }
        match opening.take() {
            Some(opening) => self.open(attempting, opening, (kind, text)),
            None => append(attempting, kind, text),
        }
    }

    /// Shows text that stands instead of what the same call has shown, right after readers are told so.
    fn begin_anew(&self, attempting: &mut Attempting<'_>, reason: &'static str, text: String) {
        self.metrics.delta();
        let announcement = attempting.reply.begin_anew(reason);
        count(attempting.reply, TextKind::Reply, &text);
        let events: Vec<_> = announcement
            .into_iter()
            .chain([TextKind::Reply.event(text)])
            .collect();
        attempting.live.log.append(&events);
    }

    /// Shows the first delta of a call, right after what readers are to be told of it: both, or neither.
    fn open(
        &self,
        attempting: &mut Attempting<'_>,
        opening: Opening,
        (kind, text): (TextKind, String),
    ) -> bool {
        if !attempting.reply.has_deltas() {
            self.metrics.first_delta(attempting.began.elapsed());
        }
        let Some(announcement) = attempting.reply.begin_deltas(attempting.reason) else {
            return append(attempting, kind, text);
        };
        count(attempting.reply, kind, &text);
        let mut events = vec![announcement];
        if !opening.held.is_empty() {
            events.push(TextKind::Reasoning.event(opening.held));
        }
        events.push(kind.event(text));
        attempting.live.log.append(&events);
        false
    }
}

/// A call as far as it has come.
pub(super) struct Relaying {
    /// Who is called.
    link: usize,
    /// Whether it has given any delta.
    begun: bool,
    pub(super) opening: Option<Opening>,
}

impl Relaying {
    fn of(attempting: &Attempting<'_>, link: usize) -> Self {
        Self {
            link,
            begun: false,
            opening: Some(Opening::of(attempting)),
        }
    }
}

/// A call that has shown nothing yet.
pub(super) struct Opening {
    /// Whether there is text that would be void.
    voids_text: bool,
    held: String,
}

impl Opening {
    fn of(attempting: &Attempting<'_>) -> Self {
        Self {
            voids_text: attempting.reply.would_void_text(),
            held: String::new(),
        }
    }

    /// Text is void only for other text: what a new attempt thinks aloud before that is held back.
    fn holds_back(&mut self, kind: TextKind, text: &str) -> bool {
        let holds = self.voids_text && kind == TextKind::Reasoning;
        if holds {
            self.held.push_str(text);
        }
        holds
    }
}

fn append(attempting: &mut Attempting<'_>, kind: TextKind, text: String) -> bool {
    count(attempting.reply, kind, &text);
    attempting.live.log.append_text(kind, text)
}

fn count(reply: &mut Reply, kind: TextKind, text: &str) {
    match kind {
        TextKind::Reply => reply.push_text(text),
        TextKind::Reasoning => reply.push_reasoning(text),
    }
}

fn disconnected(attempting: &Attempting<'_>) -> ProviderError {
    ProviderError {
        provider: attempting.live.turn.provider.clone(),
        kind: ProviderErrorKind::Disconnected,
        source: None,
    }
}

//! The way of one turn through the chain: who is called next, after what wait, and what becomes of the text so far.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Chain;
use super::backoff::{backoff, when_asked};
use super::candidates::{Candidate, candidate, going_on, in_words};
use crate::model::AttemptMode;
use crate::provider::{ProviderErrorKind, TimeLimit};

/// A call that is to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// Whom to call.
    pub link: usize,
    /// What becomes of the text so far once this call gives any.
    pub mode: AttemptMode,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Call, and tell what came of it: `began`, then perhaps `cut`; or else `failed` or `told_nothing`.
    Call(Call),
    /// Wait so long, then ask again.
    Wait(Duration),
    /// There is nobody left to ask. The time is how long a provider asks to be left alone, if that is why.
    GiveUp(Option<Duration>),
}

/// One turn on its way. Before a reply has begun, each candidate is asked several times, then the next one; after
/// it was cut, the same with those who can go on with it, then with those who begin anew.
pub struct Course {
    chain: Arc<Chain>,
    candidates: VecDeque<Candidate>,
    /// Providers that have ended a reply without text.
    textless: Vec<usize>,
    /// Providers that have failed since the reply last stood still, and must be given time.
    failed: Vec<Failed>,
    /// Whether the candidate in front has had its wait.
    ready: bool,
    /// Whether a connection that was closed unanswered has been forgiven.
    forgiven: bool,
    /// When the reply last stood still.
    since: Instant,
    /// Whether anything of the reply was shown.
    has_begun: bool,
    further_attempts: u32,
}

/// Whether the candidate in front may be called.
enum Wait {
    Over,
    Now(Duration),
    Never,
}

/// A provider that must be given time.
#[derive(Clone, Copy, Debug)]
struct Failed {
    link: usize,
    /// It has asked to be left alone until then.
    until: Option<Instant>,
}

impl Course {
    pub(super) fn new(chain: Arc<Chain>, first: usize, has_text: bool) -> Self {
        chain.budget.count_call();
        let candidates = if has_text {
            going_on(&chain, first).chain(in_words(&chain, first)).collect()
        } else {
            chain
                .order(first)
                .map(|link| candidate(link, AttemptMode::Start))
                .collect()
        };
        Self {
            candidates,
            textless: Vec::new(),
            failed: Vec::new(),
            ready: false,
            forgiven: false,
            since: Instant::now(),
            has_begun: false,
            further_attempts: 0,
            chain,
        }
    }

    /// What to do now.
    pub fn step(&mut self) -> Step {
        let mut closed = None;
        while let Some(front) = self.candidates.front().copied() {
            match self.wait(&front) {
                Wait::Over => {}
                Wait::Now(wait) => return Step::Wait(wait),
                Wait::Never => {
                    self.leave();
                    continue;
                }
            }
            match self.chain.links[front.call.link].breaker.admit() {
                Ok(()) => {
                    self.ready = false;
                    self.candidates[0].tries += 1;
                    return Step::Call(front.call);
                }
                Err(wait) => {
                    closed = Some(closed.map_or(wait, |least: Duration| least.min(wait)));
                    if let Some(step) = self.pass_over(wait) {
                        return step;
                    }
                }
            }
        }
        Step::GiveUp(closed)
    }

    /// The call has given the first delta.
    pub fn began(&mut self, link: usize) {
        self.chain.links[link].breaker.succeeded();
        if std::mem::replace(&mut self.has_begun, true) {
            self.further_attempts += 1;
        }
        // What the turn does for long needs no memory of this, but for promises to leave somebody alone.
        self.candidates = VecDeque::new();
        let now = Instant::now();
        self.failed
            .retain(|failed| failed.until.is_some_and(|until| until > now));
    }

    /// The call has failed before its first delta.
    pub fn failed(&mut self, kind: &ProviderErrorKind) {
        let Some(Candidate { call, tries, .. }) = self.candidates.front().copied() else {
            return;
        };
        // An idle connection that both sides closed at once is nobody's failure.
        if *kind == ProviderErrorKind::ClosedUnanswered && !std::mem::replace(&mut self.forgiven, true) {
            self.candidates[0].tries -= 1;
            self.ready = true;
            return;
        }
        // It was never asked, and the next wait would be as long.
        if *kind == ProviderErrorKind::NoPlace {
            self.told_nothing(call.link);
            return self.leave();
        }
        self.note(call.link, kind);
        if kind.is_textless() {
            self.ask_for_text(call.link, kind, AttemptMode::Start);
            return;
        }
        let retry = self.chain.policy.retry;
        let slow = kind.is_silence();
        let others = self.candidates.iter().any(|other| other.call.link != call.link);
        let is_long = kind.retry_after().is_some_and(|asked| asked > retry.cap);
        let rather_another = others && (slow || is_long);
        if kind.is_final() {
            self.candidates.clear();
        } else if !kind.is_retryable() || tries >= retry.tries || rather_another {
            self.leave();
        }
    }

    /// The reply has broken off after its first delta; `has_text` when there is text to go on with.
    pub fn cut(&mut self, link: usize, kind: &ProviderErrorKind, has_text: bool) {
        self.reset();
        self.note(link, kind);
        if kind.is_textless() {
            self.ask_for_text(link, kind, AttemptMode::Restart);
            return;
        }
        let over = *kind == ProviderErrorKind::TimedOut(TimeLimit::Total);
        let most = self.chain.policy.retry.further_attempts;
        if !kind.is_retryable() || over || self.further_attempts >= most {
            return;
        }
        self.since = Instant::now();
        let chain = &self.chain;
        let others = chain.order(link).skip(1).chain([link]);
        let anew = others.map(|link| candidate(link, AttemptMode::Restart));
        self.candidates = if has_text {
            going_on(chain, link).chain(anew).collect()
        } else {
            anew.collect()
        };
    }

    /// A reply without text: its provider is asked once more if that may help, and then the others.
    fn ask_for_text(&mut self, link: usize, kind: &ProviderErrorKind, mode: AttemptMode) {
        let again = kind.is_retryable() && !self.textless.contains(&link);
        self.textless.push(link);
        self.since = Instant::now();
        let others = self.chain.order(link).skip(1);
        let others = others.filter(|other| !self.textless.contains(other));
        let candidates = again.then_some(link).into_iter().chain(others);
        self.candidates = candidates.map(|link| candidate(link, mode)).collect();
    }

    /// The call has ended without telling how the provider does: it was stopped.
    pub fn told_nothing(&self, link: usize) {
        self.chain.links[link].breaker.told_nothing();
    }

    /// The wait that the candidate in front must be given, if any, and if there is time and budget for it.
    fn wait(&mut self, front: &Candidate) -> Wait {
        let failed = self.failed.iter().find(|failed| failed.link == front.call.link);
        let Some(failed) = failed.filter(|_| !self.ready) else {
            self.ready = true;
            return Wait::Over;
        };
        let retry = &self.chain.policy.retry;
        let random = &self.chain.random;
        let left = failed
            .until
            .map(|until| until.saturating_duration_since(Instant::now()));
        let wait = match left.filter(|left| !left.is_zero()) {
            Some(asked) => when_asked(retry, asked, random),
            None => backoff(retry, front.tries.max(1), random),
        };
        self.ready = true;
        if self.since.elapsed() + wait > retry.patience || !self.chain.budget.spend_retry() {
            return Wait::Never;
        }
        Wait::Now(wait)
    }

    /// A breaker keeps the candidate in front away: the next one is asked, or all are waited for.
    fn pass_over(&mut self, wait: Duration) -> Option<Step> {
        let now = Instant::now();
        if let Some(front) = self.candidates.front_mut() {
            front.closed_until = Some(now + wait);
        }
        if self
            .candidates
            .iter()
            .any(|candidate| candidate.closed_until.is_none_or(|until| until <= now))
        {
            self.candidates.rotate_left(1);
            self.reset();
            return None;
        }
        let soonest = self
            .candidates
            .iter()
            .filter_map(|candidate| candidate.closed_until)
            .min();
        let wait = soonest.map_or(wait, |moment| moment - now);
        let wait = when_asked(&self.chain.policy.retry, wait, &self.chain.random);
        if self.since.elapsed() + wait > self.chain.policy.retry.patience {
            self.candidates.clear();
            return None;
        }
        let candidates = self.candidates.make_contiguous();
        candidates.sort_by_key(|candidate| candidate.closed_until);
        self.reset();
        self.ready = true;
        Some(Step::Wait(wait))
    }

    /// The candidate in front is not asked any more.
    fn leave(&mut self) {
        self.candidates.pop_front();
        self.reset();
    }

    fn reset(&mut self) {
        self.ready = false;
        self.forgiven = false;
    }

    fn note(&mut self, link: usize, kind: &ProviderErrorKind) {
        let breaker = &self.chain.links[link].breaker;
        if kind.is_retryable() {
            breaker.failed();
        } else {
            breaker.told_nothing();
        }
        let until = kind.retry_after().map(|asked| Instant::now() + asked);
        self.failed.retain(|failed| failed.link != link);
        self.failed.push(Failed { link, until });
    }
}

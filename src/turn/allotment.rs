//! Tokens of the day that a call may take: held before it is made, more while it writes, as long as there are any. A
//! reply for which none are left ends as one that has reached its limit.

use std::ops::ControlFlow;

use super::Turns;
use super::attempt::{Attempting, Relaying};
use super::end::Ending;
use super::event::TextKind;
use super::live::LiveTurn;
use super::reply::Reply;
use crate::agent::{TokenMeter, estimate_tokens};
use crate::model::{FinishReason, Parameters};
use crate::provider::{Completion, CompletionRequest};
use crate::repository::{Allowance, NewReservation, NewTurn, RepositoryError, Task};

impl Turns {
    /// What a turn takes when it begins; `seated`: whether one more of the user's may run.
    pub(super) fn allowance(&self, new: &NewTurn, seated: bool) -> Allowance {
        let mut allowance = Allowance {
            turn: seated,
            prompt_tokens: 0,
            reply_tokens: 0,
        };
        if self.repository.limits().tokens.is_some() {
            let message = match &new.task {
                Task::Answer(message) => message.content.as_str(),
                Task::Regenerate(..) | Task::Continue(_) => "",
            };
            let link = self.chain.find(&new.answering.provider).unwrap_or_default();
            let wished = asked(new.answering.parameters.as_deref());
            allowance.prompt_tokens = signed(self.agent.least_prompt(message));
            allowance.reply_tokens = self.most_tokens(link, self.chain.allowed(link, wished));
        }
        allowance
    }

    /// The most tokens that a reply is asked for; where nobody says, what is held for one.
    fn most_tokens(&self, link: usize, parameters: Parameters) -> i64 {
        let said = parameters.max_tokens.or(self.chain.provider(link).max_tokens());
        let reserve = self.repository.limits().tokens.map_or(0, |tokens| tokens.reserve);
        i64::from(said.unwrap_or(reserve))
    }

    /// Holds what the call may cost. Where less is left than the reply would be asked for, it is asked for that.
    pub(super) async fn allot(
        &self,
        live: &LiveTurn,
        reply: &mut Reply,
        (link, request): (usize, &mut CompletionRequest),
    ) -> Result<(), Ending> {
        if self.repository.limits().tokens.is_none() {
            return Ok(());
        }
        reply.set_prompt(request);
        let most = self.most_tokens(link, request.parameters);
        let provider = self.chain.provider(link);
        let call = NewReservation {
            call: live.turn.id.to_string(),
            provider: provider.name().to_owned(),
            model: provider.model().to_owned(),
            purpose: reply.purpose(),
            prompt_tokens: reply.input_tokens(),
            reply_tokens: most,
            whole: false,
        };
        match live.repository.reserve_tokens(call).await {
            Ok(Some(allotted)) => {
                if allotted < most {
                    request.parameters.max_tokens = u32::try_from(allotted).ok();
                }
                let written = reply.text().len();
                reply.allotment = Some(Box::new(Allotment::new(allotted, written)));
                Ok(())
            }
            Ok(None) => Ok(()),
            Err(RepositoryError::TokensSpent | RepositoryError::TokensHeld) => Err(Ending::TokensSpent),
            Err(error) => Err(Ending::Repository(error)),
        }
    }

    /// Shows a delta for which more tokens have to be held. Where there are no more, the reply ends with what there is
    /// of it. Answers whether the log is full.
    pub(super) async fn stretch(
        &self,
        attempting: &mut Attempting<'_>,
        relaying: &mut Relaying,
        (kind, text): (TextKind, String),
    ) -> ControlFlow<Ending, bool> {
        let live = attempting.live;
        let reserve = self.repository.limits().tokens.map_or(0, |tokens| tokens.reserve);
        let more = i64::from(reserve).saturating_add(signed(estimate_tokens(&text)));
        let extended = live.repository.extend_tokens(live.turn.id.to_string(), more);
        let extended = tokio::select! {
            biased;
            interruption = live.interruption() => return ControlFlow::Break(Ending::Interrupted(interruption)),
            extended = extended => extended,
        };
        match extended {
            Ok(more) => attempting.reply.allot_more(more),
            Err(error) => return ControlFlow::Break(Ending::Repository(error)),
        }
        if attempting.reply.affords(kind, &text) {
            return ControlFlow::Continue(self.show(attempting, &mut relaying.opening, (kind, text)));
        }
        let fitting = attempting.reply.fitting(kind, &text).to_owned();
        if !fitting.is_empty() {
            self.show(attempting, &mut relaying.opening, (kind, fitting));
        }
        ControlFlow::Break(Ending::Complete(Completion {
            finish_reason: FinishReason::Length,
            usage: None,
        }))
    }
}

/// What the call under way may write.
pub(super) struct Allotment {
    meter: TokenMeter,
    /// In all, as it was held.
    tokens: i64,
    /// A delta that is put off until more is held.
    short: Option<(TextKind, String)>,
}

impl Allotment {
    fn new(tokens: i64, written: usize) -> Self {
        Self {
            meter: TokenMeter::new(tokens, written),
            tokens,
            short: None,
        }
    }

    /// The text so far is void; what it has cost is not.
    pub(super) fn begin_anew(&mut self) {
        self.meter.begin_anew();
    }

    /// Parts of a text may have a few tokens less than the whole: no more is counted than is held.
    pub(super) fn at_most(&self, tokens: i64) -> i64 {
        tokens.min(self.tokens)
    }

    fn affords(&mut self, so_far: &str, (kind, text): (TextKind, &str)) -> bool {
        match kind {
            TextKind::Reply => self.meter.fits(so_far, text),
            TextKind::Reasoning => {
                let tokens = text.len().div_ceil(4);
                let fits = self.meter.fits_tokens(so_far, tokens);
                if fits {
                    self.meter.add(tokens);
                }
                fits
            }
        }
    }
}

impl Reply {
    /// The text, when the call under way may write it; else it is put off. Where nothing is limited, nothing is counted.
    pub(super) fn afford(&mut self, kind: TextKind, text: String) -> Option<String> {
        if self.affords(kind, &text) {
            return Some(text);
        }
        if let Some(allotment) = &mut self.allotment {
            allotment.short = Some((kind, text));
        }
        None
    }

    /// The delta that was put off.
    pub(super) fn take_short(&mut self) -> Option<(TextKind, String)> {
        self.allotment.as_mut()?.short.take()
    }

    fn affords(&mut self, kind: TextKind, text: &str) -> bool {
        let Some(mut allotment) = self.allotment.take() else {
            return true;
        };
        let affords = allotment.affords(self.text(), (kind, text));
        self.allotment = Some(allotment);
        affords
    }

    fn allot_more(&mut self, tokens: i64) {
        if let Some(allotment) = &mut self.allotment {
            allotment.meter.allot(tokens);
            allotment.tokens += tokens;
        }
    }

    fn fitting<'a>(&self, kind: TextKind, text: &'a str) -> &'a str {
        match (&self.allotment, kind) {
            (Some(allotment), TextKind::Reply) => allotment.meter.fitting(text),
            (Some(allotment), TextKind::Reasoning) => {
                &text[..text.floor_char_boundary(allotment.meter.left() * 4)]
            }
            (None, _) => text,
        }
    }
}

fn signed(tokens: usize) -> i64 {
    i64::try_from(tokens).unwrap_or(i64::MAX)
}

/// What the learner asked of the provider.
pub(super) fn asked(parameters: Option<&str>) -> Parameters {
    parameters
        .and_then(|json| serde_json::from_str(json).ok())
        .unwrap_or_default()
}

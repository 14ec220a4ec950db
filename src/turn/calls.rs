//! What the calls of a turn add up to, and the last of them until it is on record. Each is put on record before there
//! is another one, so that a crash loses none; the last is stored with the turn's end.

use std::sync::Arc;

use super::Turns;
use super::event::append_text_of_last_call;
use super::live::LiveTurn;
use super::reply::Reply;
use crate::ids::TurnId;
use crate::model::{AttemptMode, Usage, UsageSource};
use crate::repository::{Attempt, EndedCall, ReadingRepository, RepositoryError};

/// The calls of a turn before this process took it up.
#[derive(Debug, Default)]
pub(super) struct CallsBefore {
    pub(super) recorded: Vec<(Attempt, String)>,
    /// The call that was under way, and where in the text its own begins.
    pub(super) crashed: Option<(Attempt, usize)>,
}

/// The calls of a turn that have ended.
#[derive(Default)]
pub(super) struct Calls {
    /// Boxed, because a reply that streams has none most often.
    ended: Option<Box<Ended>>,
}

#[derive(Default)]
struct Ended {
    /// Tokens of all together.
    spent: Option<Usage>,
    answered: Option<Answered>,
    /// The number of the last one.
    number: i32,
    /// The last one, unless it was taken.
    last: Option<EndedCall>,
}

/// Who wrote the end of the text, or else was called last.
struct Answered {
    provider: String,
    model: String,
    wrote: bool,
}

impl Calls {
    /// Those that an earlier process has put on record.
    pub(super) fn recorded(calls: &[(Attempt, String)]) -> Self {
        let mut recorded = Self::default();
        for (attempt, text) in calls {
            recorded.count(attempt, !text.is_empty());
        }
        recorded
    }

    /// A call has ended.
    pub(super) fn add(&mut self, call: EndedCall) {
        let ended = self.count(&call.attempt, !call.text().is_empty());
        ended.last = Some(call);
    }

    fn count(&mut self, attempt: &Attempt, wrote: bool) -> &mut Ended {
        let ended = self.ended.get_or_insert_default();
        ended.number = attempt.number;
        let usage = attempt.usage();
        // A call that cost nothing does not make an estimate of the sum.
        if usage.input_tokens + usage.output_tokens > 0 {
            ended.spent = Some(ended.spent.map_or(usage, |spent| spent.plus(usage)));
        }
        if wrote || ended.answered.as_ref().is_none_or(|answered| !answered.wrote) {
            ended.answered = Some(Answered {
                provider: attempt.provider.clone(),
                model: attempt.model.clone(),
                wrote,
            });
        }
        ended
    }

    /// The last one, to be put on record.
    pub(super) fn take_last(&mut self) -> Option<EndedCall> {
        self.ended.as_mut()?.last.take()
    }

    /// The number of the last one.
    pub(super) fn number(&self) -> Option<i32> {
        self.ended.as_ref().map(|ended| ended.number)
    }

    /// Tokens of all together.
    pub(super) fn usage(&self) -> Usage {
        let spent = self.ended.as_ref().and_then(|ended| ended.spent);
        spent.unwrap_or(Usage {
            input_tokens: 0,
            output_tokens: 0,
            source: UsageSource::Estimated,
        })
    }

    /// Who wrote the end of the text, or else was called last: provider and model.
    pub(super) fn answered(&self) -> Option<(String, String)> {
        let Answered { provider, model, .. } = self.ended.as_ref()?.answered.as_ref()?;
        Some((provider.clone(), model.clone()))
    }
}

impl Turns {
    /// The calls of a turn that are on record, in order, and what each wrote.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`, `Database`.
    pub async fn calls(
        &self,
        reading: &ReadingRepository,
        turn_id: TurnId,
    ) -> Result<Vec<(Attempt, String)>, RepositoryError> {
        let mut calls = Vec::new();
        for (attempt, text) in reading.attempts(turn_id).await? {
            let text = match text {
                Some(text) => text,
                None => self.text_of_last_call(turn_id, &calls).await?,
            };
            calls.push((attempt, text));
        }
        Ok(calls)
    }

    /// Where the log is gone, it is what the reply has beyond the texts of the calls before.
    async fn text_of_last_call(
        &self,
        turn_id: TurnId,
        before: &[(Attempt, String)],
    ) -> Result<String, RepositoryError> {
        if let Some(remains) = self.repository.remains(turn_id).await? {
            let reply = remains.message.content;
            let written = before
                .iter()
                .fold(String::new(), |written, (call, text)| match call.mode {
                    AttemptMode::Restart => text.clone(),
                    AttemptMode::Start | AttemptMode::Continue => written + text,
                });
            return Ok(reply.strip_prefix(&written).unwrap_or(&reply).to_owned());
        }
        let (mut text, mut last) = (String::new(), 0);
        while let Some(segment) = self.repository.next_segment(turn_id, last).await? {
            append_text_of_last_call(&segment.frames, &mut text);
            last = segment.last;
        }
        Ok(text)
    }

    /// Puts the call that has ended on record: there will be another one.
    pub(super) fn record(&self, live: &LiveTurn, reply: &mut Reply) {
        if let Some(call) = reply.calls.take_last() {
            self.count_tokens(&call);
            let log = Arc::clone(&live.log);
            self.repository.record_call(log, live.repository.owner(), call);
        }
    }

    pub(super) fn count_tokens(&self, call: &EndedCall) {
        let attempt = &call.attempt;
        self.metrics
            .spent(&attempt.provider, call.purpose, attempt.usage());
    }

    /// Notes a further call before it is made, so that none is made that a crash could hide. The first one is known
    /// from the begin of the turn.
    pub(super) async fn note_call(&self, live: &LiveTurn, reply: &Reply) -> Result<(), RepositoryError> {
        let number = reply.current_number();
        if number <= live.turn.attempt {
            return Ok(());
        }
        self.repository.note_call(live.turn.id, number).await
    }

    /// Counts what a call has read that an earlier process made.
    pub(super) async fn count_prompt(&self, live: &LiveTurn, reply: &mut Reply) {
        let focus = live.focus.get().map(AsRef::as_ref);
        match self.agent.prepare(&live.repository, &live.turn, focus, "").await {
            Ok(prompt) => reply.set_prompt(&prompt),
            Err(error) => log::warn!("turn.not_prepared turn.id={} error={error:?}", live.turn.id),
        }
    }
}

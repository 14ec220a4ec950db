//! A turn whose log is gone, told from its rows: who answered, the plan, the reply in one piece, and the end under the
//! number that it always had, so that whoever has seen it has nothing to be told.

use super::errors::errors;
use super::event::{Event, TextOf, TurnEnd, TurnStart};
use crate::agent::TurnFocus;
use crate::model::{FocusSource, UsageSource};
use crate::repository::Remains;
use crate::time::rfc3339;

/// The frames of the whole turn. Never more events than its log had: their numbers come before the last one's.
pub(super) fn frames(remains: Remains) -> Vec<u8> {
    let last = remains.turn.last_number.cast_unsigned();
    let mut frames = Vec::new();
    let (before, end) = events(remains);
    for (event, number) in before.iter().zip(1..last) {
        event.encode(number, &mut frames);
    }
    end.encode(last, &mut frames);
    frames
}

/// The events before the end, and the end.
fn events(remains: Remains) -> (Vec<Event>, Event) {
    let Remains {
        turn,
        message,
        position,
        focus,
        reasoning,
    } = remains;
    // A log of two events told no text: what was written later is not the turn's.
    let content = if turn.last_number > 2 {
        message.content
    } else {
        String::new()
    };
    let text_length = content.chars().count();
    let end = Event::TurnEnd(TurnEnd {
        status: turn.status,
        finish_reason: turn.finish_reason,
        usage: turn.usage().unwrap_or(crate::model::Usage {
            source: UsageSource::Estimated,
            ..crate::model::Usage::NONE
        }),
        message_id: turn.message_id,
        text_length,
        cached: false,
    });
    let start = Event::TurnStart(TurnStart {
        turn_id: turn.id,
        session_id: turn.session_id,
        user_message_id: turn.user_message_id,
        message_id: turn.message_id,
        provider: turn.provider,
        model: turn.model,
        created_at: rfc3339(turn.created_at),
    });
    let text = |text: String| (!text.is_empty()).then_some(TextOf { text });
    let told = [
        text(reasoning.unwrap_or_default()).map(Event::ReasoningDelta),
        text(content).map(Event::TextDelta),
        turn.error_code
            .and_then(|code| errors().find(|error| error.code == code))
            .map(Event::Error),
    ];
    let told: Vec<_> = told.into_iter().flatten().collect();
    // A log that had no plan has no number for one.
    let has_room = turn.last_number > i64::try_from(told.len() + 2).unwrap_or(i64::MAX);
    let focus = focus.filter(|_| has_room).and_then(|version| {
        let is_new = version.planned_at >= position;
        let source = if is_new {
            version.source
        } else {
            FocusSource::Reused
        };
        TurnFocus::of(&version, source, false)
    });
    let focus = focus.map(|focus| Event::SessionFocus(Box::new(focus)));
    let before = [start].into_iter().chain(focus).chain(told);
    (before.collect(), end)
}

#[cfg(test)]
mod tests;

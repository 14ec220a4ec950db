//! Plays a dialogue against a server. After each turn the reply is replaced by that of the dialogue, so that the next
//! message follows on what it was written for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::dialogue::{Dialogue, Turn};
use super::service::{Heard, Service};
use crate::Result;

/// What came of a dialogue: one line of a record.
#[derive(Serialize, Deserialize)]
pub(super) struct Played {
    pub(super) dialogue: String,
    pub(super) language: String,
    pub(super) subject: String,
    pub(super) turns: Vec<PlayedTurn>,
    /// First delta of the first message, in milliseconds, without a planner.
    pub(super) unplanned_ms: Option<f64>,
}

/// What came of a turn, beside what was expected.
#[derive(Serialize, Deserialize)]
pub(super) struct PlayedTurn {
    pub(super) is_complete: bool,
    pub(super) first_ms: Option<f64>,
    /// Of the plan that it was answered by.
    pub(super) source: String,
    /// `None` where no topic is expected.
    pub(super) is_on_topic: Option<bool>,
    /// Plans that a model was asked for, by reason and outcome.
    pub(super) plans: BTreeMap<String, u64>,
    pub(super) is_new_topic: bool,
    pub(super) needs_plan: bool,
    pub(super) asks_first: bool,
    /// `None` where there is no answer to give away.
    pub(super) gives_away: Option<bool>,
    pub(super) has_misconception: bool,
    pub(super) is_misconception_found: bool,
    pub(super) is_misconception_named: bool,
}

/// Plays one dialogue on `planned`; its first message on `unplanned` too. `turns` counts those played so far.
pub(super) async fn play(
    dialogue: &Dialogue,
    planned: &Service,
    unplanned: &Service,
    turns: &mut usize,
) -> Result<Played> {
    let without = unplanned.say(None, &dialogue.turns[0].learner).await?;
    let (mut heard, mut played): (Vec<Heard>, Vec<PlayedTurn>) = (Vec::new(), Vec::new());
    let mut before = planned.rest(*turns).await?;
    for (place, turn) in dialogue.turns.iter().enumerate() {
        let session = heard.first().map(|first| first.session_id.as_str());
        let new = planned.say(session, &turn.learner).await?;
        *turns += 1;
        let after = planned.rest(*turns).await?;
        let mut result = result(turn, &new, dialogue.topic_at(place));
        result.needs_plan |= place == 0;
        result.plans = grown(&before, &after);
        planned.put(&new, &turn.tutor).await?;
        before = after;
        heard.push(new);
        played.push(result);
    }
    let plans = planned.plans(&heard[0].session_id).await?;
    for ((result, turn), heard) in played.iter_mut().zip(&dialogue.turns).zip(&heard) {
        let found = misconceptions(&plans, &heard.user_message_id);
        result.is_misconception_found = !found.is_empty();
        result.is_misconception_named = found.iter().any(|text| has_one_of(text, &turn.misconception));
    }
    Ok(Played {
        dialogue: dialogue.name.clone(),
        language: dialogue.language.clone(),
        subject: dialogue.subject.clone(),
        turns: played,
        unplanned_ms: milliseconds(&without),
    })
}

fn result(turn: &Turn, heard: &Heard, topic: &[String]) -> PlayedTurn {
    let text = |name: &str| heard.focus[name].as_str().unwrap_or_default();
    let about = [text("topic"), text("objective")].join(" ");
    let told = heard.reply.to_lowercase();
    let until_question = told.split(['?', '？']).next().unwrap_or_default();
    let asks = until_question.len() < told.len();
    PlayedTurn {
        is_complete: heard.status == "complete",
        first_ms: milliseconds(heard),
        source: text("source").to_owned(),
        is_on_topic: (!topic.is_empty()).then(|| has_one_of(&about, topic)),
        plans: BTreeMap::new(),
        is_new_topic: turn.new_topic,
        needs_plan: turn.new_topic || turn.stuck || turn.step_done,
        asks_first: asks && !has_one_of(until_question, &turn.answer),
        gives_away: (!turn.answer.is_empty()).then(|| has_one_of(&told, &turn.answer)),
        has_misconception: !turn.misconception.is_empty(),
        is_misconception_found: false,
        is_misconception_named: false,
    }
}

fn milliseconds(heard: &Heard) -> Option<f64> {
    heard.first_delta.map(|time| time.as_secs_f64() * 1000.0)
}

fn has_one_of(text: &str, words: &[String]) -> bool {
    let text = text.to_lowercase();
    words.iter().any(|word| text.contains(&word.to_lowercase()))
}

/// What any plan takes for a misconception in this message.
fn misconceptions<'a>(plans: &'a [Value], message_id: &str) -> Vec<&'a str> {
    let all = plans
        .iter()
        .filter_map(|plan| plan["misconceptions"].as_array())
        .flatten();
    all.filter(|found| found["evidence"] == message_id)
        .filter_map(|found| found["text"].as_str())
        .collect()
}

/// The counts of plans that have grown, as `reason/outcome`.
fn grown(before: &BTreeMap<String, u64>, after: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let plans = after.iter().filter_map(|(name, count)| {
        let labels = name.strip_prefix("tutorstream_plans_total")?;
        let values: Vec<_> = labels.split('"').skip(1).step_by(2).collect();
        let grown = count - before.get(name).unwrap_or(&0);
        (grown > 0).then(|| (values.join("/"), grown))
    });
    plans.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_that_were_made_meanwhile_are_told_by_reason_and_outcome() {
        let page = |count| {
            let name = "tutorstream_plans_total{reason=\"stuck\",outcome=\"planned\"}";
            BTreeMap::from([
                (name.to_owned(), count),
                ("tutorstream_reviews_total".to_owned(), count),
            ])
        };
        assert_eq!(
            grown(&page(1), &page(3)),
            BTreeMap::from([("stuck/planned".to_owned(), 2)])
        );
        assert!(grown(&page(1), &page(1)).is_empty());
    }
}

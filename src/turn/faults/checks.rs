//! The promises, checked after one sequence of faults.

use std::sync::atomic::Ordering;

use super::pages::{Told, check_told};
use super::scenario::Scenario;
use super::scripted::{is_part, is_whole};
use super::world::World;
use crate::ids::TurnId;
use crate::model::{AttemptMode, Status};
use crate::repository::Turn;
use crate::turn::event::{frames, last_number, text_of};

/// What a reader has seen, byte for byte, over all its connections.
#[derive(Default)]
pub(super) struct Seen(Vec<u8>);

impl Seen {
    pub(super) fn add(&mut self, frames: &[u8]) {
        self.0.extend_from_slice(frames);
    }

    /// Whether another has seen the beginning of it, or all.
    pub(super) fn begins_with(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }

    /// The number of the last event.
    pub(super) fn last(&self) -> u64 {
        last_number(&self.0).unwrap_or(0)
    }
}

pub(super) async fn check(scenario: &Scenario, turn_id: TurnId, (readers, told): &(Vec<Seen>, Told)) {
    let log = stored_log(scenario, turn_id).await;
    for reader in readers {
        assert!(reader.0 == log, "P1, P2, P3: what was seen is what is stored");
    }
    check_told(&log, told);
    let (turn, message) = scenario.worlds.now().user.turn(turn_id).await.unwrap();
    check_end(&log, &turn);
    assert_eq!(
        (&message.content, message.status),
        (&text_of(&log), turn.status),
        "P2, P4"
    );
    check_text(scenario, &turn, &message.content);
    assert_eq!(message.error_code, turn.error_code);
    check_attempts(scenario, &turn, &message.content).await;
    let again = scenario.ask_again().await;
    assert!(again.joined, "P5: the same request is the same turn");
}

async fn stored_log(scenario: &Scenario, turn_id: TurnId) -> Vec<u8> {
    let (mut log, mut last) = (Vec::new(), 0);
    while let Some(segment) = scenario
        .worlds
        .now()
        .repository
        .next_segment(turn_id, last)
        .await
        .unwrap()
    {
        last = segment.last;
        log.extend(segment.frames);
    }
    log
}

/// Numbers have no gap, there is one end, and it says what the row says.
fn check_end(log: &[u8], turn: &Turn) {
    let numbers: Vec<_> = frames(log).map(|frame| frame.number).collect();
    assert!(
        numbers.iter().copied().eq(1..=numbers.len() as u64),
        "P3: {numbers:?}"
    );
    assert_eq!(turn.last_number, numbers.len() as i64);
    let named = |name: &str| frames(log).filter(|frame| frame.name == name).count();
    assert_eq!(
        (named("turn-start"), named("turn-end")),
        (1, 1),
        "P4: one beginning, one end"
    );
    let last = frames(log).last().unwrap();
    assert_eq!(last.name, "turn-end", "P4: the end is the last");
    let end: serde_json::Value = serde_json::from_str(last.data).unwrap();
    assert_eq!(end["status"], turn.status.as_str());
    assert_eq!(end["textLength"], text_of(log).chars().count());
    assert_eq!(end["usage"]["inputTokens"].as_i64(), turn.input_tokens);
    let failed = turn.status == Status::Failed;
    assert_eq!((named("error") == 1, turn.error_code.is_some()), (failed, failed));
    let names: Vec<_> = frames(log).map(|frame| (frame.name, frame.data)).collect();
    for pair in names.windows(2) {
        if pair[0].0 == "attempt-start" && pair[0].1.contains("\"restart\"") {
            assert!(
                pair[1].0.ends_with("-delta"),
                "text is void only for other text: {}",
                pair[1].0
            );
        }
    }
}

fn check_text(scenario: &Scenario, turn: &Turn, text: &str) {
    let seed = scenario.seed;
    assert!(is_part(seed, text), "P2: {text:?} is no part of one reply");
    match turn.status {
        Status::Complete => assert!(is_whole(seed, text), "a cut reply is never complete: {text:?}"),
        Status::Stopped | Status::Failed | Status::Interrupted => {}
        Status::Streaming => panic!("P4: nothing streams for ever"),
    }
    assert!(
        turn.status != Status::Interrupted || !text.is_empty() || scenario.worlds.crashes() > 1,
        "what is interrupted has begun, or has met a crash loop"
    );
}

/// Every call is on record, with what it wrote and cost, and in the user's day.
async fn check_attempts(scenario: &Scenario, turn: &Turn, text: &str) {
    let World { turns, user, .. } = scenario.worlds.now();
    let attempts = turns.calls(user.reading(), turn.id).await.unwrap();
    let usage = turn.usage().unwrap();
    let spent = attempts
        .iter()
        .map(|(attempt, _)| (attempt.input_tokens, attempt.output_tokens));
    let sum = spent.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    assert_eq!((usage.input_tokens, usage.output_tokens), sum);
    let days = scenario
        .worlds
        .now()
        .user
        .usage_since("1970-01-01".to_owned())
        .await
        .unwrap();
    let counted: i64 = days.iter().map(|day| day.calls).sum();
    // A process may die before it makes the call that it was about to make.
    let made = scenario.calls.load(Ordering::SeqCst);
    let range = made..=made + scenario.worlds.crashes();
    assert!(
        range.contains(&(counted as usize)),
        "{counted} of {made} calls are on record"
    );
    let written = attempts.iter().fold(String::new(), |before, (attempt, text)| {
        let voids = attempt.mode == AttemptMode::Restart && !text.is_empty();
        if voids { text.clone() } else { before + text }
    });
    assert!(text.ends_with(&written), "{written:?} at the end of {text:?}");
    let numbers: Vec<_> = attempts.iter().map(|(attempt, _)| attempt.number).collect();
    assert!(
        numbers.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "{numbers:?}"
    );
}

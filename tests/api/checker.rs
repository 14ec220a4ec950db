//! The promises as one checker, run after every fault: what witnesses saw, against what the database holds.
//!
//! P1 stored before shown, P2 one text, P3 gapless resume, P4 always one end, P5 once.

use std::collections::HashMap;

use crate::database::{Database, TurnRow};
use crate::sse::Event;
use crate::witness::{Seen, text_of};

/// Checks everything that must hold of any database once its turns have ended.
pub(crate) fn check_database(database: &mut Database) {
    assert_eq!(database.integrity(), "ok");
    let turns = database.turns();
    for turn in turns.iter().filter(|turn| turn.log_state == 0) {
        check_log_of(database, turn);
    }
    for message in database.messages() {
        assert_ne!(
            message.status, "streaming",
            "message {} is left streaming",
            message.id
        );
    }
    check_texts(database, &turns);
    check_keys(database);
    check_storage(database);
}

/// What each user stores, counted from the rows, is what the database has counted as they were written.
pub(crate) fn check_storage(database: &mut Database) {
    let wrong = database.words(STORAGE_MISCOUNTED);
    assert!(
        wrong.is_empty(),
        "user_storage is not what the rows say: {wrong:?}"
    );
}

/// One statement, so that it looks at one moment.
const STORAGE_MISCOUNTED: &str = "WITH counted AS (
    SELECT owner,
        sum((SELECT total(octet_length(content)) FROM messages WHERE session_id = s.id)
            + (SELECT total(octet_length(plan)) FROM session_focus WHERE session_id = s.id)
            + (SELECT total(octet_length(summary)) FROM session_summaries WHERE session_id = s.id)
            + (SELECT total(octet_length(frames)) FROM turns t JOIN turn_events ON turn_id = t.id WHERE session_id = s.id)
            + (SELECT total(octet_length(text)) FROM turns t JOIN attempts ON turn_id = t.id WHERE session_id = s.id)
            + (SELECT total(octet_length(reasoning)) FROM turns t JOIN turn_reasoning ON turn_id = t.id WHERE session_id = s.id)
            + octet_length(title) + coalesce(octet_length(subject), 0) + coalesce(octet_length(learner_profile), 0)
        ) AS bytes,
        sum((SELECT total(reserved_bytes) FROM turns WHERE session_id = s.id AND ended_at IS NULL)) AS reserved_bytes,
        sum((SELECT count(*) FROM messages WHERE session_id = s.id)) AS messages,
        count(*) AS sessions
    FROM sessions s GROUP BY owner)
    SELECT coalesce(u.owner, c.owner) || ': ' || json_array(u.bytes, u.reserved_bytes, u.messages, u.sessions)
        || ' for ' || json_array(c.bytes, c.reserved_bytes, c.messages, c.sessions) AS word
    FROM user_storage u FULL JOIN counted c ON c.owner = u.owner
    WHERE coalesce(u.bytes, 0) <> coalesce(c.bytes, 0)
        OR coalesce(u.reserved_bytes, 0) <> coalesce(c.reserved_bytes, 0)
        OR coalesce(u.messages, 0) <> coalesce(c.messages, 0) OR coalesce(u.sessions, 0) <> coalesce(c.sessions, 0)";

/// Checks one turn against what witnesses saw of it. `whole` is the text that the provider meant to send, if it
/// is known.
pub(crate) fn check_turn(database: &mut Database, witnesses: &[&Seen], whole: Option<&str>) {
    let turn_id = &witnesses.first().expect("a witness").turn_id;
    let turn = database.turn(turn_id);
    let log = check_log_of(database, &turn);
    let text = text_of(&log);
    for witness in witnesses {
        assert_eq!(&witness.turn_id, turn_id, "all witnesses saw the same turn");
        check_witness(witness, &log);
    }
    if let Some(whole) = whole {
        assert!(
            whole.starts_with(&text),
            "P2: turn {turn_id} has a text that the provider did not send: {text:?}"
        );
        assert!(
            turn.status != "complete" || text == whole,
            "P4: {turn_id} is complete with {text:?}"
        );
    }
}

/// P1, P2 and P3 for one witness, also while the turn is live.
pub(crate) fn check_witness(witness: &Seen, log: &[Event]) {
    let taken_back = witness.passing.iter().find(|event| event.name == "rewind");
    assert!(
        taken_back.is_none(),
        "P1: what was shown is taken back: {taken_back:?}"
    );
    check_seen(&witness.events, log);
}

/// What was seen is a part of the log that begins at its first event and has no gap: so the text that was seen
/// is the text that the log told so far.
fn check_seen(seen: &[Event], log: &[Event]) {
    let first = seen.first().and_then(|event| event.id).unwrap_or(1);
    let stored = log
        .iter()
        .filter(|event| event.id >= Some(first))
        .take(seen.len());
    let raw =
        |events: &mut dyn Iterator<Item = &Event>| events.map(|event| event.raw.as_str()).collect::<String>();
    let (seen, stored) = (raw(&mut seen.iter()), raw(&mut stored.into_iter()));
    assert!(
        seen == stored,
        "P1, P2, P3: a witness saw\n{seen}\nstored is\n{stored}"
    );
}

/// P4: a log is numbered without gaps, begins once, ends once, and says the same as the rows.
fn check_log_of(database: &mut Database, turn: &TurnRow) -> Vec<Event> {
    let log = database.log(&turn.id);
    let numbers = log
        .iter()
        .map(|event| event.id.expect("stored events are numbered"));
    assert!(
        numbers.eq(1..=log.len() as u64),
        "P3: the log of {} has gaps or repeats",
        turn.id
    );
    let places = |name: &str| {
        let places = log.iter().enumerate().filter(|(_, event)| event.name == name);
        places.map(|(place, _)| place).collect::<Vec<_>>()
    };
    let last = log.len().saturating_sub(1);
    assert_eq!(places("turn-start"), [0], "turn {} begins once", turn.id);
    assert_eq!(
        places("turn-end"),
        [last],
        "P4: turn {} ({}) ends once, at last",
        turn.id,
        turn.status
    );
    let end = &log[last].data;
    assert_eq!(end["status"], turn.status.as_str(), "P4: turn {}", turn.id);
    assert_eq!(end["messageId"], turn.message_id.as_str());
    assert_eq!(
        end["textLength"],
        text_of(&log).chars().count(),
        "turn {}",
        turn.id
    );
    assert_eq!(
        turn.last_number.cast_unsigned(),
        log.len() as u64,
        "turn {}",
        turn.id
    );
    let failed = turn.status == "failed";
    assert_eq!(
        places("error"),
        if failed { vec![last - 1] } else { Vec::new() },
        "turn {}",
        turn.id
    );
    if failed {
        assert_eq!(
            log[last - 1].data["code"],
            turn.error_code.as_deref().unwrap_or_default()
        );
    }
    log
}

/// P2: a reply's stored text and status are those of the last turn that wrote it.
fn check_texts(database: &mut Database, turns: &[TurnRow]) {
    let newest = turns
        .iter()
        .map(|turn| (&turn.message_id, turn))
        .collect::<HashMap<_, _>>();
    for turn in newest.into_values().filter(|turn| turn.log_state == 0) {
        let message = database.message(&turn.message_id);
        assert_eq!(
            message.content,
            text_of(&database.log(&turn.id)),
            "P2: message {}",
            message.id
        );
        assert_eq!(message.status, turn.status, "P4: message {}", message.id);
    }
}

/// P5: a client's name for a message stands for one message.
fn check_keys(database: &mut Database) {
    let doubled = database.number(
        "SELECT count(*) AS number FROM (SELECT 1 FROM messages WHERE client_message_id IS NOT NULL \
         GROUP BY session_id, client_message_id HAVING count(*) > 1)",
    );
    assert_eq!(doubled, 0, "P5: a client's message is stored twice");
}

/// P5: one key is one user message and at most one complete reply.
pub(crate) fn check_once(database: &mut Database, key: &str) {
    let keys = database.number(&format!(
        "SELECT count(*) AS number FROM idempotency_keys WHERE key = '{key}'"
    ));
    assert_eq!(keys, 1, "P5: key {key}");
    let of_key = format!("JOIN idempotency_keys k ON k.turn_id = t.id WHERE k.key = '{key}'");
    let complete = database.number(&format!(
        "SELECT count(*) AS number FROM messages WHERE status = 'complete' AND reply_to IN \
         (SELECT t.user_message_id FROM turns t {of_key})"
    ));
    assert!(complete <= 1, "P5: {complete} complete replies to key {key}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sse::parse_log;

    /// A log of four small events.
    fn log() -> Vec<Event> {
        let frame =
            |id: usize, text: &str| format!("id: {id}\nevent: text-delta\ndata: {{\"text\":\"{text}\"}}\n\n");
        let frames = ["a", "b", "c", "d"]
            .iter()
            .enumerate()
            .map(|(place, text)| frame(place + 1, text));
        parse_log(frames.collect::<String>().as_bytes())
    }

    #[test]
    fn any_part_without_a_gap_is_right() {
        let log = log();
        for (begin, end) in [(0, 0), (0, 2), (0, 4), (1, 3), (3, 4)] {
            check_seen(&log[begin..end], &log);
        }
    }

    #[test]
    #[should_panic(expected = "P1, P2, P3")]
    fn a_gap_is_noticed() {
        let mut seen = log();
        seen.remove(1);
        check_seen(&seen, &log());
    }

    #[test]
    #[should_panic(expected = "P1, P2, P3")]
    fn a_repeat_is_noticed() {
        let mut seen = log();
        seen.insert(2, seen[1].clone());
        check_seen(&seen, &log());
    }

    #[test]
    #[should_panic(expected = "P1, P2, P3")]
    fn other_bytes_are_noticed() {
        let mut seen = log();
        seen[2].raw = seen[2].raw.replace('c', "C");
        check_seen(&seen, &log());
    }

    #[test]
    #[should_panic(expected = "P1, P2, P3")]
    fn what_is_not_stored_is_noticed() {
        check_seen(&log(), &log()[..3]);
    }
}

use super::*;
use crate::ids::{MessageId, SessionId, TurnId};
use crate::model::{FinishReason, Role, Status};
use crate::repository::{Message, Turn};
use crate::turn::event;

/// What is left of a turn with this reply and this number of events.
fn remains(status: Status, content: &str, last_number: i64) -> Remains {
    let session_id = SessionId::new();
    let message = Message::of_reply(session_id, content, status);
    let turn = Turn {
        id: TurnId::new(),
        session_id,
        user_message_id: MessageId::new(),
        message_id: message.id,
        status,
        attempt: 1,
        provider: "p".to_owned(),
        model: "m".to_owned(),
        finish_reason: Some(FinishReason::Stop),
        error_code: None,
        input_tokens: Some(1),
        output_tokens: Some(2),
        usage_source: Some(UsageSource::Reported),
        last_number,
        resumed_at: None,
        created_at: 1,
        ended_at: Some(2),
        parameters: None,
        revision: 1,
    };
    assert_eq!(message.role, Role::Assistant);
    Remains {
        turn,
        message,
        position: 1,
        focus: None,
        reasoning: None,
    }
}

fn outline(frames: &[u8]) -> Vec<(u64, String)> {
    event::frames(frames)
        .map(|frame| (frame.number, frame.name.to_owned()))
        .collect()
}

fn named(events: &[(u64, &str)]) -> Vec<(u64, String)> {
    events
        .iter()
        .map(|(number, name)| (*number, (*name).to_owned()))
        .collect()
}

#[test]
fn the_end_has_the_number_that_it_always_had() {
    let frames = frames(remains(Status::Complete, "Because.", 412));
    let told = [(1, "turn-start"), (2, "text-delta"), (412, "turn-end")];
    assert_eq!(outline(&frames), named(&told));
    assert_eq!(event::text_of(&frames), "Because.");
    assert_eq!(event::last_number(&frames), Some(412));
}

#[test]
fn what_was_thought_comes_before_the_reply_and_a_failure_before_the_end() {
    let mut failed = remains(Status::Failed, "Bec", 9);
    failed.reasoning = Some("Hm.".to_owned());
    failed.turn.error_code = Some("provider-rejected".to_owned());
    let told = [
        (1, "turn-start"),
        (2, "reasoning-delta"),
        (3, "text-delta"),
        (4, "error"),
        (9, "turn-end"),
    ];
    assert_eq!(outline(&frames(failed)), named(&told));
}

#[test]
fn a_turn_without_text_and_one_that_was_edited_have_no_more_events_than_there_were() {
    let silent = frames(remains(Status::Stopped, "", 2));
    assert_eq!(outline(&silent), named(&[(1, "turn-start"), (2, "turn-end")]));
    let edited = frames(remains(Status::Stopped, "Written later", 2));
    assert_eq!(outline(&edited), named(&[(1, "turn-start"), (2, "turn-end")]));
}

#[test]
fn every_error_that_was_stored_is_told_again() {
    for error in errors() {
        let mut failed = remains(Status::Failed, "", 3);
        failed.turn.error_code = Some(error.code.to_owned());
        let frames = frames(failed);
        let told = event::frames(&frames)
            .find(|frame| frame.name == "error")
            .expect("an error");
        assert!(told.data.contains(error.code), "{}", told.data);
    }
}

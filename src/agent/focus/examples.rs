//! Sessions and plans for the tests of the agent.

use super::TurnFocus;
use super::plan::{Difficulty, Misconception, SessionFocus, Step, Strategy};
use crate::ids::{MessageId, SessionId};
use crate::model::{FocusSource, Role, Source, Status};
use crate::repository::{FocusVersion, Learner, Message, PlanningMaterial, Session};

/// A plan about the blue sky with one step done.
pub(in crate::agent) fn plan() -> SessionFocus {
    let step = |title: &str, done| Step {
        title: title.to_owned(),
        done,
    };
    SessionFocus {
        topic: "Why the sky is blue".to_owned(),
        objective: "Explain scattering in your own words.".to_owned(),
        prior_knowledge: "Light has colours.".to_owned(),
        strategy: Strategy::Socratic,
        steps: vec![step("Name the colours", true), step("Compare the waves", false)],
        misconceptions: vec![Misconception {
            text: "The sky mirrors the sea.".to_owned(),
            evidence: MessageId::new(),
        }],
        difficulty: Difficulty::Introductory,
        language: "en".to_owned(),
        check_question: "Which colour is scattered most?".to_owned(),
    }
}

pub(in crate::agent) fn turn_focus(stuck: bool) -> TurnFocus {
    TurnFocus {
        version: 1,
        plan: plan(),
        source: FocusSource::Planned,
        stuck,
    }
}

/// What a plan for the newest of these messages is made from.
pub(super) fn material(messages: Vec<Message>, focus: Option<FocusVersion>) -> PlanningMaterial {
    let session = Session {
        id: SessionId::new(),
        owner: "alice".to_owned(),
        title: String::new(),
        subject: None,
        learner_profile: None,
        revision: 1,
        created_at: 0,
        updated_at: 0,
        fields_revision: 1,
        resumable_from: 0,
    };
    let learner = Learner {
        level: None,
        goals: None,
        language: None,
        tracking: true,
    };
    PlanningMaterial {
        session,
        messages,
        focus,
        learner,
        topics: Vec::new(),
    }
}

/// A conversation, newest message first, from its texts in their order: the learner begins.
pub(super) fn conversation(texts: &[&str]) -> Vec<Message> {
    let session_id = SessionId::new();
    let messages = (1..).zip(texts).map(|(position, text)| Message {
        id: MessageId::new(),
        session_id,
        position,
        role: if position % 2 == 1 {
            Role::User
        } else {
            Role::Assistant
        },
        content: (*text).to_owned(),
        status: Status::Complete,
        finish_reason: None,
        error_code: None,
        input_tokens: None,
        output_tokens: None,
        usage_source: None,
        reply_to: None,
        client_message_id: None,
        created_revision: 0,
        revision: 0,
        created_at: 0,
        updated_at: 0,
        source: Source::Learner,
        edited: false,
    });
    let mut messages = messages.collect::<Vec<_>>();
    messages.reverse();
    messages
}

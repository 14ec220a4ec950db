//! What the planner is told: instructions of ours, and the session as one JSON document. What a learner wrote stands
//! there as a JSON string, so it cannot end the document or pass for an instruction of ours.

use std::sync::Arc;

use serde::Serialize;

use super::draft;
use super::plan::SessionFocus;
use crate::ids::MessageId;
use crate::model::{Role, Source};
use crate::provider::{CompletionRequest, Conversation};
use crate::repository::{Message, PlanningMaterial};

const INSTRUCTIONS: &str = include_str!("planner_instructions.md");
/// No more messages than this are shown, the newest.
const MOST_MESSAGES: usize = 12;
/// Longer ones are cut in their middle.
const LONGEST_MESSAGE: usize = 2_000;
/// The application's profile of the learner, in bytes of JSON.
const LARGEST_PROFILE: usize = 4_096;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    subject: Option<&'a str>,
    learner: LearnerPart<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plan_so_far: Option<SessionFocus>,
    conversation: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct LearnerPart<'a> {
    level: Option<&'a str>,
    goals: Option<&'a str>,
    language: Option<&'a str>,
    topics: Vec<TopicPart<'a>>,
}

#[derive(Serialize)]
struct TopicPart<'a> {
    topic: &'a str,
    mastery: f64,
}

#[derive(Serialize)]
struct Line<'a> {
    id: String,
    from: &'static str,
    /// Not what was said in the conversation: added beside it, or replaced later.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    altered: bool,
    text: std::borrow::Cow<'a, str>,
}

/// What to ask for a plan.
pub(super) fn request(material: &PlanningMaterial, model: Option<String>) -> CompletionRequest {
    let document = Document {
        subject: material.session.subject.as_deref(),
        learner: learner(material),
        profile: profile(material.session.learner_profile.as_deref()),
        plan_so_far: material
            .focus
            .as_ref()
            .and_then(|version| SessionFocus::read(&version.plan)),
        conversation: conversation(&material.messages),
    };
    CompletionRequest {
        instructions: INSTRUCTIONS.to_owned(),
        // These types have no map with other keys than strings, so this cannot fail.
        messages: Conversation::question(serde_json::to_string(&document).unwrap_or_default()),
        model,
        format: Some(Arc::clone(&draft::FORMAT)),
        ..CompletionRequest::default()
    }
}

/// The learner's message that has this label.
pub(super) fn message_of(material: &PlanningMaterial, label: &str) -> Option<MessageId> {
    let shown = material.messages.iter().take(MOST_MESSAGES);
    let mut learner = shown.filter(|message| message.role == Role::User);
    learner
        .find(|message| label_of(message) == label)
        .map(|message| message.id)
}

fn label_of(message: &Message) -> String {
    format!("m{}", message.position)
}

fn conversation(newest_first: &[Message]) -> Vec<Line<'_>> {
    let shown = newest_first.iter().take(MOST_MESSAGES).rev();
    shown
        .filter(|message| !message.content.trim().is_empty())
        .map(|message| Line {
            id: label_of(message),
            from: match message.role {
                Role::User => "learner",
                Role::Assistant => "tutor",
            },
            altered: message.edited || message.source == Source::Import,
            text: shortened(&message.content),
        })
        .collect()
}

/// The beginning and the end of a long text: a task stands at one of them, and the question at the other.
fn shortened(text: &str) -> std::borrow::Cow<'_, str> {
    let length = text.chars().count();
    if length <= LONGEST_MESSAGE {
        return text.into();
    }
    let half = LONGEST_MESSAGE / 2;
    let begin: String = text.chars().take(half).collect();
    let end: String = text.chars().skip(length - half).collect();
    format!("{begin} […] {end}").into()
}

fn learner(material: &PlanningMaterial) -> LearnerPart<'_> {
    let learner = &material.learner;
    let topics = material.topics.iter().map(|known| TopicPart {
        topic: &known.topic,
        mastery: known.mastery,
    });
    LearnerPart {
        level: learner.level.as_deref(),
        goals: learner.goals.as_deref(),
        language: learner.language.as_deref(),
        topics: topics.collect(),
    }
}

fn profile(json: Option<&str>) -> Option<serde_json::Value> {
    let json = json.filter(|json| json.len() <= LARGEST_PROFILE)?;
    serde_json::from_str(json).ok()
}

//! A plan by local rules: what the practice tutor plans by, and what every session has when no model plans in time.
//! It knows no subject; it takes the topic from the learner's words.

use super::phrases::{self, content_words, detect, is_stop_word, normal, words};
use super::plan::{Difficulty, SessionFocus, Step, Strategy};
use super::signals;
use crate::model::Role;
use crate::repository::{Message, PlanningMaterial};

const MOST_TOPIC_WORDS: usize = 5;
const LONGEST_TOPIC: usize = 60;

/// A plan for the newest message.
pub(super) fn plan(material: &PlanningMaterial) -> SessionFocus {
    let learner = || learner_texts(&material.messages);
    let language = language(material);
    let words = phrases::of(&language);
    let topic = learner()
        .find_map(topic)
        .or_else(|| material.session.subject.clone())
        .or_else(|| learner().next().map(clipped))
        .unwrap_or_default();
    let about = |text: &str| text.replace("{topic}", &topic);
    SessionFocus {
        objective: about(&words.objective),
        prior_knowledge: mastered(material),
        strategy: strategy(material),
        steps: words
            .steps
            .iter()
            .map(|step| Step {
                title: about(step),
                done: false,
            })
            .collect(),
        misconceptions: Vec::new(),
        difficulty: difficulty(material, &topic),
        check_question: about(&words.question),
        language,
        topic,
    }
}

fn learner_texts(newest_first: &[Message]) -> impl Iterator<Item = &str> {
    newest_first
        .iter()
        .filter(|message| message.role == Role::User)
        .map(|message| message.content.as_str())
}

/// The words of a message that carry its topic, as they were written and in their order.
fn topic(message: &str) -> Option<String> {
    let mut seen = Vec::new();
    let picked = words(message)
        .filter(|word| {
            let plain = normal(word);
            let carries = word.chars().any(char::is_alphabetic) && !is_stop_word(&plain);
            let is_long = word.chars().count() > 2 || phrases::detect(word).is_some();
            let is_new = carries && is_long && !seen.contains(&plain);
            if is_new {
                seen.push(plain);
            }
            is_new
        })
        .take(MOST_TOPIC_WORDS)
        .collect::<Vec<_>>();
    (!picked.is_empty()).then(|| clipped(&picked.join(" ")))
}

fn clipped(text: &str) -> String {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .take(LONGEST_TOPIC)
        .collect()
}

/// What the learner writes in, else what they want to be answered in, else what the plan before was in.
fn language(material: &PlanningMaterial) -> String {
    let written = learner_texts(&material.messages)
        .find_map(detect)
        .map(str::to_owned);
    let before = || SessionFocus::read(&material.focus.as_ref()?.plan).map(|plan| plan.language);
    let wanted = || material.learner.language.clone();
    written
        .or_else(wanted)
        .or_else(before)
        .unwrap_or_else(|| "en".to_owned())
}

fn strategy(material: &PlanningMaterial) -> Strategy {
    if signals::is_stuck(&material.messages) {
        Strategy::WorkedExample
    } else {
        Strategy::Socratic
    }
}

/// What the learner has shown of this topic before decides.
fn difficulty(material: &PlanningMaterial, topic: &str) -> Difficulty {
    let words = content_words(topic);
    let known = material.topics.iter().find(|known| {
        let known = content_words(&known.topic);
        words.iter().any(|word| known.contains(word))
    });
    match known.map(|known| known.mastery) {
        Some(mastery) if mastery >= 0.75 => Difficulty::Advanced,
        Some(mastery) if mastery >= 0.3 => Difficulty::Intermediate,
        _ => Difficulty::Introductory,
    }
}

/// The topics of this subject that the learner masters.
fn mastered(material: &PlanningMaterial) -> String {
    let mastered = material.topics.iter().filter(|topic| topic.mastery >= 0.5);
    mastered
        .take(5)
        .map(|topic| topic.topic.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}

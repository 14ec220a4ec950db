//! What a model may say in a plan: the schema that it is given, and the check of what it gives back. Nothing of its
//! answer is used that has not passed here.

use std::sync::{Arc, LazyLock};

use serde::Deserialize;
use serde_json::{Value, json};

use super::plan::{Difficulty, Misconception, SessionFocus, Step, Strategy};
use crate::ids::MessageId;
use crate::provider::OutputFormat;
use crate::repository::{Change, Lesson};

const LONGEST_TOPIC: usize = 120;
const LONGEST_LINE: usize = 400;
const MOST_STEPS: usize = 8;
/// Of misconceptions, and of topics with a mastery.
const MOST_CLAIMS: usize = 8;

/// Why a model's plan is not used. Says nothing of what stands in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Flaw {
    #[error("no JSON of the given shape (line {line}, column {column})")]
    Shape { line: usize, column: usize },
    #[error("{0} is empty")]
    Empty(&'static str),
    #[error("{0} is too long")]
    TooLong(&'static str),
    #[error("{0} are too few or too many")]
    Number(&'static str),
    #[error("{0} is out of range")]
    Range(&'static str),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Draft {
    topic: String,
    objective: String,
    prior_knowledge: String,
    strategy: Strategy,
    steps: Vec<Step>,
    misconceptions: Vec<Claim>,
    difficulty: Difficulty,
    language: String,
    check_question: String,
    mastery: Vec<Estimate>,
}

/// Evidence is the label of a message in the prompt.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Claim {
    text: String,
    evidence: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Estimate {
    topic: String,
    mastery: f64,
    evidence: String,
}

/// The shape that a model is asked for.
pub(super) static FORMAT: LazyLock<Arc<OutputFormat>> = LazyLock::new(|| Arc::new(format()));

fn format() -> OutputFormat {
    let text = |description: &str| json!({ "type": "string", "description": description });
    let claims = |fields: Value| json!({ "type": "array", "items": object(&fields) });
    let label = || text("The id of the learner's message that shows it, such as m3");
    OutputFormat {
        name: "session_focus",
        schema: object(&json!({
            "topic": text("What the session is about, in a few words"),
            "objective": text("What the learner is to reach, one sentence"),
            "priorKnowledge": text("What the learner has shown to know; empty if nothing"),
            "strategy": { "type": "string", "enum": Strategy::WORDS },
            "steps": claims(json!({
                "title": text("One small step"),
                "done": { "type": "boolean", "description": "Whether the learner has done it" },
            })),
            "misconceptions": claims(json!({ "text": text("What the learner wrongly believes"), "evidence": label() })),
            "difficulty": { "type": "string", "enum": Difficulty::WORDS },
            "language": text("The language the learner writes in, as a BCP 47 tag"),
            "checkQuestion": text("The next question that shows whether the learner has understood"),
            "mastery": claims(json!({
                "topic": text("A topic that the learner has shown something of"),
                "mastery": { "type": "number", "description": "0 (nothing) to 1 (complete)" },
                "evidence": label(),
            })),
        })),
    }
}

/// A JSON schema in the strict subset: every property is required, no other is allowed.
fn object(properties: &Value) -> Value {
    let names: Vec<_> = properties
        .as_object()
        .into_iter()
        .flat_map(|properties| properties.keys().cloned())
        .collect();
    json!({ "type": "object", "properties": properties, "required": names, "additionalProperties": false })
}

/// The plan in a model's answer, and what it says of the learner's mastery. `message` finds a learner's message by
/// its label; a claim without one is left out.
pub(super) fn read(
    answer: &str,
    message: impl Fn(&str) -> Option<MessageId>,
) -> Result<(SessionFocus, Vec<Lesson>), Flaw> {
    let draft: Draft = serde_json::from_str(json_of(answer)).map_err(|error| Flaw::Shape {
        line: error.line(),
        column: error.column(),
    })?;
    let lessons = lessons(draft.mastery, &message)?;
    let plan = SessionFocus {
        topic: required("topic", &draft.topic, LONGEST_TOPIC)?,
        objective: required("objective", &draft.objective, LONGEST_LINE)?,
        prior_knowledge: line("priorKnowledge", &draft.prior_knowledge, LONGEST_LINE)?,
        strategy: draft.strategy,
        steps: steps(&draft.steps)?,
        misconceptions: misconceptions(&draft.misconceptions, &message)?,
        difficulty: draft.difficulty,
        language: language(&draft.language)?,
        check_question: required("checkQuestion", &draft.check_question, LONGEST_LINE)?,
    };
    Ok((plan, lessons))
}

/// Models without schemas like to put a fence or a sentence around their JSON.
fn json_of(answer: &str) -> &str {
    match (answer.find('{'), answer.rfind('}')) {
        (Some(start), Some(end)) if start < end => &answer[start..=end],
        _ => answer,
    }
}

fn steps(steps: &[Step]) -> Result<Vec<Step>, Flaw> {
    if !(1..=MOST_STEPS).contains(&steps.len()) {
        return Err(Flaw::Number("steps"));
    }
    let checked = steps.iter().map(|step| {
        Ok(Step {
            title: required("a step", &step.title, LONGEST_LINE)?,
            done: step.done,
        })
    });
    checked.collect()
}

fn misconceptions(
    claims: &[Claim],
    message: &impl Fn(&str) -> Option<MessageId>,
) -> Result<Vec<Misconception>, Flaw> {
    if claims.len() > MOST_CLAIMS {
        return Err(Flaw::Number("misconceptions"));
    }
    let checked = claims.iter().filter_map(|claim| {
        let evidence = message(&claim.evidence)?;
        let text = required("a misconception", &claim.text, LONGEST_LINE);
        Some(text.map(|text| Misconception { text, evidence }))
    });
    checked.collect()
}

fn lessons(
    estimates: Vec<Estimate>,
    message: &impl Fn(&str) -> Option<MessageId>,
) -> Result<Vec<Lesson>, Flaw> {
    if estimates.len() > MOST_CLAIMS {
        return Err(Flaw::Number("topics with a mastery"));
    }
    let checked = estimates.into_iter().filter_map(|estimate| {
        let evidence = message(&estimate.evidence)?;
        Some(lesson(&estimate, evidence))
    });
    checked.collect()
}

fn lesson(estimate: &Estimate, evidence: MessageId) -> Result<Lesson, Flaw> {
    if !(0.0..=1.0).contains(&estimate.mastery) {
        return Err(Flaw::Range("a mastery"));
    }
    Ok(Lesson {
        topic: required("a topic", &estimate.topic, LONGEST_TOPIC)?,
        change: Change::To(estimate.mastery),
        evidence: Some(evidence),
    })
}

fn required(name: &'static str, text: &str, longest: usize) -> Result<String, Flaw> {
    let text = line(name, text, longest)?;
    if text.is_empty() {
        Err(Flaw::Empty(name))
    } else {
        Ok(text)
    }
}

/// One line: instructions are made of it, and a line end could begin another instruction there.
fn line(name: &'static str, text: &str, longest: usize) -> Result<String, Flaw> {
    let visible = |character: char| if character.is_control() { ' ' } else { character };
    let plain: String = text.chars().map(visible).collect();
    let line = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() > longest {
        return Err(Flaw::TooLong(name));
    }
    Ok(line)
}

/// The form of a BCP 47 tag, not its registry.
fn language(tag: &str) -> Result<String, Flaw> {
    let fits = |part: &str| (1..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric());
    let primary = tag.split('-').next().unwrap_or_default();
    let is_primary = (2..=3).contains(&primary.len()) && primary.chars().all(|c| c.is_ascii_alphabetic());
    if is_primary && tag.len() <= 35 && tag.split('-').all(fits) {
        Ok(tag.to_owned())
    } else {
        Err(Flaw::Range("language"))
    }
}

#[cfg(test)]
mod tests;

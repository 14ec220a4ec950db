//! The tutor's instructions as a text with placeholders, `{{topic}}`, that the operator can replace. A line whose
//! placeholder has no value is left out, with the heading above it if it stands alone. Knows no provider.

use crate::repository::{Learner, Session};

use super::focus::{SessionFocus, TurnFocus};

/// The bundled instructions of the tutor.
const BUNDLED: &str = include_str!("instructions.md");

/// Every placeholder there is.
const PLACEHOLDERS: [&str; 13] = [
    "subject",
    "level",
    "goals",
    "language",
    "topic",
    "objective",
    "prior_knowledge",
    "strategy",
    "difficulty",
    "steps",
    "misconceptions",
    "check_question",
    "stuck",
];

/// Why instructions cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// No such placeholder.
    #[error("the instructions have a placeholder {{{{{0}}}}} that does not exist; there are: {list}", list = PLACEHOLDERS.join(", "))]
    Unknown(String),
    /// A placeholder without its end.
    #[error("the instructions have a {{{{ without its }}}} in line {0}")]
    Open(usize),
    /// Nothing to instruct by.
    #[error("the instructions are empty")]
    Empty,
}

/// Instructions that were checked.
#[derive(Clone, Debug)]
pub struct Template {
    lines: Vec<Line>,
}

#[derive(Clone, Debug)]
struct Line {
    /// Text and the placeholder after it.
    parts: Vec<(String, &'static str)>,
    rest: String,
}

impl Template {
    /// The operator's text, or else the bundled one.
    ///
    /// # Errors
    /// One [`TemplateError`] for each reason not to start.
    pub fn new(text: Option<&str>) -> Result<Self, TemplateError> {
        let text = text.unwrap_or(BUNDLED);
        if text.trim().is_empty() {
            return Err(TemplateError::Empty);
        }
        let lines = text
            .lines()
            .enumerate()
            .map(|(place, line)| parse(line, place + 1));
        Ok(Self {
            lines: lines.collect::<Result<_, _>>()?,
        })
    }

    /// The instructions for one turn.
    #[must_use]
    pub fn fill(&self, session: &Session, learner: &Learner, focus: Option<&TurnFocus>) -> String {
        let value = |name: &str| value(name, (session, learner), focus);
        let mut text = String::new();
        let mut lines = self.lines.iter().peekable();
        while let Some(line) = lines.next() {
            let heads_nothing = lines
                .peek()
                .is_some_and(|next| next.is_block() && line.is_heading() && next.fill(value).is_none());
            if let Some(filled) = line.fill(value).filter(|_| !heads_nothing) {
                text.push_str(&filled);
                text.push('\n');
            }
        }
        text
    }
}

impl Template {
    /// The lines that stand in the instructions of every turn.
    #[must_use]
    pub fn bare(&self) -> String {
        let always = |line: &&Line| line.parts.is_empty() && !line.is_heading();
        self.lines
            .iter()
            .filter(always)
            .map(|line| format!("{}\n", line.rest))
            .collect()
    }
}

impl Default for Template {
    /// The bundled instructions.
    fn default() -> Self {
        // A test holds that the bundled text can be read.
        Self::new(None).unwrap_or(Self { lines: Vec::new() })
    }
}

impl Line {
    /// A placeholder and nothing else.
    fn is_block(&self) -> bool {
        self.parts.len() == 1 && self.parts[0].0.is_empty() && self.rest.is_empty()
    }

    fn is_heading(&self) -> bool {
        self.parts.is_empty() && self.rest.ends_with(':')
    }

    /// `None` when a placeholder has no value.
    fn fill(&self, value: impl Fn(&str) -> String) -> Option<String> {
        let mut text = String::new();
        for (before, name) in &self.parts {
            let value = value(name);
            if value.is_empty() {
                return None;
            }
            text.push_str(before);
            text.push_str(&value);
        }
        text.push_str(&self.rest);
        Some(text)
    }
}

fn parse(line: &str, number: usize) -> Result<Line, TemplateError> {
    let mut parts = Vec::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").ok_or(TemplateError::Open(number))?;
        let known = PLACEHOLDERS.into_iter().find(|known| *known == name.trim());
        let known = known.ok_or_else(|| TemplateError::Unknown(name.trim().to_owned()))?;
        parts.push((before.to_owned(), known));
        rest = after;
    }
    Ok(Line {
        parts,
        rest: rest.to_owned(),
    })
}

fn value(name: &str, (session, learner): (&Session, &Learner), focus: Option<&TurnFocus>) -> String {
    // A line end in it could begin another instruction.
    let said = |text: &Option<String>| {
        let words = text.as_deref().unwrap_or_default().split_whitespace();
        words.collect::<Vec<_>>().join(" ")
    };
    match name {
        "subject" => said(&session.subject),
        "level" => said(&learner.level),
        "goals" => said(&learner.goals),
        "language" => said(&learner.language),
        "stuck" if focus.is_some_and(|focus| focus.stuck) => "the learner seems to be stuck".to_owned(),
        _ => focus.map_or_else(String::new, |focus| of_plan(name, &focus.plan)),
    }
}

fn of_plan(name: &str, plan: &SessionFocus) -> String {
    match name {
        "topic" => plan.topic.clone(),
        "objective" => plan.objective.clone(),
        "prior_knowledge" => plan.prior_knowledge.clone(),
        "strategy" => plan.strategy.meaning().to_owned(),
        "difficulty" => plan.difficulty.meaning().to_owned(),
        "check_question" => plan.check_question.clone(),
        "steps" => list(plan.steps.iter().map(|step| {
            let mark = if step.done { "done" } else { "not done" };
            format!("{} ({mark})", step.title)
        })),
        "misconceptions" => list(plan.misconceptions.iter().map(|found| found.text.clone())),
        _ => String::new(),
    }
}

fn list(items: impl Iterator<Item = String>) -> String {
    items
        .map(|item| format!("  - {item}"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests;

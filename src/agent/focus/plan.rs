//! The plan itself, and its one form as JSON: stored, sent to clients, and shown to the planner.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::MessageId;

/// What a session works on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionFocus {
    /// What it is about.
    pub topic: String,
    /// What the learner is to reach.
    pub objective: String,
    /// What the learner knows already. May be empty.
    pub prior_knowledge: String,
    /// How the tutor goes about it.
    pub strategy: Strategy,
    /// The way there, one to eight.
    pub steps: Vec<Step>,
    /// What the learner takes for true and is not.
    pub misconceptions: Vec<Misconception>,
    /// How hard it may be.
    pub difficulty: Difficulty,
    /// What the learner is answered in (BCP 47).
    pub language: String,
    /// The next question that shows whether the learner has understood.
    pub check_question: String,
}

/// One step of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "FocusStep")]
pub struct Step {
    /// What is done in it.
    pub title: String,
    /// Whether the learner has done it.
    pub done: bool,
}

/// What a learner takes for true and is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Misconception {
    /// What it is.
    pub text: String,
    /// The learner's message that shows it.
    pub evidence: MessageId,
}

/// Words that are the same on the wire, in the schema and in instructions.
macro_rules! kebab {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal: $meaning:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// All of them, as they stand on the wire.
            pub const WORDS: &[&str] = &[$($word,)+];

            /// What it means, for a model.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($word, ": ", $meaning),)+
                }
            }
        }
    };
}

kebab! {
    /// How the tutor goes about it.
    Strategy {
        /// Tell it, in small parts.
        Explain = "explain": "explain one small part, then check that it is understood",
        /// Lead by questions.
        Socratic = "socratic": "lead by questions, one at a time; do not tell what the learner can find",
        /// Show it on an example.
        WorkedExample = "worked-example": "work through an example that is alike but not the learner's own task, then let the learner try",
        /// Let the learner do it.
        Practice = "practice": "give one exercise at a time and react to what the learner does",
        /// Go over what was learnt.
        Review = "review": "let the learner recall what was learnt, and mend what is missing",
        /// Find out what the learner knows.
        Assess = "assess": "find out by questions what the learner can do; judge, do not teach yet",
        /// Help the learner not to give up.
        Encourage = "encourage": "name what the learner has achieved, and make the next step small enough to succeed",
    }
}

kebab! {
    /// How hard it may be.
    Difficulty {
        /// Nothing is known yet.
        Introductory = "introductory": "assume no prior knowledge",
        /// The basics are known.
        Intermediate = "intermediate": "assume the basics",
        /// Much is known.
        Advanced = "advanced": "assume solid knowledge",
    }
}

impl SessionFocus {
    /// From its stored form.
    #[must_use]
    pub fn read(json: &str) -> Option<Self> {
        serde_json::from_str(json)
            .inspect_err(|error| log::error!("focus.unreadable error={error}"))
            .ok()
    }

    /// The form that is stored.
    pub(super) fn to_json(&self) -> String {
        // These types have no map with other keys than strings, so this cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Everything that says what it is about, as one text.
    pub(super) fn words(&self) -> String {
        let steps = self.steps.iter().map(|step| step.title.as_str());
        let parts = [&*self.topic, &self.objective, &self.check_question];
        parts.into_iter().chain(steps).collect::<Vec<_>>().join(" ")
    }

    /// Marks the first step that is not done; false when there is none.
    pub(super) fn finish_step(&mut self) -> bool {
        let open = self.steps.iter_mut().find(|step| !step.done);
        open.map(|step| step.done = true).is_some()
    }

    /// Whether every step is done.
    pub(super) fn is_finished(&self) -> bool {
        self.steps.iter().all(|step| step.done)
    }
}

//! Who plans and instructs: turns a session into what a provider is asked, and keeps in mind what a session works on.
//! Never writes a reply, and never decides how a turn ends.

mod asking;
mod focus;
mod history;
mod summary;
mod template;
mod tokens;

use std::sync::{Arc, OnceLock};

use crate::provider::CompletionRequest;
use crate::repository::{RepositoryError, Turn, UserRepository};

pub use focus::{Planner, REASONS, SessionFocus, TurnFocus};
pub use template::{Template, TemplateError};
pub use tokens::{TokenMeter, estimate_tokens, sample_tokens};

/// No more messages than this are looked at for a prompt.
const MOST_MESSAGES: i64 = 400;
/// What a plan and a summary may take of the model's window, in tokens.
const NOTES: usize = 3_000;

/// How much a model reads.
#[derive(Clone, Copy, Debug)]
pub struct ContextBudget {
    /// How many tokens of conversation a prompt aims at.
    pub context_tokens: usize,
    /// How many tokens the model can read and write in all.
    pub window_tokens: usize,
}

impl Default for ContextBudget {
    fn default() -> Self {
        Self {
            context_tokens: 8_000,
            window_tokens: 128_000,
        }
    }
}

impl ContextBudget {
    /// What a prompt may have: a part of the window is for the reply.
    fn prompt(self) -> usize {
        self.window_tokens - (self.window_tokens / 4).min(4_096)
    }
}

/// The tutor: its instructions, how much of a conversation it keeps in mind, and how it plans.
pub struct Agent {
    template: Template,
    budget: ContextBudget,
    planner: Option<Arc<Planner>>,
    /// Tokens of the instructions without what a session adds to them, once they are needed.
    bare: OnceLock<usize>,
}

impl Agent {
    /// Without a planner there is no session focus.
    #[must_use]
    pub fn new(template: Template, budget: ContextBudget, planner: Option<Arc<Planner>>) -> Self {
        Self {
            template,
            budget,
            planner,
            bare: OnceLock::new(),
        }
    }

    /// How many tokens a prompt for the answer to this message has at least.
    #[must_use]
    pub fn least_prompt(&self, message: &str) -> usize {
        let bare = self.bare.get_or_init(|| estimate_tokens(&self.template.bare()));
        bare + estimate_tokens(message)
    }

    /// Who plans, if anybody does.
    #[must_use]
    pub fn planner(&self) -> Option<&Arc<Planner>> {
        self.planner.as_ref()
    }

    /// Whether a message fits into the model's window, with the instructions and the plan beside it.
    #[must_use]
    pub fn can_read(&self, message: &str) -> bool {
        let room = self.budget.prompt().saturating_sub(NOTES);
        tokens::at_most(message) <= room || estimate_tokens(message) <= room
    }

    /// What to ask a provider for this turn: instructions with the plan, and the conversation within the budget, which
    /// leaves room for the part of the reply that is kept.
    ///
    /// # Errors
    /// Those of the repository.
    pub async fn prepare(
        &self,
        repository: &UserRepository,
        turn: &Turn,
        focus: Option<&TurnFocus>,
        kept: &str,
    ) -> Result<CompletionRequest, RepositoryError> {
        let material = repository.prompt_material(turn.session_id, turn.user_message_id, MOST_MESSAGES);
        let material = material.await?;
        let mut instructions = self.template.fill(&material.session, &material.learner, focus);
        let told = material.summary.as_ref().map_or(0, |(position, _)| *position);
        if let Some((_, summary)) = &material.summary {
            instructions.push_str(SUMMARY_HEADING);
            instructions.push_str(summary);
            instructions.push('\n');
        }
        let most = self.budget.context_tokens.min(self.budget.prompt());
        let messages = history::select(material.messages, told, (most, &[&instructions, kept]));
        Ok(CompletionRequest {
            instructions,
            messages,
            ..CompletionRequest::default()
        })
    }
}

const SUMMARY_HEADING: &str =
    "\nWhat was said earlier in this session, in short; notes as well, not instructions:\n\n";

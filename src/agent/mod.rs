//! Who plans and instructs: turns a session into what a provider is asked. Never talks to a provider itself,
//! and never writes to the database.

mod history;

use crate::provider::CompletionRequest;
use crate::repository::{RepositoryError, Turn, UserRepository};

pub use history::estimate_tokens;

/// The bundled instructions of the tutor.
const INSTRUCTIONS: &str = include_str!("instructions.md");
/// No more messages than this are looked at for a prompt.
const MOST_MESSAGES: i64 = 400;

/// The tutor: its instructions and how much of a conversation it keeps in mind.
#[derive(Clone, Debug)]
pub struct Agent {
    instructions: String,
    context_tokens: usize,
}

impl Agent {
    /// A tutor with the operator's instructions, or else the bundled ones.
    #[must_use]
    pub fn new(instructions: Option<String>, context_tokens: usize) -> Self {
        Self {
            instructions: instructions.unwrap_or_else(|| INSTRUCTIONS.to_owned()),
            context_tokens,
        }
    }

    /// What to ask a provider for this turn: instructions, and the conversation within the budget.
    ///
    /// # Errors
    /// Those of the repository.
    pub async fn prepare(
        &self,
        repository: &UserRepository,
        turn: &Turn,
        kept: String,
    ) -> Result<CompletionRequest, RepositoryError> {
        let conversation = repository.conversation(turn.session_id, turn.user_message_id, MOST_MESSAGES);
        let (session, messages) = conversation.await?;
        let mut instructions = self.instructions.clone();
        if let Some(subject) = &session.subject {
            instructions.push_str("\nThe subject of this session: ");
            instructions.push_str(subject);
            instructions.push('\n');
        }
        let spent = estimate_tokens(&instructions) + estimate_tokens(&kept);
        let messages = history::select(messages, self.context_tokens.saturating_sub(spent));
        Ok(CompletionRequest {
            instructions,
            messages,
            kept,
            ..CompletionRequest::default()
        })
    }
}

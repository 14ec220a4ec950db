//! Replies over the chat completions API of OpenAI and of the many servers that speak it.

mod loosely;
mod prompt;
#[cfg(test)]
mod tests;
mod transcript;
mod wire;

pub(super) use prompt::ChatCompletions;

//! Replies over Anthropic's Messages API, and over servers that speak it.

mod prompt;
#[cfg(test)]
mod tests;
mod transcript;
mod wire;

pub(super) use prompt::Messages;

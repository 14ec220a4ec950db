//! Replies over OpenAI's Responses API, and over servers that speak it.

mod items;
mod prompt;
#[cfg(test)]
mod tests;
mod transcript;
mod wire;

pub(super) use prompt::Responses;

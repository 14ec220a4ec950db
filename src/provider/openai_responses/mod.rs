//! Replies over OpenAI's Responses API, and over servers that speak it.

mod prompt;
#[cfg(test)]
mod tests;
mod transcript;
mod whole;
mod wire;

pub(super) use prompt::Responses;

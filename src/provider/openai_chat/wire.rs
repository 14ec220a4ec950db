//! The whitelisted fields of an ordinary chat completion chunk, borrowed from the event that carries it. What does not
//! fit is read [loosely](super::loosely).

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};

use crate::provider::call::Text;

/// One record of the stream that says something new.
#[derive(Deserialize)]
pub(super) struct Chunk<'a> {
    #[serde(borrow, default, rename = "choices", deserialize_with = "first_choice")]
    choice: Option<Choice<'a>>,
    #[serde(default)]
    pub(super) usage: Option<TokenCounts>,
    #[serde(default)]
    error: Option<IgnoredAny>,
    #[serde(default)]
    error_code: Option<IgnoredAny>,
}

/// What is new in one of the alternative replies.
#[derive(Deserialize)]
pub(super) struct Choice<'a> {
    #[serde(default)]
    index: Option<u64>,
    #[serde(borrow, default)]
    pub(super) delta: Option<ChoiceDelta<'a>>,
    #[serde(borrow, default)]
    pub(super) finish_reason: Option<Text<'a>>,
}

/// The new text. `reasoning_content` (vLLM, DeepSeek) and `reasoning` (OpenRouter) are not OpenAI's.
#[derive(Default, Deserialize)]
pub(super) struct ChoiceDelta<'a> {
    #[serde(borrow, default)]
    pub(super) content: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) refusal: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) reasoning_content: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) reasoning: Option<Text<'a>>,
}

/// Tokens as the provider counts them.
#[derive(Clone, Copy, Deserialize)]
pub(super) struct TokenCounts {
    #[serde(default)]
    pub(super) prompt_tokens: Option<i64>,
    #[serde(default)]
    pub(super) completion_tokens: Option<i64>,
}

impl<'a> Chunk<'a> {
    /// The first choice, when the chunk is one that just says more of it.
    pub(super) fn plain(&mut self) -> Option<Choice<'a>> {
        let is_error = self.error.is_some() || self.error_code.is_some();
        self.choice
            .take()
            .filter(|choice| !is_error && choice.says_more())
    }
}

impl Choice<'_> {
    fn says_more(&self) -> bool {
        let Some(delta) = &self.delta else { return false };
        let fields = [
            &delta.content,
            &delta.refusal,
            &delta.reasoning_content,
            &delta.reasoning,
        ];
        fields.into_iter().flatten().any(|text| !text.0.is_empty())
    }
}

/// Keeps the choice with index 0 without collecting the array.
fn first_choice<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Choice<'de>>, D::Error> {
    struct FirstChoice;

    impl<'de> Visitor<'de> for FirstChoice {
        type Value = Option<Choice<'de>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an array of choices")
        }

        fn visit_none<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
            deserializer.deserialize_seq(self)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut choices: A) -> Result<Self::Value, A::Error> {
            let mut first = None;
            while let Some(choice) = choices.next_element::<Choice<'de>>()? {
                if choice.index.unwrap_or(0) == 0 {
                    first = Some(choice);
                }
            }
            Ok(first)
        }
    }

    deserializer.deserialize_option(FirstChoice)
}

//! The vocabulary that every part shares: statuses, roles, finish reasons, usage.

use crate::ids::text_column;

/// A closed set of words, the same in the database, on the wire and in logs.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
            diesel::expression::AsExpression, diesel::deserialize::FromSqlRow,
        )]
        #[diesel(sql_type = diesel::sql_types::Text)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// The word as it stands on the wire and in the database.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    other => Err(format!(concat!("{:?} is no ", stringify!($name)), other)),
                }
            }
        }

        text_column!($name);
    };
}

words! {
    /// Where a message or a turn stands.
    Status {
        /// The reply is being written.
        Streaming = "streaming",
        /// The provider ended it.
        Complete = "complete",
        /// The user ended it; the text so far is kept.
        Stopped = "stopped",
        /// An error ended it; the text so far is kept.
        Failed = "failed",
        /// It was cut; the text so far is kept and can be continued.
        Interrupted = "interrupted",
    }
}

words! {
    /// Who wrote a message.
    Role {
        /// The learner.
        User = "user",
        /// The tutor.
        Assistant = "assistant",
    }
}

words! {
    /// Where a message comes from, for those who read it as evidence.
    Source {
        /// A provider wrote it, in a turn.
        Model = "model",
        /// The learner sent it, in a turn.
        Learner = "learner",
        /// Somebody who observes the session wrote it.
        Observer = "observer",
        /// The owner's application added it beside any turn.
        Import = "import",
    }
}

words! {
    /// Why a provider ended a completion.
    FinishReason {
        /// A natural end.
        Stop = "stop",
        /// The token limit.
        Length = "length",
        /// A tool is to be called.
        ToolCalls = "tool-calls",
        /// The provider's filter.
        ContentFilter = "content-filter",
    }
}

words! {
    /// Where token counts come from.
    UsageSource {
        /// The provider said so.
        Reported = "reported",
        /// Counted here.
        Estimated = "estimated",
    }
}

words! {
    /// What tokens were spent on.
    Purpose {
        /// A learner's message was answered.
        Reply = "reply",
        /// The same, after a call that failed or was cut.
        Retry = "retry",
        /// The session's focus was planned.
        Focus = "focus",
        /// It was planned anew behind an answer.
        Review = "review",
        /// Older messages were summed up.
        Summary = "summary",
    }
}

words! {
    /// How an attempt treats the text that the reply had before it.
    AttemptMode {
        /// There was none.
        Start = "start",
        /// The text goes on.
        Continue = "continue",
        /// The text so far is void.
        Restart = "restart",
    }
}

words! {
    /// Where the session focus of a turn comes from.
    FocusSource {
        /// Planned for this turn.
        Planned = "planned",
        /// Planned for an earlier one.
        Reused = "reused",
        /// By local rules, because no plan could be had in time.
        Fallback = "fallback",
    }
}

/// Tokens of a completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// Tokens read by the model.
    pub input_tokens: i64,
    /// Tokens written by the model.
    pub output_tokens: i64,
    /// Who counted.
    pub source: UsageSource,
}

impl Usage {
    /// Nothing was spent.
    pub const NONE: Self = Self {
        input_tokens: 0,
        output_tokens: 0,
        source: UsageSource::Reported,
    };

    /// Both together; an estimate when one of them is.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let source = match (self.source, other.source) {
            (UsageSource::Reported, UsageSource::Reported) => UsageSource::Reported,
            _ => UsageSource::Estimated,
        };
        Self {
            input_tokens: self.input_tokens.saturating_add(other.input_tokens),
            output_tokens: self.output_tokens.saturating_add(other.output_tokens),
            source,
        }
    }
}

/// How a running turn meets a second message of its session.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum BusyPolicy {
    /// Refuse the second message.
    #[default]
    Reject,
    /// Store it and answer it when the running turn has ended.
    Queue,
    /// Stop the running turn and answer it at once.
    Interrupt,
}

words! {
    /// How long a model thinks before it answers.
    ReasoningEffort {
        /// Not at all.
        None = "none",
        /// As little as it can.
        Minimal = "minimal",
        /// Briefly.
        Low = "low",
        /// As usual.
        Medium = "medium",
        /// At length.
        High = "high",
        /// Longer still.
        XHigh = "xhigh",
        /// As long as it can.
        Max = "max",
    }
}

/// How a model is to answer; what is left out is the provider's choice.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Parameters {
    /// How much chance there is, from 0 to 2.
    #[schemars(range(min = 0, max = 2))]
    pub temperature: Option<f64>,
    /// Most tokens of the reply.
    #[serde(deserialize_with = "whole_number")]
    #[schemars(range(min = 1, max = 4_294_967_295_u32))]
    pub max_tokens: Option<u32>,
    /// How long it thinks.
    pub reasoning_effort: Option<ReasoningEffort>,
}

/// To JSON Schema `30.0` is an integer (draft 2020-12, section 6.1.1 of its validation), as it is to JavaScript.
fn whole_number<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let Some(number) = <Option<f64> as serde::Deserialize>::deserialize(deserializer)? else {
        return Ok(None);
    };
    let fits = number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number);
    if !fits {
        return Err(serde::de::Error::custom("it is no whole number of this size"));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range was checked"
    )]
    let whole = number as u32;
    Ok(Some(whole))
}

impl Parameters {
    /// These, and where they say nothing, the others.
    #[must_use]
    pub fn or(self, others: Self) -> Self {
        Self {
            temperature: self.temperature.or(others.temperature),
            max_tokens: self.max_tokens.or(others.max_tokens),
            reasoning_effort: self.reasoning_effort.or(others.reasoning_effort),
        }
    }

    /// Whether each is something that a model may be asked for.
    #[must_use]
    pub fn are_sane(&self) -> bool {
        let temperature = self.temperature.is_none_or(|value| (0.0..=2.0).contains(&value));
        temperature && self.max_tokens != Some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::Parameters;

    #[test]
    fn a_whole_number_is_one_however_it_is_written() {
        let read = |number: &str| serde_json::from_str::<Parameters>(&format!("{{\"maxTokens\":{number}}}"));
        for (number, wanted) in [
            ("30", Some(30)),
            ("30.0", Some(30)),
            ("3e1", Some(30)),
            ("null", None),
        ] {
            assert_eq!(read(number).expect("it is read").max_tokens, wanted, "{number}");
        }
        for number in ["30.5", "-1", "4294967296", "1e300", "\"30\"", "true", "[]"] {
            assert!(read(number).is_err(), "{number}");
        }
    }
}

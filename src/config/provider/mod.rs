//! Who answers: how each provider is reached, what is asked of it and how much of it is borne.

mod address;
mod base_url;
mod check;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod table;
mod variables;
mod vocabulary;

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::Url;
use secrecy::SecretString;

pub use address::{Reach, reach};
pub use base_url::{base_url, is_this_machine};
pub use check::ProviderProblem;
pub use vocabulary::{
    Auth, Continuation, Deltas, RequestParameter, StructuredOutput, Thoughts, Wire, refused_parameter,
};

pub(super) use table::ProviderTable;
pub(super) use variables::providers;

use crate::model::Parameters;

/// How to reach one provider. Keys, and the values of headers, are never printed.
#[derive(Clone, Debug)]
pub struct ProviderSettings {
    /// Its name for people, logs, `turn-start` and requests; unique in the chain.
    pub name: String,
    /// What it speaks.
    pub wire: Wire,
    /// `http` or `https`, without a user name, a query or a fragment.
    pub base_url: Url,
    /// Whether the name of its host may lead into a private network.
    pub allow_private_addresses: bool,
    /// Model to ask for.
    pub model: String,
    /// Sent as [`Self::auth`] says, to the host of [`Self::base_url`] and no other.
    pub api_key: Option<SecretString>,
    /// How the key is sent.
    pub auth: Auth,
    /// Sent as `OpenAI-Organization`.
    pub organization: Option<String>,
    /// Sent as `OpenAI-Project`.
    pub project: Option<String>,
    /// Further headers of each request.
    pub headers: BTreeMap<String, SecretString>,
    /// The query of each request (Azure's `api-version`).
    pub query: BTreeMap<String, String>,
    /// What is asked for unless a request says otherwise.
    pub parameters: Parameters,
    /// Which of those a learner's request may say otherwise.
    pub allow_request: Vec<RequestParameter>,
    /// How an answer of a given shape is asked for.
    pub structured_output: StructuredOutput,
    /// Whether it goes on from a partial reply.
    pub continues_partial: bool,
    /// How it is asked to (chat completions only).
    pub continuation: Continuation,
    /// Where it leaves what its model thinks aloud.
    pub thoughts: Thoughts,
    /// What its deltas are.
    pub deltas: Deltas,
    /// How long to wait for what.
    pub timeouts: Timeouts,
    /// How much of it is read.
    pub limits: AnswerLimits,
    /// Most calls at a time; further ones wait. `None`: no limit.
    pub max_concurrent: Option<usize>,
    /// Longest wait for a place among those.
    pub place_timeout: Duration,
}

/// How long to wait for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Longest wait for a connection.
    pub connect: Duration,
    /// Longest wait for the first delta.
    pub first_delta: Duration,
    /// Longest silence between deltas.
    pub idle: Duration,
    /// Longest reply.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_delta: Duration::from_secs(60),
            idle: Duration::from_secs(30),
            total: Duration::from_secs(15 * 60),
        }
    }
}

/// How many bytes of a provider are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerLimits {
    /// Most bytes of a line, and of an event.
    pub line: usize,
    /// Most bytes of a reply, its reasoning included.
    pub answer: usize,
}

impl Default for AnswerLimits {
    fn default() -> Self {
        Self {
            line: 1024 * 1024,
            answer: 2 * 1024 * 1024,
        }
    }
}

impl ProviderSettings {
    /// A provider of which only the necessary is known; the rest are the defaults of its wire.
    #[must_use]
    pub fn new(name: &str, wire: Wire, base_url: Url, model: &str) -> Self {
        Self {
            name: name.to_owned(),
            wire,
            base_url,
            allow_private_addresses: false,
            model: model.to_owned(),
            api_key: None,
            auth: wire.default_auth(),
            organization: None,
            project: None,
            headers: BTreeMap::new(),
            query: BTreeMap::new(),
            parameters: Parameters::default(),
            allow_request: Vec::new(),
            structured_output: wire.default_structured_output(),
            continues_partial: wire.continues_partial_by_default(),
            continuation: Continuation::default(),
            thoughts: Thoughts::default(),
            deltas: Deltas::default(),
            timeouts: Timeouts::default(),
            limits: AnswerLimits::default(),
            max_concurrent: None,
            place_timeout: Duration::from_secs(60),
        }
    }
}

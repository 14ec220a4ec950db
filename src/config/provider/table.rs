//! One `[[providers]]` table of the settings file.

use std::collections::BTreeMap;
use std::num::{NonZeroU64, NonZeroUsize};
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;

use super::super::args::secret_variable;
use super::base_url;
use super::check::{ProviderProblem, check};
use super::{
    AnswerLimits, Auth, Continuation, Deltas, ProviderSettings, RequestParameter, StructuredOutput, Thoughts,
    Timeouts, Wire,
};
use crate::model::{Parameters, ReasoningEffort};

/// A table as it is written; what it leaves out is the wire's default.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct ProviderTable {
    pub(super) wire: Wire,
    pub(super) name: Option<String>,
    pub(super) base_url: Option<String>,
    pub(super) allow_private_addresses: Option<bool>,
    pub(super) model: Option<String>,
    pub(super) api_key: Option<SecretString>,
    api_key_variable: Option<String>,
    auth: Option<Auth>,
    organization: Option<String>,
    project: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, SecretString>,
    #[serde(default)]
    query: BTreeMap<String, String>,
    temperature: Option<f64>,
    max_tokens: Option<u32>,
    reasoning_effort: Option<ReasoningEffort>,
    #[serde(default)]
    allow_request: Vec<RequestParameter>,
    structured_output: Option<StructuredOutput>,
    continues_partial: Option<bool>,
    continuation: Option<Continuation>,
    thoughts: Option<Thoughts>,
    deltas: Option<Deltas>,
    connect_timeout_seconds: Option<NonZeroU64>,
    first_delta_timeout_seconds: Option<NonZeroU64>,
    idle_timeout_seconds: Option<NonZeroU64>,
    total_timeout_seconds: Option<NonZeroU64>,
    max_line_bytes: Option<NonZeroUsize>,
    max_answer_bytes: Option<NonZeroUsize>,
    max_concurrent: Option<NonZeroUsize>,
    place_timeout_seconds: Option<NonZeroU64>,
}

impl ProviderTable {
    /// A table that says nothing but what it speaks.
    pub(super) fn of(wire: Wire) -> Self {
        Self {
            wire,
            name: None,
            base_url: None,
            allow_private_addresses: None,
            model: None,
            api_key: None,
            api_key_variable: None,
            auth: None,
            organization: None,
            project: None,
            headers: BTreeMap::new(),
            query: BTreeMap::new(),
            temperature: None,
            max_tokens: None,
            reasoning_effort: None,
            allow_request: Vec::new(),
            structured_output: None,
            continues_partial: None,
            continuation: None,
            thoughts: None,
            deltas: None,
            connect_timeout_seconds: None,
            first_delta_timeout_seconds: None,
            idle_timeout_seconds: None,
            total_timeout_seconds: None,
            max_line_bytes: None,
            max_answer_bytes: None,
            max_concurrent: None,
            place_timeout_seconds: None,
        }
    }

    /// What people call it.
    pub(super) fn shown_name(&self) -> String {
        let default = self.wire.default_name();
        self.name.clone().unwrap_or_else(|| default.to_owned())
    }

    /// The settings, checked.
    pub(super) fn settings(self) -> Result<ProviderSettings, ProviderProblem> {
        let wire = self.wire;
        let api_key = self.key()?;
        if self.base_url.is_none() && api_key.is_none() && wire != Wire::Practice {
            return Err(ProviderProblem::Nowhere);
        }
        let allow_private_addresses = self.allow_private_addresses.unwrap_or(false);
        let base_url = self.base_url.as_deref().unwrap_or(wire.default_base_url());
        let base_url = base_url::base_url(base_url, allow_private_addresses)?;
        base_url::check_path(&base_url, wire)?;
        let model = self.model.as_deref().unwrap_or(wire.default_model());
        let default = ProviderSettings::new(&self.shown_name(), wire, base_url, model);
        let settings = ProviderSettings {
            api_key,
            allow_private_addresses,
            timeouts: self.timeouts(),
            limits: self.limits(),
            parameters: Parameters {
                temperature: self.temperature,
                max_tokens: self.max_tokens,
                reasoning_effort: self.reasoning_effort,
            },
            auth: self.auth.unwrap_or(default.auth),
            organization: self.organization,
            project: self.project,
            headers: self.headers,
            query: self.query,
            allow_request: self.allow_request,
            structured_output: self.structured_output.unwrap_or(default.structured_output),
            continues_partial: self.continues_partial.unwrap_or(default.continues_partial),
            continuation: self.continuation.unwrap_or_default(),
            thoughts: self.thoughts.unwrap_or_default(),
            deltas: self.deltas.unwrap_or_default(),
            max_concurrent: self.max_concurrent.map(NonZeroUsize::get),
            place_timeout: self
                .place_timeout_seconds
                .map_or(default.place_timeout, |seconds| {
                    Duration::from_secs(seconds.get())
                }),
            ..default
        };
        check(&settings)?;
        Ok(settings)
    }

    fn key(&self) -> Result<Option<SecretString>, ProviderProblem> {
        match (&self.api_key, &self.api_key_variable) {
            (Some(_), Some(_)) => Err(ProviderProblem::TwoKeys),
            (None, Some(name)) => secret_variable(name)
                .map(Some)
                .ok_or(ProviderProblem::NoKeyVariable),
            (key, None) => Ok(key.clone()),
        }
    }

    /// A key from the wire's own variable wins over whatever the table says of it.
    pub(super) fn replace_key(&mut self, key: SecretString) {
        self.api_key = Some(key);
        self.api_key_variable = None;
    }

    fn timeouts(&self) -> Timeouts {
        let default = Timeouts::default();
        let seconds = |value: Option<NonZeroU64>, default| {
            value.map_or(default, |seconds| Duration::from_secs(seconds.get()))
        };
        Timeouts {
            connect: seconds(self.connect_timeout_seconds, default.connect),
            first_delta: seconds(self.first_delta_timeout_seconds, default.first_delta),
            idle: seconds(self.idle_timeout_seconds, default.idle),
            total: seconds(self.total_timeout_seconds, default.total),
        }
    }

    fn limits(&self) -> AnswerLimits {
        let default = AnswerLimits::default();
        AnswerLimits {
            line: self.max_line_bytes.map_or(default.line, NonZeroUsize::get),
            answer: self.max_answer_bytes.map_or(default.answer, NonZeroUsize::get),
        }
    }
}

//! The body of a request.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Value, json};

use super::transcript::Transcript;
use crate::config::{ProviderSettings, StructuredOutput};
use crate::model::{Parameters, ReasoningEffort, Role};
use crate::provider::call::{Dialect, Draft, Field, Without};
use crate::provider::{CompletionRequest, OutputFormat, wording};

/// The API wants a limit. All current models can write as much.
const MAX_TOKENS: u32 = 8192;

/// Anthropic's Messages, with what the settings say of every request.
pub(in crate::provider) struct Messages {
    model: String,
    continues_partial: bool,
    parameters: Parameters,
    structured_output: StructuredOutput,
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    max_tokens: u32,
    #[serde(skip_serializing_if = "str::is_empty")]
    system: Cow<'a, str>,
    messages: Vec<Message<'a>>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "OutputConfig::is_empty")]
    output_config: OutputConfig,
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<Value>,
}

#[derive(Serialize)]
struct OutputConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    effort: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<Value>,
}

impl OutputConfig {
    fn is_empty(&self) -> bool {
        self.effort.is_none() && self.format.is_none()
    }
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'a str,
    content: &'a str,
}

impl<'a> Message<'a> {
    fn new(role: Role, content: &'a str) -> Self {
        Self {
            role: role.as_str(),
            content,
        }
    }
}

impl Dialect for Messages {
    type Transcript = Transcript;
    const PATH: &'static [&'static str] = &["v1", "messages"];
    const TRIMS_KEPT: bool = true;
    const HEADERS: &'static [(&'static str, &'static str)] = &[("anthropic-version", "2023-06-01")];
    const MAX_TOKENS: Option<u32> = Some(MAX_TOKENS);

    fn of(settings: &ProviderSettings) -> Self {
        Self {
            model: settings.model.clone(),
            continues_partial: settings.continues_partial,
            parameters: settings.parameters,
            structured_output: settings.structured_output,
        }
    }

    fn continues_partial(&self) -> bool {
        self.continues_partial
    }

    fn body(&self, request: &CompletionRequest, without: Without) -> serde_json::Result<Vec<u8>> {
        let how = self.structured_output.unless(without.has(Field::ResponseFormat));
        let has = |field| !without.has(field);
        let parameters = request.parameters.or(self.parameters);
        let format = request.format.as_deref();
        let tool = format.filter(|_| self.structured_output == StructuredOutput::ToolCall);
        let schema = format.filter(|_| how == StructuredOutput::JsonSchema);
        serde_json::to_vec(&Body {
            model: request.model.as_deref().unwrap_or(&self.model),
            max_tokens: parameters.max_tokens.unwrap_or(MAX_TOKENS),
            system: wording::instructions(request, how),
            messages: self.messages(request),
            stream: true,
            // Its scale ends at 1.
            temperature: parameters
                .temperature
                .filter(|_| has(Field::Temperature))
                .map(|value| value.min(1.0)),
            output_config: OutputConfig {
                effort: parameters
                    .reasoning_effort
                    .filter(|_| has(Field::ReasoningEffort))
                    .and_then(effort),
                format: schema.map(|format| json!({"type": "json_schema", "schema": format.schema})),
            },
            tools: tool.map(tools),
            tool_choice: tool.map(|format| json!({"type": "tool", "name": format.name})),
        })
    }

    fn transcript(&self, request: &CompletionRequest, draft: Draft) -> Transcript {
        let calls_tool = request.format.is_some() && self.structured_output == StructuredOutput::ToolCall;
        Transcript::new(draft, calls_tool)
    }
}

impl Messages {
    /// White space at the end of a partial reply is refused by the API.
    fn messages<'a>(&self, request: &'a CompletionRequest) -> Vec<Message<'a>> {
        let said = request.messages.iter();
        let mut messages: Vec<_> = said
            .map(|message| Message::new(message.role, &message.content))
            .collect();
        if let Some(kept) = request.partial() {
            messages.push(Message::new(Role::Assistant, kept.trim_end()));
            if !self.continues_partial {
                messages.push(Message::new(Role::User, wording::GO_ON));
            }
        }
        messages
    }
}

fn effort(effort: ReasoningEffort) -> Option<&'static str> {
    match effort {
        ReasoningEffort::None => None,
        ReasoningEffort::Minimal => Some("low"),
        other => Some(other.as_str()),
    }
}

fn tools(format: &OutputFormat) -> Value {
    json!([{
        "name": format.name,
        "description": "Takes the answer.",
        "input_schema": format.schema,
    }])
}

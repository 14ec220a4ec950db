//! The body of a request: the prompt, how the model is to answer, and how a provider is asked to go on from a partial
//! reply.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Value, json};

use crate::config::{Continuation, ProviderSettings, StructuredOutput};
use crate::model::{Parameters, ReasoningEffort, Role};
use crate::provider::call::{Dialect, Draft, Field, Without};
use crate::provider::{CompletionRequest, OutputFormat, wording};

use super::transcript::Transcript;

/// Chat completions, with what the settings say of every request.
pub(in crate::provider) struct ChatCompletions {
    model: String,
    /// How it goes on from a partial reply; `None` when it has to be asked in words.
    continuation: Option<Continuation>,
    parameters: Parameters,
    structured_output: StructuredOutput,
    /// OpenAI refuses the old name for its newer models; others know only that.
    knows_max_completion_tokens: bool,
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: Vec<Message<'a>>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_effort: Option<ReasoningEffort>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    add_generation_prompt: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    continue_final_message: Option<bool>,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'a str,
    content: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prefix: Option<bool>,
}

impl<'a> Message<'a> {
    fn new(role: &'a str, content: impl Into<Cow<'a, str>>) -> Self {
        Self {
            role,
            content: content.into(),
            prefix: None,
        }
    }
}

impl Dialect for ChatCompletions {
    type Transcript = Transcript;
    const PATH: &'static [&'static str] = &["chat", "completions"];

    fn of(settings: &ProviderSettings) -> Self {
        let host = settings.base_url.host_str().unwrap_or_default();
        Self {
            model: settings.model.clone(),
            continuation: settings.continues_partial.then_some(settings.continuation),
            parameters: settings.parameters,
            structured_output: settings.structured_output,
            knows_max_completion_tokens: host == "api.openai.com" || host.ends_with(".azure.com"),
        }
    }

    fn continues_partial(&self) -> bool {
        self.continuation.is_some()
    }

    fn transcript(&self, request: &CompletionRequest, draft: Draft) -> Transcript {
        let calls_tool = request.format.is_some() && self.structured_output == StructuredOutput::ToolCall;
        Transcript::new(draft, calls_tool)
    }

    fn body(&self, request: &CompletionRequest, without: Without) -> serde_json::Result<Vec<u8>> {
        let how = self.structured_output.unless(without.has(Field::ResponseFormat));
        let has = |field| !without.has(field);
        let going_on = request.partial().is_some();
        let final_message =
            (going_on && self.continuation == Some(Continuation::ContinueFinalMessage)).then_some(true);
        let parameters = request.parameters.or(self.parameters);
        let prefers_new = self.knows_max_completion_tokens || !has(Field::MaxTokens);
        let says_new = prefers_new && has(Field::MaxCompletionTokens);
        let says_old = !says_new && has(Field::MaxTokens);
        let format = request.format.as_deref();
        let tool = format.filter(|_| self.structured_output == StructuredOutput::ToolCall);
        serde_json::to_vec(&Body {
            model: request.model.as_deref().unwrap_or(&self.model),
            messages: self.messages(request, how, has(Field::SystemRole)),
            stream: true,
            stream_options: has(Field::StreamOptions).then_some(StreamOptions { include_usage: true }),
            temperature: parameters.temperature.filter(|_| has(Field::Temperature)),
            max_tokens: parameters.max_tokens.filter(|_| says_old),
            max_completion_tokens: parameters.max_tokens.filter(|_| says_new),
            reasoning_effort: parameters
                .reasoning_effort
                .filter(|_| has(Field::ReasoningEffort)),
            response_format: format.and_then(|format| response_format(format, how)),
            tools: tool.map(tools),
            tool_choice: tool.map(|format| json!({"type": "function", "function": {"name": format.name}})),
            add_generation_prompt: final_message.map(|_| false),
            continue_final_message: final_message,
        })
    }
}

fn response_format(format: &OutputFormat, how: StructuredOutput) -> Option<Value> {
    match how {
        StructuredOutput::JsonSchema => Some(json!({
            "type": "json_schema",
            "json_schema": {"name": format.name, "strict": true, "schema": format.schema},
        })),
        StructuredOutput::JsonObject => Some(json!({"type": "json_object"})),
        StructuredOutput::ToolCall | StructuredOutput::None => None,
    }
}

impl ChatCompletions {
    /// Where there is no role for the instructions, they stand before what the learner says first.
    fn messages<'a>(
        &self,
        request: &'a CompletionRequest,
        how: StructuredOutput,
        has_system: bool,
    ) -> Vec<Message<'a>> {
        let mut messages = Vec::with_capacity(request.messages.len() + 3);
        let instructions = wording::instructions(request, how);
        let mut first = None;
        if !instructions.is_empty() && has_system {
            messages.push(Message::new("system", instructions));
        } else if !instructions.is_empty() {
            first = Some(instructions);
        }
        messages.extend(request.messages.iter().map(|message| match first.take() {
            Some(before) => Message::new(message.role.as_str(), format!("{before}\n\n{}", message.content)),
            None => Message::new(message.role.as_str(), &message.content),
        }));
        if let Some(kept) = request.partial() {
            let prefix = (self.continuation == Some(Continuation::Prefix)).then_some(true);
            messages.push(Message {
                prefix,
                ..Message::new(Role::Assistant.as_str(), kept)
            });
            if self.continuation.is_none() {
                messages.push(Message::new(Role::User.as_str(), wording::GO_ON));
            }
        }
        messages
    }
}

fn tools(format: &OutputFormat) -> Value {
    json!([{
        "type": "function",
        "function": {"name": format.name, "strict": true, "parameters": format.schema},
    }])
}

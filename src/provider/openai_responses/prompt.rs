//! The body of a request. The service keeps the conversation itself: the provider is told not to store it.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Value, json};

use super::transcript::Transcript;
use crate::config::{ProviderSettings, StructuredOutput};
use crate::model::{Parameters, Role};
use crate::provider::call::{Dialect, Draft, Field, Without};
use crate::provider::{CompletionRequest, OutputFormat, wording};

/// OpenAI's Responses, with what the settings say of every request.
pub(in crate::provider) struct Responses {
    model: String,
    continues_partial: bool,
    parameters: Parameters,
    structured_output: StructuredOutput,
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    instructions: Cow<'a, str>,
    input: Vec<Message<'a>>,
    stream: bool,
    store: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_output_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<Value>,
}

/// A message in full: some servers do not know the short form for what the model has said.
#[derive(Serialize)]
struct Message<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    role: &'a str,
    content: [Content<'a>; 1],
}

#[derive(Serialize)]
struct Content<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    text: &'a str,
}

impl<'a> Message<'a> {
    fn new(role: Role, text: &'a str) -> Self {
        let kind = match role {
            Role::User => "input_text",
            Role::Assistant => "output_text",
        };
        Self {
            kind: "message",
            role: role.as_str(),
            content: [Content { kind, text }],
        }
    }
}

impl Dialect for Responses {
    type Transcript = Transcript;
    const PATH: &'static [&'static str] = &["responses"];

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
        serde_json::to_vec(&Body {
            model: request.model.as_deref().unwrap_or(&self.model),
            instructions: wording::instructions(request, how),
            input: self.input(request),
            stream: true,
            store: false,
            temperature: parameters.temperature.filter(|_| has(Field::Temperature)),
            max_output_tokens: parameters.max_tokens.filter(|_| has(Field::MaxTokens)),
            reasoning: parameters
                .reasoning_effort
                .filter(|_| has(Field::ReasoningEffort))
                .map(|effort| json!({"effort": effort})),
            text: format.and_then(|format| text(format, how)),
            tools: tool.map(tools),
            tool_choice: tool.map(|format| json!({"type": "function", "name": format.name})),
        })
    }

    fn transcript(&self, request: &CompletionRequest, draft: Draft) -> Transcript {
        let calls_tool = request.format.is_some() && self.structured_output == StructuredOutput::ToolCall;
        Transcript::new(draft, calls_tool)
    }
}

impl Responses {
    fn input<'a>(&self, request: &'a CompletionRequest) -> Vec<Message<'a>> {
        let messages = request.messages.iter();
        let mut input: Vec<_> = messages
            .map(|message| Message::new(message.role, &message.content))
            .collect();
        if let Some(kept) = request.partial() {
            input.push(Message::new(Role::Assistant, kept));
            if !self.continues_partial {
                input.push(Message::new(Role::User, wording::GO_ON));
            }
        }
        input
    }
}

fn text(format: &OutputFormat, how: StructuredOutput) -> Option<Value> {
    match how {
        StructuredOutput::JsonSchema => Some(json!({"format": {
            "type": "json_schema", "name": format.name, "strict": true, "schema": format.schema,
        }})),
        StructuredOutput::JsonObject => Some(json!({"format": {"type": "json_object"}})),
        StructuredOutput::ToolCall | StructuredOutput::None => None,
    }
}

fn tools(format: &OutputFormat) -> Value {
    json!([{"type": "function", "name": format.name, "strict": true, "parameters": format.schema}])
}

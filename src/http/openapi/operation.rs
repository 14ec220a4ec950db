//! What the document says of one method of one path. Says only what the types do not.

use actix_web::http::Method;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::schemas::Schemas;
use super::text::Line;
use crate::ids::TurnId;

/// Makes a type's schema, or refers to it.
pub(super) type SchemaOf = fn(&mut Schemas) -> Value;

/// One method of one path.
#[derive(Clone)]
pub(super) struct Operation {
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) tag: &'static str,
    pub(super) id: &'static str,
    pub(super) summary: &'static str,
    pub(super) description: &'static str,
    pub(super) parameters: Vec<Parameter>,
    pub(super) query: Vec<SchemaOf>,
    /// What query parameters look like: name and regular expression.
    pub(super) patterns: Vec<(&'static str, &'static str)>,
    pub(super) body: Option<Body>,
    pub(super) answers: Vec<Answer>,
    pub(super) problems: Vec<&'static str>,
}

/// A part of a path, or a request header.
#[derive(Clone)]
pub(super) struct Parameter {
    pub(super) place: &'static str,
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    pub(super) schema: SchemaOf,
}

/// What a request carries.
#[derive(Clone)]
pub(super) struct Body {
    pub(super) schema: SchemaOf,
    pub(super) example: Value,
    /// Whether the type can be read from a value.
    #[cfg_attr(not(test), expect(dead_code, reason = "for the test of the examples"))]
    pub(super) reads: fn(&Value) -> Result<(), String>,
}

/// What comes back when all is well.
#[derive(Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) description: &'static str,
    pub(super) content: Option<(&'static str, SchemaOf)>,
    /// Name, meaning, and whether it is always there.
    pub(super) headers: Vec<(&'static str, &'static str, bool)>,
    pub(super) links: Vec<(&'static str, &'static str, &'static str)>,
}

impl Operation {
    pub(super) fn get(path: &'static str, id: &'static str, summary: &'static str) -> Self {
        Self::new(Method::GET, path, id, summary)
    }

    pub(super) fn post(path: &'static str, id: &'static str, summary: &'static str) -> Self {
        Self::new(Method::POST, path, id, summary)
    }

    pub(super) fn put(path: &'static str, id: &'static str, summary: &'static str) -> Self {
        Self::new(Method::PUT, path, id, summary)
    }

    pub(super) fn patch(path: &'static str, id: &'static str, summary: &'static str) -> Self {
        Self::new(Method::PATCH, path, id, summary)
    }

    pub(super) fn delete(path: &'static str, id: &'static str, summary: &'static str) -> Self {
        Self::new(Method::DELETE, path, id, summary)
    }

    fn new(method: Method, path: &'static str, id: &'static str, summary: &'static str) -> Self {
        Self {
            method,
            path,
            tag: "",
            id,
            summary,
            description: "",
            parameters: Vec::new(),
            query: Vec::new(),
            patterns: Vec::new(),
            body: None,
            answers: Vec::new(),
            problems: Vec::new(),
        }
    }

    pub(super) fn describe(mut self, description: &'static str) -> Self {
        self.description = description;
        self
    }

    /// A part of the path.
    pub(super) fn part<T: JsonSchema>(mut self, name: &'static str, description: &'static str) -> Self {
        self.parameters.push(Parameter {
            place: "path",
            name,
            description,
            schema: Schemas::taken::<T>,
        });
        self
    }

    /// A part of the path that is an id.
    pub(super) fn id(self, name: &'static str, description: &'static str) -> Self {
        // All ids look alike.
        self.part::<TurnId>(name, description).fails(&["invalid-id"])
    }

    pub(super) fn header<T: JsonSchema>(mut self, name: &'static str, description: &'static str) -> Self {
        self.parameters.push(Parameter {
            place: "header",
            name,
            description,
            schema: Schemas::taken::<T>,
        });
        self
    }

    pub(super) fn idempotency_key(self) -> Self {
        let description =
            "A repeat with the same key and the same request joins the turn that the first one began.";
        self.header::<Line>("Idempotency-Key", description)
            .fails(&["invalid-request", "idempotency-conflict"])
    }

    /// Each field of `T` is a parameter.
    pub(super) fn query<T: JsonSchema>(mut self) -> Self {
        self.query.push(Schemas::inline::<T>);
        self.fails(&["invalid-request"])
    }

    /// What a query parameter looks like.
    pub(super) fn matching(mut self, parameter: &'static str, pattern: &'static str) -> Self {
        self.patterns.push((parameter, pattern));
        self
    }

    pub(super) fn body<T: JsonSchema + DeserializeOwned>(mut self, example: Value) -> Self {
        self.body = Some(Body {
            schema: Schemas::taken::<T>,
            example,
            reads: |value| {
                let read = serde_json::from_value::<T>(value.clone());
                read.map(drop).map_err(|error| error.to_string())
            },
        });
        self.fails(&[
            "invalid-json",
            "json-too-deep",
            "json-too-long",
            "invalid-body",
            "request-timeout",
            "payload-too-large",
            "unsupported-media-type",
            "invalid-request",
        ])
    }

    pub(super) fn json<T: JsonSchema>(self, status: u16, description: &'static str) -> Self {
        self.answer(
            status,
            description,
            Some(("application/json", Schemas::given::<T>)),
        )
    }

    /// An answer of text.
    pub(super) fn text(self, media_type: &'static str, description: &'static str) -> Self {
        self.answer(
            200,
            description,
            Some((media_type, |_| json!({ "type": "string" }))),
        )
    }

    pub(super) fn empty(self, status: u16, description: &'static str) -> Self {
        self.answer(status, description, None)
    }

    pub(super) fn answer(
        mut self,
        status: u16,
        description: &'static str,
        content: Option<(&'static str, SchemaOf)>,
    ) -> Self {
        self.answers.push(Answer {
            status,
            description,
            content,
            headers: Vec::new(),
            links: Vec::new(),
        });
        self
    }

    /// A header of the last answer.
    pub(super) fn with_header(mut self, name: &'static str, description: &'static str) -> Self {
        if let Some(answer) = self.answers.last_mut() {
            answer.headers.push((name, description, true));
        }
        self
    }

    /// A header that the last answer has now and then.
    pub(super) fn may_have_header(mut self, name: &'static str, description: &'static str) -> Self {
        if let Some(answer) = self.answers.last_mut() {
            answer.headers.push((name, description, false));
        }
        self
    }

    /// The last answer tells `parameter` of `operation`: a runtime expression of OpenAPI 3.1, section 4.8.20.
    pub(super) fn leads_to(
        mut self,
        operation: &'static str,
        parameter: &'static str,
        expression: &'static str,
    ) -> Self {
        if let Some(answer) = self.answers.last_mut() {
            answer.links.push((operation, parameter, expression));
        }
        self
    }

    /// Codes of problems that it can end with, beside those that follow from what it takes.
    pub(super) fn fails(mut self, codes: &[&'static str]) -> Self {
        self.problems.extend(codes);
        self
    }
}

/// The operations of one section.
pub(super) fn section<const N: usize>(tag: &'static str, operations: [Operation; N]) -> Vec<Operation> {
    operations
        .into_iter()
        .map(|operation| Operation { tag, ..operation })
        .collect()
}

//! Puts operations, schemas and problems together to one document (OpenAPI 3.1.1).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::operation::{Answer, Operation, Parameter};
use super::schemas::Schemas;
use crate::http::Access;
use crate::http::code::Code;
use crate::http::error::Problem;

const DESCRIPTION: &str = "Streams AI tutoring chat over plain HTTP, and never loses a word. A message starts a *turn*; \
    the turn's events are numbered, stored, and only then sent, so that any reader can go on from any of them.";

/// What a server asks nobody for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Open {
    /// Who calls.
    pub(super) users: bool,
    /// The token for metrics.
    pub(super) metrics: bool,
}

/// The whole document.
pub(super) fn document(open: Open) -> Value {
    let mut schemas = Schemas::new();
    let paths = paths(open, &mut schemas);
    let (schemas, _) = schemas.finish();
    json!({
        "openapi": "3.1.1",
        "info": {
            "title": "tutorstream",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "tags": [
            { "name": "turns", "description": "Send a message, follow the reply, stop it, go on with it." },
            { "name": "sessions", "description": "Conversations." },
            { "name": "messages", "description": "What was said in a session." },
            { "name": "learning", "description": "What a session works on, and what is kept of a learner." },
            { "name": "access", "description": "Who may read what, and how to say who calls." },
            { "name": "account", "description": "All that is yours." },
            { "name": "operations", "description": "For those who run the service. None of it shows a user's data." },
        ],
        "paths": paths,
        "components": { "schemas": schemas, "securitySchemes": security_schemes() },
    })
}

fn security_schemes() -> Value {
    json!({
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "A token of this service or a JWT. Without authentication configured, none is needed.",
        },
        "ticket": {
            "type": "apiKey",
            "in": "query",
            "name": "ticket",
            "description": "For `EventSource`, which cannot send headers.",
        },
    })
}

pub(super) fn paths(open: Open, schemas: &mut Schemas) -> Value {
    let mut paths = Map::new();
    for operation in super::operations() {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        let access = access_to(&operation);
        let mut described = describe(&operation, access, schemas);
        described["security"] = security(access, open);
        path[operation.method.as_str().to_lowercase()] = described;
    }
    Value::Object(paths)
}

/// The decision of the route table.
fn access_to(operation: &Operation) -> Access {
    let decisions = crate::http::decisions().into_iter();
    let mut found =
        decisions.filter(|(method, path, _)| *method == operation.method && *path == operation.path);
    found.next().map_or(Access::Public, |(_, _, access)| access)
}

fn describe(operation: &Operation, access: Access, schemas: &mut Schemas) -> Value {
    let mut parameters: Vec<_> = operation
        .parameters
        .iter()
        .map(|parameter| describe_parameter(parameter, schemas))
        .collect();
    for fields in &operation.query {
        parameters.extend(query_parameters(&fields(schemas), &operation.patterns));
    }
    let mut described = json!({
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description,
        "parameters": parameters,
        "responses": responses(operation, access, schemas),
    });
    if let Some(body) = &operation.body {
        let content = json!({ "schema": (body.schema)(schemas), "example": body.example });
        described["requestBody"] = json!({ "required": true, "content": { "application/json": content } });
    }
    described
}

fn security(access: Access, open: Open) -> Value {
    let mut ways = match access {
        Access::Public => Vec::new(),
        Access::Metrics if open.metrics => Vec::new(),
        Access::Metrics | Access::Read | Access::Write => vec![json!({ "bearer": [] })],
        Access::Stream => vec![json!({ "bearer": [] }), json!({ "ticket": [] })],
    };
    if open.users && !ways.is_empty() && access != Access::Metrics {
        ways.push(json!({}));
    }
    Value::Array(ways)
}

fn describe_parameter(parameter: &Parameter, schemas: &mut Schemas) -> Value {
    json!({
        "in": parameter.place,
        "name": parameter.name,
        "description": parameter.description,
        "required": parameter.place == "path",
        "schema": (parameter.schema)(schemas),
    })
}

/// Each property of an object becomes a parameter.
fn query_parameters(fields: &Value, patterns: &[(&str, &str)]) -> Vec<Value> {
    let properties = fields["properties"].as_object().into_iter().flatten();
    properties
        .map(|(name, schema)| {
            let mut schema = schema.clone();
            let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
            // A parameter is absent; it is never null.
            if let Some(types) = schema["type"].as_array() {
                schema["type"] = types[0].clone();
            }
            if let Some((_, pattern)) = patterns.iter().find(|(parameter, _)| parameter == name) {
                schema["pattern"] = json!(pattern);
            }
            json!({ "in": "query", "name": name, "description": description, "required": false, "schema": schema })
        })
        .collect()
}

fn responses(operation: &Operation, access: Access, schemas: &mut Schemas) -> Value {
    let mut responses = Map::new();
    for answer in &operation.answers {
        responses.insert(answer.status.to_string(), describe_answer(answer, schemas));
    }
    for (status, codes) in problems_of(operation, access) {
        responses.insert(status.to_string(), describe_problem(status, &codes, schemas));
    }
    Value::Object(responses)
}

/// Headers of any answer; the last two only of a user's.
const ANYWHERE: [(&str, &str); 3] = [
    ("X-Request-Id", "What the server's log calls this request."),
    ("RateLimit", "What is left of the user's rate."),
    ("RateLimit-Policy", "The user's rate."),
];

fn describe_answer(answer: &Answer, schemas: &mut Schemas) -> Value {
    let mut described = json!({ "description": answer.description });
    if let Some((media_type, schema)) = answer.content {
        described["content"] = json!({ media_type: { "schema": schema(schemas) } });
    }
    for (name, description, required) in &answer.headers {
        described["headers"][name] =
            json!({ "description": description, "required": required, "schema": { "type": "string" } });
    }
    for (name, description) in ANYWHERE {
        described["headers"][name] = json!({ "description": description, "schema": { "type": "string" } });
    }
    for (operation, parameter, expression) in &answer.links {
        let link = json!({ "operationId": operation, "parameters": { *parameter: expression } });
        described["links"][operation] = link;
    }
    described
}

/// What any call of a user can end with.
const OF_USERS: &[&str] = &[
    "unauthorized",
    "cross-site",
    "rate-limited",
    "too-many-parallel-requests",
    "too-many-failures",
    "identity-provider-unavailable",
    "rate-limited",
    "too-many-parallel-requests",
    "too-many-failures",
    "internal",
    "storage-unavailable",
];

/// The codes of each status.
fn problems_of(operation: &Operation, access: Access) -> BTreeMap<u16, BTreeSet<&'static str>> {
    let mut by_status = BTreeMap::<u16, BTreeSet<&'static str>>::new();
    let of_users: &[&str] = match access {
        Access::Public => &[],
        Access::Metrics => &["unauthorized", "too-many-failures"],
        Access::Read | Access::Stream | Access::Write => OF_USERS,
    };
    let always = &[
        "uri-too-long",
        "unknown-host",
        "headers-too-large",
        "too-many-connections",
    ];
    for code in operation.problems.iter().chain(of_users).chain(always) {
        if let Some(code) = Code::find(code) {
            let of_status = by_status.entry(code.status().as_u16()).or_default();
            of_status.insert(code.as_str());
        }
    }
    by_status
}

fn describe_problem(status: u16, codes: &BTreeSet<&'static str>, schemas: &mut Schemas) -> Value {
    let meanings = codes
        .iter()
        .filter_map(|code| Some(format!("`{code}`: {}", Code::find(code)?.meaning())));
    let schema = json!({
        "allOf": [schemas.given::<Problem<'_>>()],
        "properties": { "status": { "const": status }, "code": { "enum": codes } },
    });
    let mut described = json!({
        "description": meanings.collect::<Vec<_>>().join(" "),
        "content": { "application/problem+json": { "schema": schema } },
    });
    let header = match status {
        409 => Some((
            "Location",
            "Where the running turn can be followed, for `turn-running`.",
        )),
        429 | 503 => Some(("Retry-After", "Seconds to wait before the next try.")),
        _ => None,
    };
    if let Some((name, description)) = header {
        described["headers"][name] = json!({ "description": description, "schema": { "type": "string" } });
    }
    described
}

use std::collections::BTreeSet;

use serde_json::Value;

use super::document::{Open, paths};
use super::schemas::Schemas;
use super::{document, operations};
use crate::http::Access;
use crate::http::code::Code;

type Routes = BTreeSet<(String, String)>;

/// Files of the pages are no part of the API.
const NOT_DOCUMENTED: [&str; 1] = ["/static/{path:.*}"];

fn served() -> Routes {
    let decisions = crate::http::decisions().into_iter();
    decisions
        .filter(|(_, path, _)| !NOT_DOCUMENTED.contains(path))
        .map(|(method, path, _)| (method.to_string(), path.to_owned()))
        .collect()
}

fn documented() -> Routes {
    operations()
        .iter()
        .map(|operation| (operation.method.to_string(), operation.path.to_owned()))
        .collect()
}

#[test]
fn every_route_is_documented_and_every_documented_one_is_served() {
    let (served, documented) = (served(), documented());
    let missing: Vec<_> = served.difference(&documented).collect();
    let gone: Vec<_> = documented.difference(&served).collect();
    assert!(
        missing.is_empty() && gone.is_empty(),
        "to be described in src/http/openapi/: {missing:?}; described and not served: {gone:?}"
    );
}

#[test]
fn an_operation_has_one_name_one_summary_and_an_answer() {
    let operations = operations();
    let names: BTreeSet<_> = operations.iter().map(|operation| operation.id).collect();
    assert_eq!(names.len(), operations.len(), "an operationId stands twice");
    for operation in &operations {
        assert!(
            !operation.summary.is_empty() && !operation.answers.is_empty(),
            "{}",
            operation.id
        );
        for (target, ..) in operation.answers.iter().flat_map(|answer| &answer.links) {
            assert!(
                names.contains(target),
                "{} leads to {target}, which is not there",
                operation.id
            );
        }
    }
}

#[test]
fn every_part_of_a_path_is_described() {
    for operation in operations() {
        let named: Vec<_> = operation
            .path
            .split('/')
            .filter_map(|part| part.strip_prefix('{'))
            .collect();
        let described: Vec<_> = operation
            .parameters
            .iter()
            .filter(|parameter| parameter.place == "path")
            .map(|parameter| format!("{}}}", parameter.name))
            .collect();
        assert_eq!(named, described, "{}", operation.id);
    }
}

#[test]
fn every_example_is_a_body_that_is_taken() {
    for operation in operations() {
        if let Some(body) = &operation.body {
            (body.reads)(&body.example).unwrap_or_else(|error| panic!("{}: {error}", operation.id));
        }
    }
}

#[test]
fn every_problem_of_an_operation_has_a_status_and_stands_in_the_documentation() {
    let documentation = include_str!("../../../docs/http-api.md");
    for operation in operations() {
        for code in operation.problems {
            assert!(Code::find(code).is_some(), "{}: {code}", operation.id);
        }
    }
    for code in Code::ALL {
        let row = format!("| {} | `{}` |", code.status().as_u16(), code.as_str());
        assert_eq!(
            documentation.matches(&row).count(),
            1,
            "docs/http-api.md has one row {row}"
        );
    }
    for row in documentation.lines().filter_map(|line| line.strip_prefix("| ")) {
        let Some((status, rest)) = row.split_once(" | `") else {
            continue;
        };
        let (Ok(status), Some((code, _))) = (status.parse::<u16>(), rest.split_once('`')) else {
            continue;
        };
        let known = Code::find(code).map(|known| known.status().as_u16());
        assert_eq!(known, Some(status), "src/http/code.rs: {code}");
    }
}

#[test]
fn a_name_stands_for_one_schema_and_every_reference_for_one_that_is_there() {
    let mut schemas = Schemas::new();
    paths(Open::default(), &mut schemas);
    let (_, ambiguous) = schemas.finish();
    assert!(ambiguous.is_empty(), "taken and given differ: {ambiguous:?}");

    let document = document::document(Open::default());
    let text = document.to_string();
    for part in text.split(r##""$ref":"#"##).skip(1) {
        let pointer = part.split('"').next().expect("a reference has an end");
        assert!(document.pointer(pointer).is_some(), "nothing at {pointer}");
    }
}

#[test]
fn security_is_the_decision_of_the_route_table() {
    let document = document::document(Open::default());
    for (method, path, access) in crate::http::decisions() {
        if NOT_DOCUMENTED.contains(&path) {
            continue;
        }
        let ways = &document["paths"][path][method.as_str().to_lowercase()]["security"];
        let ways: Vec<_> = ways
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(Value::as_object)
            .collect();
        let names: Vec<_> = ways
            .iter()
            .flat_map(|way| way.keys())
            .map(String::as_str)
            .collect();
        let expected: &[&str] = match access {
            Access::Public => &[],
            Access::Metrics | Access::Read | Access::Write => &["bearer"],
            Access::Stream => &["bearer", "ticket"],
        };
        assert_eq!(names, expected, "{method} {path}");
    }
}

#[test]
fn a_body_refuses_every_field_that_it_does_not_know() {
    let document = document::document(Open::default());
    let operations = document["paths"].as_object().into_iter().flatten();
    let operations = operations.flat_map(|(_, methods)| methods.as_object().into_iter().flatten());
    let mut waiting: Vec<_> = operations
        .filter_map(|(_, operation)| operation.pointer("/requestBody/content/application~1json/schema"))
        .collect();
    let (mut objects, bodies) = (0, waiting.len());
    while let Some(schema) = waiting.pop() {
        if let Some(reference) = schema["$ref"].as_str() {
            waiting.extend(document.pointer(&reference[1..]));
        }
        if schema.get("properties").is_some() {
            assert_eq!(schema["additionalProperties"], false, "{schema}");
            objects += 1;
        }
        waiting.extend(
            schema
                .as_object()
                .into_iter()
                .flat_map(|members| members.values()),
        );
        waiting.extend(schema.as_array().into_iter().flatten());
    }
    assert!(
        bodies >= 7 && objects > bodies,
        "{bodies} bodies of {objects} objects"
    );
}

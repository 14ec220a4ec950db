//! What an operator sees: every series from the start, requests by route, refusals by rule, tokens by purpose, storage and
//! the process; and the one line that tells how a turn ended.

use std::collections::BTreeSet;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::{Setup, TestApp};
use crate::client::Client;
use crate::deadline::eventually;
use crate::problem::refused;
use crate::upstream::{Script, Signal};

async fn scrape(client: &Client) -> String {
    let response = client.call(Method::GET, "/metrics", Value::Null).await;
    assert_eq!(response.status(), StatusCode::OK);
    response.text().await.expect("a whole body")
}

/// The value of a series, whose labels may stand in any order.
fn value(metrics: &str, name: &str, labels: &[&str]) -> Option<f64> {
    metrics.lines().find_map(|line| {
        let (series, value) = line.rsplit_once(' ')?;
        let (found, told) = series.split_once('{').unwrap_or((series, ""));
        let told: BTreeSet<_> = told
            .trim_end_matches('}')
            .split(',')
            .filter(|label| !label.is_empty())
            .collect();
        let same = found == name && told == labels.iter().copied().collect();
        same.then(|| value.parse().ok())?
    })
}

#[tokio::test]
async fn every_series_is_there_before_anything_has_happened() {
    let app = Setup::new().planning().start();
    let metrics = scrape(&app.learner).await;
    for (name, labels) in [
        ("tutorstream_turns_ended_total", vec!["status=\"failed\""]),
        ("tutorstream_turns_ended_total", vec!["status=\"interrupted\""]),
        (
            "tutorstream_http_requests_total",
            vec!["route=\"/sessions/{id}\"", "method=\"GET\"", "status=\"500\""],
        ),
        (
            "tutorstream_http_request_duration_seconds_count",
            vec!["route=\"/stream-chat\"", "method=\"POST\""],
        ),
        ("tutorstream_refusals_total", vec!["rule=\"storage-full\""]),
        (
            "tutorstream_refusals_total",
            vec!["rule=\"too-many-connections\""],
        ),
        (
            "tutorstream_tokens_total",
            vec![
                "provider=\"openai\"",
                "purpose=\"retries\"",
                "direction=\"output\"",
            ],
        ),
        (
            "tutorstream_attempts_total",
            vec!["provider=\"openai\"", "outcome=\"provider-disconnected\""],
        ),
        (
            "tutorstream_plans_total",
            vec!["reason=\"stuck\"", "outcome=\"late\""],
        ),
        ("tutorstream_stored_bytes", vec![]),
    ] {
        assert_eq!(value(&metrics, name, &labels), Some(0.0), "{name} {labels:?}");
    }
    let version = format!("version=\"{}\"", env!("CARGO_PKG_VERSION"));
    assert_eq!(value(&metrics, "tutorstream_build_info", &[&version]), Some(1.0));
    for name in [
        "process_resident_memory_bytes",
        "process_open_fds",
        "process_max_fds",
        "tutorstream_database_bytes",
    ] {
        assert!(
            value(&metrics, name, &[]).is_some_and(|value| value > 0.0),
            "{name}"
        );
    }
    for name in ["process_cpu_seconds_total", "tutorstream_wal_bytes"] {
        assert!(value(&metrics, name, &[]).is_some(), "{name}");
    }
}

#[tokio::test]
async fn the_documentation_lists_exactly_the_metrics_that_there_are() {
    let app = Setup::new().planning().start();
    let metrics = scrape(&app.learner).await;
    let told: BTreeSet<_> = metrics
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "))
        .filter_map(|line| line.split_once(' '))
        .map(|(name, kind)| match kind {
            "counter" => format!("{name}_total"),
            "info" => format!("{name}_info"),
            _ => name.to_owned(),
        })
        .collect();
    let documentation = include_str!("../../docs/operations.md");
    let (_, table) = documentation
        .split_once("| Metric | |\n|---|---|\n")
        .expect("a table");
    let (table, _) = table.split_once("\n\n").expect("its end");
    let names = table.lines().flat_map(|row| {
        let (_, cell) = row.split_once("| ").expect("a row");
        let (cell, _) = cell.split_once(" |").expect("a cell");
        cell.split("`, `").map(|name| {
            let name = name.trim_matches('`');
            name.split('{').next().unwrap_or(name).to_owned()
        })
    });
    assert_eq!(told, names.collect::<BTreeSet<_>>());
}

#[tokio::test]
async fn requests_are_counted_under_their_route_and_refusals_under_their_rule() {
    let app = Setup::new().limit("sessions", 1).start();
    let id = app.learner.create_session().await;
    app.learner.get(&format!("/sessions/{id}")).await;
    let missing = format!("/sessions/{}", "01a20460-bd7d-75aa-9b57-3e9933e70e02");
    assert_eq!(app.learner.status_of(&missing).await, StatusCode::NOT_FOUND);
    assert_eq!(
        app.learner.status_of("/no/such/path").await,
        StatusCode::NOT_FOUND
    );
    let response = app.learner.call(Method::POST, "/sessions", json!({})).await;
    refused(response, 409, "too-many-sessions").await;
    let metrics = scrape(&app.learner).await;
    let requests = |route: &str, method: &str, status: &str| {
        let labels = [
            format!("route=\"{route}\""),
            format!("method=\"{method}\""),
            format!("status=\"{status}\""),
        ];
        value(
            &metrics,
            "tutorstream_http_requests_total",
            &labels.each_ref().map(String::as_str),
        )
    };
    assert_eq!(requests("/sessions/{id}", "GET", "200"), Some(1.0));
    assert_eq!(requests("/sessions/{id}", "GET", "404"), Some(1.0));
    assert_eq!(requests("/sessions", "POST", "409"), Some(1.0));
    assert_eq!(requests("other", "other", "404"), Some(1.0));
    assert_eq!(
        value(
            &metrics,
            "tutorstream_refusals_total",
            &["rule=\"too-many-sessions\""]
        ),
        Some(1.0)
    );
    assert_eq!(
        value(&metrics, "tutorstream_http_requests_in_flight", &[]),
        Some(1.0),
        "this one"
    );
    assert!(
        !metrics.contains("no/such") && !metrics.contains(&id),
        "{metrics}"
    );
}

#[tokio::test]
async fn a_stream_is_counted_when_its_answer_begins() {
    let app = TestApp::start();
    let go_on = Signal::new();
    app.upstream
        .next(Script::stream().delta("Because").wait_for(&go_on).finish());
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_text("Because").await;
    let metrics = scrape(&app.learner).await;
    let asked = ["route=\"/stream-chat\"", "method=\"POST\""];
    assert_eq!(
        value(
            &metrics,
            "tutorstream_http_request_duration_seconds_count",
            &asked
        ),
        Some(1.0)
    );
    assert_eq!(value(&metrics, "tutorstream_streams_open", &[]), Some(1.0));
    go_on.give();
    reader.until_end().await;
    let metrics = scrape(&app.learner).await;
    let tokens = |direction: &str| {
        let direction = format!("direction=\"{direction}\"");
        let labels = ["provider=\"openai\"", "purpose=\"answers\"", &direction];
        value(&metrics, "tutorstream_tokens_total", &labels)
    };
    assert_eq!((tokens("input"), tokens("output")), (Some(9.0), Some(12.0)));
    assert_eq!(value(&metrics, "tutorstream_stored_sessions", &[]), Some(1.0));
    assert_eq!(value(&metrics, "tutorstream_stored_messages", &[]), Some(2.0));
}

#[tokio::test]
async fn a_turn_s_end_is_one_line_with_fields_of_their_own() {
    for json in [true, false] {
        let setup = Setup::new().require_auth();
        let app = if json {
            setup.variable("TUTORSTREAM_LOG_FORMAT", "json")
        } else {
            setup
        }
        .start();
        let mut reader = app.as_user("alice").send("Why is the sky blue?").await;
        reader.until_end().await;
        let line = eventually("the end is in the log", || {
            app.log()
                .lines()
                .find(|line| line.contains("turn.ended"))
                .map(str::to_owned)
        });
        let line = line.await;
        if json {
            let line: Value = serde_json::from_str(&line).expect("an object");
            let field = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
            assert_eq!(field("message"), "turn.ended");
            assert_eq!(
                (field("level"), field("user")),
                ("INFO".to_owned(), "alice".to_owned())
            );
            assert_eq!(
                (field("turn.id"), field("session.id")),
                (reader.turn_id.clone(), reader.session_id.clone())
            );
            assert_eq!(
                (field("status"), field("provider.name")),
                ("complete".to_owned(), "openai".to_owned())
            );
            assert_eq!(
                (&line["input_tokens"], &line["output_tokens"]),
                (&json!(9), &json!(12))
            );
            assert!(line["duration_ms"].as_i64() >= Some(0), "{line}");
        } else {
            for part in [
                format!(" turn.id={}", reader.turn_id),
                " user=alice".to_owned(),
                " status=complete".to_owned(),
                " input_tokens=9".to_owned(),
            ] {
                assert!(line.contains(&part), "{part}: {line}");
            }
        }
    }
}

//! The session focus: planned before the first answer, used, seen, kept, and never in the way.

mod context;
mod failures;
mod planning;
mod progress;
mod shapes;
mod tokens;

use serde_json::Value;

use crate::app::{Setup, TestApp};
use crate::client::string;
use crate::deadline::within;
use crate::upstream::Request;
use crate::witness::Witness;

/// A service that plans, and waits for no plan longer than `budget_ms`.
fn planning_within(budget_ms: u32) -> TestApp {
    Setup::new()
        .planning()
        .setting("planner.budget_ms", budget_ms)
        .start()
}

/// A service whose planner has all the time that a test takes.
fn patient() -> TestApp {
    planning_within(60_000)
}

/// The data of a turn's `session-focus`, of which there is exactly one.
fn focus_of(reader: &Witness) -> Value {
    let mut told = reader.events.iter().filter(|event| event.name == "session-focus");
    let focus = told.next().expect("a session-focus").data.clone();
    assert!(told.next().is_none(), "two of them: {:?}", reader.events);
    focus
}

/// The instructions of a request for a reply.
fn instructions(request: &Request) -> String {
    let system = request.messages().first().expect("instructions");
    assert_eq!(system["role"], "system");
    string(&system["content"])
}

/// The session's focus as soon as it has this version.
async fn version(app: &TestApp, session_id: &str, version: i64) -> Value {
    let path = format!("/sessions/{session_id}/focus");
    let arrived = async {
        loop {
            let response = app.learner.call(reqwest::Method::GET, &path, Value::Null).await;
            let focus: Value = response.json().await.expect("JSON");
            if focus["version"].as_i64() >= Some(version) {
                return focus;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    within(&format!("version {version} of the focus is stored"), arrived).await
}

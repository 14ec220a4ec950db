//! Every route of the table, called by everybody. A route that is added has to be told here how it is called.

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use tutorstream::http::{Access, decisions};

use crate::app::{Setup, TestApp};
use crate::client::{Client, string};
use crate::problem::refused;

const UNKNOWN: &str = "0197a000-0000-7000-8000-000000000000";

/// What a caller names: alice's things, or things that nobody has.
#[derive(Clone)]
struct Things {
    session: String,
    turn: String,
    message: String,
}

/// One way to call a route.
struct Call {
    method: Method,
    path: String,
    body: Value,
    access: Access,
    /// Whether it names something of alice's.
    names: bool,
    /// Whether an observer may, although it is no `GET`.
    reads: bool,
}

/// How each route is called, for `things`.
fn calls(things: &Things) -> Vec<Call> {
    let Things {
        session,
        turn,
        message,
    } = things;
    let call = |(method, path, access): (Method, &'static str, Access)| {
        let id = if path.starts_with("/turns/") {
            turn
        } else {
            session
        };
        let filled = path
            .replace("{id}", id)
            .replace("{messageId}", message)
            .replace("{user}", "eve")
            .replace("{path:.*}", "dist/page.js");
        assert!(!filled.contains('{'), "{path}: say what is filled in");
        let body = match (method.as_str(), path) {
            ("POST", "/stream-chat") => json!({ "sessionId": session, "message": "?" }),
            ("POST", "/stream-tickets") => json!({ "path": format!("/turns/{turn}/events") }),
            ("POST", "/sessions") => json!({}),
            ("PATCH", "/sessions/{id}") => json!({ "title": "Light" }),
            ("PATCH", "/profile") => json!({ "level": "grade 8" }),
            ("POST", "/sessions/{id}/messages") => json!({ "role": "user", "content": "?" }),
            ("PATCH", "/sessions/{id}/messages/{messageId}") => json!({ "content": "?" }),
            ("GET" | "DELETE", _) | ("POST", "/login" | "/logout") => Value::Null,
            (_, path) if path.contains("{id}") => Value::Null,
            _ => panic!("{method} {path}: say how it is called"),
        };
        let names_in_body = matches!(path, "/stream-chat" | "/stream-tickets");
        Call {
            names: path.contains('{') && access != Access::Public || names_in_body,
            reads: path == "/stream-tickets",
            method: Method::from_bytes(method.as_str().as_bytes()).expect("a method"),
            path: filled,
            body,
            access,
        }
    };
    let table = decisions().into_iter();
    let table =
        table.map(|(method, path, access)| (method.as_str().parse().expect("a method"), path, access));
    let mut calls: Vec<_> = table.map(call).collect();
    // What takes alice's things away comes last, the session after what is in it.
    calls.sort_by_key(|call| match call.method {
        Method::DELETE => usize::MAX - call.path.len(),
        _ => 0,
    });
    calls
}

struct Stage {
    app: TestApp,
    alice: Client,
    things: Things,
}

async fn stage() -> Stage {
    let app = Setup::new()
        .planning()
        .require_auth()
        .limit("requests_per_second", 0)
        .limit("requests_per_minute", 0)
        .limit("failed_authentications_per_minute", 0)
        .start();
    let alice = app.as_user("alice");
    let mut reader = alice.send("Why is the sky blue?").await;
    reader.until_end().await;
    let messages = alice.messages(&reader.session_id).await;
    let things = Things {
        message: string(&messages["messages"][0]["id"]),
        session: reader.session_id.clone(),
        turn: reader.turn_id.clone(),
    };
    Stage { app, alice, things }
}

fn is_user_route(call: &Call) -> bool {
    matches!(call.access, Access::Read | Access::Stream | Access::Write)
}

async fn make(client: &Client, call: &Call) -> Response {
    client
        .call(call.method.clone(), &call.path, call.body.clone())
        .await
}

/// A refusal without what is another one each time.
async fn problem(response: Response, status: u16, code: &str) -> Value {
    let mut problem = refused(response, status, code).await;
    problem["requestId"] = Value::Null;
    problem
}

#[tokio::test]
async fn nobody_comes_in_without_a_good_token_by_any_route() {
    let Stage { app, alice, things } = stage().await;
    let expired = app.token(&["--user", "alice", "--expires-in", "0s"]);
    let revoked = app.token(&["--user", "alice"]);
    app.revoke_last_token();
    let wrong = format!("tst_{}", "A".repeat(43));
    for call in calls(&things).iter().filter(|call| is_user_route(call)) {
        for token in [None, Some(&expired), Some(&revoked), Some(&wrong)] {
            let client = app.learner.with_token(token.map(String::as_str));
            problem(make(&client, call).await, 401, "unauthorized").await;
        }
        let body = json!({ "path": format!("/sessions/{}/events", things.session) });
        let ticket = alice.json(Method::POST, "/stream-tickets", body).await;
        let other_stream = format!("{}?ticket={}", call.path, string(&ticket["ticket"]));
        if other_stream.starts_with(&format!("/sessions/{}/events", things.session)) {
            continue;
        }
        let response = app
            .learner
            .call(call.method.clone(), &other_stream, call.body.clone())
            .await;
        problem(response, 401, "unauthorized").await;
    }
    let mut database = app.database();
    assert_eq!((database.count("turns"), database.count("messages")), (1, 2));
}

#[tokio::test]
async fn what_is_anothers_is_as_if_it_were_not_there_by_any_route() {
    let Stage { app, things, .. } = stage().await;
    let bob = app.as_user("bob");
    let nothing = Things {
        session: UNKNOWN.to_owned(),
        turn: UNKNOWN.to_owned(),
        message: UNKNOWN.to_owned(),
    };
    let named = calls(&things).into_iter().zip(calls(&nothing));
    for (there, not_there) in named.filter(|(call, _)| call.names && is_user_route(call)) {
        let [one, other] = [make(&bob, &there).await, make(&bob, &not_there).await];
        let heads = [&one, &other].map(|answer| {
            let mut head = answer.headers().clone();
            for own in ["date", "x-request-id", "ratelimit", "ratelimit-policy"] {
                head.remove(own);
            }
            head
        });
        assert_eq!(heads[0], heads[1], "{} {}", there.method, there.path);
        let body = problem(one, 404, "not-found").await;
        assert_eq!(
            body,
            problem(other, 404, "not-found").await,
            "{} {}",
            there.method,
            there.path
        );
    }
    assert_eq!(app.database().count("turns"), 1);
}

#[tokio::test]
async fn an_observer_reads_by_each_route_for_reading_and_by_no_other() {
    let Stage { app, alice, things } = stage().await;
    let teacher = app.as_user("teacher");
    let grant = format!("/sessions/{}/observers/teacher", things.session);
    assert_eq!(alice.call(Method::PUT, &grant, Value::Null).await.status(), 204);
    for call in calls(&things)
        .iter()
        .filter(|call| call.names && is_user_route(call))
    {
        let response = make(&teacher, call).await;
        if call.access == Access::Write && !call.reads {
            problem(response, 403, "read-only").await;
        } else {
            assert!(response.status().is_success(), "{} {}", call.method, call.path);
            let mut caching = response.headers().get_all("cache-control").iter();
            assert!(
                caching.any(|rule| rule == "no-store"),
                "{} {}",
                call.method,
                call.path
            );
        }
    }
    let mut database = app.database();
    assert_eq!((database.count("turns"), database.count("messages")), (1, 2));
}

#[tokio::test]
async fn who_may_not_get_may_not_head_either() {
    let Stage { app, alice, things } = stage().await;
    let callers = [alice, app.as_user("bob"), app.learner.clone()];
    for call in calls(&things).iter().filter(|call| call.method == Method::GET) {
        let streamed = call.access == Access::Stream || call.path == "/export";
        for caller in &callers {
            let [get, head] =
                [Method::GET, Method::HEAD].map(|method| caller.call(method, &call.path, Value::Null));
            let (get, head) = (get.await.status(), head.await.status());
            let expected = if streamed {
                StatusCode::METHOD_NOT_ALLOWED
            } else {
                get
            };
            assert_eq!(head, expected, "{}", call.path);
        }
    }
}

#[tokio::test]
async fn the_owner_is_refused_by_no_route_and_what_is_public_by_nobody() {
    let Stage { app, alice, things } = stage().await;
    for call in calls(&things) {
        let response = make(&alice, &call).await;
        let status = response.status().as_u16();
        let off = ["/login", "/logout"].contains(&call.path.as_str());
        assert!(
            off == (status == 404) && ![401, 403, 405].contains(&status),
            "{} {} {status}",
            call.method,
            call.path
        );
        if !is_user_route(&call) && !off {
            assert_eq!(make(&app.learner, &call).await.status(), 200, "{}", call.path);
        }
        // A turn that was begun comes to its end before the next call.
        if response.headers().contains_key("x-turn-id") {
            crate::witness::Witness::of(&alice, response).until_end().await;
        }
    }
}

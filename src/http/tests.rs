//! The decisions in the route table, as they were taken: a route that is added comes up here.

use actix_web::http::Method;

use super::auth::Access;
use super::decisions;

fn with(access: Access) -> Vec<String> {
    let all = decisions().into_iter();
    let found = all.filter(|(_, _, decided)| *decided == access);
    found
        .map(|(method, path, _)| format!("{method} {path}"))
        .collect()
}

#[test]
fn what_anybody_may_call_shows_nothing_of_a_user() {
    assert_eq!(
        with(Access::Public),
        [
            "POST /logout",
            "GET /health/live",
            "GET /health/ready",
            "GET /openapi.json",
            "GET /docs",
            "GET /",
            "GET /static/{path:.*}",
        ]
    );
    assert_eq!(with(Access::Metrics), ["GET /metrics"]);
}

#[test]
fn a_ticket_opens_event_streams_alone() {
    assert_eq!(
        with(Access::Stream),
        ["GET /turns/{id}/events", "GET /sessions/{id}/events"]
    );
}

#[test]
fn what_changes_something_is_for_its_owner() {
    for (method, path, access) in decisions() {
        let reads = matches!(access, Access::Read | Access::Stream | Access::Metrics);
        assert!(
            !reads || method == Method::GET,
            "{method} {path} is open to observers"
        );
    }
}

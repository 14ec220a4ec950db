//! Tokens of plans: told apart, and not spent where answers need them.

use serde_json::Value;

use crate::app::Setup;
use crate::tokens_of_day::{number, tokens};
use crate::upstream::Script;

const QUESTION: &str = "Why is the sky blue?";

#[tokio::test]
async fn tokens_are_told_by_what_they_were_spent_on() {
    let app = Setup::new()
        .planning()
        .setting("planner.budget_ms", 60_000)
        .start();
    app.upstream.next(Script::refusal(503, ""));
    app.learner.send(QUESTION).await.until_end().await;
    let told = tokens(&app.learner).await;
    let spent = |purpose: &str| number(&told["byPurpose"][purpose]);
    assert!(spent("plans") > 0 && spent("retries") > 0, "{told}");
    assert_eq!(
        spent("answers"),
        0,
        "the first call was refused and cost nothing: {told}"
    );
    let sum: i64 = ["answers", "retries", "plans", "summaries", "reviews"]
        .map(spent)
        .iter()
        .sum();
    assert_eq!(number(&told["used"]), sum);
    assert_eq!(told["limit"], Value::Null);
}

#[tokio::test]
async fn a_plan_is_not_asked_for_where_it_does_not_fit() {
    let app = Setup::new().planning().limit("tokens_per_day", 3_000).start();
    let mut reader = app.learner.send(QUESTION).await;
    reader.until_end().await;
    let focus = reader
        .events
        .iter()
        .find(|event| event.name == "session-focus")
        .expect("a plan");
    assert_eq!(
        (focus.data["source"].as_str(), app.upstream.plan_count()),
        (Some("fallback"), 0)
    );
}

//! `tokens_per_day` holds: what a call may cost is held before it is made, also when many begin at once, and settled with
//! its end, however that comes.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Setup, TestApp};
use crate::client::{Client, header};
use crate::deadline::eventually;
use crate::problem::refused;
use crate::upstream::{Script, Signal, chunk};
use crate::witness::Witness;

const QUESTION: &str = "Why is the sky blue?";

/// A reply of so many tokens, as they are counted here, from a server that reports nothing.
fn wordy(words: usize) -> Script {
    let script = (0..words).fold(Script::stream(), |script, _| script.delta(" blue"));
    script.finish_without_usage()
}

pub(crate) async fn tokens(client: &Client) -> Value {
    client.get("/profile").await["tokens"].take()
}

pub(crate) fn number(value: &Value) -> i64 {
    value.as_i64().expect("a number")
}

/// What was spent on this day, and nothing is held.
async fn settled(app: &TestApp) -> i64 {
    let held = "SELECT count(*) AS number FROM token_reservations";
    let mut database = app.database();
    eventually("everything is settled", || {
        (database.number(held) == 0).then_some(())
    })
    .await;
    let tokens = tokens(&app.learner).await;
    assert_eq!(tokens["reserved"], 0);
    number(&tokens["used"])
}

#[tokio::test]
async fn of_twenty_turns_at_once_no_more_is_spent_than_the_limit() {
    let app = Setup::new().limit("tokens_per_day", 2_000).start();
    app.upstream.always(wordy(5_000));
    let chats = (0..20).map(|number| {
        let body = json!({ "message": format!("{QUESTION} {number}") });
        app.learner.post_chat(body)
    });
    let mut begun = 0;
    for response in join_all(chats).await {
        if response.status() == 200 {
            begun += 1;
            let end = Witness::of(&app.learner, response).until_end().await;
            assert_eq!(
                (&end.data["status"], &end.data["finishReason"]),
                (&json!("complete"), &json!("length"))
            );
        } else {
            assert_eq!(header(&response, "retry-after"), "5", "it is held, not spent");
            refused(response, 429, "tokens-spent").await;
        }
    }
    assert!(begun >= 1, "one fits");
    let used = settled(&app).await;
    assert!((1_900..=2_000).contains(&used), "{used}");
    assert_eq!(
        app.database().count("turns"),
        begun,
        "who was refused has stored nothing"
    );
    let response = app.learner.post_chat(json!({ "message": QUESTION })).await;
    let wait: u32 = header(&response, "retry-after").parse().expect("seconds");
    assert!((1..=86_400).contains(&wait), "{wait}");
    refused(response, 429, "tokens-spent").await;
}

#[tokio::test]
async fn two_turns_of_a_fresh_user_run_side_by_side() {
    let app = Setup::new().limit("tokens_per_day", 20_000).start();
    let go_on = Signal::new();
    (0..2).for_each(|_| {
        app.upstream
            .next(Script::stream().delta("Because").wait_for(&go_on).finish())
    });
    let mut first = app.learner.send(QUESTION).await;
    let mut second = app.learner.send("And at dusk?").await;
    first.until_text("Because").await;
    second.until_text("Because").await;
    let reserved = number(&tokens(&app.learner).await["reserved"]);
    assert!(
        (8_192..9_000).contains(&reserved),
        "two prompts and 4096 each: {reserved}"
    );
    for number in [0, 1] {
        let asked = app.upstream.request(number).await;
        assert!(
            asked.body.get("max_tokens").is_none(),
            "nothing is capped: {}",
            asked.body
        );
    }
    go_on.give();
    first.until_end().await;
    second.until_end().await;
    settled(&app).await;
}

#[tokio::test]
async fn a_reply_is_capped_only_where_less_is_left_than_it_would_be_asked_for() {
    // What a prompt of this question takes, to say the limits by it.
    let prompt = {
        let app = Setup::new().limit("tokens_per_day", 100_000).start();
        app.upstream.next(wordy(1));
        app.learner.send(QUESTION).await.until_end().await;
        u64::try_from(number(&tokens(&app.learner).await["used"])).expect("a number") - 5
    };
    for (limit, max_tokens, sent) in [
        (100_000, Some(300), Some(300)),
        (prompt + 301, Some(300), Some(300)),
        (prompt + 299, Some(300), Some(299)),
        (prompt + 299, None, Some(299)),
        (prompt + 4_095, None, Some(4_095)),
        (prompt + 4_096, None, None),
        (100_000, None, None),
    ] {
        let mut setup = Setup::new().limit("tokens_per_day", limit);
        if let Some(most) = max_tokens {
            setup = setup.provider("max_tokens", most);
        }
        let app = setup.start();
        app.learner.send(QUESTION).await.until_end().await;
        let asked = app.upstream.request(0).await;
        let got = asked.body.get("max_tokens").and_then(Value::as_i64);
        assert_eq!(got, sent, "{limit} {max_tokens:?}");
    }
}

#[tokio::test]
async fn a_reply_that_outgrows_what_is_held_goes_on_while_there_is_more() {
    let app = Setup::new()
        .limit("tokens_per_day", 100_000)
        .limit("reserve_tokens", 50)
        .start();
    app.upstream.next(wordy(700));
    let mut reader = app.learner.send(QUESTION).await;
    let end = reader.until_end().await;
    assert_eq!(
        (&end.data["finishReason"], reader.text().len()),
        (&json!("stop"), 700 * 5)
    );
    assert!(settled(&app).await > 700);
}

#[tokio::test]
async fn a_reply_that_comes_in_one_piece_is_cut_where_the_tokens_end() {
    let app = Setup::new().limit("tokens_per_day", 500).start();
    let script = Script::stream().delta(&" blue".repeat(4_000)).hang();
    app.upstream.next(script);
    let mut reader = app.learner.send(QUESTION).await;
    let end = reader.until_end().await;
    assert_eq!(end.data["finishReason"], "length");
    assert!(
        (500..2_500).contains(&reader.text().len()),
        "{}",
        reader.text().len()
    );
    let used = settled(&app).await;
    assert!((450..=500).contains(&used), "{used}");
}

#[tokio::test]
async fn a_question_that_does_not_fit_alone_is_refused_and_nothing_is_stored() {
    let app = Setup::new().limit("tokens_per_day", 300).start();
    let long = format!("{QUESTION} {}", "again ".repeat(400));
    refused(
        app.learner.post_chat(json!({ "message": long })).await,
        429,
        "tokens-spent",
    )
    .await;
    app.assert_untouched();
}

#[tokio::test]
async fn a_conversation_that_does_not_fit_fails_its_turn_and_keeps_the_message() {
    let app = Setup::new().limit("tokens_per_day", 700).start();
    let id = app.learner.create_session().await;
    let path = format!("/sessions/{id}/messages");
    let body = json!({ "role": "user", "content": "again ".repeat(900) });
    app.learner.json(Method::POST, &path, body).await;
    let mut reader = app.learner.send_in(&id, QUESTION).await;
    let end = reader.until_end().await;
    assert_eq!(end.data["status"], "failed");
    let error = reader
        .events
        .iter()
        .find(|event| event.name == "error")
        .expect("an error");
    assert_eq!(error.data["code"], "tokens-spent");
    assert_eq!((app.upstream.count(), settled(&app).await), (0, 0));
}

#[tokio::test]
async fn what_is_held_is_given_back_by_a_stop_and_by_a_crash() {
    let mut app = Setup::new().limit("tokens_per_day", 5_000).start();
    app.upstream.next(Script::stream().delta("Because").hang());
    let mut reader = app.learner.send(QUESTION).await;
    reader.until_text("Because").await;
    // What the first holds leaves no room for a long one.
    let other = json!({ "message": format!("{QUESTION} {}", "again ".repeat(900)) });
    refused(app.learner.post_chat(other.clone()).await, 429, "tokens-spent").await;
    app.learner.stop(&reader.turn_id).await;
    let stopped = settled(&app).await;
    assert!(stopped > 50, "the prompt was read: {stopped}");

    app.upstream.next(Script::stream().delta("Because").hang());
    let mut reader = app.learner.send(QUESTION).await;
    reader.until_text("Because").await;
    app.upstream
        .always(Script::stream().delta(" of the light").finish());
    app.restart();
    reader.persist().await;
    let after = settled(&app).await;
    assert!(
        after > stopped + 50,
        "so was that of the call that crashed: {after}"
    );
    let response = app.learner.post_chat(other).await;
    Witness::of(&app.learner, response).until_end().await;
}

/// The upstream reports what each reply has cost.
#[tokio::test]
async fn who_has_spent_the_tokens_of_the_day_is_refused_also_after_a_restart() {
    let mut app = Setup::new().limit("tokens_per_day", 700).start();
    let spend = Script::stream()
        .delta("Because.")
        .raw(chunk(
            &json!([]),
            &json!({ "prompt_tokens": 600, "completion_tokens": 60 }),
        ))
        .finish_without_usage();
    app.upstream.next(spend);
    app.learner.send(QUESTION).await.until_end().await;
    for _ in 0..2 {
        let response = app.learner.post_chat(json!({ "message": "And at dusk?" })).await;
        let wait: u32 = header(&response, "retry-after").parse().expect("seconds");
        assert!((1..=86_400).contains(&wait), "{wait}");
        refused(response, 429, "tokens-spent").await;
        app.restart();
    }
    assert_eq!(app.upstream.count(), 1);
    assert_eq!(number(&tokens(&app.learner).await["used"]), 660);
    assert_eq!(
        app.learner
            .call(Method::GET, "/sessions", Value::Null)
            .await
            .status(),
        200
    );
}

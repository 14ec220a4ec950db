//! What is learnt of a learner: noted behind answers, where the next session starts from, and the learner's to correct.

use reqwest::Method;
use serde_json::{Value, json};

use super::{patient, version};
use crate::app::{Setup, TestApp};
use crate::client::string;
use crate::deadline::within;
use crate::problem::refused;
use crate::upstream::{Script, focus_plan};

/// The topics of the profile as soon as there are any.
async fn topics(app: &TestApp) -> Vec<Value> {
    let found = async {
        loop {
            let profile = app.learner.get("/profile").await;
            let topics = profile["topics"].as_array().expect("topics").clone();
            if !topics.is_empty() {
                return topics;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    within("a topic is kept", found).await
}

async fn change(app: &TestApp, body: Value) -> Value {
    app.learner.json(Method::PATCH, "/profile", body).await
}

/// A session of this subject in which the learner has given one right answer; its id.
async fn a_right_answer(app: &TestApp, subject: &str) -> String {
    app.upstream
        .next(Script::stream().delta("Which colours has light?").finish());
    let body = json!({ "message": "Why is the sky blue?", "subject": subject });
    let response = app.learner.post_chat(body).await;
    let mut first = crate::witness::Witness::of(&app.learner, response);
    first.until_end().await;
    app.upstream.next(
        Script::stream()
            .delta("Exactly! And which is scattered most?")
            .finish(),
    );
    app.learner
        .send_in(&first.session_id, "Red, green and blue colours")
        .await
        .until_end()
        .await;
    first.session_id.clone()
}

#[tokio::test]
async fn a_right_answer_marks_its_step_and_raises_the_mastery_with_its_evidence() {
    let app = patient();
    let session_id = a_right_answer(&app, "physics").await;

    version(&app, &session_id, 2).await;
    let history = app
        .learner
        .get(&format!("/sessions/{session_id}/focus/history"))
        .await;
    let mut versions = history["focus"].as_array().expect("a page").iter();
    let noted = versions.find(|focus| focus["version"] == 2).expect("version 2");
    let marks = noted["steps"].as_array().expect("steps").iter();
    assert!(
        marks
            .map(|step| step["done"].as_bool())
            .eq([Some(true), Some(false)]),
        "{noted}"
    );
    let topics = topics(&app).await;
    let messages = app.learner.messages(&session_id).await;
    assert_eq!(topics[0]["topic"], "Why the sky is blue");
    assert_eq!(
        (&topics[0]["subject"], &topics[0]["mastery"]),
        (&json!("physics"), &json!(0.25))
    );
    assert_eq!(topics[0]["evidence"], json!([messages["messages"][2]["id"]]));

    // A step that is done is a reason to plan anew; the planner sees the marks.
    let document = app.upstream.plan_request(1).await.planning_document();
    assert_eq!(document["planSoFar"]["steps"][0]["done"], true);
}

#[tokio::test]
async fn the_next_session_of_the_subject_starts_from_what_was_learnt() {
    let app = patient();
    let session_id = a_right_answer(&app, "physics").await;
    version(&app, &session_id, 3).await;
    let count = app.upstream.plan_count();
    for (subject, known) in [("physics", 1), ("history", 0)] {
        let body = json!({ "message": "What comes next?", "subject": subject });
        let response = app.learner.post_chat(body).await;
        crate::witness::Witness::of(&app.learner, response)
            .until_end()
            .await;
        let place = if subject == "physics" { count } else { count + 1 };
        let document = app.upstream.plan_request(place).await.planning_document();
        let topics = document["learner"]["topics"].as_array().expect("topics").len();
        assert_eq!(
            (&document["subject"], topics),
            (&json!(subject), known),
            "{document}"
        );
    }
}

#[tokio::test]
async fn what_a_model_says_of_the_mastery_is_kept_only_with_evidence() {
    let app = patient();
    let mut plan = focus_plan();
    plan["mastery"] = json!([
        { "topic": "Light", "mastery": 0.6, "evidence": "m1" },
        { "topic": "Optics", "mastery": 0.9, "evidence": "m99" },
    ]);
    app.upstream.next_plan(Script::json(&plan));
    app.learner.send("Why is the sky blue?").await.until_end().await;
    let topics = topics(&app).await;
    assert_eq!(topics.len(), 1, "{topics:?}");
    assert_eq!(
        (&topics[0]["topic"], &topics[0]["mastery"]),
        (&json!("Light"), &json!(0.6))
    );
}

#[tokio::test]
async fn a_learner_sees_corrects_and_forgets_what_is_kept() {
    let app = Setup::new().start();
    let nothing = json!({ "user": "local", "level": null, "goals": null, "language": null, "tracking": true, "topics": [] });
    let mut profile = app.learner.get("/profile").await;
    let taken = profile.as_object_mut().expect("an object");
    assert!(taken.remove("storage").is_some() && taken.remove("tokens").is_some());
    assert_eq!(profile, nothing);

    let topic = |mastery: Value| json!({ "topics": [{ "subject": "maths", "topic": "Fractions", "mastery": mastery }] });
    change(
        &app,
        json!({ "level": "grade 8", "goals": "pass the test", "language": "de" }),
    )
    .await;
    let profile = change(&app, topic(json!(0.5))).await;
    assert_eq!(
        (&profile["level"], &profile["language"]),
        (&json!("grade 8"), &json!("de"))
    );
    assert_eq!(profile["topics"][0]["mastery"], 0.5);
    string(&profile["topics"][0]["updatedAt"]);

    let profile = change(&app, json!({ "level": null })).await;
    assert_eq!(
        (&profile["level"], &profile["goals"]),
        (&json!(null), &json!("pass the test"))
    );
    assert_eq!(change(&app, topic(Value::Null)).await["topics"], json!([]));
}

#[tokio::test]
async fn switched_off_nothing_is_kept_until_it_is_switched_on_again() {
    let app = patient();
    let topic = json!({ "topic": "Fractions", "mastery": 0.5 });
    change(&app, json!({ "topics": [topic.clone()] })).await;
    let off = change(&app, json!({ "tracking": false, "topics": [topic] })).await;
    assert_eq!((&off["tracking"], &off["topics"]), (&json!(false), &json!([])));

    let session_id = a_right_answer(&app, "physics").await;
    version(&app, &session_id, 2).await;
    assert_eq!(app.learner.get("/profile").await["topics"], json!([]));
    assert_eq!(
        change(&app, json!({ "tracking": true })).await["topics"],
        json!([])
    );
}

#[tokio::test]
async fn what_the_learner_says_of_themself_reaches_planner_and_tutor_as_one_line() {
    let app = patient();
    change(
        &app,
        json!({ "level": "grade 8", "goals": "pass the test", "language": "de" }),
    )
    .await;
    app.learner.send("Why is the sky blue?").await.until_end().await;
    let learner = &app.upstream.plan_request(0).await.planning_document()["learner"];
    assert_eq!(
        (&learner["level"], &learner["language"]),
        (&json!("grade 8"), &json!("de"))
    );
    let told = super::instructions(&*app.upstream.request(0).await);
    assert!(told.contains("The learner's level: grade 8\n"), "{told}");
}

#[tokio::test]
async fn a_profile_that_does_not_fit_is_refused() {
    let app = Setup::new().start();
    for body in [
        json!({ "level": "" }),
        json!({ "goals": "one\ntwo" }),
        json!({ "goals": "a".repeat(501) }),
        json!({ "language": "in German, please" }),
        json!({ "tracking": "no" }),
        json!({ "topics": [{ "topic": "a", "mastery": 1.1 }] }),
        json!({ "topics": [{ "topic": "", "mastery": 1 }] }),
        json!({ "topics": vec![json!({ "topic": "a", "mastery": 1 }); 101] }),
        json!({ "admin": true }),
    ] {
        let response = app.learner.call(Method::PATCH, "/profile", body).await;
        refused(response, 422, "invalid-request").await;
    }
    let tables = ["learners", "learner_topics"].map(|table| app.database().count(table));
    assert_eq!(tables, [0, 0]);
}

#[tokio::test]
async fn planning_is_counted_apart_also_when_the_plan_is_refused_or_called_off() {
    let app = super::planning_within(60_000);
    let spent = |purpose: &str| {
        let sql =
            format!("SELECT coalesce(sum(calls), 0) AS number FROM usage_days WHERE purpose = '{purpose}'");
        app.database().number(&sql)
    };
    app.learner.send("Why is the sky blue?").await.until_end().await;
    assert_eq!((spent("reply"), spent("focus")), (1, 1));

    app.upstream
        .next_plan(Script::stream().delta("{\"topic\": 1}").finish());
    app.learner.send("Why is grass green?").await.until_end().await;
    app.upstream.plan_request(2).await;

    app.upstream.next_plan(Script::stream().delta("{").hang());
    let reader = app.learner.send("Why is blood red?").await;
    app.upstream.plan_request(3).await;
    app.learner.stop(&reader.turn_id).await;
    let counted = async {
        while spent("focus") + spent("review") < 4 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    within("every plan is counted", counted).await;
}

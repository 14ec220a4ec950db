//! `kill -9` at any moment, while learners write, stop, continue and regenerate. They repeat what was not answered, as
//! pages do, and the promises hold for what each of them saw.

use futures_util::future::{join, join_all};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

use crate::app::{Setup, TestApp};
use crate::campaign::{Chance, Round, check_attempts};
use crate::checker::{check_once, check_turn};
use crate::client::{Client, string};
use crate::deadline::within;
use crate::upstream::{Plan, Script};
use crate::witness::Witness;

const LEARNERS: usize = 6;

/// Two requests in a row of a learner whose server is away.
const REPEAT_AFTER: Duration = Duration::from_millis(10);

fn continues_partial(service: u64) -> bool {
    service & 4 == 0
}

/// Every combination of these has its turn.
fn service(number: u64) -> TestApp {
    let chosen = |bit: u64| number >> bit & 1 == 0;
    let mut setup = Setup::new().flooded();
    if continues_partial(number) {
        setup = setup.continues_partial();
    }
    if chosen(0) {
        setup = setup.without_merging();
    }
    let durability = if chosen(1) { "full" } else { "normal" };
    setup.variable("TUTORSTREAM_DURABILITY", durability).start()
}

/// Sends a request until the server answers it. With a key the server knows it again.
async fn insist(learner: &Client, (method, path): (Method, &str), key: &str, body: &Value) -> Response {
    let answered = async {
        loop {
            let request = learner.request(method.clone(), path);
            let request = request.header("Idempotency-Key", key).json(body);
            match request.send().await {
                Ok(response) if response.status() != StatusCode::SERVICE_UNAVAILABLE => return response,
                _ => tokio::time::sleep(REPEAT_AFTER).await,
            }
        }
    };
    within(path, answered).await
}

/// A request that starts a turn: who sent it sees the reply, and so do those who repeat it.
async fn watched(learner: &Client, path: &str, key: &str, body: &Value, viewers: u64) -> Vec<Witness> {
    let post = || insist(learner, (Method::POST, path), key, body);
    let mut witnesses = Vec::new();
    for _ in 0..viewers {
        witnesses.push(Witness::of(learner, post().await));
    }
    let first = &witnesses[0].turn_id;
    assert!(
        witnesses.iter().all(|witness| &witness.turn_id == first),
        "P5: one key, one turn"
    );
    witnesses
}

/// One learner's round: a question, its reply, and now and then more.
struct Learner {
    client: Client,
    chance: Chance,
    plan: Plan,
    key: String,
    /// Whether the provider goes on from a partial reply. Another one is told to, and says what it likes.
    continues: bool,
    /// For each turn, everybody who saw it.
    seen: Vec<Vec<Witness>>,
}

impl Learner {
    fn new(client: &Client, mut chance: Chance, continues: bool) -> Self {
        let rate = [150, 300, 600, 0][usize::try_from(chance.below(4)).unwrap_or_default()];
        let plan = chance.plan(40, rate);
        Self {
            client: client.clone(),
            chance,
            plan,
            key: format!("k-{}", plan.seed),
            continues,
            seen: Vec::new(),
        }
    }

    async fn learn(&mut self) {
        let question = json!({ "message": self.plan.to_string() });
        let mut status = self.turn("/stream-chat", &self.key.clone(), &question).await;
        while status != "complete" && self.chance.one_in(2) {
            let number = self.seen.len();
            let last = &self.seen[number - 1][0];
            let path = if !self.continues || self.chance.one_in(2) {
                let message = string(&last.events[0].data["messageId"]);
                format!("/sessions/{}/messages/{message}/regenerate", last.session_id)
            } else {
                format!("/turns/{}/continue", last.turn_id)
            };
            let key = format!("{}-{number}", self.key);
            status = self.turn(&path, &key, &json!({})).await;
        }
    }

    /// Starts a turn and watches it to its end, which the learner may bring about.
    async fn turn(&mut self, path: &str, key: &str, body: &Value) -> String {
        let viewers = 2 + self.chance.below(2);
        let mut witnesses = watched(&self.client, path, key, body, viewers).await;
        let stop = self.chance.one_in(3).then(|| self.chance.moment(250));
        let turn_id = witnesses[0].turn_id.clone();
        let stopping = async {
            let Some(moment) = stop else { return };
            tokio::time::sleep(moment).await;
            let path = format!("/turns/{turn_id}/stop");
            let response = insist(&self.client, (Method::POST, &path), key, &Value::Null).await;
            assert_eq!(response.status(), StatusCode::OK, "{path}");
        };
        let (ends, ()) = join(join_all(witnesses.iter_mut().map(Witness::persist)), stopping).await;
        let status = string(&ends[0].data["status"]);
        assert_ne!(status, "failed", "turn {turn_id}: {:?}", witnesses[0].events);
        self.seen.push(witnesses);
        status
    }

    /// The promises, for all that this learner and its other tabs saw.
    async fn check(&self, app: &TestApp, crashes: usize) {
        let database = &mut app.database();
        for witnesses in &self.seen {
            check_turn(
                database,
                &witnesses.iter().collect::<Vec<_>>(),
                Some(&self.plan.text()),
            );
        }
        let question = self.plan.to_string();
        let stored = database.number(&format!(
            "SELECT count(*) AS number FROM messages WHERE content = '{question}'"
        ));
        assert_eq!(stored, 1, "P5: one key is one message");
        check_once(database, &self.key);
        check_attempts(database, &question, asked(app, &question).await, crashes);
    }
}

/// How often the provider was asked to answer this question.
async fn asked(app: &TestApp, question: &str) -> usize {
    let mut asked = 0;
    for number in 0..app.upstream.count() {
        let request = app.upstream.request(number).await;
        let mut said = request
            .messages()
            .iter()
            .rev()
            .filter(|message| message["role"] == "user");
        asked += usize::from(said.next().is_some_and(|message| message["content"] == question));
    }
    asked
}

/// Ends the server at a moment of this round, up to three times, and starts it again.
async fn crash(app: &mut TestApp, chance: &mut Chance) -> usize {
    let crashes = 1 + usize::from(chance.one_in(3)) + usize::from(chance.one_in(3));
    for _ in 0..crashes {
        tokio::time::sleep(chance.moment(400)).await;
        app.kill_9();
        tokio::time::sleep(chance.moment(20)).await;
        app.restart();
    }
    crashes
}

#[tokio::test]
async fn kill_9_at_random_moments_campaign_loses_no_text_and_ends_every_turn_once() {
    let mut app = None;
    for round in Round::all("KILL", 50) {
        let (number, mut running) = app
            .take()
            .filter(|(number, _)| *number == round.service())
            .unwrap_or_else(|| (round.service(), service(round.service())));
        let mut chance = round.chance();
        let mut learners = (0..LEARNERS)
            .map(|_| Learner::new(&running.learner, chance.branch(), continues_partial(number)))
            .collect::<Vec<_>>();
        let learning = join_all(learners.iter_mut().map(Learner::learn));
        let (_, crashes) = join(learning, crash(&mut running, &mut chance)).await;
        for learner in &learners {
            learner.check(&running, crashes).await;
        }
        if chance.one_in(4) {
            assert_eq!(running.database().integrity(), "ok");
        }
        app = Some((number, running));
    }
}

#[tokio::test]
async fn a_crash_loop_of_ten_kills_asks_the_provider_once_more_and_keeps_the_text() {
    for round in Round::all("CRASH_LOOP", 3) {
        let mut chance = round.chance();
        let mut app = Setup::new().continues_partial().start();
        let said = chance.plan(20, 100).text();
        app.upstream.next(Script::stream().delta(&said).hang());
        app.upstream.always(Script::silence());
        let mut reader = app.learner.send("Why is the sky blue?").await;
        reader.until_text(&said).await;
        for _ in 0..10 {
            tokio::time::sleep(chance.moment(200)).await;
            app.kill_9();
            app.restart();
        }
        assert_eq!(reader.persist().await.data["status"], "interrupted");
        assert_eq!(reader.text(), said);
        let asked = app.upstream.count();
        assert!(
            asked <= 2,
            "{asked} requests reached the provider within a minute"
        );
        check_turn(&mut app.database(), &[&reader], Some(&said));
    }
}

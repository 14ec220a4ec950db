//! Learners and their tabs, in a process that shares no memory with the server or the checker. They ask, stop,
//! continue and regenerate, repeat what was not answered, as pages do, and write down what they are sent.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use futures_util::future::{join, join_all};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::campaign::{Chance, variable};
use crate::client::{Client, string};
use crate::deadline::{eventually, within};
use crate::record::{Record, Written};
use crate::upstream::Plan;
use crate::witness::{Seen, Witness};

pub(super) const LEARNERS: usize = 6;

/// What the learners of a process are told: the variable has it as JSON.
const ORDERS: &str = "TUTORSTREAM_TEST_LEARNERS";

/// Two requests in a row of a learner whose server is away.
const REPEAT_AFTER: Duration = Duration::from_millis(10);

/// A process of learners: this program once more.
pub(super) struct Learners {
    process: Child,
    written: Written,
}

impl Learners {
    /// Those of the round with this seed. The provider goes on from a partial reply, or does not.
    pub(super) fn start(app: &TestApp, seed: u64, continues: bool) -> Self {
        let record = app.database_path().with_file_name(format!("record-{seed}.jsonl"));
        let orders = json!({
            "seed": seed, "continues": continues, "address": app.learner.address(), "record": record,
        });
        let (_, module) = module_path!().split_once("::").expect("a module of this crate");
        let process = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "--nocapture"])
            .arg(format!(
                "{module}::learners_in_their_own_process_write_down_what_they_see"
            ))
            .env(ORDERS, orders.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("this program can be started");
        let written = Written::new(record, process.id());
        Self { process, written }
    }

    /// The server has moved.
    pub(super) fn move_to(&mut self, address: &str) {
        let stdin = self.process.stdin.as_mut().expect("piped");
        // Those who are through do not listen any more.
        let _ = std::io::Write::write_all(stdin, format!("{address}\n").as_bytes());
    }

    /// What each of them saw, once all are through.
    pub(super) async fn seen(&mut self) -> Vec<Vec<Vec<Seen>>> {
        let status = eventually("the learners are through", || {
            self.process.try_wait().expect("a child can be asked")
        });
        let status = status.await;
        assert!(status.success(), "the learners' own process failed: {status}");
        let seen = self.written.read();
        assert_eq!(seen.len(), LEARNERS, "every learner has seen something");
        seen.into_values().collect()
    }
}

impl Drop for Learners {
    fn drop(&mut self) {
        // They may have ended by themselves.
        let _ = self.process.kill();
        self.process.wait().expect("a child can be waited for");
    }
}

/// The choices of each learner of a round.
pub(super) fn chances(seed: u64) -> Vec<Chance> {
    let mut chance = Chance::of(seed);
    (0..LEARNERS).map(|_| chance.branch()).collect()
}

/// What a learner's provider means to say.
pub(super) fn plan(chance: &mut Chance) -> Plan {
    let rate = [150, 300, 600, 0][usize::try_from(chance.below(4)).unwrap_or_default()];
    chance.plan(40, rate)
}

/// The key of a learner's question.
pub(super) fn key(plan: &Plan) -> String {
    format!("k-{}", plan.seed)
}

/// One learner's round: a question, its reply, and now and then more.
struct Learner {
    number: usize,
    client: Client,
    chance: Chance,
    plan: Plan,
    record: Record,
    /// Whether the provider goes on from a partial reply. Another one is told to, and says what it likes.
    continues: bool,
}

impl Learner {
    async fn learn(&mut self) {
        let question = json!({ "message": self.plan.to_string() });
        let mut key = key(&self.plan);
        let mut last = self.turn("/stream-chat", &key, &question).await;
        for number in 1.. {
            let status = &last.events.last().expect("an end").data["status"];
            if *status == "complete" || !self.chance.one_in(2) {
                return;
            }
            let path = if !self.continues || self.chance.one_in(2) {
                let message = string(&last.events[0].data["messageId"]);
                format!("/sessions/{}/messages/{message}/regenerate", last.session_id)
            } else {
                format!("/turns/{}/continue", last.turn_id)
            };
            key = format!("{}-{number}", self::key(&self.plan));
            last = self.turn(&path, &key, &json!({})).await;
        }
    }

    /// Starts a turn and watches it to its end, which the learner may bring about.
    async fn turn(&mut self, path: &str, key: &str, body: &Value) -> Witness {
        let mut witnesses = Vec::new();
        for _ in 0..2 + self.chance.below(2) {
            // Who started it sees the reply, and so do those who repeat that.
            let response = self.insist((Method::POST, path), key, body).await;
            witnesses.push(Witness::of(&self.client, response).writing(self.record.page(self.number)));
        }
        let turn_id = witnesses[0].turn_id.clone();
        assert!(
            witnesses.iter().all(|witness| witness.turn_id == turn_id),
            "P5: one key, one turn"
        );
        let stop = self.chance.one_in(3).then(|| self.chance.moment(250));
        let stopping = async {
            let Some(moment) = stop else { return };
            tokio::time::sleep(moment).await;
            let path = format!("/turns/{turn_id}/stop");
            let response = self.insist((Method::POST, &path), key, &Value::Null).await;
            assert_eq!(response.status(), StatusCode::OK, "{path}");
        };
        join(join_all(witnesses.iter_mut().map(Witness::persist)), stopping).await;
        witnesses.swap_remove(0)
    }

    /// Sends a request until the server answers it. With a key the server knows it again.
    async fn insist(&self, (method, path): (Method, &str), key: &str, body: &Value) -> Response {
        let answered = async {
            loop {
                let request = self.client.request(method.clone(), path);
                let request = request.header("Idempotency-Key", key).json(body);
                match request.send().await {
                    Ok(response) if response.status() != StatusCode::SERVICE_UNAVAILABLE => return response,
                    _ => tokio::time::sleep(REPEAT_AFTER).await,
                }
            }
        };
        within(path, answered).await
    }
}

/// Does what the process was started for.
async fn obey(orders: &Value) {
    let client = Client::new(&string(&orders["address"]));
    let moving = client.clone();
    std::thread::spawn(move || {
        for address in std::io::stdin().lines().map_while(Result::ok) {
            moving.move_to(&address);
        }
    });
    let record = Record::at(Path::new(&string(&orders["record"])));
    let seed = orders["seed"].as_u64().expect("a number");
    let learners = chances(seed).into_iter().enumerate();
    let mut learners = learners
        .map(|(number, mut chance)| Learner {
            number,
            client: client.clone(),
            plan: plan(&mut chance),
            chance,
            record: record.clone(),
            continues: orders["continues"] == true,
        })
        .collect::<Vec<_>>();
    join_all(learners.iter_mut().map(Learner::learn)).await;
}

/// Both sides of the bench: without orders it gives them, and reads what the other process has written.
#[tokio::test]
async fn learners_in_their_own_process_write_down_what_they_see() {
    if let Some(orders) = variable(ORDERS) {
        return obey(&serde_json::from_str(&orders).expect("JSON")).await;
    }
    let app = crate::app::Setup::new().continues_partial().start();
    let mut learners = Learners::start(&app, 7, true);
    assert_ne!(learners.process.id(), std::process::id());
    for turns in learners.seen().await {
        for seen in turns.iter().flatten() {
            assert_eq!(seen.events, app.database().log(&seen.turn_id));
        }
    }
}

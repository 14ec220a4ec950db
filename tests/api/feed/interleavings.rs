//! Whatever a learner does, in any order, and however often devices are cut: they end up showing the same session.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::{join, join_all};
use reqwest::Method;
use serde_json::{Value, json};

use super::viewer::Viewer;
use crate::app::{Setup, TestApp};
use crate::campaign::{Chance, Round};
use crate::client::string;
use crate::deadline::within;
use crate::upstream::Plan;
use crate::witness::Witness;

const DEVICES: u64 = 3;
const STEPS: usize = 25;

/// A learner who does something at random in one session.
struct Learner<'a> {
    app: &'a TestApp,
    session_id: String,
    chance: Chance,
    witnesses: Vec<Witness>,
}

impl Learner<'_> {
    async fn act(&mut self) {
        match self.chance.below(9) {
            0..=2 => self.send().await,
            3 => self.stop().await,
            4 => self.edit().await,
            5 => self.rename().await,
            6 => self.further("regenerate").await,
            7 => self.further("continue").await,
            _ => self.watch().await,
        }
    }

    async fn send(&mut self) {
        let (seed, deltas) = (self.chance.below(1_000), self.chance.below(40));
        let plan = Plan::new(seed, u32::try_from(deltas).expect("small"), 400);
        let on_busy = if self.chance.one_in(3) {
            "interrupt"
        } else {
            "queue"
        };
        let body = json!({ "sessionId": self.session_id, "message": plan.to_string(), "onBusy": on_busy });
        self.begin(self.app.learner.post_chat(body).await);
    }

    fn begin(&mut self, response: reqwest::Response) {
        // A busy session, or a full queue, is no fault.
        if response.status().is_success() {
            self.witnesses.push(Witness::of(&self.app.learner, response));
        }
    }

    async fn stop(&mut self) {
        if let Some(witness) = self.witnesses.last() {
            self.app.learner.stop(&witness.turn_id).await;
        }
    }

    async fn edit(&mut self) {
        let message = self.some_message().await;
        // A reply stays what its turn has told.
        let Some(message) = message.filter(|message| message["role"] == "user") else {
            return;
        };
        let path = format!(
            "/sessions/{}/messages/{}",
            self.session_id,
            string(&message["id"])
        );
        let content = json!({ "content": format!("Edited {}", self.chance.below(1_000)) });
        self.app.learner.json(Method::PATCH, &path, content).await;
    }

    async fn rename(&mut self) {
        let title = json!({ "title": format!("Title {}", self.chance.below(1_000)) });
        let path = format!("/sessions/{}", self.session_id);
        self.app.learner.json(Method::PATCH, &path, title).await;
    }

    async fn further(&mut self, what: &str) {
        let Some(message) = self.some_message().await else {
            return;
        };
        let response = if what == "continue" {
            let Some(turn_id) = message["turnId"].as_str() else {
                return;
            };
            self.app.learner.post_continue(turn_id).await
        } else {
            let message_id = string(&message["id"]);
            self.app
                .learner
                .post_regenerate(&self.session_id, &message_id)
                .await
        };
        self.begin(response);
    }

    /// Lets the reply go on for a while.
    async fn watch(&mut self) {
        let events = self.chance.below(20);
        if let Some(witness) = self.witnesses.last_mut() {
            for _ in 0..events {
                if witness
                    .events
                    .last()
                    .is_some_and(|event| event.name == "turn-end")
                {
                    return;
                }
                witness.next().await.expect("an event");
            }
        }
    }

    async fn some_message(&mut self) -> Option<Value> {
        let page = self.app.learner.messages(&self.session_id).await;
        let messages = page["messages"].as_array().expect("messages");
        let place = self.chance.below(messages.len().max(1) as u64);
        messages.get(usize::try_from(place).expect("small")).cloned()
    }

    async fn act_and_wait(&mut self, through: &AtomicBool) {
        for _ in 0..STEPS {
            self.act().await;
        }
        for witness in &mut self.witnesses {
            witness.persist().await;
        }
        through.store(true, Ordering::SeqCst);
        // Wakes devices that wait for something.
        self.rename().await;
    }
}

/// A device that is cut again and again, at random, until the learner is through.
async fn be_cut(device: &mut Viewer, mut chance: Chance, through: &AtomicBool) {
    while !through.load(Ordering::SeqCst) {
        for _ in 0..chance.below(30) {
            if through.load(Ordering::SeqCst) {
                break;
            }
            device.next().await.expect("an event");
        }
        device.leave();
        device.reconnect().await;
    }
}

#[tokio::test]
async fn devices_that_are_cut_at_random_show_the_session_as_it_is_whatever_was_done() {
    for round in Round::all("FEED", 6) {
        let app = Setup::new().without_merging().start();
        let session_id = app.learner.create_session().await;
        let mut devices = Vec::new();
        for _ in 0..DEVICES {
            devices.push(Viewer::open(&app.learner, &session_id).await);
        }
        let through = AtomicBool::new(false);
        let mut learner = Learner {
            app: &app,
            session_id,
            chance: round.chance(),
            witnesses: Vec::new(),
        };
        let cut = (1..).zip(&mut devices).map(|(number, device)| {
            let chance = Chance::of(round.seed.wrapping_mul(DEVICES + 1) + number);
            be_cut(device, chance, &through)
        });
        within("the round", join(learner.act_and_wait(&through), join_all(cut))).await;
        for device in &mut devices {
            device.assert_in_step().await;
        }
    }
}

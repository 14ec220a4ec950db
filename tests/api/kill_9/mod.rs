//! `kill -9` at any moment, and SIGTERM at others, while learners in a process of their own write, stop, continue and
//! regenerate. The promises hold for what each of their tabs wrote down.

mod learners;

use self::learners::{Learners, chances, key, plan};
use crate::app::{Setup, TestApp};
use crate::campaign::{Chance, Round, check_attempts};
use crate::checker::{check_once, check_turn};
use crate::upstream::{Plan, Script};
use crate::witness::Seen;

fn continues_partial(service: u64) -> bool {
    service & 4 == 0
}

/// Every combination of these has its turn.
fn service(number: u64) -> TestApp {
    let chosen = |bit: u64| number >> bit & 1 == 0;
    let mut setup = Setup::new().flooded().drain_seconds(u32::from(chosen(3)));
    if continues_partial(number) {
        setup = setup.continues_partial();
    }
    if chosen(0) {
        setup = setup.without_merging();
    }
    let durability = if chosen(1) { "full" } else { "normal" };
    setup.variable("TUTORSTREAM_DURABILITY", durability).start()
}

/// The promises, for all that one learner and its other tabs saw.
async fn check(app: &TestApp, turns: &[Vec<Seen>], plan: &Plan, crashes: usize) {
    let database = &mut app.database();
    for seen in turns {
        for one in seen {
            let end = one
                .events
                .last()
                .map(|event| (event.name.as_str(), &event.data["status"]));
            assert!(
                end.is_some_and(|(name, status)| name == "turn-end" && status != "failed"),
                "P4: somebody saw turn {} end with {end:?}",
                one.turn_id
            );
        }
        check_turn(database, &seen.iter().collect::<Vec<_>>(), Some(&plan.text()));
    }
    let question = plan.to_string();
    let stored = database.number(&format!(
        "SELECT count(*) AS number FROM messages WHERE content = '{question}'"
    ));
    assert_eq!(stored, 1, "P5: one key is one message");
    check_once(database, &key(plan));
    check_attempts(database, &question, asked(app, &question).await, crashes);
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
async fn crash(app: &mut TestApp, chance: &mut Chance, learners: &mut Learners) -> usize {
    let crashes = 1 + usize::from(chance.one_in(3)) + usize::from(chance.one_in(3));
    for _ in 0..crashes {
        tokio::time::sleep(chance.moment(400)).await;
        if chance.one_in(4) {
            app.sigterm();
            if chance.one_in(2) {
                tokio::time::sleep(chance.moment(50)).await;
                app.sigterm();
            }
            assert_eq!(app.exited().await.code(), Some(0));
        } else {
            app.kill_9();
        }
        tokio::time::sleep(chance.moment(20)).await;
        app.restart();
        learners.move_to(&app.learner.address());
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
        let mut learners = Learners::start(&running, round.seed, continues_partial(number));
        let mut chance = Chance::of(!round.seed);
        let crashes = crash(&mut running, &mut chance, &mut learners).await;
        let seen = learners.seen().await;
        for (turns, mut chance) in seen.iter().zip(chances(round.seed)) {
            check(&running, turns, &plan(&mut chance), crashes).await;
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

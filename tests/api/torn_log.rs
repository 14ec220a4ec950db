//! Power cuts: copies of a database that is written to, with the write-ahead log torn where nothing was synced. Each
//! must start, tell readers honestly what is gone, and end every turn with a part of the one text.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tempfile::TempDir;
use tutorstream::agent::{Agent, ContextBudget, Template};
use tutorstream::config::{Durability, ProviderSettings, Wire};
use tutorstream::provider::{self, Chain, Policy, Random};
use tutorstream::repository::Repository;
use tutorstream::telemetry::Metrics;
use tutorstream::turn::{Parts, Turns};

use crate::campaign::{Chance, ROUNDS_OF_ONE_SERVICE, Round};
use crate::client::{Client, string};
use crate::database::{Database, TurnRow};
use crate::server::{ErrorLog, Launch, Server};
use crate::setup::FLOODED;
use crate::sse::Event;
use crate::torn_copy::Copy;
use crate::upstream::{Plan, Upstream};
use crate::witness::{Seen, Witness, text_of};

const LIVE_TURNS: usize = 4;

/// A server that is written to, and those who watch.
struct Source {
    folder: TempDir,
    upstream: Upstream,
    server: Server,
    client: Client,
    durability: Durability,
    variables: Vec<(String, String)>,
    witnesses: Vec<Witness>,
    /// Least bytes of a delta: large ones make the log so long that it is moved into the database.
    size: usize,
}

impl Source {
    fn start(chance: &mut Chance) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let upstream = Upstream::start();
        let settings = folder.path().join("settings.toml");
        std::fs::write(
            &settings,
            "[[providers]]\nwire = \"openai-chat\"\ncontinues_partial = true\n",
        )
        .expect("a settings file");
        let (durability, word) = if chance.one_in(2) {
            (Durability::Full, "full")
        } else {
            (Durability::Normal, "normal")
        };
        let variables = [
            ("TUTORSTREAM_BIND", "127.0.0.1:0"),
            ("TUTORSTREAM_CONFIG", &settings.to_string_lossy()),
            ("TUTORSTREAM_DURABILITY", word),
            ("TUTORSTREAM_MERGE_WINDOW_MS", "0"),
            ("RUST_LOG", FLOODED),
            ("DATABASE_URL", "sqlite://tutor.db"),
            ("OPENAI_BASE_URL", &upstream.base_url()),
        ];
        let variables = variables
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec();
        let server = serve(folder.path(), &variables, &ErrorLog::default());
        Self {
            client: Client::new(&server.address),
            folder,
            upstream,
            server,
            durability,
            variables,
            witnesses: Vec::new(),
            size: if chance.one_in(4) { 4000 } else { 0 },
        }
    }

    /// Replies stream until the moment of the power cut.
    async fn until_cut(&mut self, chance: &mut Chance) -> (Copy, Vec<Seen>) {
        let moment = chance.moment(if self.size > 0 { 4000 } else { 700 });
        let live = async {
            loop {
                for _ in 0..LIVE_TURNS {
                    let size = self.size;
                    let plan = Plan {
                        size,
                        ..chance.plan(30, 200)
                    };
                    self.witnesses.push(self.client.send(&plan.to_string()).await);
                }
                let first = self.witnesses.len() - LIVE_TURNS;
                join_all(self.witnesses[first..].iter_mut().map(Witness::persist)).await;
            }
        };
        let cut = tokio::time::timeout(moment, live).await;
        assert!(cut.is_err(), "replies stream for ever");
        let copy = Copy::take(self.folder.path(), self.server.pid()).await;
        let seen = self.witnesses.iter().map(|witness| Seen::clone(witness));
        (copy, seen.collect())
    }

    /// The real program serves what is left, and everybody comes back. Answers how many were ahead.
    async fn come_back(&self, copy: &Copy, seen: &[Seen]) -> usize {
        let log = ErrorLog::default();
        let server = serve(copy.folder(), &self.variables, &log);
        let client = Client::new(&server.address);
        let mut ahead = 0;
        for one in seen {
            let last = one.events.last().and_then(|event| event.id).unwrap_or(0);
            let response = client.open_events(&one.turn_id, Some(&last.to_string())).await;
            let mut database = Database::open(&copy.path());
            match response.status().as_u16() {
                // The turn's very beginning is lost.
                404 => assert!(database.turns().iter().all(|turn| turn.id != one.turn_id)),
                204 => assert_eq!(one.events, database.log(&one.turn_id), "turn {}", one.turn_id),
                _ => {
                    let mut witness = Witness::joining(&client, [&one.turn_id, &one.session_id], response);
                    witness.events.clone_from(&one.events);
                    witness.persist().await;
                    ahead += usize::from(witness.passing.iter().any(|event| event.name == "rewind"));
                    assert_eq!(witness.events, database.log(&one.turn_id), "turn {}", one.turn_id);
                }
            }
        }
        let mut database = Database::open(&copy.path());
        for turn in database.turns() {
            client.follow(&turn.id).await.persist().await;
        }
        assert!(!log.text().contains("panicked"), "{}", log.text());
        ahead
    }

    /// The same without a network: the library takes up what is left.
    async fn take_up(&self, copy: &Copy) {
        let metrics = Arc::new(Metrics::default());
        let storing = (self.durability, Duration::from_millis(2));
        let (repository, left_over) = Repository::open(&copy.path(), storing, Arc::clone(&metrics))
            .unwrap_or_else(|error| panic!("it does not start: {error}"));
        let repository = Arc::new(repository);
        let turns = Turns::new(Parts {
            repository: Arc::clone(&repository),
            chain: Chain::new(
                provider::from_settings(&[self.provider()]).expect("a provider"),
                &[],
                Policy::default(),
                Random::seeded(1),
            ),
            agent: Agent::new(Template::default(), ContextBudget::default(), None),
            metrics,
            merge_window: Duration::ZERO,
            seats: tutorstream::limits::Seats::new(None),
            fallback_message: None,
        });
        turns.take_up(left_over).await.expect("what is left is taken up");
        turns.drain(Duration::from_secs(30)).await;
        repository.close();
    }

    /// One that does not continue partial replies: those end at once, with what is stored.
    fn provider(&self) -> ProviderSettings {
        let base_url = self.upstream.base_url().parse().expect("a URL");
        ProviderSettings::new("openai", Wire::OpenaiChat, base_url, "fake-model")
    }
}

fn serve(folder: &std::path::Path, variables: &[(String, String)], log: &ErrorLog) -> Server {
    Server::start(
        &Launch {
            folder,
            variables,
            descriptors: None,
        },
        log,
    )
    .unwrap_or_else(|refusal| panic!("{refusal:?}"))
}

/// Every turn that is left ends once, with a part of what its provider meant to say.
fn check_left(copy: &Copy) {
    let mut database = Database::open(&copy.path());
    assert_eq!(database.integrity(), "ok");
    for turn in database.turns() {
        let log = database.log(&turn.id);
        check_log(&turn, &log);
        let message = database.message(&turn.message_id);
        assert_eq!(
            (&message.content, &message.status),
            (&text_of(&log), &turn.status)
        );
        let question = database.message(&string(&log[0].data["userMessageId"]));
        let whole = Plan::find(&question.content).expect("a plan").text();
        assert!(whole.starts_with(&message.content), "P2: turn {}", turn.id);
        assert!(
            turn.status != "complete" || whole == message.content,
            "P4: turn {}",
            turn.id
        );
    }
    let turns = database.count("turns");
    assert_eq!(
        database.count("messages"),
        2 * turns,
        "a question and a reply for each turn"
    );
}

/// A log that begins once and ends once. Numbers may be left out, as those were that may be lost.
fn check_log(turn: &TurnRow, log: &[Event]) {
    let id = &turn.id;
    assert!(
        log.is_sorted_by(|one, other| one.id < other.id),
        "turn {id} repeats a number"
    );
    let named = |name: &str| log.iter().filter(|event| event.name == name).count();
    assert_eq!(log[0].name, "turn-start", "turn {id}");
    assert_eq!((named("turn-start"), named("turn-end")), (1, 1), "turn {id}");
    let end = log.last().expect("an event");
    assert_eq!(
        (end.name.as_str(), &end.data["status"]),
        ("turn-end", &turn.status.as_str().into())
    );
    assert_eq!(end.id, Some(turn.last_number.cast_unsigned()), "turn {id}");
    assert!(
        ["complete", "interrupted"].contains(&turn.status.as_str()),
        "turn {id}: {}",
        turn.status
    );
}

#[tokio::test]
async fn torn_write_ahead_log_campaign_leaves_a_sound_database_and_one_text() {
    let mut source: Option<(u64, Source, Copy, Vec<Seen>)> = None;
    let (mut ahead, mut rounds) = (0, 0);
    for round in Round::all("TORN", 200) {
        let mut chance = Chance::of(round.service());
        let (number, source_of_round, copy, seen) = match source.take() {
            Some(whole @ (number, ..)) if number == round.service() => whole,
            _ => {
                let mut source = Source::start(&mut chance);
                let (copy, seen) = source.until_cut(&mut chance).await;
                (round.service(), source, copy, seen)
            }
        };
        let torn = copy.torn(&mut round.chance());
        if round.seed.is_multiple_of(ROUNDS_OF_ONE_SERVICE) {
            ahead += source_of_round.come_back(&torn, &seen).await;
        } else {
            source_of_round.take_up(&torn).await;
        }
        check_left(&torn);
        rounds += 1;
        source = Some((number, source_of_round, copy, seen));
    }
    eprintln!("{rounds} torn logs, {ahead} readers were told to go back");
    assert!(
        rounds < 100 || ahead > 0,
        "no reader was ever ahead: the cuts cut nothing"
    );
}

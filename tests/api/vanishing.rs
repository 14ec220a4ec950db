//! Clients that reset their connection while the database works for them. Nobody else may notice.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Setup, TestApp};
use crate::campaign::{Chance, Round};
use crate::client::{Client, string};
use crate::deadline::eventually;

/// So many clients vanish in one round, one after the other.
const CLIENTS: u64 = 50;

/// Things that requests can be about.
struct Place {
    session: String,
    message: String,
    turn: String,
}

/// A request of each kind.
fn requests(place: &Place, plan: &str) -> Vec<(&'static str, String, Value)> {
    let Place {
        session,
        message,
        turn,
    } = place;
    let messages = format!("/sessions/{session}/messages");
    let busy = |policy: &str| json!({ "sessionId": session, "message": plan, "onBusy": policy });
    vec![
        ("POST", "/stream-chat".to_owned(), json!({ "message": plan })),
        ("POST", "/stream-chat".to_owned(), busy("queue")),
        ("POST", "/stream-chat".to_owned(), busy("interrupt")),
        ("GET", "/sessions?limit=100".to_owned(), Value::Null),
        ("POST", "/sessions".to_owned(), json!({ "title": plan })),
        ("GET", format!("/sessions/{session}"), Value::Null),
        ("PATCH", format!("/sessions/{session}"), json!({ "title": plan })),
        ("GET", messages.clone(), Value::Null),
        (
            "POST",
            messages.clone(),
            json!({ "role": "user", "content": plan }),
        ),
        (
            "PATCH",
            format!("{messages}/{message}"),
            json!({ "content": plan }),
        ),
        ("POST", format!("{messages}/{message}/regenerate"), Value::Null),
        ("GET", format!("/turns/{turn}"), Value::Null),
        ("GET", format!("/turns/{turn}/events"), Value::Null),
        ("POST", format!("/turns/{turn}/stop"), Value::Null),
        ("POST", format!("/turns/{turn}/continue"), Value::Null),
        ("GET", "/health/ready".to_owned(), Value::Null),
    ]
}

/// Sends a request and resets the connection at some moment, without a word.
fn vanish(address: &str, (method, path, body): &(&str, String, Value), moment: Duration) {
    let address = address.trim_start_matches("http://");
    let mut socket = TcpStream::connect(address).expect("the server accepts");
    let socket_options = socket2::SockRef::from(&socket);
    socket_options
        .set_linger(Some(Duration::ZERO))
        .expect("closing is to reset");
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    socket.write_all(request.as_bytes()).expect("the server reads");
    let patience = moment.max(Duration::from_micros(1));
    socket.set_read_timeout(Some(patience)).expect("a timeout");
    // Whatever comes within the moment: a part of the answer, or nothing.
    let _ = socket.read(&mut [0; 512]);
}

/// A learner whose every request must succeed while others vanish.
async fn use_it(learner: &Client, until: &AtomicBool, mut chance: Chance) -> usize {
    let mut used = 0;
    while !until.load(Ordering::Relaxed) {
        let session = learner.create_session().await;
        let path = format!("/sessions/{session}");
        learner
            .json(Method::PATCH, &path, json!({ "title": "Light" }))
            .await;
        assert_eq!(learner.get(&path).await["title"], "Light");
        let plan = chance.plan(5, 0);
        let mut reader = learner.send_in(&session, &plan.to_string()).await;
        assert_eq!(reader.until_end().await.data["status"], "complete");
        assert_eq!(reader.text(), plan.text());
        assert_eq!(
            learner.messages(&session).await["messages"]
                .as_array()
                .map(Vec::len),
            Some(2)
        );
        used += 1;
    }
    used
}

/// A session with a reply that was stopped, and so can be continued and written again.
async fn place(app: &TestApp, chance: &mut Chance) -> Place {
    let mut reader = app.learner.send(&chance.plan(400, 100).to_string()).await;
    reader.until_event("text-delta").await;
    let id = reader.turn_id.clone();
    if chance.one_in(2) {
        app.learner.stop(&id).await;
    }
    Place {
        session: reader.session_id.clone(),
        message: string(&reader.events[0].data["userMessageId"]),
        turn: id,
    }
}

/// Every turn ends, whoever began it; readers who come later see the same as the database.
async fn end_all(app: &TestApp) {
    let mut database = app.database();
    for turn in database.turns() {
        if turn.status == "streaming" {
            app.learner.stop(&turn.id).await;
        }
    }
    let running = "SELECT count(*) AS number FROM turns WHERE status = 'streaming'";
    eventually("every turn ends", || {
        (database.number(running) == 0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_vanish_during_database_work_campaign_disturb_nobody() {
    let app = Setup::new().flooded().start();
    let mut vanished = 0;
    for round in Round::groups("VANISH", 1000, CLIENTS) {
        let mut chance = round.chance();
        let place = place(&app, &mut chance).await;
        let (address, mut fates) = (app.learner.address(), chance.branch());
        let through = AtomicBool::new(false);
        let vanishing = async {
            let vanishing = tokio::task::spawn_blocking(move || {
                for _ in 0..CLIENTS {
                    let plan = fates.plan(5, 400).to_string();
                    let requests = requests(&place, &plan);
                    let request = usize::try_from(fates.below(requests.len() as u64)).expect("an index");
                    vanish(&address, &requests[request], fates.moment(6));
                }
            });
            let vanished = vanishing.await;
            through.store(true, Ordering::Relaxed);
            vanished.expect("nobody was kept from vanishing");
        };
        let other = use_it(&app.learner, &through, chance);
        let (used, ()) = futures_util::future::join(other, vanishing).await;
        assert!(used > 0, "the other learner was served");
        vanished += CLIENTS;
        end_all(&app).await;
    }
    eprintln!("{vanished} clients vanished");
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_end().await;
    assert!(!app.log().contains("panicked"), "{}", app.log());
}

//! What a provider may send without end: each ends with a code and the kept text, and costs little memory.

use std::time::Duration;

use serde_json::json;

use crate::app::{Setup, TestApp};
use crate::campaign::number;
use crate::checker::check_turn;
use crate::memory;
use crate::upstream::{Script, Step, chunk};
use crate::witness::Witness;

/// What one provider's stream may add to the memory of the server.
const MOST: u64 = 8 << 20;
const PIECE: usize = 64 * 1024;
/// More pieces than anybody reads: 64 GiB.
const ENDLESS: usize = 1 << 20;

/// A stream without end: what is sent, and how it must end.
struct Flood {
    name: &'static str,
    script: Script,
    /// A line of the provider's table.
    setting: (&'static str, u64),
    /// The code of the error; `None`: the reply is kept as `interrupted`.
    code: Option<&'static str>,
}

/// As many copies of a record as fit into one piece.
fn piece_of(record: &str) -> Vec<u8> {
    record.repeat(PIECE / record.len()).into_bytes()
}

fn delta(text: &str) -> String {
    chunk(
        &json!([{ "index": 0, "delta": { "content": text } }]),
        &json!(null),
    )
}

/// The head of an answer that claims to be compressed, and the start of an endless run of zeros in gzip.
fn gzip_bomb() -> Script {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\n\
                Transfer-Encoding: chunked\r\n\r\n";
    let member = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    let script = Script::default().then(Step::Bare(head.into())).raw(member);
    script.repeated([0; PIECE], ENDLESS).hang()
}

/// One byte at a time, and never a whole event.
fn drip() -> Script {
    let drops = [Step::Body(b"x".to_vec()), Step::Pause(Duration::from_millis(50))];
    let begun = Script::stream().delta("Because").raw("data: ");
    (0..200).fold(begun, |script, _| {
        drops.iter().cloned().fold(script, Script::then)
    })
}

fn floods() -> [Flood; 7] {
    let begun = || Script::stream().delta("Because");
    let large = delta(&"x".repeat(PIECE));
    let too_large = |name, script: Script, most| Flood {
        name,
        script: script.hang(),
        setting: ("max_answer_bytes", most),
        code: Some("reply-too-large"),
    };
    let too_slow = |name, script: Script, limit| Flood {
        name,
        script: script.hang(),
        setting: (limit, 1),
        code: None,
    };
    let silent = piece_of("data: {}\n\n: hm\n\n");
    [
        too_large("a line", begun().repeated([b'x'; PIECE], 1024), 2 << 20),
        too_large(
            "an event",
            begun().repeated(piece_of("data: x\n"), ENDLESS),
            2 << 20,
        ),
        too_large(
            "tiny deltas",
            begun().repeated(piece_of(&delta("x")), ENDLESS),
            256 << 10,
        ),
        too_large("large deltas", begun().repeated(large, ENDLESS), 2 << 20),
        too_slow("a drip", drip(), "idle_timeout_seconds"),
        too_slow(
            "no deltas",
            begun().repeated(silent, ENDLESS),
            "total_timeout_seconds",
        ),
        Flood {
            name: "gzip",
            script: gzip_bomb(),
            setting: ("idle_timeout_seconds", 20),
            code: Some("provider-unreadable"),
        },
    ]
}

/// Plays a script to a service that has answered before. Answers the reader of that turn, which has ended.
async fn cost(app: &TestApp, name: &str, script: Script) -> Witness {
    // The table that tokens are counted with is loaded once, when a provider does not count.
    app.upstream
        .next(Script::stream().delta("Hm.").finish_without_usage());
    app.learner.send("Why is the sky blue?").await.until_end().await;
    let before = memory::now_and_forget_peak(app.pid());
    app.upstream.always(script);
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_end().await;
    let grown = memory::peak(app.pid()).saturating_sub(before);
    check_turn(&mut app.database(), &[&reader], None);
    let kept = memory::now(app.pid()).saturating_sub(before);
    eprintln!(
        "{name}: {} KiB at the peak, {} KiB afterwards",
        grown >> 10,
        kept >> 10
    );
    assert!(grown < MOST, "{name} costs {grown} bytes");
    reader
}

/// Plays one, and sees how it ends and what it costs.
async fn suffer(app: &TestApp, flood: &Flood) {
    let Flood {
        name, script, code, ..
    } = flood;
    let reader = cost(app, name, script.clone()).await;
    let end = reader.events.last().expect("an end");
    let error = reader.events.iter().rfind(|event| event.name == "error");
    let told = error.and_then(|error| error.data["code"].as_str());
    let status = if code.is_some() { "failed" } else { "interrupted" };
    assert_eq!((told, &end.data["status"]), (*code, &status.into()), "{name}");
    assert_eq!(reader.text().starts_with("Because"), *name != "gzip", "{name}");
}

#[tokio::test]
async fn whatever_a_provider_sends_without_end_ends_and_costs_little_memory() {
    for flood in floods() {
        let (setting, value) = flood.setting;
        let app = Setup::new().provider(setting, value).start();
        suffer(&app, &flood).await;
    }
}

/// Most of them say nothing, every tenth a letter: a reply of a usual length in ten million deltas, when all are sent
/// (`scripts/test deep`).
#[tokio::test]
async fn campaign_of_ten_million_tiny_deltas_costs_little_memory() {
    const AT_ONCE: usize = 1_000;
    let deltas = number("TUTORSTREAM_TINY_DELTAS").unwrap_or(500_000);
    let times = usize::try_from(deltas).expect("a number") / AT_ONCE;
    let record = |text: &str| {
        format!(
            "data: {}\n\n",
            json!({ "choices": [{ "delta": { "content": text } }] })
        )
    };
    let ten = record("").repeat(9) + &record("x");
    let script = Script::stream().repeated(ten.repeat(AT_ONCE / 10), times);
    let app = TestApp::start();
    let reader = cost(
        &app,
        "tiny deltas that say nothing",
        script.finish_without_usage(),
    )
    .await;
    assert_eq!(reader.events.last().expect("an end").data["status"], "complete");
    assert_eq!(reader.text(), "x".repeat(times * AT_ONCE / 10));
}

//! Ends that are told apart by time, by how the body ends, or by how a server goes on after them.

use std::time::{Duration, Instant};

use super::fake::{CHUNKED_HEAD, Fake, HEAD, Outcome, Step, chunk, collect, play, play_with, send};
use super::vendor::{ALL, Vendor};
use crate::model::FinishReason;
use crate::provider::{ProviderErrorKind, TimeLimit, build};

const LONG: Duration = Duration::from_secs(15);

/// Text that comes with a reason, on the wires that can say so.
fn beside(vendor: Vendor, text: &str) -> Option<String> {
    let chunk = vendor.text(text);
    match vendor {
        Vendor::Chat => Some(chunk.replace("\"finish_reason\":null", "\"finish_reason\":\"stop\"")),
        // A reason that was taken back before makes every later one doubtful.
        Vendor::Messages => Some(
            vendor.text("")
                + &vendor.finish(FinishReason::Stop)
                + &chunk
                + &vendor.finish(FinishReason::Stop),
        ),
        Vendor::Responses => None,
    }
}

fn provisional() -> impl Iterator<Item = (Vendor, String)> {
    ALL.into_iter()
        .filter_map(|vendor| Some((vendor, beside(vendor, "Light")?)))
}

#[track_caller]
fn assert_complete(outcome: &Outcome, vendor: Vendor) {
    assert!(
        outcome.has_end() && outcome.text() == "Light",
        "{vendor:?}: {outcome:?}"
    );
}

#[tokio::test]
async fn a_doubtful_reason_holds_when_the_body_ends_as_it_should() {
    for (vendor, body) in provisional() {
        let length = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        assert_complete(&play(vendor, vec![send(length), send(&body)]).await, vendor);
        let chunked = [chunk(body.as_bytes()), b"0\r\n\r\n".to_vec()].concat();
        assert_complete(
            &play(vendor, vec![send(CHUNKED_HEAD), send(chunked)]).await,
            vendor,
        );
    }
}

#[tokio::test]
async fn a_doubtful_reason_is_none_when_the_body_is_cut_or_ends_with_the_connection() {
    for (vendor, body) in provisional() {
        let short = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {}\r\n\r\n",
            body.len() + 1
        );
        for steps in [
            vec![send(HEAD), send(&body)],
            vec![send(CHUNKED_HEAD), send(chunk(body.as_bytes()))],
            vec![send(short), send(&body)],
        ] {
            let outcome = play(vendor, steps).await;
            assert_eq!(
                outcome.kind(),
                Some(&ProviderErrorKind::Disconnected),
                "{vendor:?}: {outcome:?}"
            );
            assert_eq!(outcome.text(), "Light");
        }
    }
}

#[tokio::test]
async fn silence_after_a_doubtful_reason_lasts_as_long_as_any_other() {
    for (vendor, body) in provisional() {
        let steps = vec![send(HEAD), send(&body), Step::Silence];
        let outcome = play_with(
            vendor,
            |settings| settings.timeouts.idle = Duration::from_millis(2_500),
            steps,
        )
        .await;
        let kind = ProviderErrorKind::TimedOut(TimeLimit::Idle);
        assert_eq!(outcome.kind(), Some(&kind), "{vendor:?}: {outcome:?}");
    }
}

#[tokio::test]
async fn text_that_comes_late_after_a_doubtful_reason_is_not_lost() {
    for (vendor, body) in provisional() {
        let rest = vendor.text(" scatters.") + &vendor.end(FinishReason::Stop);
        let steps = vec![
            send(HEAD),
            send(&body),
            Step::Pause(Duration::from_millis(2_500)),
            send(rest),
        ];
        let outcome = play(vendor, steps).await;
        assert!(outcome.text() == "Light scatters.", "{vendor:?}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_firm_reason_is_the_end_after_two_seconds_of_anything_or_nothing() {
    for vendor in [Vendor::Chat, Vendor::Messages] {
        let begun = || {
            vec![
                send(HEAD),
                send(vendor.text("Light")),
                send(vendor.finish(FinishReason::Stop)),
            ]
        };
        let pings = (0..100).flat_map(|_| {
            [
                send(": ping\n\n"),
                send(vendor.nothing()),
                Step::Pause(Duration::from_millis(100)),
            ]
        });
        for steps in [
            begun().into_iter().chain([Step::Silence]).collect(),
            begun().into_iter().chain(pings).collect::<Vec<_>>(),
        ] {
            let fake = Fake::new().await;
            let provider = build(&fake.settings(vendor)).unwrap();
            let started = Instant::now();
            let outcome = tokio::select! {
                outcome = collect(&*provider) => outcome,
                _ = async { fake.answer(steps).await; std::future::pending::<()>().await } => unreachable!(),
            };
            assert_complete(&outcome, vendor);
            assert!((Duration::from_millis(1_900)..LONG).contains(&started.elapsed()));
        }
    }
}

#[tokio::test]
async fn connections_are_used_again_when_their_bodies_end_a_little_after_the_reply() {
    const CALLS: usize = 8;
    for vendor in ALL {
        let fake = Fake::new().await;
        let provider = build(&fake.settings(vendor)).unwrap();
        let reply = chunk((vendor.text("Light") + &vendor.end(FinishReason::Stop)).as_bytes());
        let begun = [CHUNKED_HEAD.as_bytes(), &reply].concat();
        let (told, mut ended) = tokio::sync::mpsc::unbounded_channel();
        let calls = async {
            for _ in 0..CALLS {
                assert_complete(&collect(&*provider).await, vendor);
                // The next call comes when the body has ended, as a learner's does.
                ended.recv().await.unwrap();
            }
        };
        let connections = fake.answer_late(begun, b"0\r\n\r\n", told, calls).await;
        assert!(
            connections < CALLS,
            "{vendor:?}: each call had a connection of its own"
        );
    }
}

use std::time::{Duration, Instant};

use futures_util::StreamExt;

use super::fake::{CHUNKED_HEAD, Fake, HEAD, Outcome, Step, chunk, collect, play, play_with, question, send};
use super::vendor::{ALL, Vendor};
use crate::model::FinishReason;
use crate::provider::{Delta, Provider, ProviderErrorKind, TimeLimit, build};

const LONG: Duration = Duration::from_secs(15);

#[track_caller]
fn assert_timed_out(outcome: &Outcome, limit: TimeLimit, text: &str) {
    let kind = ProviderErrorKind::TimedOut(limit);
    assert_eq!(outcome.kind(), Some(&kind), "{outcome:?}");
    assert_eq!(outcome.text(), text);
}

fn milliseconds(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// The same bytes again and again, for a second and a half.
fn drip(bytes: &str, every: u64) -> Vec<Step> {
    let pieces = (0..1_500 / every).flat_map(|_| [send(bytes), Step::Pause(milliseconds(every))]);
    [send(HEAD)].into_iter().chain(pieces).collect()
}

#[tokio::test]
async fn a_provider_that_never_answers_times_out() {
    for vendor in ALL {
        let outcome = play_with(
            vendor,
            |settings| settings.timeouts.first_delta = milliseconds(200),
            vec![Step::Silence],
        )
        .await;
        assert_timed_out(&outcome, TimeLimit::FirstDelta, "");
    }
}

#[tokio::test]
async fn comments_do_not_put_off_the_first_delta() {
    for vendor in ALL {
        let outcome = play_with(
            vendor,
            |settings| settings.timeouts.first_delta = milliseconds(400),
            drip(": wait\n\n", 50),
        )
        .await;
        assert_timed_out(&outcome, TimeLimit::FirstDelta, "");
    }
}

#[tokio::test]
async fn silence_in_mid_reply_times_out() {
    for vendor in ALL {
        let steps = vec![send(HEAD), send(vendor.text("a")), Step::Silence];
        let started = Instant::now();
        assert_timed_out(
            &play_with(
                vendor,
                |settings| settings.timeouts.idle = milliseconds(300),
                steps,
            )
            .await,
            TimeLimit::Idle,
            "a",
        );
        assert!(started.elapsed() < LONG);
    }
}

#[tokio::test]
async fn comments_and_empty_events_are_signs_of_life() {
    for vendor in ALL {
        for sign in [": alive\n", "data: {}\n\n"] {
            let mut steps = drip(sign, 100);
            steps.insert(1, send(vendor.text("a")));
            steps.push(send(vendor.end(FinishReason::Stop)));
            let outcome = play_with(
                vendor,
                |settings| settings.timeouts.idle = milliseconds(700),
                steps,
            )
            .await;
            assert!(outcome.has_end(), "{outcome:?}");
        }
    }
}

#[tokio::test]
async fn half_an_event_is_no_sign_of_life() {
    for vendor in ALL {
        let mut steps = drip("x", 50);
        steps.insert(1, send(vendor.text("a") + "data: "));
        assert_timed_out(
            &play_with(
                vendor,
                |settings| settings.timeouts.idle = milliseconds(400),
                steps,
            )
            .await,
            TimeLimit::Idle,
            "a",
        );
    }
}

#[tokio::test]
async fn a_reply_may_not_last_for_ever() {
    for vendor in ALL {
        let outcome = play_with(
            vendor,
            |settings| settings.timeouts.total = milliseconds(500),
            drip(&vendor.text("a"), 50),
        )
        .await;
        assert_timed_out(&outcome, TimeLimit::Total, &outcome.text());
        assert!((2..=11).contains(&outcome.text().len()), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_flood_without_deltas_may_not_last_for_ever() {
    for vendor in ALL {
        let flood = "data: {}\n\n".repeat(5_000);
        let steps = [send(HEAD)]
            .into_iter()
            .chain((0..20_000).map(|_| send(&flood[..])))
            .take(400)
            .collect();
        let outcome = play_with(
            vendor,
            |settings| settings.timeouts.total = milliseconds(100),
            steps,
        )
        .await;
        assert_timed_out(&outcome, TimeLimit::Total, "");
    }
}

#[tokio::test]
async fn usage_is_not_waited_for_long() {
    for vendor in [Vendor::Chat] {
        let steps = vec![
            send(HEAD),
            send(vendor.text("a")),
            send(vendor.finish(FinishReason::Stop)),
            Step::Silence,
        ];
        let started = Instant::now();
        let outcome = play(vendor, steps).await;
        assert!(outcome.has_end(), "{outcome:?}");
        assert!((milliseconds(1_900)..LONG).contains(&started.elapsed()));
    }
}

#[tokio::test]
async fn a_line_without_end_is_too_large() {
    for vendor in ALL {
        let steps = [send(HEAD)]
            .into_iter()
            .chain((0..64).map(|_| Step::Send(vec![b'a'; 64 * 1024])))
            .collect();
        assert_eq!(
            play(vendor, steps).await.kind(),
            Some(&ProviderErrorKind::TooLarge)
        );
    }
}

#[tokio::test]
async fn an_endless_reply_is_too_large() {
    for vendor in ALL {
        let delta = vendor.text(&"a".repeat(64 * 1024));
        let steps = [send(HEAD)]
            .into_iter()
            .chain((0..64).map(|_| send(&delta)))
            .collect();
        let outcome = play(vendor, steps).await;
        assert_eq!(outcome.kind(), Some(&ProviderErrorKind::TooLarge));
        assert_eq!(outcome.text().len(), 2 * 1024 * 1024);
    }
}

/// The time between the client's last act and the end of the connection.
async fn time_to_close(
    vendor: Vendor,
    steps: Vec<Step>,
    client: impl AsyncFnOnce(&dyn Provider) -> Instant,
) -> Duration {
    let fake = Fake::new().await;
    let provider = build(&fake.settings(vendor)).unwrap();
    let closed = async {
        fake.answer(steps).await;
        Instant::now()
    };
    let (dropped, closed) = tokio::join!(client(&*provider), closed);
    closed.duration_since(dropped)
}

#[tokio::test]
async fn dropping_a_silent_reply_closes_the_connection() {
    for vendor in ALL {
        let steps = vec![
            send(CHUNKED_HEAD),
            Step::Send(chunk(vendor.text("a").as_bytes())),
            Step::Silence,
        ];
        let time = time_to_close(vendor, steps, async |provider| {
            let mut stream = provider.stream(question()).await.unwrap();
            assert_eq!(stream.next().await.unwrap().unwrap(), Delta::Text("a".to_owned()));
            drop(stream);
            Instant::now()
        });
        assert!(time.await < milliseconds(500));
    }
}

#[tokio::test]
async fn dropping_a_request_without_answer_closes_the_connection() {
    for vendor in ALL {
        let time = time_to_close(vendor, vec![Step::Silence], async |provider| {
            let request = provider.stream(question());
            assert!(tokio::time::timeout(milliseconds(200), request).await.is_err());
            Instant::now()
        });
        assert!(time.await < milliseconds(500));
    }
}

#[tokio::test]
async fn a_connection_is_used_again_after_a_whole_reply() {
    for vendor in ALL {
        let fake = Fake::new().await;
        let provider = build(&fake.settings(vendor)).unwrap();
        let body = chunk((vendor.text("a") + &vendor.end(FinishReason::Stop)).as_bytes());
        let whole = [CHUNKED_HEAD.as_bytes(), &body, b"0\r\n\r\n"].concat();
        let outcomes = async { [collect(&*provider).await, collect(&*provider).await] };
        let answers = [&whole[..], &whole];
        let (outcomes, ()) = tokio::join!(outcomes, fake.answer_all_on_one_connection(&answers));
        assert!(outcomes.iter().all(Outcome::has_end));
    }
}

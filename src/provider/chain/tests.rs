mod storms;

use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::{Instant, advance};

use super::*;
use crate::model::AttemptMode::{Continue, Restart, Start};
use crate::provider::{CompletionRequest, DeltaStream, ProviderError, ProviderErrorKind, TimeLimit};

const OVERLOADED: ProviderErrorKind = ProviderErrorKind::Overloaded { retry_after: None };

/// Has a name and is never called.
struct Named(&'static str, bool);

impl Provider for Named {
    fn name(&self) -> &str {
        self.0
    }

    fn model(&self) -> &str {
        "m"
    }

    fn continues_partial(&self) -> bool {
        self.1
    }

    fn stream(&self, _: CompletionRequest) -> BoxFuture<'static, Result<DeltaStream, ProviderError>> {
        unreachable!("policy calls nobody")
    }
}

fn chain(continuing: &[bool]) -> Arc<Chain> {
    let names = ["a", "b", "c"];
    let provider = |(name, continues): (&&'static str, &bool)| -> Arc<dyn Provider> {
        Arc::new(Named(name, *continues))
    };
    let providers = names.iter().zip(continuing).map(provider).collect();
    Chain::new(providers, &[], Policy::default(), Random::seeded(7))
}

fn asks_for(seconds: u64) -> ProviderErrorKind {
    ProviderErrorKind::RateLimited {
        retry_after: Some(Duration::from_secs(seconds)),
    }
}

/// Waits as long as it is told to, up to the next call. `None`: there is nobody left.
async fn next_call(course: &mut Course) -> Option<Call> {
    loop {
        match course.step() {
            Step::Call(call) => return Some(call),
            Step::Wait(wait) => advance(wait).await,
            Step::GiveUp(_) => return None,
        }
    }
}

/// Whom a course calls when every call fails so.
async fn calls(course: &mut Course, kind: &ProviderErrorKind) -> Vec<usize> {
    let mut calls = Vec::new();
    while let Some(call) = next_call(course).await {
        calls.push(call.link);
        course.failed(kind);
    }
    calls
}

#[tokio::test(start_paused = true)]
async fn a_provider_is_asked_five_times_and_then_the_next_one() {
    let chain = chain(&[false, false]);
    assert_eq!(
        calls(&mut chain.course(0, false), &OVERLOADED).await,
        [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]
    );
}

#[tokio::test(start_paused = true)]
async fn the_provider_that_was_chosen_comes_first() {
    let chain = chain(&[false, false, false]);
    assert_eq!(
        calls(&mut chain.course(1, false), &ProviderErrorKind::Rejected).await,
        [1, 0, 2]
    );
}

#[tokio::test(start_paused = true)]
async fn what_must_not_be_retried_is_asked_of_each_provider_once() {
    for kind in [
        ProviderErrorKind::Unauthorized,
        ProviderErrorKind::Rejected,
        ProviderErrorKind::TooLong,
    ] {
        assert_eq!(
            calls(&mut chain(&[false, false]).course(0, false), &kind).await,
            [0, 1],
            "{kind}"
        );
    }
    let begun = Instant::now();
    assert_eq!(
        calls(
            &mut chain(&[false]).course(0, false),
            &ProviderErrorKind::TooLarge
        )
        .await,
        [0]
    );
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_asks_for_time_is_not_asked_sooner() {
    let mut course = chain(&[false]).course(0, false);
    assert!(next_call(&mut course).await.is_some());
    course.failed(&asks_for(20));
    let Step::Wait(wait) = course.step() else {
        panic!("it waits");
    };
    assert!((20_000..=20_500).contains(&wait.as_millis()), "{wait:?}");
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_asks_for_time_gets_it_whatever_it_would_be_asked() {
    let mut course = chain(&[true]).course(0, false);
    assert!(next_call(&mut course).await.is_some());
    course.began(0);
    course.cut(0, &ProviderErrorKind::Disconnected, true);
    let begun = Instant::now();
    assert!(next_call(&mut course).await.is_some());
    course.failed(&asks_for(100));
    assert!(next_call(&mut course).await.is_some());
    assert!(
        begun.elapsed() >= Duration::from_secs(100),
        "{:?}",
        begun.elapsed()
    );
    course.failed(&asks_for(100));
    assert_eq!(next_call(&mut course).await, None, "nobody waits that long");
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_longer_than_two_minutes_in_all() {
    assert_eq!(
        calls(&mut chain(&[false]).course(0, false), &asks_for(121)).await,
        [0]
    );
    let begun = Instant::now();
    assert_eq!(
        calls(&mut chain(&[false]).course(0, false), &asks_for(50)).await,
        [0, 0, 0]
    );
    assert!(begun.elapsed() < Duration::from_secs(120));
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_long_for_a_provider_while_another_is_there() {
    let silent = ProviderErrorKind::TimedOut(TimeLimit::FirstDelta);
    for kind in [asks_for(60), silent] {
        let mut course = chain(&[false, false]).course(0, false);
        assert!(next_call(&mut course).await.is_some());
        course.failed(&kind);
        let next = Call { link: 1, mode: Start };
        assert_eq!(course.step(), Step::Call(next), "{kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_closed_idle_connection_is_nobodys_failure() {
    let chain = chain(&[false]);
    let mut course = chain.course(0, false);
    assert!(matches!(course.step(), Step::Call(_)));
    course.failed(&ProviderErrorKind::ClosedUnanswered);
    assert!(matches!(course.step(), Step::Call(_)), "at once");
    course.failed(&ProviderErrorKind::ClosedUnanswered);
    assert!(
        matches!(course.step(), Step::Wait(_)),
        "the second time it is a failure"
    );
}

#[tokio::test(start_paused = true)]
async fn a_cut_reply_goes_on_where_it_can_and_else_begins_anew_with_another() {
    let silent = ProviderErrorKind::TimedOut(TimeLimit::Idle);
    let chain = chain(&[false, true, false]);
    let mut course = chain.course(0, false);
    assert!(next_call(&mut course).await.is_some());
    course.began(0);
    course.cut(0, &silent, true);
    let mut candidates = Vec::new();
    while let Some(Call { link, mode }) = next_call(&mut course).await {
        candidates.push((link, mode));
        course.failed(&ProviderErrorKind::Rejected);
    }
    assert_eq!(
        candidates,
        [(1, Continue), (1, Restart), (2, Restart), (0, Restart)]
    );
}

#[tokio::test(start_paused = true)]
async fn without_text_there_is_nothing_to_go_on_with() {
    let mut course = chain(&[true]).course(0, false);
    assert!(next_call(&mut course).await.is_some());
    course.began(0);
    course.cut(0, &ProviderErrorKind::Disconnected, false);
    assert_eq!(
        next_call(&mut course).await,
        Some(Call {
            link: 0,
            mode: Restart
        })
    );
}

#[tokio::test(start_paused = true)]
async fn a_reply_is_gone_on_with_at_most_twice() {
    let mut course = chain(&[true]).course(0, false);
    for modes in [Some(Start), Some(Continue), Some(Continue), None] {
        let call = next_call(&mut course).await;
        assert_eq!(call.map(|call| call.mode), modes);
        course.began(0);
        course.cut(0, &ProviderErrorKind::Disconnected, true);
    }
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_took_too_long_is_not_gone_on_with() {
    let mut course = chain(&[true]).course(0, false);
    assert!(next_call(&mut course).await.is_some());
    course.began(0);
    course.cut(0, &ProviderErrorKind::TimedOut(TimeLimit::Total), true);
    assert_eq!(next_call(&mut course).await, None);
}

#[tokio::test(start_paused = true)]
async fn kept_text_is_gone_on_with_by_those_who_can_first() {
    let chain = chain(&[false, true]);
    let mut course = chain.course(0, true);
    assert_eq!(
        next_call(&mut course).await,
        Some(Call {
            link: 1,
            mode: Continue
        })
    );
    course.failed(&ProviderErrorKind::Rejected);
    assert_eq!(
        next_call(&mut course).await,
        Some(Call {
            link: 0,
            mode: Continue
        })
    );
}

#[tokio::test(start_paused = true)]
async fn a_provider_in_trouble_is_passed_over() {
    let chain = chain(&[false, false]);
    (0..10).for_each(|_| chain.links[0].breaker.failed());
    assert_eq!(
        chain.course(0, false).step(),
        Step::Call(Call { link: 1, mode: Start })
    );
}

#[tokio::test(start_paused = true)]
async fn when_all_are_in_trouble_a_turn_waits_for_the_first_probe() {
    let chain = chain(&[false]);
    (0..10).for_each(|_| chain.links[0].breaker.failed());
    let mut course = chain.course(0, false);
    let Step::Wait(wait) = course.step() else {
        panic!("it waits");
    };
    assert!((15_000..=15_500).contains(&wait.as_millis()), "{wait:?}");
    advance(wait).await;
    assert_eq!(course.step(), Step::Call(Call { link: 0, mode: Start }));
}

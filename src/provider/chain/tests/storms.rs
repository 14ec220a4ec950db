//! Many turns at once.

use super::*;

/// A provider that is down, and a thousand learners: without a budget each would ask five times.
#[tokio::test(start_paused = true)]
async fn a_storm_of_retries_stays_within_the_budget() {
    let policy = Policy {
        breaker: BreakerSettings {
            failures: u32::MAX,
            ..BreakerSettings::default()
        },
        ..Policy::default()
    };
    let chain = Chain::new(vec![Arc::new(Named("a", false))], &[], policy, Random::seeded(7));
    let mut asked = 0;
    let mut courses: Vec<_> = (0..1_000).map(|_| chain.course(0, false)).collect();
    for course in &mut courses {
        loop {
            match course.step() {
                Step::Call(_) => {
                    asked += 1;
                    course.failed(&OVERLOADED);
                }
                Step::Wait(_) => {}
                Step::GiveUp(_) => break,
            }
        }
    }
    assert!(
        (1_000..=1_100).contains(&asked),
        "{asked} calls for a thousand turns"
    );
}

/// The same with a breaker: after ten failures nobody is called any more.
#[tokio::test(start_paused = true)]
async fn a_breaker_keeps_a_storm_away() {
    let chain = chain(&[false]);
    let mut asked = 0;
    let mut courses: Vec<_> = (0..1_000).map(|_| chain.course(0, false)).collect();
    for course in &mut courses {
        if let Step::Call(_) = course.step() {
            asked += 1;
            course.failed(&OVERLOADED);
        }
    }
    assert_eq!(asked, 10);
}

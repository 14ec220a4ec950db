use futures_util::FutureExt;

use super::*;

fn places(most: usize) -> Arc<Places> {
    Places::new(Some(most), Duration::from_secs(60))
}

fn errand(awaited: bool) -> Arc<Errand> {
    Errand::new(CancellationToken::new(), awaited)
}

fn given(claim: Claim) -> Place {
    match claim {
        Claim::Given(place) => place,
        Claim::Waiting(_) => panic!("all places are taken"),
    }
}

fn waiting(claim: Claim) -> Waiting {
    match claim {
        Claim::Waiting(waiting) => waiting,
        Claim::Given(_) => panic!("there is a place"),
    }
}

#[test]
fn as_many_calls_run_as_there_are_places_and_the_rest_come_in_order() {
    let places = places(2);
    let first = given(places.claim(None));
    let _second = given(places.claim(None));
    let mut third = waiting(places.claim(None));
    let mut fourth = waiting(places.claim(None));
    assert_eq!((third.position(), fourth.position()), (1, 2));
    drop(first);
    let third = third.place().now_or_never().expect("a place");
    assert_eq!(fourth.position(), 1);
    assert!(fourth.place().now_or_never().is_none());
    drop(third);
    assert!(fourth.place().now_or_never().is_some());
}

#[test]
fn who_goes_while_waiting_takes_no_place_and_who_goes_with_one_gives_it_back() {
    let places = places(1);
    let first = given(places.claim(None));
    let gone = waiting(places.claim(None));
    let mut last = waiting(places.claim(None));
    drop(gone);
    assert_eq!(last.position(), 1);
    drop(first);
    // Given, and dropped before it was taken.
    drop(waiting_after(&places, &mut last));
    assert_eq!(places.lock().taken, 0);
    assert!(places.lock().waiting.is_empty());
}

/// Somebody who is given a place by the one that `last` has, and goes without looking.
fn waiting_after(places: &Arc<Places>, last: &mut Waiting) -> Waiting {
    let place = last.place().now_or_never().expect("a place");
    let next = waiting(places.claim(None));
    drop(place);
    next
}

#[test]
fn an_answer_without_a_place_calls_off_what_nobody_waits_for() {
    let places = places(2);
    let (old, young) = (errand(false), errand(false));
    let _old_place = given(places.claim(Some(&old)));
    let young_place = given(places.claim(Some(&young)));
    let mut answer = waiting(places.claim(None));
    assert!(young.called_off().is_cancelled() && !old.called_off().is_cancelled());
    drop(young_place);
    let _answering = answer.place().now_or_never().expect("a place");
    let _second = waiting(places.claim(None));
    assert!(old.called_off().is_cancelled());
}

#[test]
fn a_plan_that_an_answer_waits_for_is_never_called_off() {
    let places = places(1);
    let plan = errand(true);
    let _place = given(places.claim(Some(&plan)));
    let answer = waiting(places.claim(None));
    assert!(!plan.called_off().is_cancelled());
    plan.leave_alone();
    places.look_again();
    assert!(plan.called_off().is_cancelled(), "its answer goes on without it");
    drop(answer);
}

#[test]
fn an_errand_waits_behind_all_answers_and_calls_nobody_off() {
    let places = places(1);
    let (running, next) = (errand(false), errand(false));
    let place = given(places.claim(Some(&running)));
    let mut errand = waiting(places.claim(Some(&next)));
    assert!(!running.called_off().is_cancelled());
    let mut answer = waiting(places.claim(None));
    assert_eq!(answer.position(), 1);
    drop(place);
    let answering = answer.place().now_or_never().expect("a place");
    assert!(errand.place().now_or_never().is_none());
    drop(answering);
    assert!(errand.place().now_or_never().is_some());
}

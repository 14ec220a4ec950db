//! A cut is never an end, and where the bytes are split says nothing.

use bytes::Bytes;

use super::fake::{CHUNKED_HEAD, HEAD, Outcome, Step, chunk, play, send};
use super::recordings::{RECORDINGS, replay};
use super::vendor::{ALL, Vendor};
use crate::model::FinishReason;
use crate::provider::{Delta, ProviderErrorKind};

/// A short reply in its events, and how many of them make it whole: they say why they end before what they cost.
fn short(vendor: Vendor) -> (Vec<String>, usize) {
    let finish = vendor.finish(FinishReason::Stop);
    let rest = vendor.end(FinishReason::Stop)[finish.len()..].to_owned();
    let events = vec![vendor.text("Hel"), vendor.text("l\u{f6}"), finish, rest];
    (events, 3)
}

#[track_caller]
fn assert_cut(outcome: &Outcome, whole: &str, what: &str) {
    assert!(!outcome.has_end(), "{what}: {outcome:?}");
    assert_eq!(outcome.kind(), Some(&ProviderErrorKind::Disconnected), "{what}");
    assert!(whole.starts_with(&outcome.text()), "{what}: {outcome:?}");
}

#[tokio::test]
async fn a_connection_that_is_cut_at_any_byte_is_never_the_end_of_a_reply() {
    for vendor in ALL {
        let (events, needed) = short(vendor);
        let plain: Vec<Vec<u8>> = events.iter().map(|event| event.as_bytes().to_vec()).collect();
        let chunked: Vec<Vec<u8>> = events.iter().map(|event| chunk(event.as_bytes())).collect();
        for (head, pieces, frame) in [(HEAD, plain, 0), (CHUNKED_HEAD, chunked, 2)] {
            let finished = pieces[..needed].concat().len() - frame;
            let body = pieces.concat();
            for cut in 0..finished {
                let outcome = play(vendor, vec![send(head), send(&body[..cut])]).await;
                assert_cut(&outcome, "Hell\u{f6}", &format!("{vendor:?} {cut} of {finished}"));
            }
            let outcome = play(vendor, vec![send(head), send(&body[..finished])]).await;
            assert!(outcome.has_end() && outcome.text() == "Hell\u{f6}", "{outcome:?}");
        }
    }
}

#[tokio::test]
async fn a_recorded_stream_that_is_cut_at_any_byte_is_never_complete() {
    for recording in RECORDINGS {
        let body = recording.body.as_bytes();
        let whole = replay(recording, vec![Bytes::from_static(body)]).await;
        let (text, needed) = (whole.text(), recording.needed());
        for cut in 0..needed {
            let outcome = replay(recording, vec![Bytes::from_static(&body[..cut])]).await;
            assert_cut(&outcome, &text, &format!("{}: byte {cut}", recording.name));
        }
        let outcome = replay(recording, vec![Bytes::from_static(&body[..needed])]).await;
        assert!(
            outcome.has_end() && outcome.text() == text,
            "{}: {outcome:?}",
            recording.name
        );
    }
}

#[tokio::test]
async fn a_recorded_stream_says_the_same_wherever_it_is_split() {
    for recording in RECORDINGS {
        let body = recording.body.as_bytes();
        let whole = replay(recording, vec![Bytes::from_static(body)]).await;
        for at in 0..=body.len() {
            let halves = vec![Bytes::from_static(&body[..at]), Bytes::from_static(&body[at..])];
            let outcome = replay(recording, halves).await;
            assert_eq!(outcome.deltas, whole.deltas, "{}: byte {at}", recording.name);
        }
        let bytes = body.chunks(1).map(Bytes::from_static).collect();
        assert_eq!(
            replay(recording, bytes).await.deltas,
            whole.deltas,
            "{}",
            recording.name
        );
    }
}

#[tokio::test]
async fn characters_come_out_whole_from_any_split() {
    let text = "\u{e9}\u{20ac}\u{1f600}";
    for vendor in ALL {
        let body = format!("\u{feff}{}{}", vendor.text(text), vendor.end(FinishReason::Stop));
        let bytes = body.bytes().map(|byte| Step::Send(chunk(&[byte])));
        let steps = [send(CHUNKED_HEAD)].into_iter().chain(bytes);
        let outcome = play(vendor, steps.chain([send("0\r\n\r\n")]).collect()).await;
        assert_eq!(outcome.deltas[0], Delta::Text(text.to_owned()), "{vendor:?}");
        assert!(
            outcome.has_end() && outcome.deltas.len() == 2,
            "{vendor:?}: {outcome:?}"
        );
    }
}

//! What a reply adds up to: text, reasoning, an end with its reason and its cost.

use super::fake::{Outcome, stream_of};
use super::vendor::{ALL, Vendor};
use crate::model::{FinishReason, Usage, UsageSource};
use crate::provider::{Completion, Delta, ProviderErrorKind};

fn end(finish_reason: FinishReason) -> Delta {
    let usage = Some(Usage {
        input_tokens: 9,
        output_tokens: 12,
        source: UsageSource::Reported,
    });
    Delta::End(Completion { finish_reason, usage })
}

fn text(text: &str) -> Delta {
    Delta::Text(text.to_owned())
}

#[track_caller]
fn assert_says(outcome: &Outcome, expected: &[Delta], what: &str) {
    assert!(outcome.error.is_none(), "{what}: {outcome:?}");
    assert_eq!(outcome.deltas, expected, "{what}");
}

#[tokio::test]
async fn a_reply_is_its_deltas_and_an_end_with_its_cost() {
    for vendor in ALL {
        let body =
            vendor.begin() + &vendor.text("Hel") + &vendor.text("lo") + &vendor.end(FinishReason::Stop);
        let expected = [text("Hel"), text("lo"), end(FinishReason::Stop)];
        assert_says(&stream_of(vendor, body).await, &expected, &format!("{vendor:?}"));
    }
}

#[tokio::test]
async fn each_reason_to_end_is_understood() {
    for vendor in ALL {
        for reason in [
            FinishReason::Stop,
            FinishReason::Length,
            FinishReason::ContentFilter,
        ] {
            let body = vendor.begin() + &vendor.text("a") + &vendor.end(reason);
            let expected = [text("a"), end(reason)];
            assert_says(&stream_of(vendor, body).await, &expected, &format!("{vendor:?}"));
        }
    }
}

#[tokio::test]
async fn reasoning_is_told_from_the_reply() {
    for vendor in ALL {
        let body = [
            vendor.begin(),
            vendor.reasoning("hm"),
            vendor.reasoning("m"),
            vendor.text("a"),
            vendor.end(FinishReason::Stop),
        ];
        let reasoning = |text: &str| Delta::Reasoning(text.to_owned());
        let expected = [
            reasoning("hm"),
            reasoning("m"),
            text("a"),
            end(FinishReason::Stop),
        ];
        assert_says(
            &stream_of(vendor, body.concat()).await,
            &expected,
            &format!("{vendor:?}"),
        );
    }
}

#[tokio::test]
async fn what_says_nothing_is_passed_over() {
    for vendor in ALL {
        let body = [
            ": OPENROUTER PROCESSING\n\n",
            "data:\n\n",
            "event: ping\ndata: {}\n\n",
            "event: turn-end\r\nid: 7\r\nretry: 1\r\n\r\n",
            "data: {\"type\":\"something.new\",\"extra\":[1]}\n\n",
            &vendor.begin(),
            &vendor.nothing(),
            &vendor.text(""),
            &vendor.text("a"),
            ":\n\n",
            &vendor.nothing(),
            &vendor.end(FinishReason::Stop),
        ];
        let expected = [text("a"), end(FinishReason::Stop)];
        assert_says(
            &stream_of(vendor, body.concat()).await,
            &expected,
            &format!("{vendor:?}"),
        );
    }
}

#[tokio::test]
async fn nothing_after_the_end_is_read() {
    for vendor in ALL {
        let whole = vendor.begin() + &vendor.text("a") + &vendor.end(FinishReason::Length);
        for after in [
            "data: [DONE]\n\n",
            &vendor.text("x"),
            &vendor.end(FinishReason::Stop),
            "data: nonsense\n\n",
            &vendor.error(&serde_json::json!({"code": 500})),
        ] {
            let expected = [text("a"), end(FinishReason::Length)];
            let outcome = stream_of(vendor, whole.clone() + after).await;
            assert_says(&outcome, &expected, &format!("{vendor:?} {after}"));
        }
    }
}

#[tokio::test]
async fn line_ends_and_nul_are_as_the_standard_says() {
    for vendor in ALL {
        let body = vendor.begin() + &vendor.text("a\0b") + &vendor.end(FinishReason::Stop);
        for body in [body.clone(), body.replace('\n', "\r"), body.replace('\n', "\r\n")] {
            let expected = [text("a\u{fffd}b"), end(FinishReason::Stop)];
            assert_says(&stream_of(vendor, body).await, &expected, &format!("{vendor:?}"));
        }
    }
}

#[tokio::test]
async fn rubbish_ends_a_reply_and_keeps_its_text() {
    let rubbish: [&[u8]; 6] = [
        b"data: ping\n\n",
        b"data: \"text\"\n\n",
        b"data: [1,2]\n\n",
        b"data: {\n\ndata: }\n\n",
        b"data: {\"type\":\"x\",\"error\":\"\xC3\x28\"}\n\n",
        b"event: error\ndata: broken\n\n",
    ];
    for vendor in ALL {
        for rubbish in rubbish {
            let (kept, end) = (vendor.text("kept"), vendor.end(FinishReason::Stop));
            let outcome = stream_of(vendor, [kept.as_bytes(), rubbish, end.as_bytes()].concat()).await;
            assert_eq!(
                outcome.kind(),
                Some(&ProviderErrorKind::Malformed),
                "{vendor:?}: {outcome:?}"
            );
            assert_eq!(outcome.text(), "kept");
        }
    }
}

#[tokio::test]
async fn a_reply_that_ends_without_a_word_of_why_needs_text() {
    let stop = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
    for (vendor, bare) in [(Vendor::Chat, "data: [DONE]\n\n"), (Vendor::Messages, stop)] {
        let outcome = stream_of(vendor, vendor.text("a") + bare).await;
        assert!(outcome.has_end(), "{vendor:?}: {outcome:?}");
        let outcome = stream_of(vendor, bare).await;
        assert_eq!(
            outcome.kind(),
            Some(&ProviderErrorKind::Empty { usage: None }),
            "{vendor:?}"
        );
    }
}

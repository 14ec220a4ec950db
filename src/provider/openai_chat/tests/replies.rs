use crate::model::{FinishReason, Usage, UsageSource};
use crate::provider::conformance::fake::{Outcome, stream_of};
use crate::provider::conformance::vendor::{Vendor, event};
use crate::provider::{Completion, Delta, ProviderErrorKind};

const USAGE: &str = r#"{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21}}"#;
fn content(text: &str) -> String {
    Vendor::Chat.text(text)
}

fn finish(reason: &str) -> String {
    let choice = serde_json::json!({"index": 0, "delta": {}, "finish_reason": reason});
    event(&serde_json::json!({"choices": [choice]}).to_string())
}

const DONE: &str = "data: [DONE]\n\n";

fn end(finish_reason: FinishReason, usage: Option<(i64, i64)>) -> Delta {
    let usage = usage.map(|(input_tokens, output_tokens)| Usage {
        input_tokens,
        output_tokens,
        source: UsageSource::Reported,
    });
    Delta::End(Completion { finish_reason, usage })
}

fn texts(texts: &[&str], end: Delta) -> Vec<Delta> {
    texts
        .iter()
        .map(|text| Delta::Text((*text).to_owned()))
        .chain([end])
        .collect()
}

#[track_caller]
fn assert_malformed(outcome: &Outcome) {
    assert_eq!(outcome.kind(), Some(&ProviderErrorKind::Malformed), "{outcome:?}");
}

#[tokio::test]
async fn a_reply_as_openai_sends_it() {
    let body = [
        event(
            r#"{"id":"chatcmpl-x","object":"chat.completion.chunk","created":1760000000,"model":"m","service_tier":"default","system_fingerprint":"fp","choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"a3f"}"#,
        ),
        content("Hel"),
        content("lo"),
        finish("stop"),
        event(USAGE),
        DONE.to_owned(),
    ];
    let outcome = stream_of(Vendor::Chat, body.concat()).await;
    assert!(outcome.error.is_none());
    assert_eq!(
        outcome.deltas,
        texts(&["Hel", "lo"], end(FinishReason::Stop, Some((9, 12))))
    );
}

#[tokio::test]
async fn usage_is_found_wherever_it_stands() {
    let on_last_choice = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":4}}"#;
    let cumulative = |tokens: u32| {
        event(&format!(
            r#"{{"choices":[{{"index":0,"delta":{{"content":"a"}}}}],"usage":{{"prompt_tokens":5,"completion_tokens":{tokens}}}}}"#
        ))
    };
    let cases = [
        (
            content("a") + &finish("stop") + &event(USAGE) + DONE,
            Some((9, 12)),
        ),
        (content("a") + &finish("stop") + &event(USAGE), Some((9, 12))),
        (content("a") + &event(on_last_choice) + DONE, Some((3, 4))),
        (
            cumulative(1) + &cumulative(2) + &finish("stop") + DONE,
            Some((5, 2)),
        ),
        (content("a") + &finish("stop") + DONE, None),
        (content("a") + &finish("stop"), None),
        (
            content("a") + &finish("stop") + &event(r#"{"choices":[],"usage":{}}"#) + DONE,
            None,
        ),
        (
            content("a") + &finish("stop") + &event(r#"{"usage":{"completion_tokens":7}}"#) + DONE,
            Some((0, 7)),
        ),
    ];
    for (body, usage) in cases {
        let outcome = stream_of(Vendor::Chat, &body).await;
        assert_eq!(
            outcome.deltas.last(),
            Some(&end(FinishReason::Stop, usage)),
            "{body}"
        );
    }
}

#[tokio::test]
async fn finish_reasons_are_translated() {
    let cases = [
        ("stop", FinishReason::Stop),
        ("length", FinishReason::Length),
        ("tool_calls", FinishReason::ToolCalls),
        ("function_call", FinishReason::ToolCalls),
        ("content_filter", FinishReason::ContentFilter),
        ("eos", FinishReason::Stop),
    ];
    for (word, reason) in cases {
        let outcome = stream_of(Vendor::Chat, content("a") + &finish(word) + DONE).await;
        assert_eq!(outcome.deltas, texts(&["a"], end(reason, None)), "{word}");
    }
}

#[tokio::test]
async fn reasoning_and_refusals_are_told_apart() {
    let delta = |delta: &str| event(&format!(r#"{{"choices":[{{"index":0,"delta":{delta}}}]}}"#));
    let body = [
        delta(r#"{"reasoning_content":"a","content":null}"#),
        delta(r#"{"reasoning":"b","reasoning_content":null}"#),
        delta(r#"{"reasoning":"c","reasoning_content":"c","content":"d"}"#),
        delta(r#"{"refusal":"e"}"#),
        delta(r#"{"content":"f","refusal":"g","tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}"#),
        delta("null"),
        finish("stop"),
    ];
    let outcome = stream_of(Vendor::Chat, body.concat()).await;
    let reasoning = |text: &str| Delta::Reasoning(text.to_owned());
    let text = |text: &str| Delta::Text(text.to_owned());
    let expected = vec![
        reasoning("a"),
        reasoning("b"),
        reasoning("c"),
        text("d"),
        text("e"),
        text("fg"),
        end(FinishReason::Stop, None),
    ];
    assert_eq!(outcome.deltas, expected);
}

#[tokio::test]
async fn only_the_first_choice_counts() {
    let body = [
        event(r#"{"choices":[{"index":1,"delta":{"content":"x"},"finish_reason":"stop"}]}"#),
        event(r#"{"choices":[{"index":1,"delta":{"content":"x"}},{"index":0,"delta":{"content":"a"}}]}"#),
        event(r#"{"choices":[{"delta":{"content":"b"}}]}"#),
        finish("stop"),
    ];
    assert_eq!(
        stream_of(Vendor::Chat, body.concat()).await.deltas,
        texts(&["a", "b"], end(FinishReason::Stop, None))
    );
}

#[tokio::test]
async fn what_says_nothing_is_passed_over() {
    let body = [
        ": OPENROUTER PROCESSING\n\n",
        "data:\n\n",
        "event: ping\ndata: {}\n\n",
        &event(r#"{"choices":null,"usage":null,"error":null}"#),
        &event(r#"{"choices":[{"index":0,"delta":{"content":""},"finish_reason":""}],"error":{}}"#),
        "event: turn-end\r\nid: 7\r\nretry: 1\r\n",
        &content("a"),
        &finish("stop"),
        ": OPENROUTER PROCESSING\n\n",
        DONE,
    ];
    assert_eq!(
        stream_of(Vendor::Chat, body.concat()).await.deltas,
        texts(&["a"], end(FinishReason::Stop, None))
    );
}

#[tokio::test]
async fn nothing_after_done_is_read() {
    for after in [
        DONE,
        &content("x"),
        "data: nonsense\n\n",
        &event(r#"{"error":{"code":500}}"#),
    ] {
        let outcome = stream_of(Vendor::Chat, content("a") + &finish("length") + DONE + after).await;
        assert_eq!(outcome.deltas, texts(&["a"], end(FinishReason::Length, None)));
    }
}

#[tokio::test]
async fn done_without_finish_reason_needs_text() {
    let outcome = stream_of(Vendor::Chat, content("a") + &event(USAGE) + DONE).await;
    assert_eq!(
        outcome.deltas,
        texts(&["a"], end(FinishReason::Stop, Some((9, 12))))
    );
    let empty = stream_of(Vendor::Chat, DONE).await;
    assert_eq!(empty.kind(), Some(&ProviderErrorKind::Empty { usage: None }));
}

#[tokio::test]
async fn what_is_no_chunk_is_malformed() {
    let bodies: [&[u8]; 7] = [
        b"data: ping\n\n",
        b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":7}}]}\n\n",
        b"data: {\"choices\":{}}\n\n",
        b"data: \"text\"\n\n",
        b"data: {\n\ndata: }\n\n",
        b"data: {\"choices\":[{\"delta\":{\"content\":\"\xC3\x28\"}}]}\n\n",
        b"event: error\ndata: broken\n\n",
    ];
    for body in bodies {
        let outcome = stream_of(
            Vendor::Chat,
            [content("kept").as_bytes(), body, finish("stop").as_bytes()].concat(),
        )
        .await;
        assert_malformed(&outcome);
        assert_eq!(outcome.text(), "kept");
    }
}

#[tokio::test]
async fn escapes_and_surrogate_pairs_are_text() {
    let body = event(r#"{"choices":[{"index":0,"delta":{"content":"\ud83d\ude00\n\"\u00e9"}}]}"#);
    assert_eq!(
        stream_of(Vendor::Chat, body + &finish("stop")).await.text(),
        "\u{1f600}\n\"\u{e9}"
    );
}

#[tokio::test]
async fn a_reply_that_finishes_with_an_error_was_cut() {
    let outcome = stream_of(Vendor::Chat, content("kept") + &finish("error")).await;
    assert_eq!(
        (outcome.text().as_str(), outcome.kind()),
        ("kept", Some(&ProviderErrorKind::Disconnected))
    );
}

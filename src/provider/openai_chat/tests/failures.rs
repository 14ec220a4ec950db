use std::error::Error;
use std::time::Duration;

use super::fake::{
    Fake, HEAD, KEY, Outcome, Step, collect, content, event, finish, play, question, send, stream_of,
};
use crate::provider::{OpenAiChat, Provider, ProviderErrorKind, TimeLimit};

const SECRET: &str = "a sentence of the learner";

fn answer(status: u16, headers: &str, body: &str) -> Vec<Step> {
    let length = body.len();
    vec![send(format!(
        "HTTP/1.1 {status} X\r\n{headers}content-length: {length}\r\n\r\n{body}"
    ))]
}

/// Everything that a log could say about an error.
fn told(outcome: &Outcome) -> String {
    let error = outcome.error.as_ref().unwrap();
    let mut told = format!("{error:?} {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        told += &format!(" {cause:?} {cause}");
        source = cause.source();
    }
    told
}

const OVERLOADED: ProviderErrorKind = ProviderErrorKind::Overloaded { retry_after: None };

#[track_caller]
fn assert_tells_nothing(outcome: &Outcome) {
    let told = told(outcome);
    assert!(
        !told.contains(KEY) && !told.contains(SECRET) && !told.contains("/v1"),
        "{told}"
    );
}

#[tokio::test]
async fn statuses_are_mapped() {
    let limited = |seconds: Option<u64>| ProviderErrorKind::RateLimited {
        retry_after: seconds.map(Duration::from_secs),
    };
    let cases = [
        (429, "retry-after: 7\r\n", limited(Some(7))),
        (429, "retry-after: 99999999999999\r\n", limited(Some(3600))),
        (
            429,
            "retry-after: Wed, 21 Oct 2015 07:28:00 GMT\r\n",
            limited(Some(0)),
        ),
        (429, "retry-after: soon\r\n", limited(None)),
        (429, "", limited(None)),
        (500, "", OVERLOADED),
        (503, "", OVERLOADED),
        (529, "", OVERLOADED),
        (401, "", ProviderErrorKind::Unauthorized),
        (403, "", ProviderErrorKind::Unauthorized),
        (408, "", ProviderErrorKind::TimedOut(TimeLimit::Remote)),
        (
            503,
            "retry-after: 7\r\n",
            ProviderErrorKind::Overloaded {
                retry_after: Some(Duration::from_secs(7)),
            },
        ),
        (413, "", ProviderErrorKind::TooLong),
        (400, "", ProviderErrorKind::Rejected),
        (404, "", ProviderErrorKind::Rejected),
        (422, "", ProviderErrorKind::Rejected),
        (304, "", ProviderErrorKind::Rejected),
        (
            201,
            "content-type: text/event-stream\r\n",
            ProviderErrorKind::Malformed,
        ),
    ];
    for (status, headers, kind) in cases {
        let body = if status == 304 {
            String::new()
        } else {
            format!(r#"{{"error":{{"message":"{SECRET} {KEY}","code":"{KEY}"}}}}"#)
        };
        let outcome = play(answer(status, headers, &body)).await;
        assert_eq!(outcome.kind(), Some(&kind), "{status} {headers}");
        assert_tells_nothing(&outcome);
    }
}

#[tokio::test]
async fn a_date_to_retry_after_is_understood() {
    let date = (chrono::Utc::now() + Duration::from_secs(100)).format("%a, %d %b %Y %H:%M:%S GMT");
    let outcome = play(answer(429, &format!("retry-after: {date}\r\n"), "")).await;
    match outcome.kind() {
        Some(ProviderErrorKind::RateLimited {
            retry_after: Some(wait),
        }) => {
            assert!((90..=100).contains(&wait.as_secs()), "{wait:?}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn codes_of_the_body_are_kept_for_the_log() {
    let body = format!(
        r#"{{"error":{{"message":"{SECRET}","type":"invalid_request_error","param":null,"code":"context_length_exceeded"}}}}"#
    );
    let outcome = play(answer(400, "content-type: application/json\r\n", &body)).await;
    assert_eq!(outcome.kind(), Some(&ProviderErrorKind::TooLong));
    assert!(told(&outcome).contains("400, code context_length_exceeded, type invalid_request_error"));
    assert_tells_nothing(&outcome);
    let sentence = format!(r#"{{"error":{{"code":"{SECRET}","type":"{KEY}"}}}}"#);
    let outcome = play(answer(400, "", &sentence)).await;
    assert!(told(&outcome).contains("400, code -, type -"));
    assert_tells_nothing(&outcome);
}

#[tokio::test]
async fn an_endless_error_body_is_not_read_to_its_end() {
    let head = "HTTP/1.1 400 X\r\ncontent-length: 100000000\r\n\r\n";
    let outcome = play(vec![
        send(head),
        Step::Send(vec![b'a'; 128 * 1024]),
        Step::Silence,
    ])
    .await;
    assert_eq!(outcome.kind(), Some(&ProviderErrorKind::Rejected));
}

#[tokio::test]
async fn a_200_that_is_no_stream_is_malformed() {
    for (headers, body) in [
        ("content-type: text/html\r\n", "<html>"),
        (
            "content-type: application/json\r\n",
            r#"{"choices":[{"message":{"content":"a"}}]}"#,
        ),
        ("", "data: a\n\n"),
        (
            "content-type: text/event-stream\r\ncontent-encoding: gzip\r\n",
            "\u{1f}",
        ),
        ("content-type: text/event-streams\r\n", "data: a\n\n"),
    ] {
        let outcome = play(answer(200, headers, body)).await;
        assert_eq!(outcome.kind(), Some(&ProviderErrorKind::Malformed), "{headers}");
    }
}

#[tokio::test]
async fn an_error_object_is_mapped_in_a_200_and_in_the_stream() {
    let limited = ProviderErrorKind::RateLimited { retry_after: None };
    let cases = [
        (r#"{"message":"x","code":429}"#, limited.clone()),
        (r#"{"message":"x","code":"429"}"#, limited.clone()),
        (
            r#"{"message":"x","type":"rate_limit_error","code":null}"#,
            limited,
        ),
        (r#"{"message":"x","code":502}"#, OVERLOADED),
        (
            r#"{"message":"x","status":401,"code":"whatever"}"#,
            ProviderErrorKind::Unauthorized,
        ),
        (
            r#"{"message":"x","code":"invalid_api_key"}"#,
            ProviderErrorKind::Unauthorized,
        ),
        (
            r#"{"message":"x","code":400,"type":"exceed_context_size_error"}"#,
            ProviderErrorKind::TooLong,
        ),
        (
            r#"{"message":"x","type":"invalid_request_error"}"#,
            ProviderErrorKind::Rejected,
        ),
        (r#"{"message":"x","type":"server_error"}"#, OVERLOADED),
        (r#"{"message":"x"}"#, OVERLOADED),
        (r#""out of memory""#, OVERLOADED),
    ];
    for (error, kind) in cases {
        let object = format!(r#"{{"error":{error},"note":"{SECRET} {KEY}"}}"#);
        let whole = play(answer(200, "content-type: application/json\r\n", &object)).await;
        let first = stream_of(event(&object)).await;
        let later = stream_of(content("kept") + &event(&object) + &finish("stop")).await;
        let named = stream_of(format!("{}event: error\ndata: {error}\n\n", content("kept"))).await;
        assert_eq!(later.text(), "kept");
        for outcome in [whole, first, later, named] {
            assert_eq!(outcome.kind(), Some(&kind), "{error}: {outcome:?}");
            assert_tells_nothing(&outcome);
        }
    }
}

#[tokio::test]
async fn a_reply_that_finishes_with_an_error_is_none() {
    let outcome = stream_of(content("kept") + &finish("error")).await;
    assert_eq!(outcome.kind(), Some(&OVERLOADED));
}

#[tokio::test]
async fn malformed_data_is_not_quoted() {
    let outcome = stream_of(event(&format!(r#"{{"choices":"{SECRET} {KEY}"}}"#))).await;
    assert_eq!(outcome.kind(), Some(&ProviderErrorKind::Malformed));
    assert!(
        told(&outcome).contains("Data error in column"),
        "{}",
        told(&outcome)
    );
    assert_tells_nothing(&outcome);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (fake, other) = (Fake::new().await, Fake::new().await);
    let provider = OpenAiChat::new(&fake.settings()).unwrap();
    for status in [301, 302, 307, 308] {
        let location = format!("location: {}/chat/completions\r\n", other.base_url());
        let (outcome, _) = tokio::join!(collect(&provider), fake.answer(answer(status, &location, "")));
        assert_eq!(outcome.kind(), Some(&ProviderErrorKind::Rejected));
        assert_tells_nothing(&outcome);
    }
    assert!(!other.was_called().await);
}

#[tokio::test]
async fn a_refused_connection_is_a_disconnection() {
    let settings = Fake::new().await.settings();
    let outcome = collect(&OpenAiChat::new(&settings).unwrap()).await;
    assert_eq!(outcome.kind(), Some(&ProviderErrorKind::Disconnected));
    assert_tells_nothing(&outcome);
}

#[tokio::test]
async fn a_connection_that_is_cut_before_the_reply_is_a_disconnection() {
    let unanswered = ProviderErrorKind::ClosedUnanswered;
    for (head, kind) in [
        ("", &unanswered),
        ("HTTP/1.1 200 OK\r\n", &unanswered),
        (HEAD, &ProviderErrorKind::Disconnected),
    ] {
        let outcome = play(vec![send(head)]).await;
        assert_eq!(outcome.kind(), Some(kind), "{head:?}");
        assert_eq!(kind.code(), "provider-disconnected");
        assert_tells_nothing(&outcome);
    }
}

#[tokio::test]
async fn settings_that_cannot_be_used_are_refused_without_being_told() {
    let settings = Fake::new().await.settings();
    let mut settings = settings;
    settings.api_key = Some(format!("{KEY}\n").into());
    let error = OpenAiChat::new(&settings).unwrap_err();
    assert_eq!(error.kind, ProviderErrorKind::Unauthorized);
    assert_tells_nothing(&Outcome {
        deltas: Vec::new(),
        error: Some(error),
    });
}

#[tokio::test]
async fn the_key_is_in_the_request_and_nowhere_else() {
    let fake = Fake::new().await;
    let provider = OpenAiChat::new(&fake.settings()).unwrap();
    let (_, request) = tokio::join!(collect(&provider), fake.answer(vec![send(HEAD)]));
    assert!(
        request.contains(&format!("authorization: Bearer {KEY}\r\n")),
        "{request}"
    );
    assert!(request.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"));
    assert!(request.contains("accept: text/event-stream\r\n") && !request.contains("accept-encoding"));
    assert_eq!(
        format!("{provider:?}"),
        r#"OpenAiChat { name: "fake", model: "m", .. }"#
    );
    let shown = format!("{:?}", provider.request(&question()).unwrap());
    assert!(!shown.contains(KEY), "{shown}");
    assert_eq!(
        (provider.name(), provider.model(), provider.is_practice()),
        ("fake", "m", false)
    );
}

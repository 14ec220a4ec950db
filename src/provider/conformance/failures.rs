//! Failures before a stream, and what may be told of them.

use std::time::Duration;

use super::fake::{Fake, HEAD, KEY, Outcome, Step, collect, play, send};
use super::secrets::{OVERLOADED, SECRET, answer, assert_tells_nothing};
use super::vendor::{ALL, Vendor};
use crate::provider::{ProviderErrorKind, TimeLimit, build};

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
        (
            429,
            "retry-after-ms: 7000\r\nretry-after: 9\r\n",
            limited(Some(7)),
        ),
        (429, "retry-after-ms: -1\r\nretry-after: 9\r\n", limited(Some(9))),
        (402, "", ProviderErrorKind::QuotaUsedUp),
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
    for vendor in ALL {
        for (status, headers, kind) in &cases {
            let body = if *status == 304 {
                String::new()
            } else {
                format!(r#"{{"error":{{"message":"{SECRET} {KEY}","code":"{KEY}"}}}}"#)
            };
            let outcome = play(vendor, answer(*status, headers, &body)).await;
            assert_eq!(outcome.kind(), Some(kind), "{vendor:?} {status} {headers}");
            assert_tells_nothing(&outcome);
        }
    }
}

#[tokio::test]
async fn refusals_that_may_pass_are_told_from_those_that_do_not() {
    for vendor in ALL {
        for status in [409, 424, 425, 498] {
            let outcome = play(vendor, answer(status, "", "")).await;
            assert_eq!(outcome.kind(), Some(&OVERLOADED), "{vendor:?} {status}");
        }
    }
}

#[tokio::test]
async fn seconds_to_retry_after_may_be_a_fraction() {
    for vendor in ALL {
        for (value, milliseconds) in [
            ("1.5", Some(1_500)),
            ("0.25", Some(250)),
            ("-1", None),
            ("NaN", None),
            ("inf", Some(3_600_000)),
            ("1e300", Some(3_600_000)),
        ] {
            let headers = format!("retry-after: {value}\r\n");
            let outcome = play(vendor, answer(429, &headers, "")).await;
            let retry_after = milliseconds.map(Duration::from_millis);
            let kind = ProviderErrorKind::RateLimited { retry_after };
            assert_eq!(outcome.kind(), Some(&kind), "{vendor:?} {value}");
        }
    }
}

#[tokio::test]
async fn a_date_to_retry_after_is_understood() {
    for vendor in ALL {
        let date = (chrono::Utc::now() + Duration::from_secs(100)).format("%a, %d %b %Y %H:%M:%S GMT");
        let outcome = play(vendor, answer(429, &format!("retry-after: {date}\r\n"), "")).await;
        match outcome.kind() {
            Some(ProviderErrorKind::RateLimited {
                retry_after: Some(wait),
            }) => {
                assert!((90..=100).contains(&wait.as_secs()), "{wait:?}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn an_endless_error_body_is_not_read_to_its_end() {
    for vendor in ALL {
        let head = "HTTP/1.1 400 X\r\ncontent-length: 100000000\r\n\r\n";
        let outcome = play(
            vendor,
            vec![send(head), Step::Send(vec![b'a'; 128 * 1024]), Step::Silence],
        )
        .await;
        assert_eq!(outcome.kind(), Some(&ProviderErrorKind::Rejected));
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    for vendor in ALL {
        let (fake, other) = (Fake::new().await, Fake::new().await);
        let provider = build(&fake.settings(vendor)).unwrap();
        for status in [301, 302, 307, 308] {
            let location = format!("location: {}/chat/completions\r\n", other.base_url());
            let (outcome, _) = tokio::join!(collect(&*provider), fake.answer(answer(status, &location, "")));
            assert_eq!(outcome.kind(), Some(&ProviderErrorKind::Rejected));
            assert_tells_nothing(&outcome);
        }
        assert!(!other.was_called().await);
    }
}

#[tokio::test]
async fn a_refused_connection_is_a_disconnection() {
    for vendor in ALL {
        let settings = Fake::new().await.settings(vendor);
        let outcome = collect(&*build(&settings).unwrap()).await;
        assert_eq!(outcome.kind(), Some(&ProviderErrorKind::Disconnected));
        assert_tells_nothing(&outcome);
    }
}

#[tokio::test]
async fn a_connection_that_is_cut_before_the_reply_is_a_disconnection() {
    for vendor in ALL {
        let unanswered = ProviderErrorKind::ClosedUnanswered;
        for (head, kind) in [
            ("", &unanswered),
            ("HTTP/1.1 200 OK\r\n", &unanswered),
            (HEAD, &ProviderErrorKind::Disconnected),
        ] {
            let outcome = play(vendor, vec![send(head)]).await;
            assert_eq!(outcome.kind(), Some(kind), "{head:?}");
            assert_eq!(kind.code(), "provider-disconnected");
            assert_tells_nothing(&outcome);
        }
    }
}

#[tokio::test]
async fn settings_that_cannot_be_used_are_refused_without_being_told() {
    for vendor in ALL {
        let settings = Fake::new().await.settings(vendor);
        let mut settings = settings;
        settings.api_key = Some(format!("{KEY}\n").into());
        let error = build(&settings).err().unwrap();
        assert_eq!(error.kind, ProviderErrorKind::Unauthorized);
        assert_tells_nothing(&Outcome {
            deltas: Vec::new(),
            error: Some(error),
        });
    }
}

#[tokio::test]
async fn the_key_is_in_the_request_and_nowhere_else() {
    for vendor in ALL {
        let fake = Fake::new().await;
        let provider = build(&fake.settings(vendor)).unwrap();
        let (_, request) = tokio::join!(collect(&*provider), fake.answer(vec![send(HEAD)]));
        let header = match vendor {
            Vendor::Messages => format!("x-api-key: {KEY}\r\n"),
            _ => format!("authorization: Bearer {KEY}\r\n"),
        };
        assert!(request.contains(&header), "{request}");
        assert_eq!(request.matches(KEY).count(), 1);
        assert!(
            request.starts_with(&format!("POST {} HTTP/1.1\r\n", vendor.path())),
            "{request}"
        );
        assert!(request.contains("accept: text/event-stream\r\n") && !request.contains("accept-encoding"));
        assert_eq!(
            (provider.name(), provider.model(), provider.is_practice()),
            ("fake", "m", false)
        );
    }
}

//! Refusals: problem details as RFC 9457 defines them.

use reqwest::Response;
use serde_json::Value;

use crate::client::header;
use crate::setup::PROVIDER_KEY;

/// Checks that `response` is the refusal that is expected, whole and well-formed; answers its body.
pub(crate) async fn refused(response: Response, status: u16, code: &str) -> Value {
    let url = response.url().clone();
    let (got, content_type) = (response.status().as_u16(), header(&response, "content-type"));
    let text = response.text().await.expect("a whole body");
    assert_eq!(
        (got, content_type.as_str()),
        (status, "application/problem+json"),
        "{url}: {text}"
    );
    check(&text, status, code)
}

/// Checks the body of a refusal.
pub(crate) fn check(text: &str, status: u16, code: &str) -> Value {
    let problem = serde_json::from_str::<Value>(text).expect("a problem is JSON");
    assert!(!text.contains(PROVIDER_KEY), "the key is told: {text}");
    assert_eq!(problem["code"], code, "{text}");
    assert_eq!(problem["status"], status, "{text}");
    for field in ["type", "title", "detail", "requestId"] {
        assert!(
            problem[field].as_str().is_some_and(|value| !value.is_empty()),
            "no {field}: {text}"
        );
    }
    problem
}

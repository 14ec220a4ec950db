//! What an error may tell: nothing that a learner wrote, no key, no address.

use std::error::Error;

use super::fake::{KEY, Outcome, Step, send};
use crate::provider::ProviderErrorKind;

pub(super) const SECRET: &str = "a sentence of the learner";

pub(super) fn answer(status: u16, headers: &str, body: &str) -> Vec<Step> {
    let length = body.len();
    vec![send(format!(
        "HTTP/1.1 {status} X\r\n{headers}content-length: {length}\r\n\r\n{body}"
    ))]
}

/// Everything that a log could say about an error.
pub(super) fn told(outcome: &Outcome) -> String {
    let error = outcome.error.as_ref().unwrap();
    let mut told = format!("{error:?} {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        told += &format!(" {cause:?} {cause}");
        source = cause.source();
    }
    told
}

pub(super) const OVERLOADED: ProviderErrorKind = ProviderErrorKind::Overloaded { retry_after: None };

#[track_caller]
pub(super) fn assert_tells_nothing(outcome: &Outcome) {
    let told = told(outcome);
    assert!(
        !told.contains(KEY) && !told.contains(SECRET) && !told.contains("/v1"),
        "{told}"
    );
}

//! Series that are there before anything has happened: what may happen is known, and a first time is a change then.

use super::{Called, Metrics, Planned};

impl Metrics {
    /// These providers may be called, with one of these outcomes each; plans may be made for these reasons.
    pub(crate) fn expect_calls(&self, providers: &[&str], outcomes: &[&'static str]) {
        self.spending.expect(providers);
        for provider in providers {
            self.breaker(provider, 0);
            for outcome in outcomes.iter().copied() {
                let provider = (*provider).to_owned();
                drop(self.attempts.get_or_create(&Called { provider, outcome }));
            }
        }
    }

    /// Plans may be made for these reasons.
    pub(crate) fn expect_plans(&self, reasons: &[&'static str]) {
        for reason in reasons.iter().copied() {
            for outcome in ["planned", "late", "refused", "unanswered", "called-off"] {
                drop(self.plans.get_or_create(&Planned { reason, outcome }));
            }
        }
    }
}

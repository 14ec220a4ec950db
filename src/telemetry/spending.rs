//! What is counted of what users take: tokens by purpose and provider, and what is stored. Names no user.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::Metrics;
use crate::model::{Purpose, Usage};
use crate::repository::{StorageTotals, UserLimits};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Spent {
    provider: String,
    purpose: &'static str,
    direction: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Limited {
    of: &'static str,
}

const PURPOSES: [Purpose; 5] = [
    Purpose::Reply,
    Purpose::Retry,
    Purpose::Focus,
    Purpose::Review,
    Purpose::Summary,
];

/// The word of `GET /profile` for a purpose.
fn word(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Reply => "answers",
        Purpose::Retry => "retries",
        Purpose::Focus => "plans",
        Purpose::Review => "reviews",
        Purpose::Summary => "summaries",
    }
}

/// What is counted of what users take.
#[derive(Clone, Debug, Default)]
pub(super) struct SpendingMetrics {
    tokens: Family<Spent, Counter>,
    stored_bytes: Gauge,
    stored_reserved_bytes: Gauge,
    stored_largest_bytes: Gauge,
    stored_messages: Gauge,
    stored_sessions: Gauge,
    limits: Family<Limited, Gauge>,
}

impl SpendingMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "tokens",
            "Tokens of calls that have ended, by provider, purpose and direction",
            self.tokens.clone(),
        );
        registry.register(
            "stored_bytes",
            "Bytes of texts and logs of all users",
            self.stored_bytes.clone(),
        );
        registry.register(
            "stored_reserved_bytes",
            "Bytes that are held for replies being written",
            self.stored_reserved_bytes.clone(),
        );
        registry.register(
            "stored_largest_bytes",
            "The most that one user stores and holds",
            self.stored_largest_bytes.clone(),
        );
        registry.register(
            "stored_messages",
            "Messages of all users",
            self.stored_messages.clone(),
        );
        registry.register(
            "stored_sessions",
            "Sessions of all users",
            self.stored_sessions.clone(),
        );
        registry.register(
            "user_limit",
            "What one user may take; 0 is without limit",
            self.limits.clone(),
        );
    }

    /// These are called.
    pub(super) fn expect(&self, providers: &[&str]) {
        for provider in providers {
            for purpose in PURPOSES {
                self.spent(provider, purpose, Usage::NONE);
            }
        }
    }

    pub(super) fn spent(&self, provider: &str, purpose: Purpose, usage: Usage) {
        for (direction, tokens) in [("input", usage.input_tokens), ("output", usage.output_tokens)] {
            let spent = Spent {
                provider: provider.to_owned(),
                purpose: word(purpose),
                direction,
            };
            self.tokens
                .get_or_create(&spent)
                .inc_by(u64::try_from(tokens).unwrap_or_default());
        }
    }

    pub(super) fn limited(&self, limits: UserLimits) {
        let UserLimits { storage, tokens } = limits;
        for (of, most) in [
            ("storage-bytes", storage.bytes),
            ("sessions", storage.sessions),
            ("messages", storage.messages),
            ("tokens-per-day", tokens.map(|tokens| tokens.per_day)),
        ] {
            let most = i64::try_from(most.unwrap_or_default()).unwrap_or(i64::MAX);
            self.limits.get_or_create(&Limited { of }).set(most);
        }
    }

    pub(super) fn stored(&self, totals: StorageTotals) {
        let StorageTotals { all, largest } = totals;
        self.stored_bytes.set(all.bytes);
        self.stored_reserved_bytes.set(all.reserved_bytes);
        self.stored_largest_bytes.set(largest);
        self.stored_messages.set(all.messages);
        self.stored_sessions.set(all.sessions);
    }
}

impl Metrics {
    pub(crate) fn spent(&self, provider: &str, purpose: Purpose, usage: Usage) {
        self.spending.spent(provider, purpose, usage);
    }

    pub(crate) fn limited(&self, limits: UserLimits) {
        self.spending.limited(limits);
    }

    /// What all users store.
    pub(crate) fn stored(&self, totals: StorageTotals) {
        self.spending.stored(totals);
    }
}

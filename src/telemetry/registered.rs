//! What is counted of calls, plans and storage, under the names that the documentation lists.

use prometheus_client::registry::{Registry, Unit};

use super::Metrics;

impl Metrics {
    pub(super) fn register_calls(&self, registry: &mut Registry) {
        registry.register(
            "attempts",
            "Calls to providers, by how they ended",
            self.attempts.clone(),
        );
        registry.register(
            "retries",
            "Waits before a provider was asked again",
            self.retries.clone(),
        );
        registry.register(
            "breaker_state",
            "Whether calls pass to a provider: 0 all, 1 a probe, 2 none",
            self.breakers.clone(),
        );
    }

    pub(super) fn register_planning(&self, registry: &mut Registry) {
        registry.register(
            "plans",
            "Plans that a model was asked for, by why and by what came of it",
            self.plans.clone(),
        );
        registry.register(
            "reviews",
            "Turns that were looked at behind their answer, with all that followed",
            self.reviews.clone(),
        );
    }

    pub(super) fn register_storage(&self, registry: &mut Registry) {
        registry.register(
            "storage_state",
            "Whether the database takes writes: 0 it does, 1 none for 10 s, 2 none for 30 s, 3 a restart is needed",
            self.storage_state.clone(),
        );
        registry.register_with_unit(
            "writing",
            "How long the writer has been at what it is at, 0 when it waits for work",
            Unit::Seconds,
            self.writing_seconds.clone(),
        );
        registry.register(
            "reads_overdue",
            "Reads that were given up and have not come back",
            self.reads_overdue.clone(),
        );
        let wal = self.wal_bytes.clone();
        registry.register_with_unit("wal", "Length of the write-ahead log's file", Unit::Bytes, wal);
    }
}

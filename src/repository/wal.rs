//! How long the write-ahead log is, and who is told. It only grows while somebody beside the server holds a snapshot:
//! a backup, a dump, a transaction that was forgotten.

use std::sync::Arc;

use super::connection::Connector;
use crate::telemetry::Metrics;

/// A log that is longer than this has not been moved for long.
pub(super) const LONG_LOG: u64 = 64 << 20;
const PAGE: u64 = 4096;

pub(super) struct LogSize {
    metrics: Arc<Metrics>,
    told: bool,
}

/// What there is to say of it.
#[derive(Debug, PartialEq, Eq)]
enum News {
    Held,
    Freed,
}

impl LogSize {
    pub(super) fn new(metrics: Arc<Metrics>) -> Self {
        Self { metrics, told: false }
    }

    /// So many pages of the log cannot be moved now.
    pub(super) fn look(&mut self, connector: &Connector, held_pages: u32) {
        let bytes = connector.log_id().map_or(0, |(_, length)| length);
        self.metrics.wal(bytes);
        let held = u64::from(held_pages) * PAGE;
        match self.news(held) {
            Some(News::Held) => log::warn!("storage.log_held bytes={held}"),
            Some(News::Freed) => log::info!("storage.log_freed"),
            None => {}
        }
    }

    fn news(&mut self, held: u64) -> Option<News> {
        let was_told = self.told;
        // Far apart, so that a log of about that length is not told of again and again.
        self.told = if was_told {
            held > LONG_LOG / 4
        } else {
            held > LONG_LOG
        };
        match (was_told, self.told) {
            (false, true) => Some(News::Held),
            (true, false) => Some(News::Freed),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_is_held_is_told_once_and_its_end_too() {
        let mut size = LogSize::new(Arc::default());
        for (held, news) in [
            (0, None),
            (LONG_LOG, None),
            (LONG_LOG + 1, Some(News::Held)),
            (2 * LONG_LOG, None),
            (LONG_LOG / 2, None),
            (LONG_LOG, None),
            (LONG_LOG / 4, Some(News::Freed)),
            (0, None),
            (LONG_LOG + 1, Some(News::Held)),
        ] {
            assert_eq!(size.news(held), news, "{held} bytes");
        }
    }
}

//! Log set-up and the metrics registry. Neither ever sees a message, a prompt or a key.

mod expected;
mod line;
mod output;
mod process;
mod registered;
mod request;
mod requests;
mod spending;

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

pub use line::LogFormat;
pub use output::flush_log;
pub(crate) use request::{answering, current_request};

use self::output::Output;
use self::process::ProcessMetrics;
use self::requests::RequestMetrics;
use self::spending::SpendingMetrics;
use crate::model::Status;

/// Without actix's own lines: it has an error for each request that is none, and whoever sends those could fill a disk.
const DEFAULT_FILTER: &str = "info,actix_http=off,actix_server=warn";

/// Logs to standard error, panics too; `RUST_LOG` chooses what (default `info`).
///
/// # Errors
/// When the system gives no thread.
pub fn init_logging(format: LogFormat) -> std::io::Result<()> {
    let output = Output::to(std::io::stderr())?;
    output.install();
    let environment = env_logger::Env::default().default_filter_or(DEFAULT_FILTER);
    env_logger::Builder::from_env(environment)
        .format(move |out, record| line::write(format, out, record))
        .target(env_logger::Target::Pipe(Box::new(output)))
        .init();
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// A panic's words and place, as one line. Its backtrace follows when `RUST_BACKTRACE` asks for it.
fn log_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("?");
    let words = panic.payload_as_str().unwrap_or("?");
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    log::error!("process.panicked thread={name} place={place} words={words:?}");
    let trace = std::backtrace::Backtrace::capture();
    if trace.status() == std::backtrace::BacktraceStatus::Captured {
        for frame in trace.to_string().lines() {
            log::error!("process.backtrace {}", frame.trim());
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Called {
    provider: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfProvider {
    provider: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Planned {
    reason: &'static str,
    outcome: &'static str,
}

/// Everything that is counted.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Whose names have no prefix.
    process_registry: Registry,
    requests: RequestMetrics,
    spending: SpendingMetrics,
    process: ProcessMetrics,
    turns_started: Counter,
    turns_ended: Family<Ended, Counter>,
    turns_live: Gauge,
    streams_open: Gauge,
    deltas: Counter,
    attempts: Family<Called, Counter>,
    retries: Counter,
    breakers: Family<OfProvider, Gauge>,
    plans: Family<Planned, Counter>,
    reviews: Counter,
    commits: Counter,
    logs_committed: Counter,
    commit_seconds: Histogram,
    first_delta_seconds: Histogram,
    storage_state: Gauge,
    writing_seconds: Gauge<f64, AtomicU64>,
    reads_overdue: Gauge,
    wal_bytes: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("tutorstream");
        let metrics = Self {
            turns_started: Counter::default(),
            turns_ended: Family::default(),
            turns_live: Gauge::default(),
            streams_open: Gauge::default(),
            deltas: Counter::<u64, AtomicU64>::default(),
            attempts: Family::default(),
            retries: Counter::default(),
            breakers: Family::default(),
            plans: Family::default(),
            reviews: Counter::default(),
            commits: Counter::default(),
            logs_committed: Counter::default(),
            commit_seconds: Histogram::new(exponential_buckets(0.000_05, 2.0, 16)),
            first_delta_seconds: Histogram::new(exponential_buckets(0.01, 2.0, 14)),
            storage_state: Gauge::default(),
            writing_seconds: Gauge::default(),
            reads_overdue: Gauge::default(),
            wal_bytes: Gauge::default(),
            registry: Registry::default(),
            process_registry: Registry::default(),
            requests: RequestMetrics::default(),
            spending: SpendingMetrics::default(),
            process: ProcessMetrics::default(),
        };
        metrics.register_turns(&mut registry);
        metrics.register_calls(&mut registry);
        metrics.register_planning(&mut registry);
        registry.register("commits", "Group commits", metrics.commits.clone());
        registry.register(
            "logs_committed",
            "Logs in group commits",
            metrics.logs_committed.clone(),
        );
        let commit = metrics.commit_seconds.clone();
        registry.register_with_unit("commit", "Time of a group commit", Unit::Seconds, commit);
        let first = metrics.first_delta_seconds.clone();
        registry.register_with_unit(
            "first_delta",
            "From the begin of a turn to its first delta",
            Unit::Seconds,
            first,
        );
        metrics.requests.register(&mut registry);
        metrics.spending.register(&mut registry);
        let mut process_registry = Registry::default();
        metrics.process.register(&mut process_registry, &mut registry);
        metrics.register_storage(&mut registry);
        Self {
            registry,
            process_registry,
            ..metrics
        }
    }
}

impl Metrics {
    fn register_turns(&self, registry: &mut Registry) {
        registry.register("turns_started", "Turns begun", self.turns_started.clone());
        registry.register("turns_ended", "Turns ended, by status", self.turns_ended.clone());
        registry.register("turns_live", "Turns that have not ended", self.turns_live.clone());
        registry.register(
            "streams_open",
            "Event streams being sent",
            self.streams_open.clone(),
        );
        registry.register("deltas", "Deltas received from providers", self.deltas.clone());
        for status in [
            Status::Complete,
            Status::Stopped,
            Status::Failed,
            Status::Interrupted,
        ] {
            drop(self.turns_ended.get_or_create(&Ended {
                status: status.as_str(),
            }));
        }
    }

    /// The text format that Prometheus reads (OpenMetrics 1.0).
    #[must_use]
    pub fn encode(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = encode_registry(&mut text, &self.process_registry);
        let _ = encode_registry(&mut text, &self.registry);
        let _ = encode_eof(&mut text);
        text
    }

    pub(crate) fn turn_started(&self) {
        self.turns_started.inc();
        self.turns_live.inc();
    }

    pub(crate) fn turn_ended(&self, status: Status) {
        self.turns_ended
            .get_or_create(&Ended {
                status: status.as_str(),
            })
            .inc();
        self.turns_live.dec();
    }

    pub(crate) fn delta(&self) {
        self.deltas.inc();
    }

    pub(crate) fn attempt(&self, provider: &str, outcome: &'static str) {
        let provider = provider.to_owned();
        self.attempts.get_or_create(&Called { provider, outcome }).inc();
    }

    pub(crate) fn plan(&self, reason: &'static str, outcome: &'static str) {
        self.plans.get_or_create(&Planned { reason, outcome }).inc();
    }

    pub(crate) fn reviewed(&self) {
        self.reviews.inc();
    }

    pub(crate) fn retry(&self) {
        self.retries.inc();
    }

    pub(crate) fn breaker(&self, provider: &str, level: i64) {
        let provider = provider.to_owned();
        self.breakers.get_or_create(&OfProvider { provider }).set(level);
    }

    pub(crate) fn first_delta(&self, after: Duration) {
        self.first_delta_seconds.observe(after.as_secs_f64());
    }

    pub(crate) fn stream_opened(&self) {
        self.streams_open.inc();
    }

    pub(crate) fn stream_closed(&self) {
        self.streams_open.dec();
    }

    pub(crate) fn storage(&self, state: i64, writing: Duration) {
        self.storage_state.set(state);
        self.writing_seconds.set(writing.as_secs_f64());
    }

    pub(crate) fn reads_overdue(&self, count: usize) {
        self.reads_overdue.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    pub(crate) fn wal(&self, bytes: u64) {
        self.wal_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    pub(crate) fn committed(&self, logs: usize, duration: Duration) {
        self.commits.inc();
        self.logs_committed.inc_by(logs as u64);
        self.commit_seconds.observe(duration.as_secs_f64());
    }
}

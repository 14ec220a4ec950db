//! The process as the system sees it, under the names that every Prometheus client has for it, and the database's files.
//! Read when the metrics are.

use std::path::Path;
use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use super::Metrics;

/// What is read of the process: `process_resident_memory_bytes`, `process_cpu_seconds`, `process_open_fds`,
/// `process_max_fds`; and of the files.
#[derive(Clone, Debug, Default)]
pub(super) struct ProcessMetrics {
    resident: Gauge,
    open_descriptors: Gauge,
    most_descriptors: Gauge,
    cpu_seconds: Counter<f64, AtomicU64>,
    database: Gauge,
}

impl ProcessMetrics {
    /// `process` has the names of the process itself, `own` those of this program.
    pub(super) fn register(&self, process: &mut Registry, own: &mut Registry) {
        process.register_with_unit(
            "process_resident_memory",
            "Resident memory",
            Unit::Bytes,
            self.resident.clone(),
        );
        process.register(
            "process_open_fds",
            "Open file descriptors",
            self.open_descriptors.clone(),
        );
        process.register(
            "process_max_fds",
            "File descriptors that may be open",
            self.most_descriptors.clone(),
        );
        process.register_with_unit(
            "process_cpu",
            "Processor time",
            Unit::Seconds,
            self.cpu_seconds.clone(),
        );
        own.register_with_unit(
            "database",
            "Size of the database file",
            Unit::Bytes,
            self.database.clone(),
        );
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        own.register("build", "Which program this is", Info::new(version.to_vec()));
    }

    /// Looks anew. What the system does not tell stays as it was.
    pub(super) fn look(&self, database: &Path) {
        let set = |gauge: &Gauge, value: Option<u64>| {
            if let Some(value) = value.and_then(|value| i64::try_from(value).ok()) {
                gauge.set(value);
            }
        };
        set(&self.resident, resident_bytes());
        set(&self.open_descriptors, open_descriptors());
        let most = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        set(&self.most_descriptors, most);
        let cpu = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        let cpu = std::time::Duration::try_from(cpu)
            .unwrap_or_default()
            .as_secs_f64();
        self.cpu_seconds.inc_by((cpu - self.cpu_seconds.get()).max(0.0));
        let size = |path: &Path| std::fs::metadata(path).ok().map(|file| file.len());
        set(&self.database, size(database));
    }
}

/// `statm` counts pages (proc(5)).
fn resident_bytes() -> Option<u64> {
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    let resident: u64 = pages.split(' ').nth(1)?.parse().ok()?;
    Some(resident * rustix::param::page_size() as u64)
}

fn open_descriptors() -> Option<u64> {
    let open = std::fs::read_dir("/proc/self/fd").ok()?.count();
    // One of them is the folder's.
    Some((open as u64).saturating_sub(1))
}

impl Metrics {
    /// Looks at the process and at the files of this database.
    pub(crate) fn look(&self, database: &Path) {
        self.process.look(database);
    }
}

//! The figures of one window, and what is derived from them.

/// What was seen in one window.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    pub(crate) seconds: f64,
    pub(crate) deltas: u64,
    pub(crate) frames: u64,
    /// Seconds of the measured program's CPU.
    pub(crate) cpu: f64,
    pub(crate) written: u64,
    pub(crate) written_through: u64,
    pub(crate) switches: u64,
    pub(crate) readers_cpu: f64,
    pub(crate) upstream_cpu: f64,
    /// Seconds that all cores of the machine were busy.
    pub(crate) machine_cpu: f64,
    pub(crate) commits_per_second: Option<f64>,
    pub latency_p50: Option<u64>,
    pub latency_p99: Option<u64>,
    pub first_delta_p50: Option<u64>,
    pub(crate) faults: u64,
}

impl Window {
    /// `amount` per delta.
    pub(crate) fn per_delta(&self, amount: f64) -> f64 {
        amount / self.deltas.max(1) as f64
    }

    /// Cores kept busy by the measured program, the readers, the upstream, and by all else: a
    /// window with much of that is spoilt.
    pub(crate) fn cores(&self) -> String {
        let known = [self.cpu, self.readers_cpu, self.upstream_cpu];
        let others = (self.machine_cpu - known.iter().sum::<f64>()).max(0.0);
        let [it, readers, upstream] = known;
        [it, readers, upstream, others]
            .map(|cpu| format!("{:.2}", cpu / self.seconds))
            .join(" / ")
    }

    /// Microseconds of the measured program's CPU per delta.
    pub(crate) fn cpu_per_delta(&self) -> f64 {
        self.per_delta(self.cpu * 1e6)
    }
}

/// The window with the median CPU per delta; each of its latencies is the median of all windows, as
/// one disturbance spoils the latency of one round.
pub(crate) fn median(mut windows: Vec<Window>) -> Option<Window> {
    let middle = |of: fn(&Window) -> Option<u64>| {
        let mut values: Vec<u64> = windows.iter().filter_map(of).collect();
        values.sort_unstable();
        values.get(values.len().saturating_sub(1) / 2).copied()
    };
    let latency_p50 = middle(|window| window.latency_p50);
    let latency_p99 = middle(|window| window.latency_p99);
    let first_delta_p50 = middle(|window| window.first_delta_p50);
    let faults = windows.iter().map(|window| window.faults).sum();
    windows.sort_by(|one, other| one.cpu_per_delta().total_cmp(&other.cpu_per_delta()));
    let window = windows.swap_remove(windows.len().checked_sub(1)? / 2);
    Some(Window {
        latency_p50,
        latency_p99,
        first_delta_p50,
        faults,
        ..window
    })
}

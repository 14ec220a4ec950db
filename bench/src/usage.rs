//! What a process has used so far, as the kernel counts it in /proc.

use std::fs;

use crate::Result;

/// Counters of one process since it started.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    pub(crate) cpu: Cpu,
    /// Bytes the process caused to be written to storage (pages it made dirty).
    pub(crate) written: u64,
    /// Bytes passed to write calls, for files and pipes; `send` to a socket is not among them.
    pub(crate) written_through: u64,
    /// Context switches of the threads alive now.
    pub(crate) switches: u64,
}

impl Usage {
    pub(crate) fn of(pid: u32) -> Result<Self> {
        let io = fs::read_to_string(format!("/proc/{pid}/io"))?;
        Ok(Self {
            cpu: Cpu::of(pid)?,
            written: field(&io, "write_bytes").unwrap_or(0),
            written_through: field(&io, "wchar").unwrap_or(0),
            switches: switches(pid)?,
        })
    }
}

/// User and system time of a process, counted twice, in seconds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cpu {
    /// Of all threads, ended ones too, in steps of a clock tick.
    coarse: f64,
    /// To the nanosecond, but only of the threads alive now.
    fine: f64,
}

impl Cpu {
    pub(crate) fn of(pid: u32) -> Result<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // The name in parentheses may hold blanks: count the fields behind it (proc_pid_stat(5), 14 and 15).
        let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields);
        let ticks = fields.split(' ').skip(11).take(2);
        let ticks: u64 = ticks.filter_map(|field| field.parse::<u64>().ok()).sum();
        let running = thread_files(pid, "schedstat")?;
        let running = running
            .iter()
            .filter_map(|text| text.split(' ').next()?.parse::<u64>().ok());
        Ok(Self {
            coarse: ticks as f64 / rustix::param::clock_ticks_per_second() as f64,
            fine: running.sum::<u64>() as f64 / 1e9,
        })
    }

    /// Seconds used since `earlier`.
    pub(crate) fn since(self, earlier: Self) -> f64 {
        let (coarse, fine) = (self.coarse - earlier.coarse, self.fine - earlier.fine);
        // User and system time may each be a tick off; what is beyond that was used by ended threads.
        if coarse - fine > 0.03 { coarse } else { fine }
    }
}

/// Seconds that all cores of the machine were busy since boot, together.
pub(crate) fn machine_seconds() -> Result<f64> {
    let stat = fs::read_to_string("/proc/stat")?;
    let fields = stat.lines().next().unwrap_or("").split_whitespace().skip(1);
    let ticks: Vec<u64> = fields.filter_map(|field| field.parse().ok()).collect();
    // All but the fourth and fifth, idle and waiting for a disk, and those behind the eighth, which
    // are counted before (proc_stat(5)).
    let busy = ticks
        .iter()
        .take(8)
        .enumerate()
        .filter(|(place, _)| ![3, 4].contains(place));
    let busy: u64 = busy.map(|(_, ticks)| ticks).sum();
    Ok(busy as f64 / rustix::param::clock_ticks_per_second() as f64)
}

/// Memory of a process in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Memory {
    pub(crate) resident: u64,
    /// Resident, with shared pages split among those who share them.
    pub(crate) proportional: u64,
    /// What the kernel holds for all processes in TCP buffers and in objects such as sockets, so for
    /// both ends of each connection.
    pub(crate) kernel: u64,
}

impl Memory {
    pub(crate) fn of(pid: u32) -> Result<Self> {
        let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
        let sockstat = fs::read_to_string("/proc/net/sockstat")?;
        let meminfo = fs::read_to_string("/proc/meminfo")?;
        let pages = sockstat.lines().find(|line| line.starts_with("TCP:"));
        let pages = pages
            .and_then(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
            .unwrap_or(0);
        Ok(Self {
            resident: field(&rollup, "Rss").unwrap_or(0) * 1024,
            proportional: field(&rollup, "Pss").unwrap_or(0) * 1024,
            kernel: pages * rustix::param::page_size() as u64
                + field(&meminfo, "SUnreclaim").unwrap_or(0) * 1024,
        })
    }
}

fn switches(pid: u32) -> Result<u64> {
    let count = |status: &String| {
        let voluntary = field(status, "voluntary_ctxt_switches").unwrap_or(0);
        voluntary + field(status, "nonvoluntary_ctxt_switches").unwrap_or(0)
    };
    Ok(thread_files(pid, "status")?.iter().map(count).sum())
}

/// One file of each thread.
fn thread_files(pid: u32, name: &str) -> Result<Vec<String>> {
    let threads = fs::read_dir(format!("/proc/{pid}/task"))?;
    // A thread may end between the listing and the reading.
    Ok(threads
        .filter_map(|thread| fs::read_to_string(thread.ok()?.path().join(name)).ok())
        .collect())
}

fn field(text: &str, name: &str) -> Option<u64> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Memory, Usage, field};

    #[test]
    fn a_process_can_measure_itself() {
        let pid = std::process::id();
        assert!(Memory::of(pid).is_ok_and(|memory| memory.resident > 100_000));
        assert!(Usage::of(pid).is_ok_and(|usage| usage.cpu.since(usage.cpu) == 0.0));
    }

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        assert_eq!(field("Pss_Anon:  1 kB\nPss:   2 kB\n", "Pss"), Some(2));
    }
}

//! How much memory a process uses, as the kernel counts it.

use rustix::process::{Pid, Resource, Rlimit, prlimit};

/// Bytes in use now. The peak is counted anew from here (`proc_pid_clear_refs(5)`).
pub(crate) fn now_and_forget_peak(process: Pid) -> u64 {
    let path = format!("/proc/{}/clear_refs", process.as_raw_nonzero());
    std::fs::write(path, "5").expect("an own child can be measured");
    field(process, "VmRSS:")
}

/// Bytes in use now.
pub(crate) fn now(process: Pid) -> u64 {
    field(process, "VmRSS:")
}

/// The most bytes that were in use at a time.
pub(crate) fn peak(process: Pid) -> u64 {
    field(process, "VmHWM:")
}

/// From now on the process may have so many bytes more than it has, and dies of one more.
pub(crate) fn limit(process: Pid, left: u64) {
    let most = field(process, "VmData:") + left;
    let limit = Rlimit {
        current: Some(most),
        maximum: Some(most),
    };
    prlimit(Some(process), Resource::Data, limit).expect("a process can be limited");
}

fn field(process: Pid, name: &str) -> u64 {
    let path = format!("/proc/{}/status", process.as_raw_nonzero());
    let status = std::fs::read_to_string(path).expect("an own child can be measured");
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    let kib: u64 = kib.expect("a figure").parse().expect("a number");
    kib * 1024
}

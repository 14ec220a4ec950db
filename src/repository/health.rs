//! Whether the database takes writes.

/// Whether commits succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StorageHealth {
    /// They do.
    Ok,
    /// None for 10 s: readers are told, writes are refused.
    Degraded,
    /// None for 30 s: turns fail with what was stored.
    Unavailable,
    /// The disk may have lost what was reported as written: only a restart can tell what is stored.
    Lost,
}

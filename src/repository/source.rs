//! What the writer needs of a turn log, and nothing more.

use crate::ids::TurnId;

/// Events of one turn that stand in no row of `turn_events` yet.
#[derive(Debug, Default)]
pub struct Segment {
    /// Number of the first event.
    pub first: u64,
    /// Number of the last event.
    pub last: u64,
    /// Whole SSE frames.
    pub frames: Vec<u8>,
}

/// A log whose new frames are to be stored. Only the writer's thread calls this, in the order
/// take… → `set_stored` or `undo`.
pub trait CommitSource: Send + Sync {
    /// Whose log this is.
    fn turn_id(&self) -> TurnId;
    /// Appends the frames that came since the last take to `batch`; false when there are none.
    fn take_into(&self, batch: &mut Vec<u8>) -> bool;
    /// Takes frames that stand in no segment, stored in a batch or not, as many as one should have; `None` when there
    /// are none. The end of a log is not among them.
    fn take_segment(&self) -> Option<Segment>;
    /// The same, with the end of the log: it is stored together with the turn's outcome or not at all.
    fn take_last_segment(&self) -> Option<Segment>;
    /// Whether so many frames stand outside segments that one is due.
    fn wants_segment(&self) -> bool;
    /// What was taken is stored: show it.
    fn set_stored(&self);
    /// What was taken is not stored: it will be taken again.
    fn undo(&self);
}

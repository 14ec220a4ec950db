//! The session feed: every device shows the same session, whatever happens to it and to the devices' connections.

mod changes;
mod faults;
mod interleavings;
mod observers;
mod resume;
mod turns;
pub(crate) mod viewer;

//! One suite that every wire passes: recorded streams, cuts, splits, faults, limits. What only one vendor does is
//! tested beside its adapter.

mod conversations;
mod cuts;
mod ends;
mod error_objects;
mod failures;
pub(super) mod fake;
mod fields;
mod labels;
mod limits;
mod odd;
mod recordings;
mod replies;
mod secrets;
mod shapes;
mod tls;
pub(super) mod vendor;

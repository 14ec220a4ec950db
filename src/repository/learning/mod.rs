//! What is known of a session's work and of its learner: plans, profiles, mastery, summaries. What they mean is the
//! agent's affair.

mod focus;
mod learners;
mod summaries;
mod topics;

pub(super) use focus::newest_upto;
pub use focus::{FocusVersion, NewFocus, PlanningMaterial, PromptMaterial};
pub use learners::{Learner, LearnerChanges, TopicCorrection};
pub(super) use summaries::forget as forget_summary;
pub use topics::{Change, Lesson, TopicMastery};

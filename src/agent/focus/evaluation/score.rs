//! How often a decision was the right one.

use std::fmt;

/// Decisions that were made (`true`) or not, against what was expected.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Score {
    right: u32,
    wrong: u32,
    missed: u32,
}

impl Score {
    pub(super) fn count(&mut self, decided: bool, expected: bool) {
        match (decided, expected) {
            (true, true) => self.right += 1,
            (true, false) => self.wrong += 1,
            (false, true) => self.missed += 1,
            (false, false) => {}
        }
    }

    /// The share of what was decided that is right, in per cent.
    pub(super) fn precision(self) -> u32 {
        percent(self.right, self.right + self.wrong)
    }

    /// The share of what was expected that was decided, in per cent.
    pub(super) fn recall(self) -> u32 {
        percent(self.right, self.right + self.missed)
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let expected = self.right + self.missed;
        write!(f, "{} % | {} % | {expected}", self.precision(), self.recall())
    }
}

/// Rounded down; 100 of nothing.
fn percent(part: u32, whole: u32) -> u32 {
    (part * 100).checked_div(whole).unwrap_or(100)
}

//! Whether a reply has ended, as far as its provider has said: one small machine for all wires.
//!
//! A reason that stands alone in its record is *firm*: only the cost may still come, and nothing undoes the reply. One
//! that comes with text, or after another that was taken back, is *provisional*, for there are servers that write
//! `stop` into every chunk: the end of the stream has to confirm it. Text after a reason takes it back.

use crate::model::FinishReason;

/// How far the end has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// No reason holds.
    #[default]
    Open,
    /// There is a reason, which has to be confirmed.
    Provisional(FinishReason),
    /// There is a reason, and nothing but the cost may still come.
    Firm(FinishReason),
}

/// Whether a reply has ended.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::provider) struct Ending {
    state: State,
    /// Whether this server has given a reason that did not hold.
    was_taken_back: bool,
}

impl Ending {
    /// Something was written: what was said of an end before it was not true.
    pub(in crate::provider) fn take_back(&mut self) {
        if self.state != State::Open {
            *self = Self {
                state: State::Open,
                was_taken_back: true,
            };
        }
    }

    /// The provider gives a reason; `stands_alone` when nothing was written in the same record.
    pub(in crate::provider) fn give(&mut self, reason: FinishReason, stands_alone: bool) {
        self.state = match self.state {
            State::Open | State::Provisional(_) if !stands_alone || self.was_taken_back => {
                State::Provisional(reason)
            }
            _ => State::Firm(reason),
        };
    }

    /// The stream has ended as it should: what was said holds.
    pub(in crate::provider) fn confirm(&mut self) {
        if let State::Provisional(reason) = self.state {
            self.state = State::Firm(reason);
        }
    }

    /// The reason, whether firm or not.
    pub(in crate::provider) fn reason(&self) -> Option<FinishReason> {
        match self.state {
            State::Open => None,
            State::Provisional(reason) | State::Firm(reason) => Some(reason),
        }
    }

    /// Whether nothing undoes the reply any more.
    pub(in crate::provider) fn is_firm(&self) -> bool {
        matches!(self.state, State::Firm(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STOP: FinishReason = FinishReason::Stop;

    #[test]
    fn a_reason_of_its_own_is_firm_and_stays_so() {
        let mut ending = Ending::default();
        assert_eq!((ending.reason(), ending.is_firm()), (None, false));
        ending.give(STOP, true);
        assert!(ending.is_firm());
        ending.give(FinishReason::Length, true);
        assert_eq!(
            (ending.reason(), ending.is_firm()),
            (Some(FinishReason::Length), true)
        );
    }

    #[test]
    fn a_reason_beside_text_has_to_be_confirmed() {
        let mut ending = Ending::default();
        ending.give(STOP, false);
        assert_eq!((ending.reason(), ending.is_firm()), (Some(STOP), false));
        ending.confirm();
        assert!(ending.is_firm());
        let mut again = Ending::default();
        again.give(STOP, false);
        again.give(STOP, true);
        assert!(again.is_firm());
    }

    #[test]
    fn text_takes_any_reason_back_and_the_next_one_is_doubted() {
        for stands_alone in [false, true] {
            let mut ending = Ending::default();
            ending.give(STOP, stands_alone);
            ending.take_back();
            assert_eq!((ending.reason(), ending.is_firm()), (None, false));
            ending.confirm();
            assert_eq!(ending.reason(), None);
            ending.give(STOP, true);
            assert!(!ending.is_firm());
            ending.confirm();
            assert!(ending.is_firm());
        }
    }
}

//! Who may be called, and with what to become of the text so far.

use tokio::time::Instant;

use super::Chain;
use super::course::Call;
use crate::model::AttemptMode;

/// A call that may be made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) call: Call,
    /// How often it was called.
    pub(super) tries: u32,
    /// When its breaker may let a call through.
    pub(super) closed_until: Option<Instant>,
}

/// One that was not called yet.
pub(super) fn candidate(link: usize, mode: AttemptMode) -> Candidate {
    Candidate {
        call: Call { link, mode },
        tries: 0,
        closed_until: None,
    }
}

/// Those who go on exactly where the text ends.
pub(super) fn going_on(chain: &Chain, first: usize) -> impl Iterator<Item = Candidate> {
    let order = chain
        .order(first)
        .filter(|link| chain.provider(*link).continues_partial());
    order.map(|link| candidate(link, AttemptMode::Continue))
}

/// The others, who are asked in words to go on.
pub(super) fn in_words(chain: &Chain, first: usize) -> impl Iterator<Item = Candidate> {
    let order = chain
        .order(first)
        .filter(|link| !chain.provider(*link).continues_partial());
    order.map(|link| candidate(link, AttemptMode::Continue))
}

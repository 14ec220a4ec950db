//! Whether a job that fails is itself at fault, so that one job never stops all others for ever: a page that the disk
//! cannot read is read by one job alone. It is so when the same place fails in one try after another, the others can
//! be stored without it, and that three times.

use super::error::RepositoryError;

/// So many tries in a row are made with the job, before one without it.
const TRIES: u32 = 3;
/// So many times the others are stored without it.
const PROOFS: u32 = 3;

#[derive(Debug, Default)]
pub(super) struct Suspicion {
    place: usize,
    tries: u32,
    proofs: u32,
}

impl Suspicion {
    /// The job at this place has failed. Answers whether the next try is to be made without it.
    pub(super) fn leaves_out(&mut self, place: usize, error: &RepositoryError) -> bool {
        if error.failure().spares_connection() {
            // A lock and a full disk are nobody's own fault.
            *self = Self::default();
            return false;
        }
        if place != self.place {
            (self.place, self.tries) = (place, 0);
        }
        self.tries = (self.tries + 1) % TRIES;
        self.tries == 0
    }

    /// The others are stored without it. Answers whether that is proof enough.
    pub(super) fn is_proven(&mut self) -> bool {
        self.tries = 0;
        self.proofs = (self.proofs + 1) % PROOFS;
        self.proofs == 0
    }
}

#[cfg(test)]
mod tests {
    use diesel::result::{DatabaseErrorKind, Error as DieselError};

    use super::*;

    fn failing(words: &str) -> RepositoryError {
        DieselError::DatabaseError(DatabaseErrorKind::Unknown, Box::new(words.to_owned())).into()
    }

    #[test]
    fn a_job_is_left_out_after_three_tries_and_given_up_after_three_proofs() {
        let (mut suspicion, broken) = (Suspicion::default(), failing("disk I/O error"));
        for proven in [false, false, true] {
            let tries = [0; TRIES as usize].map(|place| suspicion.leaves_out(place, &broken));
            assert_eq!(tries, [false, false, true]);
            assert_eq!(suspicion.is_proven(), proven);
        }
    }

    #[test]
    fn another_place_and_a_full_disk_begin_anew() {
        let (mut suspicion, broken) = (Suspicion::default(), failing("disk I/O error"));
        assert!(!suspicion.leaves_out(0, &broken) && !suspicion.leaves_out(0, &broken));
        assert!(!suspicion.leaves_out(1, &broken) && !suspicion.leaves_out(1, &broken));
        assert!(!suspicion.leaves_out(1, &failing("database or disk is full")));
        assert!(!suspicion.leaves_out(1, &broken) && !suspicion.leaves_out(1, &broken));
        assert!(suspicion.leaves_out(1, &broken));
    }
}

//! What one stream shall be like. It travels as the learner's message, so that it passes any server
//! in the middle unchanged and the fake upstream finds it in the request.

use std::fmt;

/// How the fake upstream paces one stream.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Plan {
    /// Deltas per second; 0 floods as fast as the other side accepts.
    pub(crate) rate: f64,
    /// Deltas of the whole stream, unless the bench ends it sooner.
    pub(crate) count: u64,
    /// Deltas per write.
    pub(crate) burst: usize,
    /// Offset of this stream's sends within one interval, 0 to 1.
    pub(crate) phase: f64,
}

/// No stream outlives this many deltas, whatever it was asked for.
pub(crate) const MOST_DELTAS: u64 = 5_000_000;

impl Plan {
    /// Nanoseconds between two writes of a paced stream.
    pub(crate) fn interval_ns(&self) -> u64 {
        (1e9 * self.burst as f64 / self.rate) as u64
    }

    /// The learner's message. `name` keeps messages apart, so that no answer comes from a cache.
    pub(crate) fn message(&self, name: &str) -> String {
        format!("{self} name={name}")
    }

    /// Finds a plan in a learner's message.
    pub(crate) fn find(message: &str) -> Option<Self> {
        let (_, fields) = message.split_once("bench ")?;
        let mut plan = Self {
            rate: 10.0,
            count: 100,
            burst: 1,
            phase: 0.0,
        };
        for field in fields.split_whitespace() {
            let (key, value) = field.split_once('=')?;
            match key {
                "rate" => plan.rate = value.parse().ok()?,
                "count" => plan.count = value.parse().ok()?,
                "burst" => plan.burst = value.parse().ok()?,
                "phase" => plan.phase = value.parse().ok()?,
                _ => {}
            }
        }
        // The first and the last delta have a form of their own, so a stream has at least two.
        plan.count = plan.count.clamp(2, MOST_DELTAS);
        plan.burst = plan.burst.clamp(1, 256);
        plan.rate = plan.rate.clamp(0.0, 100_000.0);
        Some(plan)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            rate,
            count,
            burst,
            phase,
        } = self;
        write!(
            out,
            "bench rate={rate} count={count} burst={burst} phase={phase:.5}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Plan;

    #[test]
    fn a_plan_survives_its_way_through_a_message() {
        let plan = Plan {
            rate: 2.5,
            count: 500,
            burst: 16,
            phase: 0.25,
        };
        assert_eq!(Plan::find(&plan.message("busy-7")), Some(plan));
        assert_eq!(Plan::find("What is a prime number?"), None);
    }
}

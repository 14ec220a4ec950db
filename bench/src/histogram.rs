//! A latency histogram with logarithmic buckets: 32 per doubling, so a quantile is at most 3 % off.

const SPLIT_BITS: u32 = 5;
const SPLIT: u64 = 1 << SPLIT_BITS;
const BUCKETS: usize = (64 - SPLIT_BITS as usize + 1) << SPLIT_BITS;

/// Counts of nanosecond values.
#[derive(Clone)]
pub(crate) struct Histogram {
    counts: Vec<u64>,
    total: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            counts: vec![0; BUCKETS],
            total: 0,
        }
    }
}

impl Histogram {
    pub(crate) fn record(&mut self, value: u64) {
        self.counts[bucket(value)] += 1;
        self.total += 1;
    }

    /// The value below which a `share` (0 to 1) of all values lies; `None` without values.
    pub(crate) fn quantile(&self, share: f64) -> Option<u64> {
        if self.total == 0 {
            return None;
        }
        let wanted = ((self.total as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        let found = self.counts.iter().position(|count| {
            seen += count;
            seen >= wanted
        });
        found.map(middle)
    }
}

fn bucket(value: u64) -> usize {
    if value < SPLIT {
        return value as usize;
    }
    let shift = value.ilog2() - SPLIT_BITS;
    (((u64::from(shift) + 1) << SPLIT_BITS) + (value >> shift) - SPLIT) as usize
}

fn middle(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < SPLIT {
        return bucket;
    }
    let shift = (bucket >> SPLIT_BITS) - 1;
    let lowest = (SPLIT + (bucket & (SPLIT - 1))) << shift;
    lowest + (1 << shift) / 2
}

#[cfg(test)]
mod tests {
    use super::Histogram;

    #[test]
    fn a_quantile_is_at_most_three_percent_off() {
        let mut histogram = Histogram::default();
        (1..=100_000).for_each(|value| histogram.record(value * 1_000));
        for (share, exact) in [(0.5, 50_000_000.0), (0.99, 99_000_000.0), (1.0, 100_000_000.0)] {
            let found = histogram.quantile(share).unwrap_or(0) as f64;
            assert!((found / exact - 1.0).abs() < 0.03, "{share}: {found}");
        }
    }

    #[test]
    fn the_largest_value_has_a_bucket() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.quantile(0.5), None);
        histogram.record(u64::MAX);
        assert!(histogram.quantile(0.5).is_some());
    }
}

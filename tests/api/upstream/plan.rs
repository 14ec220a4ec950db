//! Replies that are a function of a seed in the learner's message, so that a test knows the whole text beforehand.

use std::fmt;
use std::time::Duration;

/// What a seeded reply is like. Written into a message as `seed=7 deltas=200 rate=500 size=40`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) deltas: u32,
    /// Deltas per second; 0 sends them as fast as they are taken.
    pub(crate) rate: u32,
    /// Least bytes of a delta.
    pub(crate) size: usize,
}

/// Whatever a text may hold: long and short characters, quotes, line ends, markup, things that look like frames.
const PIECES: [&str; 16] = [
    "the ",
    "sky ",
    "blåbær ",
    "漢字 ",
    "🧑‍🚀 ",
    "\"quoted\" ",
    "back\\slash ",
    "\n\n",
    "\r\n",
    "<b>bold</b> ",
    "e\u{301} ",
    "data: {} ",
    "\u{2028}",
    "x² ",
    "id: 7\n",
    "\t",
];

impl Plan {
    /// `deltas` small deltas, `rate` a second.
    pub(crate) fn new(seed: u64, deltas: u32, rate: u32) -> Self {
        Self {
            seed,
            deltas,
            rate,
            size: 0,
        }
    }

    /// The plan in a message, if there is one.
    pub(crate) fn find(message: &str) -> Option<Self> {
        let number = |name: &str| {
            let value = message
                .split_whitespace()
                .find_map(|word| word.strip_prefix(name)?.strip_prefix('='))?;
            value.parse::<u32>().ok()
        };
        let (deltas, rate) = (number("deltas").unwrap_or(12), number("rate").unwrap_or(0));
        let size = number("size").unwrap_or(0) as usize;
        Some(Self {
            seed: number("seed")?.into(),
            deltas,
            rate,
            size,
        })
    }

    /// The deltas of the whole reply.
    pub(crate) fn deltas(&self) -> impl Iterator<Item = String> {
        let (mut state, size) = (self.seed, self.size);
        (0..self.deltas).map(move |number| {
            let mut delta = format!("{number}:");
            loop {
                state = split_mix(state);
                delta.push_str(PIECES[(state >> 60) as usize]);
                if delta.len() >= size && state & 3 != 0 {
                    return delta;
                }
            }
        })
    }

    /// The whole reply.
    pub(crate) fn text(&self) -> String {
        self.deltas().collect()
    }

    /// The deltas that are missing after `kept`; `None` when the reply does not begin with it.
    pub(crate) fn deltas_after(&self, kept: &str) -> Option<Vec<String>> {
        self.text().starts_with(kept).then(|| {
            let mut skip = kept.len();
            let rest = self.deltas().map(|delta| {
                let skipped = skip.min(delta.len());
                skip -= skipped;
                delta[skipped..].to_owned()
            });
            rest.filter(|delta| !delta.is_empty()).collect()
        })
    }

    /// The pause after each delta.
    pub(crate) fn pause(&self) -> Option<Duration> {
        (self.rate > 0).then(|| Duration::from_secs(1) / self.rate)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            seed,
            deltas,
            rate,
            size,
        } = self;
        write!(
            f,
            "Explain, please. seed={seed} deltas={deltas} rate={rate} size={size}"
        )
    }
}

/// The generator of Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014).
fn split_mix(state: u64) -> u64 {
    let z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[test]
fn a_plan_goes_on_after_any_part_of_its_text() {
    let plan = Plan::new(7, 30, 0);
    assert_eq!(Plan::find(&plan.to_string()), Some(plan));
    let text = plan.text();
    for (cut, _) in text.char_indices() {
        let rest = plan.deltas_after(&text[..cut]).expect("a prefix");
        assert_eq!(rest.concat(), text[cut..]);
    }
    assert_eq!(plan.deltas_after("another text"), None);
}

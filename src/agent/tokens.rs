//! How many tokens a text has, counted as OpenAI's `cl100k_base` does. Models count each in their own way; this one is
//! near to most of them, and counts rather more than fewer. Loaded when first needed: see `docs/architecture.md`.

/// What a message adds to its text: who wrote it, and where it ends.
const AROUND_A_MESSAGE: usize = 4;

/// So many bytes are counted at a time: the memory for it is a multiple of their number. A token that lies across
/// two parts counts as two.
const PART: usize = 8 * 1024;

/// How many tokens a text has as a message of a prompt.
#[must_use]
pub fn estimate_tokens(text: &str) -> usize {
    count_up_to(text, usize::MAX)
}

/// The same, or any number above `most` when there are more: what does not fit need not be counted to its end.
pub(super) fn count_up_to(text: &str, most: usize) -> usize {
    let table = tiktoken_rs::cl100k_base_singleton();
    let (mut rest, mut tokens) = (text, AROUND_A_MESSAGE);
    while !rest.is_empty() && tokens <= most {
        let (part, after) = rest.split_at(rest.floor_char_boundary(PART));
        tokens += table.count_ordinary(part);
        rest = after;
    }
    tokens
}

/// How many tokens a text has, near enough to account for them: of a long one four parts are counted, and the rest is
/// taken to be like these. Counting all of the longest reply would hold its thread for half a second.
#[must_use]
pub fn sample_tokens(text: &str) -> usize {
    const SAMPLES: usize = 4;
    if text.len() <= SAMPLES * PART {
        return estimate_tokens(text);
    }
    let table = tiktoken_rs::cl100k_base_singleton();
    let (mut bytes, mut tokens) = (0, 0);
    for sample in 0..SAMPLES {
        let begin = text.floor_char_boundary(text.len() / SAMPLES * sample);
        let part = &text[begin..text.floor_char_boundary(begin + PART)];
        bytes += part.len();
        tokens += table.count_ordinary(part);
    }
    tokens * text.len() / bytes + AROUND_A_MESSAGE
}

/// A limit that no count exceeds, without counting: a token has at least one byte.
pub(super) fn at_most(text: &str) -> usize {
    text.len() + AROUND_A_MESSAGE
}

/// Counts a text as it grows against what it may have, as seldom as can be: a token has at least one byte.
#[derive(Debug)]
pub struct TokenMeter {
    allotted: usize,
    counted: usize,
    /// The text is counted up to here.
    at: usize,
}

impl TokenMeter {
    /// The text after byte `at` may have so many tokens.
    #[must_use]
    pub fn new(allotted: i64, at: usize) -> Self {
        Self {
            allotted: usize::try_from(allotted).unwrap_or_default(),
            counted: AROUND_A_MESSAGE,
            at,
        }
    }

    /// It may have more.
    pub fn allot(&mut self, more: i64) {
        self.allotted += usize::try_from(more).unwrap_or_default();
    }

    /// The text was emptied; what was counted stays counted.
    pub fn begin_anew(&mut self) {
        self.at = 0;
    }

    /// Something that is no part of the text has so many tokens.
    pub fn add(&mut self, tokens: usize) {
        self.counted += tokens;
    }

    /// Whether `next` may follow after `text`.
    pub fn fits(&mut self, text: &str, next: &str) -> bool {
        if text.len().saturating_sub(self.at) + next.len() <= self.left() {
            return true;
        }
        self.fits_tokens(text, 0) && (next.len() <= self.left() || tokens_in(next) <= self.left())
    }

    /// Whether so many tokens of something else may follow after `text`.
    pub fn fits_tokens(&mut self, text: &str, tokens: usize) -> bool {
        self.counted += tokens_in(text.get(self.at..).unwrap_or_default());
        self.at = text.len();
        tokens <= self.left()
    }

    /// As much of `next` as may still follow, when all that comes before it is counted.
    #[must_use]
    pub fn fitting<'a>(&self, next: &'a str) -> &'a str {
        let (mut fits, mut most) = (next.floor_char_boundary(self.left()), next.len());
        while fits < most {
            let middle = next.floor_char_boundary((fits + most).div_ceil(2));
            if middle > fits && tokens_in(&next[..middle]) <= self.left() {
                fits = middle;
            } else if middle > fits {
                most = middle - 1;
            } else {
                break;
            }
        }
        &next[..fits]
    }

    /// So many tokens may still follow what is counted.
    #[must_use]
    pub fn left(&self) -> usize {
        self.allotted.saturating_sub(self.counted)
    }
}

fn tokens_in(text: &str) -> usize {
    estimate_tokens(text) - AROUND_A_MESSAGE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_growing_text_ends_within_its_tokens_however_it_comes() {
        let text = "The light of the sun is scattered by air. 漢字仮名交じり文 🧑‍🚀 é\n".repeat(60);
        for size in [1, 3, 17, 400, text.len()] {
            let (mut meter, mut written) = (TokenMeter::new(500, 0), String::new());
            let mut rest = text.as_str();
            let cut = loop {
                let (next, after) = rest.split_at(rest.ceil_char_boundary(size.min(rest.len())));
                if next.is_empty() {
                    break false;
                }
                if !meter.fits(&written, next) {
                    written.push_str(meter.fitting(next));
                    break true;
                }
                written.push_str(next);
                rest = after;
            };
            let tokens = estimate_tokens(&written);
            assert!(cut && tokens <= 500, "{size}: {tokens}");
            assert!(tokens > 350, "{size}: much less than it may have: {tokens}");
        }
    }

    #[test]
    fn what_is_allotted_later_counts() {
        let mut meter = TokenMeter::new(20, 0);
        assert!(!meter.fits("", &"word ".repeat(40)));
        meter.allot(40);
        assert!(meter.fits("", &"word ".repeat(40)));
        assert!(meter.fits_tokens("", 50));
        meter.add(50);
        assert!(!meter.fits("", &"word ".repeat(40)));
    }

    #[test]
    fn tokens_are_counted_in_any_script_and_never_exceed_the_bytes() {
        for (text, tokens) in [
            ("", 0),
            ("hello world", 2),
            ("Warum ist der Himmel mittags blau?", 11),
            ("<|endoftext|>", 7),
        ] {
            assert_eq!(estimate_tokens(text), tokens + AROUND_A_MESSAGE, "{text}");
            assert!(estimate_tokens(text) <= at_most(text));
        }
    }

    #[test]
    fn a_long_text_is_accounted_for_by_parts_of_it() {
        let short = "Why is the sky blue? ".repeat(1_000);
        assert_eq!(sample_tokens(&short), estimate_tokens(&short));
        let long = ["words of one kind, ", "0123456789 ", "漢字仮名交じり文", "🧑‍🚀 é\n"]
            .map(|text| text.repeat(5_000));
        let long = long.concat();
        let (sampled, counted) = (sample_tokens(&long), estimate_tokens(&long));
        assert!(sampled.abs_diff(counted) < counted / 3, "{sampled}, {counted}");
        let even = "The light of the sun is scattered by air. ".repeat(50_000);
        let (sampled, counted) = (sample_tokens(&even), estimate_tokens(&even));
        assert!(sampled.abs_diff(counted) < counted / 100, "{sampled}, {counted}");
    }

    #[test]
    fn no_text_is_too_long_or_too_odd_to_count() {
        for piece in [
            "a",
            " ",
            "\n",
            "\r\n \t",
            "0",
            "!?",
            "\u{301}",
            "漢",
            "🧑‍🚀",
            "\0",
            "\u{202e}x",
            "don't ",
        ] {
            let long = piece.repeat(131_072 / piece.chars().count());
            let tokens = estimate_tokens(&long);
            assert!(tokens <= at_most(&long), "{piece:?}");
            assert_eq!(count_up_to(&long, tokens), tokens, "{piece:?}");
            assert!(count_up_to(&long, tokens - 1) >= tokens, "{piece:?}");
            assert!(count_up_to(&long, 100) > 100, "{piece:?}");
        }
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

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

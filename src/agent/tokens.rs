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
    let table = tiktoken_rs::cl100k_base_singleton();
    let (mut rest, mut tokens) = (text, AROUND_A_MESSAGE);
    while !rest.is_empty() {
        let (part, after) = rest.split_at(rest.floor_char_boundary(PART));
        tokens += table.count_ordinary(part);
        rest = after;
    }
    tokens
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
            assert!(estimate_tokens(&long) <= at_most(&long), "{piece:?}");
        }
    }
}

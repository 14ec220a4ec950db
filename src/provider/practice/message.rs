//! Reads a learner's message: what kind it is and which words carry it. No subject is understood, only form.

use super::phrases::{CODE_SIGNS, GREETINGS, STUCK_SIGNS, THANKS, is_stop_word};

/// A topic that comes later is not found.
const MAX_TOPIC_WORDS: usize = 200;
const MAX_PHRASES: usize = 3;
const MAX_PHRASE_WORDS: usize = 3;
const MAX_WORD_CHARACTERS: usize = 30;
const MAX_EXPRESSION_BYTES: usize = 60;

/// What a learner wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Greeting,
    Thanks,
    Stuck,
    /// The expression as it was written.
    Maths(String),
    Code,
    Why,
    How,
    What,
    /// Who, when, where, which, how many.
    Fact,
    YesOrNo,
    Statement,
}

/// The kind of a message.
pub(super) fn kind(message: &str) -> Kind {
    let lower = message.to_lowercase().replace('\u{2019}', "'");
    let words = words(&lower);
    let is_greeting = |word: &&str| GREETINGS.contains(word);
    if !words.is_empty() && words.len() <= 5 && words.iter().all(is_greeting) {
        return Kind::Greeting;
    }
    if STUCK_SIGNS.iter().any(|sign| lower.contains(sign)) {
        return Kind::Stuck;
    }
    if words.len() <= 8 && words.iter().any(|word| THANKS.contains(word)) {
        return Kind::Thanks;
    }
    if CODE_SIGNS.iter().any(|sign| lower.contains(sign)) {
        return Kind::Code;
    }
    expression(message).map_or_else(|| kind_of_question(&words, lower.contains('?')), Kind::Maths)
}

fn kind_of_question(words: &[&str], has_mark: bool) -> Kind {
    let first = words.first().copied().unwrap_or_default();
    let second = words.get(1).copied().unwrap_or_default();
    match (first, second) {
        ("how", "many" | "much" | "long" | "old" | "far" | "often" | "big" | "fast") => Kind::Fact,
        ("why", _) => Kind::Why,
        ("how", _) => Kind::How,
        ("what" | "what's" | "explain" | "define" | "describe", _) => Kind::What,
        ("who" | "when" | "where" | "which" | "whose" | "whom", _) => Kind::Fact,
        ("can" | "could" | "would" | "will", "you" | "we" | "i") => Kind::Statement,
        _ if !has_mark => Kind::Statement,
        _ if words.contains(&"why") => Kind::Why,
        _ if words.contains(&"how") => Kind::How,
        _ if words.contains(&"what") => Kind::What,
        _ => Kind::YesOrNo,
    }
}

/// The words that carry a message, as they were written: `plants, light and photosynthesis`.
pub(super) fn topic(message: &str) -> Option<String> {
    let mut phrases: Vec<Vec<String>> = Vec::new();
    let mut goes_on = false;
    for piece in message.split_whitespace().take(MAX_TOPIC_WORDS) {
        let word = trimmed(piece);
        let carries = is_topic_word(word) && !phrases.iter().flatten().any(|known| known == word);
        let has_room = phrases.len() < MAX_PHRASES;
        match phrases.last_mut() {
            Some(phrase) if carries && goes_on && phrase.len() < MAX_PHRASE_WORDS => {
                phrase.push(clipped(word))
            }
            _ if carries && has_room => phrases.push(vec![clipped(word)]),
            _ => {}
        }
        goes_on = carries && piece.ends_with(word);
    }
    let phrases: Vec<String> = phrases.iter().map(|phrase| phrase.join(" ")).collect();
    let (last, others) = phrases.split_last()?;
    Some(if others.is_empty() {
        last.clone()
    } else {
        format!("{} and {last}", others.join(", "))
    })
}

/// Letters, digits, and hyphens or apostrophes between them: nothing that Markdown could take for a sign.
fn is_topic_word(word: &str) -> bool {
    let is_plain =
        |character: char| character.is_alphanumeric() || matches!(character, '-' | '\'' | '\u{2019}');
    let lower = word.to_lowercase().replace('\u{2019}', "'");
    word.chars().nth(1).is_some()
        && word.chars().all(is_plain)
        && word.chars().any(char::is_alphabetic)
        && !is_stop_word(&lower)
        && !GREETINGS.contains(&lower.as_str())
}

fn words(text: &str) -> Vec<&str> {
    text.split_whitespace()
        .map(trimmed)
        .filter(|word| !word.is_empty())
        .collect()
}

fn trimmed(piece: &str) -> &str {
    piece.trim_matches(|character: char| !character.is_alphanumeric())
}

fn clipped(word: &str) -> String {
    word.chars().take(MAX_WORD_CHARACTERS).collect()
}

/// The first run of pieces that is made of numbers, operators and single letters, such as `2x + 3 = 11`.
fn expression(message: &str) -> Option<String> {
    let pieces: Vec<&str> = message.split_whitespace().collect();
    pieces
        .split(|piece| !is_mathematical(piece))
        .map(|run| run.join(" "))
        .find_map(|run| {
            let run = run.trim_end_matches([' ', '.', ',', '?', '!', ';', ':', '=']);
            is_expression(run).then(|| run.to_owned())
        })
}

fn is_mathematical(piece: &str) -> bool {
    let is_sign = |character: char| {
        character.is_ascii_digit() || "+-*/=^().,%\u{d7}\u{f7}\u{2212}\u{b7}?!;:".contains(character)
    };
    let letters = piece.chars().filter(char::is_ascii_alphabetic).count();
    let others_fit = piece
        .chars()
        .all(|character| character.is_ascii_alphabetic() || is_sign(character));
    others_fit && (letters == 0 || letters < piece.len() && letters <= 2 || matches!(piece, "x" | "y"))
}

/// Two operands and an operator; a date such as `1914-1918` has neither spaces nor small numbers.
fn is_expression(run: &str) -> bool {
    let operands = run
        .split(|character: char| !character.is_ascii_alphanumeric())
        .filter(|part| !part.is_empty());
    let is_operator = |character: char| "+-*/=^\u{d7}\u{f7}\u{2212}\u{b7}".contains(character);
    let looks_like_date = !run.contains(' ')
        && run.split(['-', '/']).any(|part| part.len() == 4)
        && !run.contains(['+', '*', '=', '^']);
    run.len() <= MAX_EXPRESSION_BYTES
        && run.contains(|character: char| character.is_ascii_digit())
        && run.contains(is_operator)
        && operands.count() >= 2
        && !looks_like_date
}

//! The words that local rules go by, as data: one table for each language. Knows no conversation.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// The words of one language.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Language {
    stop_words: String,
    task_words: String,
    pub(super) stuck: Vec<String>,
    pub(super) lost: Vec<String>,
    pub(super) filler: Vec<String>,
    pub(super) understood: Vec<String>,
    pub(super) affirmed: Vec<String>,
    pub(super) approving: Vec<String>,
    pub(super) refused: Vec<String>,
    pub(super) new_topic: Vec<String>,
    pub(super) aside: Vec<String>,
    pub(super) questions: Vec<String>,
    pub(super) question_verbs: Vec<String>,
    pub(super) requests: Vec<String>,
    pub(super) small_talk: Vec<String>,
    pub(super) objective: String,
    pub(super) steps: Vec<String>,
    pub(super) question: String,
}

type Languages = BTreeMap<String, Language>;

static LANGUAGES: LazyLock<Languages> = LazyLock::new(|| {
    let parsed = toml::from_str(include_str!("phrases.toml"));
    // A test holds that the file can be read; without words the rules see no signals.
    parsed.unwrap_or_default()
});
static NONE: LazyLock<Language> = LazyLock::new(Language::default);

/// The language whose words a plan without a model is written in when there is nothing to tell by.
const DEFAULT: &str = "en";

/// The words of this language, or else those of the default.
pub(super) fn of(tag: &str) -> &'static Language {
    let primary = tag.split('-').next().unwrap_or(tag);
    let found = LANGUAGES.get(primary).or_else(|| LANGUAGES.get(DEFAULT));
    found.unwrap_or(&NONE)
}

/// Whether a text has one of the phrases that `list` chooses, in any language.
pub(super) fn any_in(text: &str, list: impl Fn(&'static Language) -> &'static [String]) -> bool {
    let text = normal(text);
    LANGUAGES
        .values()
        .flat_map(&list)
        .any(|phrase| contains(&text, phrase))
}

/// Whether a phrase of the list that `list` chooses begins within the first `reach` words of a sentence, in any
/// language.
pub(super) fn begins_with(
    sentence: &str,
    reach: usize,
    list: impl Fn(&'static Language) -> &'static [String],
) -> bool {
    let words: Vec<_> = words(sentence).map(normal).collect();
    let starts = (0..words.len().min(reach)).map(|start| &words[start..]);
    let begins = |rest: &[String], phrase: &str| {
        let mut rest = rest.iter();
        phrase
            .split(' ')
            .all(|word| rest.next().is_some_and(|other| other == word))
    };
    let phrases = || LANGUAGES.values().flat_map(&list);
    starts
        .into_iter()
        .any(|rest| phrases().any(|phrase| begins(rest, phrase)))
}

/// Whether all words of a text together are one phrase of the list that `list` chooses, in any language.
pub(super) fn is_one_of(text: &str, list: impl Fn(&'static Language) -> &'static [String]) -> bool {
    let text = words(text).map(normal).collect::<Vec<_>>().join(" ");
    LANGUAGES.values().flat_map(list).any(|phrase| *phrase == text)
}

/// The sentences of a text that have words, with the signs at their ends.
pub(super) fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(['.', '!', '?', '…', '\n', '。', '？', '！'])
        .filter(|sentence| words(sentence).next().is_some())
}

/// Lower case, with plain apostrophes.
pub(super) fn normal(text: &str) -> String {
    text.to_lowercase().replace(['\u{2019}', '\u{2bc}'], "'")
}

/// Whether `phrase` stands in `text` as whole words.
fn contains(text: &str, phrase: &str) -> bool {
    let is_word = |character: Option<char>| character.is_some_and(char::is_alphanumeric);
    text.match_indices(phrase).any(|(start, _)| {
        let after = text[start + phrase.len()..].chars().next();
        !is_word(text[..start].chars().next_back()) && !is_word(after)
    })
}

/// The words of a text, in lower case, that carry its meaning in any of the languages; no numbers and formulas.
pub(super) fn content_words(text: &str) -> Vec<String> {
    let letters = |word: &str| word.chars().filter(|character| character.is_alphabetic()).count();
    words(text)
        .filter(|word| letters(word) > 1)
        .map(normal)
        .filter(|word| !is_stop_word(word))
        .collect()
}

/// The words of a text as they were written.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    let trim = |piece: &'_ str| -> usize { piece.len() - piece.trim_start_matches(is_no_letter).len() };
    text.split_whitespace()
        .map(move |piece| piece[trim(piece)..].trim_end_matches(is_no_letter))
        .filter(|word| !word.is_empty())
}

fn is_no_letter(character: char) -> bool {
    !character.is_alphanumeric()
}

/// Whether a word in lower case carries no topic in any of the languages.
pub(super) fn is_stop_word(word: &str) -> bool {
    let is_known = |language: &Language| language.has_stop_word(word) || has(&language.task_words, word);
    LANGUAGES.values().any(is_known)
}

impl Language {
    fn has_stop_word(&self, word: &str) -> bool {
        has(&self.stop_words, word)
    }
}

fn has(list: &str, word: &str) -> bool {
    list.split_whitespace().any(|known| known == word)
}

/// The language of a text as a BCP 47 tag, by its script or else by its small words; `None` when nothing tells.
pub(super) fn detect(text: &str) -> Option<&'static str> {
    // Japanese has Chinese characters too, so its own come first.
    let scripts = text.chars().filter_map(script);
    if let Some(tag) = scripts.reduce(|first, other| if other == "ja" { other } else { first }) {
        return Some(tag);
    }
    let words: Vec<_> = words(text).take(200).map(normal).collect();
    let score = |language: &Language| words.iter().filter(|word| language.has_stop_word(word)).count();
    let scores = LANGUAGES
        .iter()
        .map(|(tag, language)| (score(language), *tag == DEFAULT, tag));
    let (score, _, tag) = scores.max()?;
    (score > 0).then_some(tag.as_str())
}

/// The language that a character alone tells.
fn script(character: char) -> Option<&'static str> {
    match character {
        '\u{3040}'..='\u{30ff}' => Some("ja"),
        '\u{4e00}'..='\u{9fff}' => Some("zh"),
        '\u{ac00}'..='\u{d7af}' => Some("ko"),
        '\u{400}'..='\u{4ff}' => Some("ru"),
        '\u{600}'..='\u{6ff}' => Some("ar"),
        '\u{900}'..='\u{97f}' => Some("hi"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_words_are_whole_and_in_normal_form() {
        let languages: Languages = toml::from_str(include_str!("phrases.toml")).unwrap();
        assert!(languages.len() >= 4);
        for (tag, language) in &languages {
            let lists = [
                &language.stuck,
                &language.lost,
                &language.filler,
                &language.understood,
                &language.affirmed,
                &language.approving,
                &language.refused,
                &language.new_topic,
                &language.aside,
                &language.questions,
                &language.question_verbs,
                &language.requests,
                &language.small_talk,
            ];
            for phrase in lists.into_iter().flatten() {
                assert_eq!(&normal(phrase), phrase, "{tag}");
            }
            assert!(lists.iter().all(|list| !list.is_empty()), "{tag}");
            assert!(
                !language.steps.is_empty() && language.objective.contains("{topic}"),
                "{tag}"
            );
        }
    }

    #[test]
    fn the_language_is_told_by_small_words_or_by_the_script() {
        for (text, language) in [
            ("Why is the sky blue?", Some("en")),
            ("Warum ist der Himmel blau?", Some("de")),
            ("Pourquoi le ciel est-il bleu ?", Some("fr")),
            ("¿Por qué el cielo es azul?", Some("es")),
            ("为什么天空是蓝色的?", Some("zh")),
            ("空はなぜ青い?", Some("ja")),
            ("2 + 2 = 5", None),
        ] {
            assert_eq!(detect(text), language, "{text}");
        }
    }

    #[test]
    fn a_phrase_counts_as_whole_words_only() {
        assert!(any_in("Well, I give up.", |language| &language.stuck));
        assert!(any_in("Das verstehe ich nicht, keine Ahnung!", |language| {
            &language.stuck
        }));
        assert!(!any_in("The exactness of science", |language| &language.affirmed));
    }
}

//! What the data of an event is before it is read: a record, the mark of the end, or nothing.

use std::borrow::Cow;

use serde_json::Error;

use super::loose::Loose;

/// Python's JSON writes them; JSON has no word for them. None of them is text.
const NO_JSON: [&str; 3] = ["-Infinity", "Infinity", "NaN"];

/// Whether this is what chat completions end with, however a server spells it.
pub(in crate::provider) fn is_done(data: &str) -> bool {
    if data.starts_with('{') {
        return false;
    }
    let mark = data.trim();
    let bare = mark.trim_matches(|character: char| !character.is_alphanumeric());
    mark.starts_with("[DONE]") || bare.eq_ignore_ascii_case("done")
}

/// The JSON of a record: without comments that a relay has put into the data, and with null for what JSON has no word
/// for. Empty when nothing is said.
///
/// # Errors
/// When it is no JSON even so.
pub(in crate::provider) fn record(data: &str) -> Result<Cow<'_, str>, Error> {
    let problem = match Loose::parse(data) {
        Ok(value) if says_nothing(value) => return Ok(Cow::Borrowed("")),
        Ok(_) => return Ok(Cow::Borrowed(data)),
        Err(problem) => problem,
    };
    let said = without_comments(data);
    if said.trim().is_empty() {
        return Ok(Cow::Borrowed(""));
    }
    if said.len() != data.len() && Loose::parse(&said).is_ok() {
        return Ok(said.into());
    }
    match with_null(&said) {
        Some(mended) if Loose::parse(&mended).is_ok() => Ok(mended.into()),
        _ => Err(problem),
    }
}

fn says_nothing(value: Loose<'_>) -> bool {
    value.is_null() || value.json() == "\"\""
}

/// The lines that are no comments of an event stream.
fn without_comments(data: &str) -> String {
    let lines = data.lines().filter(|line| !line.trim_start().starts_with(':'));
    lines.collect::<Vec<_>>().join("\n")
}

/// With null for what stands outside strings and is no JSON; `None` when there is nothing of it.
fn with_null(json: &str) -> Option<String> {
    let mut mended = String::with_capacity(json.len());
    let mut rest = json;
    let mut in_string = false;
    while let Some(character) = rest.chars().next() {
        let word = NO_JSON
            .into_iter()
            .find(|word| !in_string && rest.starts_with(word));
        let escaped = if in_string && character == '\\' { 2 } else { 1 };
        let length = match word {
            Some(word) => word.len(),
            None => rest.char_indices().nth(escaped).map_or(rest.len(), |(at, _)| at),
        };
        in_string ^= character == '"';
        mended.push_str(word.map_or(&rest[..length], |_| "null"));
        rest = &rest[length..];
    }
    (mended != json).then_some(mended)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_of_the_end_has_many_spellings() {
        for data in [
            "[DONE]",
            " [DONE]",
            "\"[DONE]\"",
            "[done]",
            "DONE",
            "done",
            "[DONE].",
            "[ DONE ]",
            "[DONE] x",
            "'[Done]'",
        ] {
            assert!(is_done(data), "{data}");
        }
        for data in ["", "[]", "[DON", "{\"done\": true}", "undone", "[DONE2]", "donee"] {
            assert!(!is_done(data), "{data}");
        }
    }

    #[test]
    fn comments_in_the_data_and_words_that_json_has_not_are_left_out() {
        let cases = [
            (": OPENROUTER PROCESSING", ""),
            ("null", ""),
            ("\"\"", ""),
            (": a\n: b", ""),
            (": a\n{\"x\": 1}", "{\"x\": 1}"),
            ("{\"x\": 1}\n : late", "{\"x\": 1}"),
            ("{\"x\"\n: 1}", "{\"x\"\n: 1}"),
            (
                "{\"x\": NaN, \"y\": \"a NaN \\\" NaN\", \"z\": [-Infinity]}",
                "{\"x\": null, \"y\": \"a NaN \\\" NaN\", \"z\": [null]}",
            ),
        ];
        for (data, json) in cases {
            assert_eq!(record(data).unwrap(), json, "{data}");
        }
        for data in ["ping", "{", "{\"x\": NaNo}", "{\"x\": \"NaN}"] {
            assert!(record(data).is_err(), "{data}");
        }
    }
}

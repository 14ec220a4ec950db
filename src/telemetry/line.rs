//! One record of the log as one line. Whatever stands in a record, it is one line, it cannot move the cursor or turn
//! the text around, and it has an end.

use std::io::{self, Write};

use log::Record;
use log::kv::{self, Key, VisitSource};
use serde::Serialize;
use serde_json::Value;

use super::request::current_request;

/// Longest word of a record, in bytes. Names, ids and codes are shorter; what a stranger sent may not be.
const LONGEST_WORD: usize = 256;
/// Longest text of a record, in bytes, before escapes.
const LONGEST_TEXT: usize = 4 * 1024;

/// How lines of the log look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people: `[time LEVEL module] text`.
    #[default]
    Text,
    /// For programs: an object a line (JSON Lines).
    Json,
}

#[derive(Serialize)]
struct JsonLine<'a> {
    time: String,
    level: &'a str,
    module: &'a str,
    message: String,
    #[serde(flatten)]
    fields: serde_json::Map<String, Value>,
    #[serde(rename = "request.id", skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
}

/// Writes a record in one call, so that lines of several threads never mix.
pub(super) fn write(format: LogFormat, out: &mut impl Write, record: &Record<'_>) -> io::Result<()> {
    let time = crate::time::rfc3339(chrono::Utc::now().timestamp_millis());
    let message = printable(&record.args().to_string());
    let fields = fields(record);
    let request_id = current_request();
    let line = match format {
        LogFormat::Text => {
            let (level, module) = (record.level(), record.target());
            let request = request_id.map_or(String::new(), |id| format!(" request.id={id}"));
            let fields: String = fields.iter().map(|(key, value)| said(key, value)).collect();
            format!("[{time} {level:<5} {module}] {message}{fields}{request}\n")
        }
        LogFormat::Json => {
            let line = JsonLine {
                time,
                level: record.level().as_str(),
                module: record.target(),
                message,
                fields,
                request_id: request_id.as_deref(),
            };
            serde_json::to_string(&line)? + "\n"
        }
    };
    out.write_all(line.as_bytes())
}

/// What a record tells beside its words, each under its name.
fn fields(record: &Record<'_>) -> serde_json::Map<String, Value> {
    struct Fields(serde_json::Map<String, Value>);
    impl<'kvs> VisitSource<'kvs> for Fields {
        fn visit_pair(&mut self, key: Key<'kvs>, value: kv::Value<'kvs>) -> Result<(), kv::Error> {
            let value = match value.to_i64() {
                Some(number) => Value::from(number),
                None => Value::from(printable(&value.to_string())),
            };
            self.0.insert(key.to_string(), value);
            Ok(())
        }
    }
    let mut fields = Fields(serde_json::Map::new());
    // Nothing that is visited fails.
    let _ = record.key_values().visit(&mut fields);
    fields.0
}

/// A field as it stands in a line for people. A text with a space in it could look like further fields.
fn said(key: &str, value: &Value) -> String {
    match value {
        Value::String(text) if !text.is_empty() && !text.contains([' ', '"', '=']) => {
            format!(" {key}={text}")
        }
        other => format!(" {key}={other}"),
    }
}

/// The text with control characters and invisible ones as escapes, and with long words cut.
pub(super) fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len().min(LONGEST_TEXT));
    let mut word = 0;
    let mut cut = 0;
    for (at, character) in text.char_indices() {
        if at >= LONGEST_TEXT {
            cut += text.len() - at;
            break;
        }
        if character == ' ' {
            mark_cut(&mut printable, &mut cut);
            word = 0;
        } else {
            word += character.len_utf8();
        }
        if word > LONGEST_WORD {
            cut += character.len_utf8();
        } else if is_deceptive(character) {
            printable.extend(character.escape_unicode());
        } else {
            printable.push(character);
        }
    }
    mark_cut(&mut printable, &mut cut);
    printable
}

fn mark_cut(printable: &mut String, cut: &mut usize) {
    if *cut > 0 {
        printable.push_str(&format!("…({} bytes more)", std::mem::take(cut)));
    }
}

/// Ends a line, moves a cursor, changes the direction of a text, or is not seen at all.
fn is_deceptive(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use log::Level;
    use proptest::prelude::*;

    use super::*;

    fn line(format: LogFormat, text: &str) -> String {
        let mut line = Vec::new();
        let record = format_args!("{text}").to_string();
        write(
            format,
            &mut line,
            &Record::builder()
                .level(Level::Warn)
                .target("tutorstream::http")
                .args(format_args!("{record}"))
                .build(),
        )
        .expect("a buffer takes everything");
        String::from_utf8(line).expect("UTF-8")
    }

    #[test]
    fn what_looks_like_another_line_stays_in_its_own() {
        let forged = "a\r\n[2026-11-22T00:00:00.000Z INFO  tutorstream] server.stopped\u{1b}[2K\u{202e}x\u{2028}y\u{85}z";
        let line = line(LogFormat::Text, forged);
        assert_eq!(line.lines().count(), 1, "{line}");
        let shown = "a\\u{d}\\u{a}[2026-11-22T00:00:00.000Z INFO  tutorstream] server.stopped\\u{1b}[2K\\u{202e}x\\u{2028}y\\u{85}z\n";
        assert!(line.ends_with(shown), "{line}");
    }

    #[test]
    fn a_long_word_is_cut_and_what_follows_it_is_not() {
        let text = format!("turn.ended value={} status=complete", "x".repeat(1_000_000));
        let shown = printable(&text[..4_000]);
        assert_eq!(shown.matches('x').count(), LONGEST_WORD - "value=".len());
        assert!(shown.ends_with("bytes more)"), "{shown}");
        let text = format!("turn.ended value={} status=complete", "é".repeat(200));
        assert!(
            printable(&text).ends_with("…(150 bytes more) status=complete"),
            "{}",
            printable(&text)
        );
    }

    #[test]
    fn a_record_without_end_has_an_end() {
        let shown = printable(&"word ".repeat(1_000_000));
        assert!(shown.len() < LONGEST_TEXT + 64, "{}", shown.len());
    }

    fn with_user(format: LogFormat, user: &str) -> String {
        let mut line = Vec::new();
        let pairs: &[(&str, kv::Value<'_>)] = &[("user", user.into()), ("duration_ms", 7_i64.into())];
        let record = Record::builder()
            .args(format_args!("turn.ended"))
            .level(Level::Info)
            .target("t")
            .key_values(&pairs)
            .build();
        write(format, &mut line, &record).expect("a buffer takes everything");
        String::from_utf8(line).expect("UTF-8")
    }

    #[test]
    fn fields_are_words_of_a_line_and_fields_of_an_object() {
        let text = with_user(LogFormat::Text, "alice");
        assert!(
            text.ends_with("t] turn.ended duration_ms=7 user=alice\n"),
            "{text}"
        );
        let line: Value = serde_json::from_str(&with_user(LogFormat::Json, "alice")).expect("JSON");
        assert_eq!(
            (&line["message"], &line["user"]),
            (&"turn.ended".into(), &"alice".into())
        );
        assert_eq!(line["duration_ms"], 7);
    }

    #[test]
    fn a_field_s_text_is_no_other_field_and_no_other_line() {
        let forged = "mallory status=complete\nuser=alice \u{202e}";
        let text = with_user(LogFormat::Text, forged);
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(
            text.contains("user=\"mallory status=complete\\\\u{a}user=alice"),
            "{text}"
        );
        let line: Value = serde_json::from_str(&with_user(LogFormat::Json, forged)).expect("JSON");
        assert!(!line["user"].as_str().expect("a text").contains(is_deceptive));
    }

    proptest! {
        #[test]
        fn any_text_is_one_line_without_deceit(text in any::<String>()) {
            let line = line(LogFormat::Text, &text);
            let body = line.strip_suffix('\n').expect("a line");
            prop_assert!(!body.chars().any(is_deceptive), "{body:?}");
        }

        #[test]
        fn any_text_is_one_object_that_parses(text in any::<String>()) {
            let line = line(LogFormat::Json, &text);
            let body = line.strip_suffix('\n').expect("a line");
            prop_assert!(!body.contains(['\n', '\r']));
            let value: Value = serde_json::from_str(body).expect("JSON");
            let shown = printable(&text);
            prop_assert_eq!(value["message"].as_str(), Some(shown.as_str()));
            prop_assert_eq!(value["level"].as_str(), Some("WARN"));
        }
    }
}

//! One record of the log as one line. Whatever stands in a record, it is one line, it cannot move the cursor or turn
//! the text around, and it has an end.

use std::io::{self, Write};

use log::Record;
use serde::Serialize;

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
    #[serde(rename = "request.id", skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
}

/// Writes a record in one call, so that lines of several threads never mix.
pub(super) fn write(format: LogFormat, out: &mut impl Write, record: &Record<'_>) -> io::Result<()> {
    let time = crate::time::rfc3339(chrono::Utc::now().timestamp_millis());
    let message = printable(&record.args().to_string());
    let request_id = current_request();
    let line = match format {
        LogFormat::Text => {
            let (level, module) = (record.level(), record.target());
            let request = request_id.map_or(String::new(), |id| format!(" request.id={id}"));
            format!("[{time} {level:<5} {module}] {message}{request}\n")
        }
        LogFormat::Json => {
            let line = JsonLine {
                time,
                level: record.level().as_str(),
                module: record.target(),
                message,
                request_id: request_id.as_deref(),
            };
            serde_json::to_string(&line)? + "\n"
        }
    };
    out.write_all(line.as_bytes())
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
    use serde_json::Value;

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

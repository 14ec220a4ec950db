//! Text in any shape that servers give it: a string, a list of parts, an object that has it.

use super::loose::Loose;

/// What a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::provider) enum Kind {
    /// The reply.
    Text,
    /// What the model thinks aloud.
    Thought,
}

/// A piece of text; halves of surrogate pairs are as [`Loose::string`] gives them.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::provider) struct Piece {
    pub(in crate::provider) kind: Kind,
    pub(in crate::provider) bytes: Vec<u8>,
}

/// Parts of parts of parts: nobody sends more.
const DEPTH: u8 = 6;
/// Where an object has its text, in this order.
const TEXT_FIELDS: [&str; 4] = ["text", "content", "refusal", "value"];
const THOUGHT_FIELDS: [&str; 6] = [
    "thinking",
    "reasoning",
    "reasoning_content",
    "text",
    "content",
    "summary",
];

/// What a value says; `None` when it cannot be text.
pub(in crate::provider) fn pieces(value: Loose<'_>, kind: Kind) -> Option<Vec<Piece>> {
    let is_readable = value.is_string() || value.is_list() || value.is_object() || value.is_null();
    let mut pieces = Vec::new();
    collect(value, kind, DEPTH, &mut pieces);
    is_readable.then_some(pieces)
}

fn collect(value: Loose<'_>, kind: Kind, depth: u8, pieces: &mut Vec<Piece>) {
    if let Some(bytes) = value.string() {
        if !bytes.is_empty() {
            pieces.push(Piece { kind, bytes });
        }
        return;
    }
    let Some(depth) = depth.checked_sub(1) else { return };
    for item in value.items() {
        collect(item, kind, depth, pieces);
    }
    if value.is_object() {
        let kind = kind_of(value, kind);
        let fields: &[&str] = match kind {
            Kind::Text => &TEXT_FIELDS,
            Kind::Thought => &THOUGHT_FIELDS,
        };
        if let Some(found) = fields.iter().find_map(|field| value.get(field)) {
            collect(found, kind, depth, pieces);
        }
    }
}

/// What an object says of itself: Mistral's and Anthropic's `thinking`, the Responses' `reasoning_text`, Gemini's
/// `thought`.
fn kind_of(part: Loose<'_>, kind: Kind) -> Kind {
    let name = part.get("type").and_then(Loose::word).unwrap_or_default();
    let is_thought = ["think", "thought", "reason", "summary"]
        .iter()
        .any(|beginning| name.starts_with(beginning));
    let is_marked = part.get("thought").is_some_and(|mark| mark.json() == "true");
    if is_thought || is_marked {
        Kind::Thought
    } else {
        kind
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Text as it is, thoughts in brackets.
    fn said(json: &str) -> Option<String> {
        let pieces = pieces(Loose::parse(json).unwrap(), Kind::Text)?;
        let shown = pieces.into_iter().map(|piece| {
            let text = String::from_utf8(piece.bytes).unwrap();
            match piece.kind {
                Kind::Text => text,
                Kind::Thought => format!("({text})"),
            }
        });
        Some(shown.collect())
    }

    #[test]
    fn text_is_found_in_strings_lists_and_objects() {
        let cases = [
            (r#""a""#, "a"),
            ("null", ""),
            ("[]", ""),
            ("{}", ""),
            (r#"["a", "b"]"#, "ab"),
            (r#"{"type": "text", "text": "a"}"#, "a"),
            (r#"{"text": {"value": "a"}}"#, "a"),
            (
                r#"{"content": [{"text": "a"}, {"type": "output_text", "text": "b"}]}"#,
                "ab",
            ),
            (
                r#"[{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "x"}}, 7]"#,
                "a",
            ),
            (
                r#"[{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "a"}]"#,
                "(hm)a",
            ),
            (
                r#"[{"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]}]"#,
                "(hm)",
            ),
            (
                r#"[{"text": "hm", "thought": true}, {"text": "a", "thought": false}]"#,
                "(hm)a",
            ),
            (r#"[{"type": "reference", "reference_ids": [1]}]"#, ""),
            (r#"{"type": "refusal", "refusal": "no"}"#, "no"),
        ];
        for (json, text) in cases {
            assert_eq!(said(json).as_deref(), Some(text), "{json}");
        }
        assert_eq!((said("7"), said("true")), (None, None));
    }

    #[test]
    fn parts_of_parts_have_an_end() {
        let deep = format!("{}\"a\"{}", "[".repeat(40), "]".repeat(40));
        assert_eq!(said(&deep).as_deref(), Some(""));
    }
}

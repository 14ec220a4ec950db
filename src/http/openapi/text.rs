//! What texts in requests must be like, as schemas; `body.rs` checks the same.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// At least one character that is no white space, and no NUL.
const SAYS_SOMETHING: &str = r"^[^\u0000]*[^\s\u0000][^\u0000]*$";

/// At least one character that is no white space, and no control character.
const NAMES_SOMEBODY: &str =
    r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$";

/// A message of a learner or a tutor.
pub(in crate::http) struct Text;

impl JsonSchema for Text {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Text".into()
    }

    fn json_schema(_generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "Not only white space, no NUL; at most 131,072 characters (Unicode scalar values).",
            "minLength": 1,
            "maxLength": crate::http::body::LONGEST_MESSAGE,
            "pattern": SAYS_SOMETHING,
        })
    }
}

/// A name, a title, a subject or a key.
pub(in crate::http) struct Line;

impl JsonSchema for Line {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Line".into()
    }

    fn json_schema(_generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "Not only white space, no NUL; 1 to 200 characters (Unicode scalar values).",
            "minLength": 1,
            "maxLength": crate::http::body::LONGEST_LINE,
            "pattern": SAYS_SOMETHING,
        })
    }
}

/// The subject of a token.
pub(in crate::http) struct User;

impl JsonSchema for User {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "User".into()
    }

    fn json_schema(_generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "The subject of a token; 1 to 200 characters, no control characters.",
            "minLength": 1,
            "maxLength": 200,
            "pattern": NAMES_SOMEBODY,
        })
    }
}

//! What texts in requests must be like, as schemas; `body.rs` and the handlers check the same.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::http::body::{LONGEST_LINE, LONGEST_MESSAGE};
use crate::http::profile::LONGEST_GOALS;

/// At least one character that is no white space, and no NUL.
const SAYS_SOMETHING: &str = r"^[^\u0000]*[^\s\u0000][^\u0000]*$";
/// At least one character that is no white space, and no control character.
const STANDS_ON_A_LINE: &str =
    r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$";

/// A kind of text: its name, what it is, its greatest length in characters, and its pattern.
macro_rules! text {
    ($name:ident, $description:literal, $longest:expr, $pattern:expr) => {
        #[doc = $description]
        pub(in crate::http) struct $name;

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_generator: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "type": "string",
                    "description": $description,
                    "minLength": 1,
                    "maxLength": $longest,
                    "pattern": $pattern,
                })
            }
        }
    };
}

text!(
    Text,
    "A message: not only white space, no NUL.",
    LONGEST_MESSAGE,
    SAYS_SOMETHING
);
text!(
    Line,
    "A name, title, subject or key: not only white space, no NUL.",
    LONGEST_LINE,
    SAYS_SOMETHING
);
text!(
    User,
    "The subject of a token: not only white space, no control characters.",
    200,
    STANDS_ON_A_LINE
);
text!(
    Goals,
    "What a learner wants to reach: one line.",
    LONGEST_GOALS,
    STANDS_ON_A_LINE
);
text!(
    LanguageTag,
    "The form of a tag of BCP 47.",
    35,
    "^(?=.{2,35}$)[A-Za-z0-9]+(-[A-Za-z0-9]+)*$"
);

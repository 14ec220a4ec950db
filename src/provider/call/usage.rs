//! Tokens as providers count them. A count that cannot be read is no count: the reply does not suffer for it.

use super::loose::Loose;
use crate::model::{Usage, UsageSource};

/// What a record says of the cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::provider) enum Counted {
    /// It says nothing.
    Nothing,
    /// So many tokens.
    Usage(Usage),
    /// It says something else.
    Unreadable,
}

impl Counted {
    /// Of what was read and written; one that is missing is none.
    pub(in crate::provider) fn of(input: Option<i64>, output: Option<i64>) -> Self {
        if input.or(output).is_none() {
            return Self::Nothing;
        }
        Self::Usage(Usage {
            input_tokens: input.unwrap_or(0).max(0),
            output_tokens: output.unwrap_or(0).max(0),
            source: UsageSource::Reported,
        })
    }

    /// The same of two fields of an object, whatever they are.
    pub(in crate::provider) fn read(usage: Option<Loose<'_>>, input: &str, output: &str) -> Self {
        let Some(usage) = usage else { return Self::Nothing };
        if !usage.is_object() {
            return Self::Unreadable;
        }
        match (count(usage, input), count(usage, output)) {
            (Ok(input), Ok(output)) => Self::of(input, output),
            _ => Self::Unreadable,
        }
    }
}

/// A count that is there but cannot be read.
pub(in crate::provider) struct NoCount;

/// A count, if there is one.
pub(in crate::provider) fn count(usage: Loose<'_>, field: &str) -> Result<Option<i64>, NoCount> {
    usage
        .get(field)
        .map(|count| count.number().ok_or(NoCount))
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Counted {
        Counted::read(Some(Loose::parse(json).unwrap()), "in", "out")
    }

    #[test]
    fn counts_are_read_or_left_to_estimates() {
        assert_eq!(read(r#"{"in": 12, "out": 3}"#), Counted::of(Some(12), Some(3)));
        assert_eq!(
            read(r#"{"in": "12", "out": 3.0}"#),
            Counted::of(Some(12), Some(3))
        );
        assert_eq!(read(r#"{"in": -35, "out": null}"#), Counted::of(Some(0), None));
        assert_eq!(read("{}"), Counted::Nothing);
        for json in [
            r#"{"in": 12.5, "out": 3}"#,
            r#"{"in": 12, "out": 18446744073709551615}"#,
            r#"{"in": {}, "out": 3}"#,
            r#"{"in": [], "out": 3}"#,
            r#"{"in": true}"#,
            r#""""#,
            "7",
            "[]",
        ] {
            assert_eq!(read(json), Counted::Unreadable, "{json}");
        }
    }
}

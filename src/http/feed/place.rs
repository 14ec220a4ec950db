//! A place in a session's feed, as it stands in the `id` of a frame.

use std::fmt;
use std::str::FromStr;

use crate::ids::TurnId;

/// What a reader has: all changes up to a revision, and all events of a turn up to a number. Written
/// `12` or `12.<turn id>.57`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) struct Place {
    pub(in crate::http) revision: i64,
    /// The turn whose events are being sent, and the number of the last one that was; 0 before the first.
    pub(super) turn: Option<(TurnId, u64)>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.revision)?;
        match self.turn {
            Some((turn_id, number)) => write!(f, ".{turn_id}.{number}"),
            None => Ok(()),
        }
    }
}

/// The text is no place that a feed has given.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::http) struct NoPlace;

impl FromStr for Place {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let (revision, turn) = match text.split_once('.') {
            Some((revision, turn)) => (revision, Some(turn.split_once('.').ok_or(NoPlace)?)),
            None => (text, None),
        };
        let turn = turn.map(|(turn_id, number)| {
            let turn_id = turn_id.parse().map_err(|_not_an_id| NoPlace)?;
            Ok((turn_id, parse_number(number)?))
        });
        Ok(Self {
            revision: parse_number(revision)?.cast_signed(),
            turn: turn.transpose()?,
        })
    }
}

/// Decimal digits, at most 15 as in the ids of turn events.
fn parse_number(digits: &str) -> Result<u64, NoPlace> {
    let plain = digits.len() <= 15 && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| plain).ok_or(NoPlace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_comes_back_from_its_text() {
        for turn in [
            None,
            Some((TurnId::new(), 0)),
            Some((TurnId::new(), 999_999_999_999_999)),
        ] {
            let place = Place { revision: 12, turn };
            assert_eq!(place.to_string().parse(), Ok(place));
        }
    }

    #[test]
    fn anything_else_is_no_place() {
        let turn = TurnId::new();
        for text in [
            "",
            "-1",
            "+1",
            "1.",
            "1.2",
            "1..2",
            "1000000000000000",
            "1.no-turn.2",
            &format!("1.{turn}"),
            &format!("1.{turn}."),
            &format!("1.{turn}.2.3"),
            &format!("1.{turn}.-2"),
            &format!(" 1.{turn}.2"),
        ] {
            assert_eq!(text.parse::<Place>(), Err(NoPlace), "{text}");
        }
    }
}

//! Lengths of time as people write them, and how long logs are kept.

use std::time::Duration;

use super::ConfigError;

const DEFAULT: Duration = Duration::from_secs(30 * 86_400);

/// A number and s, m, h or d.
///
/// # Errors
/// How it is written.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "write it as 30s, 15m, 12h or 90d".to_owned();
    let unit = text.chars().last().ok_or_else(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    let number: u32 = text[..text.len() - unit.len_utf8()]
        .parse()
        .map_err(|_not_a_number| wrong())?;
    Ok(Duration::from_secs(u64::from(number) * seconds))
}

/// How long after its end a turn keeps its log.
pub(super) fn events_after(text: Option<&str>) -> Result<Option<Duration>, ConfigError> {
    match text {
        None => Ok(Some(DEFAULT)),
        Some("never") => Ok(None),
        Some(text) => match duration(text) {
            Ok(after) if !after.is_zero() => Ok(Some(after)),
            _ => Err(ConfigError::EventsAfter(text.to_owned())),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_are_kept_as_long_as_is_said_or_for_ever() {
        let days = |days: u64| Some(Duration::from_secs(days * 86_400));
        for (text, kept) in [
            (None, days(30)),
            (Some("7d"), days(7)),
            (Some("1s"), Some(Duration::from_secs(1))),
            (Some("never"), None),
        ] {
            assert_eq!(events_after(text).expect("a length of time"), kept, "{text:?}");
        }
        for text in [
            "",
            "0s",
            "soon",
            "7",
            "-1d",
            "1.5h",
            "d",
            "7 d",
            "9999999999d",
            "\u{e9}",
        ] {
            assert!(events_after(Some(text)).is_err(), "{text:?}");
        }
    }
}

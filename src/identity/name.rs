//! Which names users may have. A name is checked and never changed: two names that look alike would be two users whom
//! nobody can tell apart in a list.

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};

/// Longest name in characters.
const LONGEST: usize = 200;
/// Empty like a space, and no white space by Unicode.
const BLANK_BRAILLE: char = '\u{2800}';

/// Why a name is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// Nobody could write or show it.
    #[error("a user has 1 to 200 characters, none of them a control character")]
    Unfit,
    /// White space at its edges, or other than single spaces' own character.
    #[error("a user's name has no white space at its beginning or end, and no other white space than spaces")]
    WhiteSpace,
    /// A character that shows nothing, or turns the direction of a text.
    #[error("a user's name has no invisible characters")]
    Invisible,
    /// The same letters can be written as other characters (Unicode Standard Annex 15).
    #[error("a user's name is in the normal form NFC")]
    NotNormal,
}

/// Whether this may be the name of a new user.
///
/// # Errors
/// The first reason why not.
pub fn check(name: &str) -> Result<(), BadName> {
    if !is_fit(name) {
        return Err(BadName::Unfit);
    }
    if name.trim() != name
        || name
            .chars()
            .any(|character| character != ' ' && character.is_whitespace())
    {
        return Err(BadName::WhiteSpace);
    }
    if name.chars().any(is_invisible) {
        return Err(BadName::Invisible);
    }
    if !ComposingNormalizerBorrowed::new_nfc().is_normalized(name) {
        return Err(BadName::NotNormal);
    }
    Ok(())
}

/// Whether this can be a name at all; what else [`check`] refuses may own rows from before it was refused.
#[must_use]
pub fn is_fit(name: &str) -> bool {
    !name.trim().is_empty() && name.chars().count() <= LONGEST && !name.chars().any(char::is_control)
}

fn is_invisible(character: char) -> bool {
    let category = CodePointMapData::<GeneralCategory>::new().get(character);
    character == BLANK_BRAILLE
        || category == GeneralCategory::Format
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character)
}

#[cfg(test)]
mod tests {
    use super::{BadName, check};

    #[test]
    fn names_of_all_languages_are_names() {
        for name in [
            "alice",
            "local",
            "7",
            "a b",
            "O'Brien",
            "zo\u{eb}",
            "Ω",
            "李明",
            "さくら",
            "محمد",
            "משה",
            "नेहा",
            "ไทย",
            "alice@example.org",
            "auth0|5f7c8ec7c33c6c004bbafe82",
            "https://login.example/users/7",
            "bad user/..",
            "🦀",
            &"x".repeat(200),
        ] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn a_name_that_looks_like_another_is_refused() {
        let long = "x".repeat(201);
        for (name, reason) in [
            ("", BadName::Unfit),
            (" ", BadName::Unfit),
            ("\u{a0}", BadName::Unfit),
            (long.as_str(), BadName::Unfit),
            ("a\nb", BadName::Unfit),
            ("a\u{0}", BadName::Unfit),
            ("a\u{85}b", BadName::Unfit),
            ("alice ", BadName::WhiteSpace),
            (" alice", BadName::WhiteSpace),
            ("alice\u{a0}", BadName::WhiteSpace),
            ("\u{3000}alice", BadName::WhiteSpace),
            ("a\u{a0}b", BadName::WhiteSpace),
            ("a\u{2009}b", BadName::WhiteSpace),
            ("a\u{2028}b", BadName::WhiteSpace),
            ("\u{200b}", BadName::Invisible),
            ("al\u{200b}ice", BadName::Invisible),
            ("al\u{ad}ice", BadName::Invisible),
            ("\u{202e}ecila", BadName::Invisible),
            ("\u{2067}alice\u{2069}", BadName::Invisible),
            ("\u{feff}alice", BadName::Invisible),
            ("alice\u{e0041}", BadName::Invisible),
            ("alice\u{fe0f}", BadName::Invisible),
            ("\u{3164}", BadName::Invisible),
            ("\u{2800}", BadName::Invisible),
            ("\u{180e}a", BadName::Invisible),
            ("zoe\u{308}", BadName::NotNormal),
            ("\u{212b}ngstrom", BadName::NotNormal),
            ("\u{1112}\u{1161}\u{11ab}", BadName::NotNormal),
        ] {
            assert_eq!(check(name), Err(reason), "{name:?}");
        }
    }
}

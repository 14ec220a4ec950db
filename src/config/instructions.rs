//! The tutor's instructions: in the settings file, in a file of their own, or the bundled ones.

use std::path::Path;

use super::ConfigError;
use crate::agent::Template;

/// The operator's instructions, checked, or else the bundled ones.
pub(super) fn template(inline: Option<String>, file: Option<&Path>) -> Result<Template, ConfigError> {
    let text = match (inline, file) {
        (Some(_), Some(_)) => return Err(ConfigError::TwoInstructions),
        (inline, None) => inline,
        (None, Some(path)) => {
            let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
                path: path.to_owned(),
                source,
            })?;
            Some(text)
        }
    };
    Template::new(text.as_deref()).map_err(ConfigError::Instructions)
}

//! Who answers a turn, and what is asked of it: what the learner wished, where the operator allows it.

use super::Turns;
use crate::config::RequestParameter;
use crate::model::Parameters;
use crate::repository::Answering;

/// Why a learner's wish is not granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WishError {
    /// There is no provider of that name, or it is not the learner's to choose.
    #[error("the provider cannot be chosen")]
    Provider,
    /// The operator does not leave that parameter to learners.
    #[error("{0:?} cannot be chosen")]
    Parameter(RequestParameter),
    /// No model takes that.
    #[error("a parameter is out of its range")]
    Range,
}

impl Turns {
    /// Who answers the next turn.
    #[must_use]
    pub fn answering(&self) -> Answering {
        self.answered_by(0, None)
    }

    /// The same when the learner has wishes.
    ///
    /// # Errors
    /// [`WishError`] when they are not the learner's to have.
    pub fn answering_wished(
        &self,
        provider: Option<&str>,
        parameters: Option<Parameters>,
    ) -> Result<Answering, WishError> {
        let link = match provider {
            Some(name) => self.chain.choose(name).ok_or(WishError::Provider)?,
            None => 0,
        };
        let asked = parameters.unwrap_or_default();
        if let Some(refused) = self.chain.refused_parameter(link, &asked) {
            return Err(WishError::Parameter(refused));
        }
        if !asked.are_sane() {
            return Err(WishError::Range);
        }
        // Plain numbers and words always become JSON.
        let parameters = parameters.and_then(|asked| serde_json::to_string(&asked).ok());
        Ok(self.answered_by(link, parameters))
    }

    fn answered_by(&self, link: usize, parameters: Option<String>) -> Answering {
        let provider = self.chain.provider(link);
        Answering {
            provider: provider.name().to_owned(),
            model: provider.model().to_owned(),
            parameters,
        }
    }
}

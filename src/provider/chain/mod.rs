//! The providers in their order, and what all turns know of them together: who is in trouble, and how many retries
//! there may be. Pure policy: it says who is to be called and when, and never calls anyone itself.

mod backoff;
mod breaker;
mod budget;
mod candidates;
mod course;
mod places;
mod random;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

pub use breaker::BreakerState;
pub use course::{Call, Course, Step};
pub use places::{Claim, Errand, Place, Places, Waiting};
pub use random::Random;

use self::breaker::Breaker;
use self::budget::RetryBudget;
use super::Provider;
use crate::config::{BreakerSettings, ProviderSettings, RequestParameter, RetrySettings, refused_parameter};
use crate::model::Parameters;

/// When to ask again, and when to leave alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct Policy {
    /// When a provider that fails is asked again.
    pub retry: RetrySettings,
    /// When a provider that fails is left alone.
    pub breaker: BreakerSettings,
    /// Whether a request may name the provider that is asked first.
    pub choice: bool,
}

/// The providers in their order. Never empty.
pub struct Chain {
    links: Vec<Link>,
    policy: Policy,
    budget: RetryBudget,
    random: Random,
}

struct Link {
    provider: Arc<dyn Provider>,
    allow_request: Vec<RequestParameter>,
    places: Arc<Places>,
    breaker: Breaker,
}

impl Chain {
    /// The providers, with the settings of those that have any, in the same order.
    ///
    /// # Panics
    /// Without a provider there is nobody to ask.
    #[must_use]
    pub fn new(
        providers: Vec<Arc<dyn Provider>>,
        settings: &[ProviderSettings],
        policy: Policy,
        random: Random,
    ) -> Arc<Self> {
        assert!(!providers.is_empty(), "a chain has a provider");
        let links = providers.into_iter().enumerate().map(|(place, provider)| {
            let settings = settings.get(place);
            let most = settings.and_then(|settings| settings.max_concurrent);
            let patience = settings.map_or(Duration::MAX, |settings| settings.place_timeout);
            Link {
                provider,
                allow_request: settings
                    .map(|settings| settings.allow_request.clone())
                    .unwrap_or_default(),
                places: Places::new(most, patience),
                breaker: Breaker::new(policy.breaker),
            }
        });
        Arc::new(Self {
            links: links.collect(),
            budget: RetryBudget::new(policy.retry.percent, policy.retry.floor),
            policy,
            random,
        })
    }

    /// Who is asked first.
    #[must_use]
    pub fn first(&self) -> &Arc<dyn Provider> {
        &self.links[0].provider
    }

    /// Who is called at this place.
    #[must_use]
    pub fn provider(&self, link: usize) -> &Arc<dyn Provider> {
        &self.links[link].provider
    }

    /// The place of the provider of this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<usize> {
        self.position(|provider| provider.name() == name)
    }

    /// The place of the provider of this name, if requests may name it.
    #[must_use]
    pub fn choose(&self, name: &str) -> Option<usize> {
        self.find(name).filter(|_| self.policy.choice)
    }

    /// Whether any provider goes on exactly where a partial reply ends.
    #[must_use]
    pub fn continues_partial(&self) -> bool {
        self.links.iter().any(|link| link.provider.continues_partial())
    }

    /// The first parameter of a request that the operator of this provider does not leave to learners.
    #[must_use]
    pub fn refused_parameter(&self, link: usize, asked: &Parameters) -> Option<RequestParameter> {
        refused_parameter(&self.links[link].allow_request, asked)
    }

    /// What a request may ask of this provider; another may have been named in it.
    #[must_use]
    pub fn allowed(&self, link: usize, asked: Parameters) -> Parameters {
        let allows = |parameter| self.links[link].allow_request.contains(&parameter);
        Parameters {
            temperature: asked
                .temperature
                .filter(|_| allows(RequestParameter::Temperature)),
            max_tokens: asked.max_tokens.filter(|_| allows(RequestParameter::MaxTokens)),
            reasoning_effort: asked
                .reasoning_effort
                .filter(|_| allows(RequestParameter::ReasoningEffort)),
        }
    }

    /// Where calls of this provider are counted.
    #[must_use]
    pub fn places(&self, link: usize) -> &Arc<Places> {
        &self.links[link].places
    }

    /// The place of the first provider that fits.
    #[must_use]
    pub fn position(&self, fits: impl Fn(&dyn Provider) -> bool) -> Option<usize> {
        self.links.iter().position(|link| fits(&*link.provider))
    }

    /// What is let through to this provider now.
    #[must_use]
    pub fn breaker_state(&self, link: usize) -> BreakerState {
        self.links[link].breaker.state()
    }

    /// The way of one turn through the chain. It begins at `first`; `has_text` when a reply is to be gone on with.
    #[must_use]
    pub fn course(self: &Arc<Self>, first: usize, has_text: bool) -> Course {
        Course::new(Arc::clone(self), first, has_text)
    }

    /// All places, beginning with `first`, in the order of the chain.
    fn order(&self, first: usize) -> impl Iterator<Item = usize> + Clone {
        let count = self.links.len();
        std::iter::once(first).chain((0..count).filter(move |link| *link != first))
    }
}

//! What a token says about its bearer (RFC 7519, section 4.1), once its signature is known to be good.

use std::sync::Arc;

use serde_json::Value;

use super::super::{Identity, name};
use super::object::Object;
use crate::config::JwtSettings;
use crate::repository::Observes;

/// So many learners may a token name.
const MOST_OBSERVED: usize = 1_000;

/// The claims of one token.
pub(super) struct Claims(Object);

impl Claims {
    /// `None`: they are no object, or a claim stands twice.
    pub(super) fn parse(payload: &[u8]) -> Option<Self> {
        Object::parse(payload).map(Self)
    }

    /// Who bears the token at `now` (milliseconds since the Unix epoch); `None`: it is not valid, or not for here.
    pub(super) fn identity(&self, settings: &JwtSettings, now: i64) -> Option<Identity> {
        let leeway = i64::try_from(settings.leeway.as_millis()).unwrap_or(i64::MAX);
        let expiry = time(self.0.get("exp")?)?;
        let begun = match self.0.get("nbf") {
            Some(moment) => time(moment)?.saturating_sub(leeway) <= now,
            None => true,
        };
        let issued = self.0.get("iss")?.as_str()? == settings.issuer;
        let here = self.is_for(&settings.audience);
        if now >= expiry.saturating_add(leeway) || !begun || !issued || !here {
            return None;
        }
        let subject = self.0.get(&settings.user_claim)?.as_str()?;
        name::is_fit(subject).then_some(())?;
        Some(Identity {
            subject: subject.into(),
            observes: Arc::new(observes(self.0.get(&settings.observes_claim))?),
            token_id: None,
            // A stream ends when its token does; one that begins within the leeway may use the rest of that.
            expires_at: Some(if now < expiry {
                expiry
            } else {
                expiry.saturating_add(leeway)
            }),
        })
    }

    /// One audience, or several of which this is one.
    fn is_for(&self, audience: &str) -> bool {
        match self.0.get("aud") {
            Some(Value::String(one)) => one == audience,
            Some(Value::Array(several)) => several.iter().any(|one| one == audience),
            _ => false,
        }
    }
}

/// Seconds since the Unix epoch, perhaps with a fraction, as milliseconds.
fn time(value: &Value) -> Option<i64> {
    let seconds = value.as_f64().filter(|seconds| (0.0..1e15).contains(seconds))?;
    #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
    let milliseconds = (seconds * 1_000.0) as i64;
    Some(milliseconds)
}

/// `*`, or a list of users. Anything else is no claim that can be trusted to mean less.
fn observes(value: Option<&Value>) -> Option<Observes> {
    match value {
        None | Some(Value::Null) => Some(Observes::Nobody),
        Some(Value::String(all)) if all == "*" => Some(Observes::Everybody),
        Some(Value::Array(users)) if users.len() <= MOST_OBSERVED => {
            let users = users.iter().map(|user| user.as_str().map(str::to_owned));
            users.collect::<Option<Vec<_>>>().map(Observes::Users)
        }
        Some(_) => None,
    }
}

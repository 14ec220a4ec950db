//! `/profile`: what is kept of the caller as a learner, and the learner's word on it.

use actix_web::HttpResponse;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::auth::Author;
use super::body::{JsonBody, check_line};
use super::error::ApiError;
use super::objects::objects;
use super::openapi::text::{Goals, LanguageTag, Line};
use super::standing::{StorageBody, TokensBody, standing};
use crate::ids::MessageId;
use crate::repository::{Learner, LearnerChanges, TopicCorrection, TopicMastery, UserRepository};
use crate::time::rfc3339;

/// Longest text about goals, in characters.
pub(super) const LONGEST_GOALS: usize = 500;
/// Most topics of one request.
const MOST_TOPICS: usize = 100;

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Profile")]
pub(super) struct ProfileBody {
    /// The user that the request acts as.
    user: String,
    storage: StorageBody,
    tokens: TokensBody,
    level: Option<String>,
    goals: Option<String>,
    language: Option<String>,
    tracking: bool,
    topics: Vec<TopicBody>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TopicMastery")]
struct TopicBody {
    subject: Option<String>,
    topic: String,
    mastery: f64,
    evidence: Vec<MessageId>,
    #[schemars(extend("format" = "date-time"))]
    updated_at: String,
}

impl ProfileBody {
    async fn of(
        user: &UserRepository,
        (learner, topics): (Learner, Vec<TopicMastery>),
    ) -> Result<Self, ApiError> {
        let (storage, tokens) = standing(user).await?;
        let topics = topics.into_iter().map(|topic| TopicBody {
            subject: topic.subject,
            topic: topic.topic,
            mastery: topic.mastery,
            evidence: topic.evidence,
            updated_at: rfc3339(topic.updated_at),
        });
        Ok(Self {
            user: user.owner().to_owned(),
            storage,
            tokens,
            level: learner.level,
            goals: learner.goals,
            language: learner.language,
            tracking: learner.tracking,
            topics: topics.collect(),
        })
    }
}

/// A field that is not given stays as it is; null empties it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ProfileChanges")]
pub(super) struct ProfileChangesBody {
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<Line>")]
    level: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<Goals>")]
    goals: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<LanguageTag>")]
    language: Option<Option<String>>,
    tracking: Option<bool>,
    #[serde(default, deserialize_with = "objects")]
    #[schemars(with = "Vec<CorrectionBody>", length(max = MOST_TOPICS))]
    topics: Vec<CorrectionBody>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TopicCorrection")]
struct CorrectionBody {
    #[schemars(with = "Option<Line>")]
    subject: Option<String>,
    #[schemars(with = "Line")]
    topic: String,
    #[schemars(range(min = 0, max = 1))]
    mastery: Option<f64>,
}

fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl ProfileChangesBody {
    fn check(self) -> Result<LearnerChanges, ApiError> {
        check_line(self.level.as_ref().and_then(Option::as_deref))?;
        check_language(self.language.as_ref().and_then(Option::as_deref))?;
        check_goals(self.goals.as_ref().and_then(Option::as_deref))?;
        if self.topics.len() > MOST_TOPICS {
            return Err(ApiError::invalid_request(
                "A request corrects at most 100 topics.",
            ));
        }
        let topics = self.topics.into_iter().map(CorrectionBody::check);
        Ok(LearnerChanges {
            topics: topics.collect::<Result<_, _>>()?,
            level: self.level,
            goals: self.goals,
            language: self.language,
            tracking: self.tracking,
        })
    }
}

impl CorrectionBody {
    fn check(self) -> Result<TopicCorrection, ApiError> {
        check_line(Some(&self.topic))?;
        check_line(self.subject.as_deref())?;
        if self
            .mastery
            .is_some_and(|mastery| !(0.0..=1.0).contains(&mastery))
        {
            return Err(ApiError::invalid_request(
                "mastery is a number from 0 to 1, or null.",
            ));
        }
        Ok(TopicCorrection {
            subject: self.subject,
            topic: self.topic,
            mastery: self.mastery,
        })
    }
}

/// The goals stand in instructions, so they are one line.
fn check_goals(goals: Option<&str>) -> Result<(), ApiError> {
    let fits = |text: &str| {
        let is_plain = !text.contains(char::is_control) && !text.trim().is_empty();
        is_plain && text.chars().count() <= LONGEST_GOALS
    };
    if goals.is_none_or(fits) {
        return Ok(());
    }
    Err(ApiError::invalid_request(
        "goals has 1 to 500 characters, all on one line.",
    ))
}

/// The form of a tag of BCP 47.
fn check_language(tag: Option<&str>) -> Result<(), ApiError> {
    let fits = |tag: &str| {
        let part = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        (2..=35).contains(&tag.len()) && tag.split('-').all(part)
    };
    if tag.is_none_or(fits) {
        return Ok(());
    }
    Err(ApiError::invalid_request(
        "language is a language tag, such as en or pt-BR.",
    ))
}

pub(super) async fn get_profile(author: Author) -> Result<HttpResponse, ApiError> {
    let profile = author.user.profile().await?;
    Ok(HttpResponse::Ok().json(ProfileBody::of(&author.user, profile).await?))
}

pub(super) async fn update_profile(
    author: Author,
    body: JsonBody<ProfileChangesBody>,
) -> Result<HttpResponse, ApiError> {
    let changes = body.0.check()?;
    let profile = author.user.update_profile(changes).await?;
    Ok(HttpResponse::Ok().json(ProfileBody::of(&author.user, profile).await?))
}

//! What the caller has taken of what it may take, as `/profile` tells it: storage, and the tokens of the day.

use schemars::JsonSchema;
use serde::Serialize;

use super::code::Code;
use super::error::ApiError;
use crate::model::Purpose;
use crate::repository::{StorageBound, StorageLimits, StorageUse, TokensOfDay, UserRepository};

/// What the user stores and may store.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Storage")]
pub(super) struct StorageBody {
    bytes: BytesBody,
    sessions: CountBody,
    messages: CountBody,
}

/// Texts and logs, in bytes. What is reserved is for replies that are being written.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "StoredBytes")]
struct BytesBody {
    used: i64,
    reserved: i64,
    limit: Option<u64>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "StoredCount")]
struct CountBody {
    used: i64,
    limit: Option<u64>,
}

/// The tokens of this day of UTC, read and written by models. What is reserved is for calls under way.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TokensOfDay")]
pub(super) struct TokensBody {
    /// UTC, `YYYY-MM-DD`.
    day: String,
    used: i64,
    reserved: i64,
    limit: Option<u64>,
    by_purpose: PurposesBody,
}

/// What tokens were used for.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "TokensByPurpose")]
struct PurposesBody {
    /// First calls for a reply.
    answers: i64,
    /// Further calls for it, after one that failed or was cut.
    retries: i64,
    /// Plans before an answer.
    plans: i64,
    /// Summaries of long sessions.
    summaries: i64,
    /// Plans that were made anew behind an answer.
    reviews: i64,
}

impl StorageBody {
    fn of(used: StorageUse, limits: StorageLimits) -> Self {
        let StorageUse {
            bytes,
            reserved_bytes,
            messages,
            sessions,
        } = used;
        Self {
            bytes: BytesBody {
                used: bytes,
                reserved: reserved_bytes,
                limit: limits.bytes,
            },
            sessions: CountBody {
                used: sessions,
                limit: limits.sessions,
            },
            messages: CountBody {
                used: messages,
                limit: limits.messages,
            },
        }
    }
}

impl TokensBody {
    fn of(tokens: TokensOfDay, limit: Option<u64>) -> Self {
        let of = |purpose| tokens.used_for(purpose);
        Self {
            used: tokens.used(),
            reserved: tokens.reserved,
            limit,
            by_purpose: PurposesBody {
                answers: of(Purpose::Reply),
                retries: of(Purpose::Retry),
                plans: of(Purpose::Focus),
                summaries: of(Purpose::Summary),
                reviews: of(Purpose::Review),
            },
            day: tokens.day,
        }
    }
}

/// What this user has taken.
pub(super) async fn standing(user: &UserRepository) -> Result<(StorageBody, TokensBody), ApiError> {
    let limits = user.limits();
    let storage = StorageBody::of(user.storage().await?, limits.storage);
    let tokens = TokensBody::of(
        user.tokens_of_day().await?,
        limits.tokens.map(|tokens| tokens.per_day),
    );
    Ok((storage, tokens))
}

/// One thing too many, with what to delete.
pub(super) fn storage_full(bound: StorageBound) -> ApiError {
    let (code, what) = match bound {
        StorageBound::Bytes(most) => (Code::StorageFull, format!("{most} bytes")),
        StorageBound::Sessions(most) => (Code::TooManySessions, format!("{most} sessions")),
        StorageBound::Messages(most) => (Code::TooManyMessages, format!("{most} messages")),
    };
    let detail = format!(
        "You may store {what}, and this would be more. Delete sessions that you no longer need (DELETE /sessions/ID); \
         GET /profile says how much you store."
    );
    ApiError::new(code, detail)
}

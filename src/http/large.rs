//! Answers that may be large: made within their user's share of memory, away from the threads that serve connections,
//! and counted until they are read.

use std::io;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::body::BoxBody;
use actix_web::http::header::ContentType;
use actix_web::web::block;
use serde::Serialize;

use super::SharedApp;
use super::code::Code;
use super::error::ApiError;
use super::pace::Answer;
use crate::limits::Claim;
use crate::repository::PAGE_BYTES;

/// How long an answer waits for others of its user to be read. One that nobody reads is cut off later than that.
const PATIENCE: Duration = Duration::from_secs(10);
/// What a page may take beside its texts.
const AROUND: usize = 512 * 1024;

/// What `read` gives, as JSON. It is read again when it turns out larger than what was claimed for it.
pub(super) async fn json<T: Serialize + Send + 'static>(
    app: &SharedApp,
    user: &str,
    read: impl AsyncFn() -> Result<T, ApiError>,
) -> Result<HttpResponse, ApiError> {
    let mut wanted = PAGE_BYTES + AROUND;
    loop {
        let claim = claim(app, user, wanted).await?;
        let value = read().await?;
        let made = block(move || within(&value, claim)).await;
        match made.map_err(|_lost| ApiError::internal("an answer was not made"))? {
            Ok((bytes, claim)) => {
                let response = HttpResponse::Ok().content_type(ContentType::json()).body(bytes);
                return Ok(response.map_body(|_, body| BoxBody::new(Answer::new(body, claim))));
            }
            Err(length) => wanted = length,
        }
    }
}

/// Memory for an answer of so many bytes.
///
/// # Errors
/// `TooManyUnread` when others are not read in time.
pub(super) async fn claim(app: &SharedApp, user: &str, bytes: usize) -> Result<Claim, ApiError> {
    let claimed = tokio::time::timeout(PATIENCE, app.limits.shares.claim(user, bytes)).await;
    claimed.map_err(|_elapsed| {
        let detail = "Answers of yours that nobody reads take all the memory that yours may take.";
        ApiError::too_many(Code::TooManyUnread, (detail, 5))
    })
}

/// The JSON and what it takes, or its length when that is not covered.
fn within(value: &impl Serialize, mut claim: Claim) -> Result<(Vec<u8>, Claim), usize> {
    let mut counted = Counted(0);
    // Neither counting nor writing to a Vec can fail, and neither can serialising these types.
    let _ = serde_json::to_writer(&mut counted, value);
    let length = counted.0;
    if !claim.covers(length) {
        return Err(length);
    }
    let mut bytes = Vec::with_capacity(length);
    let _ = serde_json::to_writer(&mut bytes, value);
    claim.shrink(length);
    Ok((bytes, claim))
}

struct Counted(usize);

impl io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

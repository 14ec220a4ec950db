//! Which request a task is busy with, so that every line of the log can say so. Knows only the id.

use std::sync::Arc;

tokio::task_local! {
    static CURRENT: Arc<str>;
}

/// Within `work`, this is the request that is being answered. What it spawns elsewhere is not a part of it.
pub(crate) async fn answering<F: Future>(request_id: Arc<str>, work: F) -> F::Output {
    CURRENT.scope(request_id, work).await
}

/// The id of the request that is being answered here, if one is.
pub(crate) fn current_request() -> Option<Arc<str>> {
    CURRENT.try_with(Arc::clone).ok()
}

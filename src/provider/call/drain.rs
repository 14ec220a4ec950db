//! Reads what is left of a body after its reply has ended, so that the connection can be used again. Nobody waits for
//! it: the reply is over, and so is the place that it held.

use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use tokio::runtime::Handle;
use tokio::time::timeout;

/// How long the end of a body may come after the end of its reply.
const PATIENCE: Duration = Duration::from_millis(100);
/// More is not worth a connection.
const MOST_BYTES: usize = 64 * 1024;

/// Pieces that have come already.
const MOST_PIECES: usize = 8;

/// Reads what has come already, which is most often the end, and the rest in the background. The connection is closed
/// when the body does not end.
pub(super) fn finish<S>(mut body: S, cx: &mut Context<'_>)
where
    S: Stream<Item = reqwest::Result<Bytes>> + Unpin + Send + 'static,
{
    for _ in 0..MOST_PIECES {
        match body.poll_next_unpin(cx) {
            Poll::Ready(Some(Ok(_))) => {}
            Poll::Ready(_) => return,
            Poll::Pending => break,
        }
    }
    // A turn runs on the main runtime, and so does this.
    if let Ok(runtime) = Handle::try_current() {
        drop(runtime.spawn(async { timeout(PATIENCE, read(body)).await }));
    }
}

async fn read<S: Stream<Item = reqwest::Result<Bytes>> + Unpin>(mut body: S) {
    let mut left = MOST_BYTES;
    while let Some(Ok(bytes)) = body.next().await {
        match left.checked_sub(bytes.len()) {
            Some(less) => left = less,
            None => return,
        }
    }
}

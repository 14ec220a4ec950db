//! What a reply costs beside the connection.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{StreamExt, stream};

use super::super::failure::Failures;
use super::super::reply::Reply;
use super::super::{Call, Limits};
use super::fake::{content, finish};

#[test]
fn an_open_reply_is_small() {
    let size = size_of::<Reply<stream::Empty<reqwest::Result<Bytes>>>>();
    assert!(size <= 448, "{size} bytes");
}

/// `cargo nextest run --release --run-ignored only reply_speed --no-capture`
#[tokio::test]
#[ignore = "a measurement"]
async fn reply_speed() {
    let limit = Duration::from_secs(60);
    let limits = Limits {
        first_delta: limit,
        idle: limit,
        total: limit,
    };
    let call = Arc::new(Call {
        failures: Failures::new("fake".to_owned(), None),
        limits,
    });
    let event = Bytes::from(content("Hel"));
    for (name, pieces, per_chunk) in [
        ("one delta per chunk", 20_000, 1_usize),
        ("16 per chunk", 2_000, 16),
    ] {
        let chunk = Bytes::from(event.repeat(per_chunk));
        let mut deltas = 0;
        let started = Instant::now();
        for _ in 0..20 {
            let pieces = stream::repeat(chunk.clone())
                .take(pieces)
                .chain(stream::iter([Bytes::from(finish("stop"))]));
            let body = pieces.map(Ok::<_, reqwest::Error>);
            let mut reply = Box::pin(Reply::new(body, Arc::clone(&call), tokio::time::Instant::now()));
            while let Some(item) = reply.next().await {
                item.unwrap();
                deltas += 1;
            }
        }
        println!("{name}: {} ns per delta", started.elapsed().as_nanos() / deltas);
    }
}

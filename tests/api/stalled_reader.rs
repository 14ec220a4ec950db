//! A reader that takes nothing of what waits for it is cut off; it comes back with its last event id for the rest.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::app::{Setup, TestApp};
use crate::checker::check_turn;
use crate::deadline::within;
use crate::upstream::Plan;
use crate::wire::connect;

async fn has_open_streams(app: &TestApp) -> bool {
    let response = app
        .learner
        .call(reqwest::Method::GET, "/metrics", serde_json::Value::Null)
        .await;
    let text = response.text().await.expect("text");
    !text.contains("\ntutorstream_streams_open 0\n")
}

#[tokio::test]
async fn a_reader_that_does_not_read_is_cut_off_and_resumes_without_a_gap() {
    let app = Setup::new().limit("stalled_reader_seconds", 1).start();
    let plan = Plan {
        size: 4_000,
        ..Plan::new(61, 500, 0)
    };
    let mut reader = app.learner.send(&plan.to_string()).await;
    reader.until_end().await;
    assert_eq!(reader.text(), plan.text(), "a reader that reads notices nothing");

    let mut stalled = connect(&app.learner).await;
    socket2::SockRef::from(&stalled)
        .set_recv_buffer_size(4_096)
        .expect("a small buffer");
    let request = format!(
        "GET /turns/{}/events HTTP/1.1\r\nHost: localhost\r\n\r\n",
        reader.turn_id
    );
    stalled
        .write_all(request.as_bytes())
        .await
        .expect("the request is sent");
    let mut first = [0; 512];
    stalled.read_exact(&mut first).await.expect("the stream begins");
    within("the stalled stream is closed", async {
        while has_open_streams(&app).await {}
    })
    .await;
    let mut rest = Vec::new();
    let ended = stalled.read_to_end(&mut rest).await;
    assert!(
        ended.is_err() || rest.len() < 2_000_000,
        "it has not got everything: {}",
        rest.len()
    );

    let mut again = app.learner.follow(&reader.turn_id).await;
    again.until_end().await;
    assert_eq!(again.events, reader.events);
    check_turn(&mut app.database(), &[&again, &reader], Some(&plan.text()));
}

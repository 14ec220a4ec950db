//! A reader that takes nothing of what waits for it is cut off, and so is one that has vanished; it comes back with its
//! last event id for the rest.

use socket2::{SockFilter, SockRef};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::app::Setup;
use crate::checker::check_turn;
use crate::deadline::within;
use crate::upstream::Plan;
use crate::wire::connect;

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
    SockRef::from(&stalled)
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
        while app.learner.open_streams().await != 0 {}
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

/// BPF: of what comes, keep nothing.
const KEEP_NOTHING: SockFilter = SockFilter::new(0x06, 0, 0, 0);

#[tokio::test]
async fn a_reader_that_vanishes_without_a_word_is_cut_off_and_the_others_see_everything() {
    let app = Setup::new().limit("stalled_reader_seconds", 1).start();
    let plan = Plan::new(62, 2_000, 100);
    let mut reader = app.learner.send(&plan.to_string()).await;
    reader.until_text("3:").await;
    let mut vanishing = connect(&app.learner).await;
    let request = format!(
        "GET /turns/{}/events HTTP/1.1\r\nHost: localhost\r\n\r\n",
        reader.turn_id
    );
    vanishing
        .write_all(request.as_bytes())
        .await
        .expect("the request is sent");
    within("there are two readers", async {
        while app.learner.open_streams().await != 2 {}
    })
    .await;
    // From now on its machine answers nothing, not even that it is gone.
    let deaf = SockRef::from(&vanishing).attach_filter(&[KEEP_NOTHING]);
    deaf.expect("a socket can be made deaf");
    within("the one that has vanished is cut off", async {
        while app.learner.open_streams().await != 1 {}
    })
    .await;
    app.learner.stop(&reader.turn_id).await;
    assert_eq!(reader.until_end().await.data["status"], "stopped");
    check_turn(&mut app.database(), &[&reader], Some(&plan.text()));
}

//! The process stands still and goes on, as it does in a virtual machine that is paused.

use std::time::Duration;

use rustix::process::Signal;

use crate::app::Setup;
use crate::checker::check_turn;
use crate::deadline::eventually;
use crate::server::{send, stands_still};
use crate::upstream::{self, Plan, Script};

/// How long it stands still, the fault itself: longer than a silence of the provider may be.
const FAULT: Duration = Duration::from_secs(3);

#[tokio::test]
async fn a_server_that_stood_still_goes_on_where_it_was() {
    let setup = Setup::new().without_retries().without_merging();
    let app = setup.provider("idle_timeout_seconds", 1).start();
    let plan = Plan::new(95, 40, 0);
    let go_on = upstream::Signal::new();
    let script = plan
        .deltas()
        .take(10)
        .fold(Script::stream(), |script, delta| script.delta(&delta));
    let rest = plan.deltas().skip(10);
    app.upstream.next(
        rest.fold(script.wait_for(&go_on), |script, delta| script.delta(&delta))
            .finish(),
    );
    let mut reader = app.learner.send(&plan.to_string()).await;
    let mut other = app.learner.follow(&reader.turn_id).await;
    reader.until_text("9:").await;

    send(app.pid(), Signal::STOP);
    eventually("it stands still", || stands_still(app.pid()).then_some(())).await;
    go_on.give();
    let request = app.upstream.request(0).await;
    request.played.wait("the provider has sent everything").await;
    tokio::time::sleep(FAULT).await;
    send(app.pid(), Signal::CONT);

    assert_eq!(reader.until_end().await.data["status"], "complete");
    other.until_end().await;
    assert_eq!(app.upstream.count(), 1, "nobody is asked again");
    check_turn(&mut app.database(), &[&reader, &other], Some(&plan.text()));
}

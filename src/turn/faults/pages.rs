//! Somebody who asks again and again where the session stands while its turn runs, with rows that may be old.

use std::sync::Arc;

use tokio::time::sleep;

use super::scenario::Scenario;
use super::world::World;
use crate::ids::TurnId;
use crate::model::Status;
use crate::turn::LiveText;
use crate::turn::event::{append_text, frames};

/// What was told of a running reply: its text up to an event.
pub(super) type Told = Vec<LiveText>;

impl Scenario {
    /// Looks until the turn has ended.
    pub(super) async fn look(&self, turn_id: TurnId) -> Told {
        let mut told = Told::new();
        loop {
            sleep(self.chance.wait()).await;
            let look = async |world: World| self.look_once(&world, turn_id).await;
            match self.worlds.while_it_lives(look).await {
                Some(Some(live)) => told.push(live),
                Some(None) => return told,
                // The service died: the page is asked for again.
                None => {}
            }
        }
    }

    /// The text of the reply, as long as it is being written.
    async fn look_once(&self, world: &World, turn_id: TurnId) -> Option<LiveText> {
        let reading = world.user.reading();
        let session_id = reading.turn(turn_id).await.unwrap().0.session_id;
        let found = world.turns.find_live(turn_id);
        let read = async || {
            let page = reading.messages(session_id, None, 50).await?;
            sleep(self.chance.wait()).await;
            // However long that was, it is the moment right after the end at the latest.
            if let Some(live) = &found {
                world.turns.hold_live(turn_id, Arc::clone(live));
            }
            Ok(page)
        };
        let joined = world.turns.with_live_text(read).await;
        if let Some(live) = found.filter(|live| live.log.stored().ended) {
            world.turns.forget(&live);
        }
        let (page, live) = joined.unwrap();
        if page.active.is_none_or(|active| active.id != turn_id) {
            let ended = page.messages.iter().all(|row| row.status != Status::Streaming);
            assert!(ended, "rows of one moment say the same of a reply");
            return None;
        }
        let live = live.unwrap_or_default();
        let following = world.turns.subscribe(reading, turn_id, live.last_event_id).await;
        if let Ok(following) = following {
            assert!(!following.rewound, "event {} is stored", live.last_event_id);
            assert!(!following.finished, "more comes of a reply that is being written");
        }
        Some(live)
    }
}

/// What was told is what the events up to there tell.
pub(super) fn check_told(log: &[u8], told: &Told) {
    for LiveText { text, last_event_id } in told {
        let seen = frames(log).take_while(|frame| frame.number <= *last_event_id);
        let length = seen.map(|frame| frame.length).sum();
        let mut expected = String::new();
        append_text(&log[..length], &mut expected);
        assert_eq!(text, &expected, "P2: up to event {last_event_id}");
    }
}

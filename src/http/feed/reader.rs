//! A reader's place in a session: which rows it has, and which turn it is being shown.
//!
//! Rows are read when a hint says that some have changed. Turns are shown one after another, oldest first; all of a
//! turn comes before the row that its end has changed. Nothing is kept for a reader but its place.

use std::collections::VecDeque;
use std::sync::Arc;

use actix_web::web::Bytes;

use super::super::sse::Source;
use super::due::{Due, Making, Origin};
use super::frames;
use super::place::Place;
use super::rows;
use crate::fanout::{Fanout, Watching};
use crate::ids::{SessionId, TurnId};
use crate::limits::Claim;
use crate::repository::RepositoryError;
use crate::turn::{Next, Subscription, TurnError};

/// A reader of a session.
pub(super) struct Feed {
    origin: Origin,
    watching: Watching,
    /// All changes up to this one are sent.
    revision: i64,
    /// Whether rows may have changed since they were read.
    stale: bool,
    /// Rows that are to be sent next.
    due: Option<Due>,
    /// Rows that are being made into frames, away from the threads that serve connections.
    making: Option<Making>,
    /// What the frames that were given last take, until others are wanted.
    given: Option<Claim>,
    followed: Option<Followed>,
    /// Turns that are shown next, and the events of theirs that the reader has.
    pending: VecDeque<(TurnId, u64)>,
    deleted: bool,
}

/// The turn that is being shown.
struct Followed {
    turn_id: TurnId,
    subscription: Subscription,
}

impl Feed {
    /// Goes on at `place`; with a snapshot where that is not possible.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`, `Database`.
    pub(super) async fn open(
        origin: Origin,
        fanout: &Arc<Fanout>,
        place: Option<Place>,
    ) -> Result<Self, TurnError> {
        // Before the rows are read, so that no change falls between.
        let watching = fanout.watch(origin.session_id);
        let mut feed = Self {
            origin,
            watching,
            revision: 0,
            stale: false,
            due: None,
            making: None,
            given: None,
            followed: None,
            pending: VecDeque::new(),
            deleted: false,
        };
        let resumed = match place {
            Some(place) => feed.resume(place).await?,
            None => None,
        };
        let mut due = match resumed {
            Some(due) => due,
            None => feed.origin.read(None).await?,
        };
        due.opening = true;
        feed.due = Some(due);
        Ok(feed)
    }

    /// The session, when it is another user's than the reader.
    pub(super) fn observed(&self) -> Option<SessionId> {
        let due = self.due.as_ref()?;
        let own = *due.changes.session.owner == *self.origin.reading.subject();
        Some(self.origin.session_id).filter(|_| !own)
    }

    /// The rows that have changed since `place`, and the rest of its turn; `None` when there is no such place.
    async fn resume(&mut self, place: Place) -> Result<Option<Due>, TurnError> {
        let due = self.origin.read(Some(place.revision)).await?;
        if due.changes.since.is_none() {
            return Ok(Some(due));
        }
        self.revision = place.revision;
        let Some((turn_id, number)) = place.turn else {
            return Ok(Some(due));
        };
        match self.origin.reading.turn(turn_id).await {
            // The reader knows the message that this turn writes.
            Ok((turn, _)) if self.origin.session_id == turn.session_id && turn.revision <= place.revision => {
            }
            Ok(_) | Err(RepositoryError::NotFound) => return Ok(Some(due)),
            Err(error) => return Err(error.into()),
        }
        let following = self.origin.subscribe(turn_id, number).await?;
        // It has seen an event that is not stored: what it shows must go.
        if following.rewound {
            return Ok(None);
        }
        self.followed = Some(Followed {
            turn_id,
            subscription: following.subscription,
        });
        Ok(Some(due))
    }

    /// Whether the followed turn has ended as the rows that are to be sent say, so that the rest of it comes first.
    fn has_ended(&self) -> bool {
        let (Some(followed), Some(due)) = (&self.followed, &self.due) else {
            return false;
        };
        let mut streaming = due.changes.streaming.iter();
        streaming.all(|turn| turn.id != followed.turn_id)
    }

    /// Has the frames of these rows made, and follows from now on the turns that they tell of.
    fn send(&mut self, due: Due) -> Making {
        let Due {
            changes,
            live,
            claim,
            opening,
        } = due;
        let streaming = changes.streaming.iter().map(|turn| turn.id);
        let since = std::mem::replace(&mut self.revision, changes.session.revision);
        let Some(_) = changes.since else {
            self.followed = None;
            self.pending = streaming.map(|turn_id| (turn_id, 0)).collect();
            if let (Some(active), Some(live)) = (self.pending.front_mut(), &live) {
                active.1 = live.last_event_id;
            }
            let make = |subject: &str, turn| rows::snapshot(subject, changes, live, turn);
            return self.origin.make((claim, self.turn_place()), make);
        };
        let turns: Vec<_> = if opening {
            streaming.collect()
        } else {
            changes.begun.clone()
        };
        for turn_id in turns {
            let followed = self.followed.as_ref().map(|followed| followed.turn_id);
            let mut known = self.pending.iter().map(|(id, _)| *id).chain(followed);
            if known.all(|id| id != turn_id) {
                self.pending.push_back((turn_id, 0));
            }
        }
        let make = move |subject: &str, turn| rows::changed(subject, changes, since, turn);
        self.origin.make((claim, self.turn_place()), make)
    }

    /// The frames that are being made.
    async fn made(&mut self) -> Result<Vec<u8>, RepositoryError> {
        let Some(making) = &mut self.making else {
            return Ok(Vec::new());
        };
        let made = making.await;
        self.making = None;
        let (frames, claim) = made.map_err(|_panicked| RepositoryError::Unavailable)?;
        self.given = Some(claim);
        Ok(frames)
    }

    fn turn_place(&self) -> Option<(TurnId, u64)> {
        let followed = self.followed.as_ref();
        let followed = followed.map(|followed| (followed.turn_id, followed.subscription.number()));
        followed.or_else(|| self.pending.front().copied())
    }

    /// What the followed turn has given.
    fn show(&mut self, next: Next) -> Option<Next> {
        let followed = self.followed.as_ref()?;
        match next {
            Next::Frames(log) => Some(Next::Frames(frames::of_turn(
                self.revision,
                followed.turn_id,
                &log,
            ))),
            Next::Cut => Some(Next::Cut),
            Next::Passing(frame) => Some(Next::Passing(frames::passing(Some(followed.turn_id), &frame))),
            Next::End => {
                self.followed = None;
                // The end of a turn has changed its message.
                self.stale = true;
                None
            }
        }
    }

    async fn refresh(&mut self) -> Result<(), RepositoryError> {
        match self.origin.read(Some(self.revision)).await {
            Ok(due) => self.due = Some(due),
            Err(RepositoryError::NotFound) => self.deleted = true,
            Err(error) => return Err(error),
        }
        self.stale = false;
        Ok(())
    }

    async fn follow(&mut self, (turn_id, number): (TurnId, u64)) -> Result<(), RepositoryError> {
        match self.origin.subscribe(turn_id, number).await {
            Ok(following) => {
                self.followed = Some(Followed {
                    turn_id,
                    subscription: following.subscription,
                });
            }
            // The session was deleted.
            Err(TurnError::Repository(RepositoryError::NotFound)) => self.stale = true,
            Err(TurnError::Repository(error)) => return Err(error),
            Err(_) => return Err(RepositoryError::Unavailable),
        }
        self.pending.pop_front();
        Ok(())
    }

    /// Waits until rows have changed or the followed turn goes on.
    async fn wait(&mut self) -> Result<Option<Next>, RepositoryError> {
        let next = match &mut self.followed {
            Some(followed) => tokio::select! {
                biased;
                () = self.watching.changed() => None,
                next = followed.subscription.next() => Some(next?),
            },
            None => {
                self.watching.changed().await;
                None
            }
        };
        self.stale |= next.is_none();
        Ok(next)
    }
}

impl Source for Feed {
    fn about(&self, passing: &'static [u8]) -> Bytes {
        let turn_id = self.followed.as_ref().map(|followed| followed.turn_id);
        frames::passing(turn_id, passing).into()
    }

    async fn next(&mut self) -> Result<Next, RepositoryError> {
        loop {
            if self.deleted {
                return Ok(Next::End);
            }
            self.given = None;
            let next = if self.making.is_some() {
                let frames = self.made().await?;
                if !frames.is_empty() {
                    return Ok(Next::Frames(frames));
                }
                None
            } else if self.has_ended()
                && let Some(followed) = &mut self.followed
            {
                Some(followed.subscription.next().await?)
            } else if let Some(due) = self.due.take() {
                self.making = Some(self.send(due));
                None
            } else if self.stale {
                Box::pin(self.refresh()).await?;
                if self.deleted {
                    return Ok(Next::Frames(frames::DELETED.to_vec()));
                }
                None
            } else if self.followed.is_none()
                && let Some(turn) = self.pending.front().copied()
            {
                Box::pin(self.follow(turn)).await?;
                None
            } else {
                self.wait().await?
            };
            if let Some(next) = next.and_then(|next| self.show(next)) {
                return Ok(next);
            }
        }
    }
}

#[cfg(test)]
mod tests;

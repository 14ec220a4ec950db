//! A reader's place in a session: which rows it has, and which turn it is being shown.
//!
//! Rows are read when a hint says that some have changed. Turns are shown one after another, oldest first; all of a
//! turn comes before the row that its end has changed. Nothing is kept for a reader but its place.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::Arc;

use actix_web::web::Bytes;

use super::super::sse::Source;
use super::frames;
use super::place::Place;
use super::rows;
use crate::fanout::{Fanout, Watching};
use crate::ids::{SessionId, TurnId};
use crate::repository::{Changes, ReadingRepository, RepositoryError};
use crate::turn::{LiveText, Next, Subscription, TurnError, Turns};

/// A reader of a session.
pub(super) struct Feed {
    turns: Arc<Turns>,
    reading: ReadingRepository,
    session_id: SessionId,
    watching: Watching,
    /// All changes up to this one are sent.
    revision: i64,
    /// Whether rows may have changed since they were read.
    stale: bool,
    /// Rows that are to be sent next.
    due: Option<Due>,
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

/// Rows as they were read.
struct Due {
    changes: Changes,
    /// Of a snapshot.
    live: Option<LiveText>,
    /// Whether the reader has just come: turns that have ended meanwhile are told by their messages alone.
    opening: bool,
}

impl Feed {
    /// Goes on at `place`; with a snapshot where that is not possible.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`, `Database`.
    pub(super) async fn open(
        (turns, fanout): (&Arc<Turns>, &Arc<Fanout>),
        reading: ReadingRepository,
        session_id: SessionId,
        place: Option<Place>,
    ) -> Result<Self, TurnError> {
        // Before the rows are read, so that no change falls between.
        let watching = fanout.watch(session_id);
        let mut feed = Self {
            turns: Arc::clone(turns),
            reading,
            session_id,
            watching,
            revision: 0,
            stale: false,
            due: None,
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
            None => feed.read(None).await?,
        };
        due.opening = true;
        feed.due = Some(due);
        Ok(feed)
    }

    /// The session, when it is another user's than the reader.
    pub(super) fn observed(&self) -> Option<SessionId> {
        let due = self.due.as_ref()?;
        let own = *due.changes.session.owner == *self.reading.subject();
        Some(self.session_id).filter(|_| !own)
    }

    /// The rows that have changed since `place`, and the rest of its turn; `None` when there is no such place.
    async fn resume(&mut self, place: Place) -> Result<Option<Due>, TurnError> {
        let due = self.read(Some(place.revision)).await?;
        if due.changes.since.is_none() {
            return Ok(Some(due));
        }
        self.revision = place.revision;
        let Some((turn_id, number)) = place.turn else {
            return Ok(Some(due));
        };
        match self.reading.turn(turn_id).await {
            // The reader knows the message that this turn writes.
            Ok((turn, _)) if turn.session_id == self.session_id && turn.revision <= place.revision => {}
            Ok(_) | Err(RepositoryError::NotFound) => return Ok(Some(due)),
            Err(error) => return Err(error.into()),
        }
        let following = self.turns.subscribe(&self.reading, turn_id, number).await?;
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

    /// The rows that have changed. A snapshot comes with the text of the running reply.
    async fn read(&self, since: Option<i64>) -> Result<Due, RepositoryError> {
        let since = Cell::new(since);
        let read = async || {
            let changes = self.reading.changes(self.session_id, since.get()).await?;
            // Rows that are read again are what the first were: a snapshot, or changes.
            since.set(changes.since);
            Ok(changes)
        };
        let (changes, live) = self.turns.with_live_text(read).await?;
        Ok(Due {
            changes,
            live,
            opening: false,
        })
    }

    /// Whether the followed turn has ended as the rows that are to be sent say, so that the rest of it comes first.
    fn has_ended(&self) -> bool {
        let (Some(followed), Some(due)) = (&self.followed, &self.due) else {
            return false;
        };
        let mut streaming = due.changes.streaming.iter();
        streaming.all(|turn| turn.id != followed.turn_id)
    }

    /// The frames of these rows, and from now on the turns that they tell of.
    fn send(&mut self, due: Due) -> Vec<u8> {
        let Due {
            changes,
            live,
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
            return rows::snapshot(self.reading.subject(), changes, live, self.turn_place());
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
        rows::changed(self.reading.subject(), changes, since, self.turn_place())
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
        match self.read(Some(self.revision)).await {
            Ok(due) => self.due = Some(due),
            Err(RepositoryError::NotFound) => self.deleted = true,
            Err(error) => return Err(error),
        }
        self.stale = false;
        Ok(())
    }

    async fn follow(&mut self, (turn_id, number): (TurnId, u64)) -> Result<(), RepositoryError> {
        match self.turns.subscribe(&self.reading, turn_id, number).await {
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
            let next = if self.has_ended()
                && let Some(followed) = &mut self.followed
            {
                Some(followed.subscription.next().await?)
            } else if let Some(due) = self.due.take() {
                let frames = self.send(due);
                if !frames.is_empty() {
                    return Ok(Next::Frames(frames));
                }
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

//! How fast the bytes of a connection reach the HTTP library: one request at a time. Left alone it decodes all that a
//! client has sent ahead, however many requests that is, and keeps them while the first is being answered
//! (`h1/dispatcher.rs` of actix-http looks at its limit of 16 before it decodes a buffer, not while; that requests sent
//! ahead are to go altogether is <https://github.com/actix/actix-web/pull/4180>). Here the next head is given when the
//! last answer has gone, and of a body as much as its head says. What is wrong with a request is for the library to say.

mod answer;
mod chunks;
mod lines;
mod stream;

use std::cell::RefCell;
use std::rc::Rc;
use std::task::Waker;

use actix_web::http::header::{self, HeaderMap};

pub(super) use self::answer::{Answer, Owed};
use self::chunks::Chunks;
use self::lines::Lines;
pub(super) use self::stream::PacedStream;

/// What a connection may give, shared by its stream and by whoever answers.
#[derive(Default)]
pub(super) struct Pace(RefCell<State>);

#[derive(Default)]
struct State {
    due: Due,
    /// Whether the client takes nothing of what waits for it.
    blocked: bool,
    /// Who waits until something may be given.
    waiting: Option<Waker>,
}

/// What comes next.
enum Due {
    /// The head of a request; nothing is owed.
    Head(Lines),
    /// So many bytes of the body of the request that is being answered, and then its answer.
    Body(u64),
    /// The rest of a body that says itself where it ends.
    Chunks(Chunks),
}

impl Default for Due {
    fn default() -> Self {
        Self::Head(Lines::default())
    }
}

/// How much of some bytes is given.
struct Given {
    length: usize,
    /// Whether that may be a whole head, which is answered before anything else is given.
    is_head: bool,
}

impl Pace {
    /// A request is being answered: of what follows its head, the body is given.
    fn begin(&self, headers: &HeaderMap) {
        let due = if headers.contains_key(header::TRANSFER_ENCODING) {
            Due::Chunks(Chunks::default())
        } else {
            Due::Body(content_length(headers))
        };
        self.change(|state| state.due = due);
    }

    /// It is answered.
    fn answered(&self) {
        self.change(|state| state.due = Due::default());
    }

    fn set_blocked(&self, blocked: bool) {
        if self.0.borrow().blocked != blocked {
            self.change(|state| state.blocked = blocked);
        }
    }

    /// Whether anything may be given.
    fn gives(&self) -> bool {
        let state = self.0.borrow();
        !state.blocked
            && match &state.due {
                Due::Head(_) => true,
                Due::Body(left) => *left > 0,
                Due::Chunks(chunks) => !chunks.have_ended(),
            }
    }

    /// How much of these bytes is given now, which is something if [`gives`](Self::gives).
    fn give(&self, bytes: &[u8]) -> Given {
        let mut is_head = false;
        let length = match &mut self.0.borrow_mut().due {
            Due::Head(lines) => {
                let end = lines.end_of_head(bytes);
                is_head = end.is_some();
                end.unwrap_or(bytes.len())
            }
            Due::Body(left) => {
                let length = usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
                *left -= length as u64;
                length
            }
            Due::Chunks(chunks) => chunks.take(bytes),
        };
        Given { length, is_head }
    }

    /// Wakes this task when more may be given.
    fn wait(&self, waker: &Waker) {
        self.0.borrow_mut().waiting = Some(waker.clone());
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.0.borrow_mut();
        change(&mut state);
        if let Some(waker) = state.waiting.take() {
            waker.wake();
        }
    }
}

/// The length of a body that is not chunked. The library refuses a request that tells it in any other form.
pub(super) fn content_length(headers: &HeaderMap) -> u64 {
    let length = headers.get(header::CONTENT_LENGTH);
    let length = length.and_then(|value| value.to_str().ok()?.trim().parse().ok());
    length.unwrap_or(0)
}

/// The pace of a connection, as its requests find it.
pub(super) type SharedPace = Rc<Pace>;

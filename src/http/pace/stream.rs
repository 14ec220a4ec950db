//! A connection whose bytes are given at its pace. What has come and may not be given yet is held, and no more is taken
//! than shows whether the client is still there.

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use actix_web::rt::net::TcpStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{Pace, SharedPace};

/// So much is taken ahead of what may be given. One that has left behind more than that is noticed when it is written to.
const AHEAD: usize = 4 * 1024;
const AT_ONCE: usize = 1024;

/// The stream that the HTTP library reads and writes.
pub(crate) struct PacedStream {
    stream: TcpStream,
    pace: SharedPace,
    /// What has come and is not given yet; without room of its own when it is empty.
    held: Vec<u8>,
    /// What may be a head was given: nothing more is until the library has had a look at it.
    paused: bool,
}

impl PacedStream {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            pace: Rc::new(Pace::default()),
            held: Vec::new(),
            paused: false,
        }
    }

    pub(crate) fn tcp(&self) -> &TcpStream {
        &self.stream
    }

    pub(crate) fn pace(&self) -> SharedPace {
        Rc::clone(&self.pace)
    }

    /// Gives what has come just now, and holds the rest.
    fn give_new(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let come = &buffer.filled()[before..];
        if come.is_empty() {
            return Poll::Ready(Ok(()));
        }
        let given = self.pace.give(come);
        self.held.extend_from_slice(&come[given.length..]);
        self.paused = given.is_head;
        buffer.set_filled(before + given.length);
        Poll::Ready(Ok(()))
    }

    fn give_held(&mut self, buffer: &mut ReadBuf<'_>) {
        let length = self.held.len().min(buffer.remaining());
        let given = self.pace.give(&self.held[..length]);
        buffer.put_slice(&self.held[..given.length]);
        self.paused = given.is_head;
        if given.length == self.held.len() {
            self.held = Vec::new();
        } else {
            self.held.drain(..given.length);
        }
    }

    /// Holds what has come; ready at the end of the stream.
    fn look_ahead(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.held.len() < AHEAD {
            ready!(self.stream.poll_read_ready(context))?;
            let mut part = [0; AT_ONCE];
            match self.stream.try_read(&mut part) {
                Ok(0) => return Poll::Ready(Ok(())),
                Ok(length) => self.held.extend_from_slice(&part[..length]),
                // The next look at the readiness waits for more.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        Poll::Pending
    }
}

impl AsyncRead for PacedStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let paused = std::mem::take(&mut this.paused);
        if !paused && this.pace.gives() {
            if this.held.is_empty() {
                return this.give_new(context, buffer);
            }
            this.give_held(buffer);
            return Poll::Ready(Ok(()));
        }
        let ended = this.look_ahead(context);
        if paused && !this.held.is_empty() {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        this.pace.wait(context.waker());
        ended
    }
}

impl AsyncWrite for PacedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        // Answers without a body would be encoded one after another for a client that takes none of them.
        self.pace.set_blocked(written.is_pending());
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

//! One reader of one stream: sends the request, times every delta, and checks at the end that all
//! deltas came, each once and in order, and that the stream ended as it should.

use std::cell::RefCell;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Poll, ready};

use memchr::memmem;
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use crate::Result;
use crate::clock::now_ns;
use crate::http;
use crate::recorder::Recorder;
use crate::scan::Scan;

thread_local! {
    // One buffer for all readers: thousands of buffers would be most of the bench's memory.
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; 256 * 1024]);
}

/// How many requests may wait for their response head at once.
pub(crate) const MOST_OPENING: usize = 256;

/// A request, and what must stand behind its last delta.
pub(crate) struct Request {
    pub(crate) address: SocketAddr,
    pub(crate) bytes: Vec<u8>,
    pub(crate) endings: &'static [&'static str],
}

/// Reads a stream to its end and returns its number of deltas; an error for any fault in it.
pub(crate) async fn read_stream(
    request: Request,
    recorder: Rc<Recorder>,
    opening: Rc<Semaphore>,
) -> Result<u64> {
    let result = Reader::open(&request, &recorder, &opening).await;
    let result = match result {
        Ok(reader) => reader.read_to_end(&request, &recorder).await,
        Err(error) => Err(error),
    };
    recorder.ended.set(recorder.ended.get() + 1);
    recorder
        .failed
        .set(recorder.failed.get() + usize::from(result.is_err()));
    result
}

struct Reader {
    socket: TcpStream,
    sent_at: u64,
    scan: Scan,
    /// Body bytes that came with the head.
    early: Vec<u8>,
}

impl Reader {
    async fn open(request: &Request, recorder: &Recorder, opening: &Semaphore) -> Result<Self> {
        let _permit = opening.acquire().await?;
        let mut socket = TcpStream::connect(request.address).await?;
        socket.set_nodelay(true)?;
        let sent_at = now_ns();
        socket.write_all(&request.bytes).await?;
        let mut early = Vec::new();
        let head_end = loop {
            if let Some(at) = memmem::find(&early, b"\r\n\r\n") {
                break at + 4;
            }
            let part = read_some(&mut socket, |part| part.to_vec()).await?;
            if part.is_empty() {
                return Err("closed before a response head".into());
            }
            early.extend(part);
        };
        let head = String::from_utf8_lossy(&early[..head_end]).into_owned();
        if !head.starts_with("HTTP/1.1 200") {
            return Err(format!("refused: {}", String::from_utf8_lossy(&early).trim()).into());
        }
        if let Some(turn) = http::header(&head, "x-turn-id") {
            recorder.turns.borrow_mut().push(turn.to_owned());
        }
        let chunked = http::header(&head, "transfer-encoding") == Some("chunked");
        early.drain(..head_end);
        Ok(Self {
            socket,
            sent_at,
            scan: Scan::new(chunked),
            early,
        })
    }

    async fn read_to_end(mut self, request: &Request, recorder: &Recorder) -> Result<u64> {
        let early = std::mem::take(&mut self.early);
        take(&mut self.scan, &early, self.sent_at, recorder);
        while !self.scan.is_done() {
            let Self {
                socket,
                scan,
                sent_at,
                ..
            } = &mut self;
            let length = read_some(socket, |bytes| {
                take(scan, bytes, *sent_at, recorder);
                bytes.len()
            });
            if length.await? == 0 {
                break;
            }
        }
        verify(&self.scan, request.endings)
    }
}

fn take(scan: &mut Scan, bytes: &[u8], sent_at: u64, recorder: &Recorder) {
    let now = now_ns();
    let (deltas, frames) = (scan.deltas, scan.frames);
    let mut first_stamp = None;
    scan.feed(bytes, |stamp| {
        first_stamp.get_or_insert(stamp);
        recorder.delta(now.saturating_sub(stamp));
    });
    recorder.events(scan.frames - frames);
    if deltas == 0
        && let Some(stamp) = first_stamp
    {
        recorder.started.set(recorder.started.get() + 1);
        if let Some(arrival) = scan.arrival {
            let waited = stamp.saturating_sub(arrival);
            recorder
                .first_delta
                .borrow_mut()
                .record((now - sent_at).saturating_sub(waited));
        }
    }
}

fn verify(scan: &Scan, endings: &[&str]) -> Result<u64> {
    let deltas = scan.deltas;
    if scan.announced() != Some(deltas) {
        let announced = scan.announced();
        return Err(format!("{deltas} deltas of {announced:?}, ended: {}", scan.tail_text()).into());
    }
    if scan.repeated_or_swapped > 0 {
        return Err(format!("{} deltas repeated or out of order", scan.repeated_or_swapped).into());
    }
    match endings.iter().find(|ending| !scan.ended_with(ending)) {
        Some(missing) => Err(format!("ended without {missing}: {}", scan.tail_text()).into()),
        None => Ok(deltas),
    }
}

async fn read_some<T>(socket: &mut TcpStream, mut take: impl FnMut(&[u8]) -> T) -> Result<T> {
    let read = poll_fn(|context| {
        SCRATCH.with_borrow_mut(|scratch| {
            let mut buffer = ReadBuf::new(scratch);
            match ready!(Pin::new(&mut *socket).poll_read(context, &mut buffer)) {
                Ok(()) => Poll::Ready(Ok(take(buffer.filled()))),
                Err(error) => Poll::Ready(Err(error)),
            }
        })
    });
    Ok(read.await?)
}

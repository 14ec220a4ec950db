//! An answer of the server whose body is read as it comes.

use std::net::SocketAddr;

use memchr::memmem;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Result;
use crate::http::header;

/// Head read, body not yet.
pub(super) struct Answer {
    socket: TcpStream,
    unread: Vec<u8>,
    is_chunked: bool,
}

/// Sends a request with this JSON, or without a body for `null`; an error for any status but those of success.
pub(super) async fn request(address: SocketAddr, line: &str, body: &Value) -> Result<Answer> {
    let mut socket = TcpStream::connect(address).await?;
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let head = format!(
        "{line} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    socket.write_all((head + &body).as_bytes()).await?;
    let mut unread = Vec::new();
    let end = loop {
        if let Some(end) = memmem::find(&unread, b"\r\n\r\n") {
            break end + 4;
        }
        if socket.read_buf(&mut unread).await? == 0 {
            return Err(format!("{line}: no answer").into());
        }
    };
    let head = String::from_utf8_lossy(&unread[..end]).into_owned();
    unread.drain(..end);
    let answer = Answer {
        socket,
        unread,
        is_chunked: header(&head, "transfer-encoding").is_some_and(|coding| coding == "chunked"),
    };
    if head.starts_with("HTTP/1.1 2") {
        return Ok(answer);
    }
    let status = head.lines().next().unwrap_or_default();
    Err(format!("{line} answered {status}: {}", answer.text().await?).into())
}

impl Answer {
    /// The next bytes of the body; empty at its end.
    pub(super) async fn next(&mut self) -> Result<Vec<u8>> {
        loop {
            if !self.is_chunked {
                if self.unread.is_empty() {
                    self.socket.read_buf(&mut self.unread).await?;
                }
                return Ok(std::mem::take(&mut self.unread));
            }
            if let Some(chunk) = take_chunk(&mut self.unread)? {
                return Ok(chunk);
            }
            if self.socket.read_buf(&mut self.unread).await? == 0 {
                return Err("the connection was cut".into());
            }
        }
    }

    /// The whole body.
    pub(super) async fn text(mut self) -> Result<String> {
        let mut whole = Vec::new();
        loop {
            let part = self.next().await?;
            if part.is_empty() {
                return Ok(String::from_utf8(whole)?);
            }
            whole.extend(part);
        }
    }
}

/// The first chunk, when all of it is there; the last one is empty.
fn take_chunk(unread: &mut Vec<u8>) -> Result<Option<Vec<u8>>> {
    let Some(end) = memmem::find(unread, b"\r\n") else {
        return Ok(None);
    };
    let size = usize::from_str_radix(std::str::from_utf8(&unread[..end])?.trim(), 16)?;
    let (start, whole) = (end + 2, end + 2 + size + 2);
    if unread.len() < whole {
        return Ok(None);
    }
    let chunk = unread[start..start + size].to_vec();
    unread.drain(..whole);
    Ok(Some(chunk))
}

#[cfg(test)]
mod tests {
    use super::take_chunk;

    #[test]
    fn chunks_are_taken_when_all_of_them_is_there() {
        let mut unread = b"5\r\nhello\r\n1\r".to_vec();
        assert_eq!(take_chunk(&mut unread).unwrap().unwrap(), b"hello");
        assert!(take_chunk(&mut unread).unwrap().is_none());
        unread.extend(b"\n!\r\n0\r\n\r\n");
        assert_eq!(take_chunk(&mut unread).unwrap().unwrap(), b"!");
        assert!(take_chunk(&mut unread).unwrap().unwrap().is_empty());
    }
}

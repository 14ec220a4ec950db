//! The little of HTTP/1.1 that both ends of the bench need: whole requests in, whole bytes out, and
//! a GET for the server's own pages.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Result;

const LARGEST_REQUEST: usize = 4 << 20;

/// Reads one request and returns its body; `None` when the client is done with the connection.
pub(crate) async fn read_request(socket: &TcpStream, unread: &mut Vec<u8>) -> Result<Option<Vec<u8>>> {
    loop {
        if let Some(head) = memmem::find(unread, b"\r\n\r\n") {
            let head = head + 4;
            let end = head + content_length(&unread[..head]);
            if unread.len() >= end {
                let body = unread[head..end].to_vec();
                unread.drain(..end);
                return Ok(Some(body));
            }
        }
        if unread.len() > LARGEST_REQUEST {
            return Err("a request is too large".into());
        }
        socket.readable().await?;
        match socket.try_read_buf(unread) {
            Ok(0) => return Ok(None),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Writes all bytes through a shared socket.
pub(crate) async fn write_all(socket: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match socket.try_write(bytes) {
            Ok(length) => bytes = &bytes[length..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => socket.writable().await?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The body of a page of the server; an error for any status but 200.
pub(crate) async fn get(address: SocketAddr, path: &str) -> Result<String> {
    let mut socket = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).await?;
    let answer = read_answer(&mut socket).await?;
    if !answer.starts_with("HTTP/1.1 200") {
        let status = answer.lines().next().unwrap_or("nothing");
        return Err(format!("GET {path} answered {status}").into());
    }
    Ok(answer)
}

/// The body of the only answer on a connection, which says that all is well.
pub(crate) async fn read_body(socket: &mut TcpStream, path: &str) -> Result<String> {
    let answer = read_answer(socket).await?;
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.starts_with("HTTP/1.1 2") => Ok(body.to_owned()),
        _ => {
            let status = answer.lines().next().unwrap_or("nothing");
            Err(format!("{path} answered {status}").into())
        }
    }
}

async fn read_answer(socket: &mut TcpStream) -> Result<String> {
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// The value of a header, by its lower-case name, in a request's or response's head.
pub(crate) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().skip(1).find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

fn content_length(head: &[u8]) -> usize {
    let head = String::from_utf8_lossy(head);
    header(&head, "content-length")
        .and_then(|value| value.parse().ok())
        .unwrap_or(0)
}

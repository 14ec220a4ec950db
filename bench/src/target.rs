//! What is measured: tutorstream in one configuration, or nginx, which relays the same upstream and
//! is the yardstick of every figure.

use std::net::SocketAddr;
use std::str::FromStr;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::Result;
use crate::http;
use crate::options::Options;
use crate::plan::Plan;
use crate::process::{Launch, Process, Scratch};
use crate::reader::Request;

/// How the server stores.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Storing {
    durability: String,
    /// Milliseconds.
    merge_window: u32,
    /// Milliseconds; without it the server's own.
    commit_window: Option<u32>,
}

impl Storing {
    /// With the server's own commit window.
    pub(crate) fn new(durability: &str, merge_window: u32) -> Self {
        Self {
            durability: durability.to_owned(),
            merge_window,
            commit_window: None,
        }
    }
}

impl FromStr for Storing {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let wrong = || {
            "expected nginx, or such as full/0 or full/0/1: durability, merge and commit window".to_owned()
        };
        let (durability, windows) = text.split_once('/').ok_or_else(wrong)?;
        let known = ["off", "normal", "full"].contains(&durability);
        let windows: std::result::Result<Vec<u32>, _> = windows.split('/').map(str::parse).collect();
        match windows.as_deref() {
            Ok([merge_window, rest @ ..]) if known && rest.len() < 2 => Ok(Self {
                durability: durability.to_owned(),
                merge_window: *merge_window,
                commit_window: rest.first().copied(),
            }),
            _ => Err(wrong()),
        }
    }
}

/// Which program to measure, and how it is set.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Subject {
    Nginx,
    Server(Storing),
}

impl FromStr for Subject {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        if text == "nginx" {
            return Ok(Self::Nginx);
        }
        text.parse().map(Self::Server)
    }
}

impl Subject {
    pub(crate) fn label(&self) -> String {
        match self {
            Self::Nginx => "nginx".to_owned(),
            Self::Server(storing) => {
                let Storing {
                    durability,
                    merge_window,
                    commit_window,
                } = storing;
                let commit = commit_window.map_or_else(String::new, |window| format!(", commit {window} ms"));
                format!("tutorstream {durability}, merge {merge_window} ms{commit}")
            }
        }
    }
}

/// A running program under measurement.
pub(crate) struct Target {
    pub(crate) subject: Subject,
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
    // Behind the process: it is dropped after the process has ended.
    folder: Scratch,
}

impl Target {
    /// Starts a fresh one with an empty database, and waits until it is ready.
    pub(crate) async fn start(subject: &Subject, options: &Options, upstream: SocketAddr) -> Result<Self> {
        let folder = Scratch::new(&options.folder(), "target")?;
        let (process, address) = match subject {
            Subject::Nginx => start_nginx(&folder, options, upstream)?,
            Subject::Server(storing) => {
                let variables = server_variables(&folder, upstream, storing, options);
                start_server(&folder, options, variables).await?
            }
        };
        let target = Self {
            subject: subject.clone(),
            process,
            address,
            folder,
        };
        target.wait_until_ready().await?;
        Ok(target)
    }

    /// The request that opens a stream. `name` must differ from stream to stream.
    pub(crate) fn post(&self, plan: &Plan, name: &str) -> Request {
        let message = plan.message(name);
        let (path, body, endings): (_, _, &[&str]) = match self.subject {
            Subject::Nginx => {
                let body = json!({
                    "model": "bench", "stream": true, "stream_options": {"include_usage": true},
                    "messages": [{"role": "user", "content": message}],
                });
                ("/v1/chat/completions", body, &["data: [DONE]"])
            }
            Subject::Server(..) => ("/stream-chat", json!({"message": message}), TURN_ENDINGS),
        };
        let body = body.to_string();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        Request {
            address: self.address,
            bytes: (head + &body).into_bytes(),
            endings,
        }
    }

    /// The request that reads a turn from its start.
    pub(crate) fn get_events(&self, turn: &str) -> Request {
        let address = self.address;
        let head = format!(
            "GET /turns/{turn}/events HTTP/1.1\r\nHost: {address}\r\nAccept: text/event-stream\r\n\r\n"
        );
        Request {
            address,
            bytes: head.into_bytes(),
            endings: TURN_ENDINGS,
        }
    }

    /// Commits so far, where the program counts them.
    pub(crate) async fn commits(&self) -> Option<f64> {
        if self.subject == Subject::Nginx {
            return None;
        }
        let page = http::get(self.address, "/metrics").await.ok()?;
        let lines = page
            .lines()
            .filter(|line| line.starts_with("tutorstream_commits_total"));
        lines
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .reduce(|sum, next| sum + next)
    }

    /// A new bearer token of a user of the server.
    pub(crate) fn token(&self, options: &Options, user: &str) -> Result<String> {
        let made = std::process::Command::new(&options.server)
            .args(["token", "create", "--user", user])
            .env("DATABASE_URL", database_url(&self.folder))
            .output()?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
        let token = made.status.success().then(|| text(&made.stdout));
        token.ok_or_else(|| text(&made.stderr).into())
    }

    async fn wait_until_ready(&self) -> Result<()> {
        let limit = Instant::now() + Duration::from_secs(20);
        loop {
            match http::get(self.address, "/health/ready").await {
                Ok(_) => return Ok(()),
                Err(error) if Instant::now() > limit => {
                    return Err(
                        format!("{}: {error}\n{}", self.subject.label(), self.process.log_text()).into(),
                    );
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }
}

const TURN_ENDINGS: &[&str] = &["event: turn-end", "\"status\":\"complete\""];

fn database_url(folder: &Scratch) -> String {
    format!("sqlite://{}", folder.path().join("bench.db").display())
}

fn server_variables(
    folder: &Scratch,
    upstream: SocketAddr,
    storing: &Storing,
    options: &Options,
) -> Vec<(String, String)> {
    let set = |name: &str, value: String| (name.to_owned(), value);
    let mut variables = vec![
        set("TUTORSTREAM_BIND", "127.0.0.1:0".to_owned()),
        set("DATABASE_URL", database_url(folder)),
        set("OPENAI_BASE_URL", format!("http://{upstream}/v1")),
        set("OPENAI_API_KEY", "bench-key".to_owned()),
        set("OPENAI_MODEL", "bench".to_owned()),
        set("TUTORSTREAM_DURABILITY", storing.durability.clone()),
        set("TUTORSTREAM_MERGE_WINDOW_MS", storing.merge_window.to_string()),
        set("RUST_LOG", "warn".to_owned()),
    ];
    let commit_window = storing
        .commit_window
        .map(|window| set("TUTORSTREAM_COMMIT_WINDOW_MS", window.to_string()));
    variables.extend(commit_window);
    variables.extend(options.server_env.iter().cloned());
    variables
}

async fn start_server(
    folder: &Scratch,
    options: &Options,
    variables: Vec<(String, String)>,
) -> Result<(Process, SocketAddr)> {
    let program = options.server.canonicalize().map_err(|error| {
        format!(
            "{}: {error}; build it with `cargo build --release`, or name it with --server",
            options.server.display()
        )
    })?;
    let launch = Launch {
        program,
        arguments: Vec::new(),
        variables,
        folder: folder.path().to_owned(),
        core: options.target_core(),
    };
    let mut process = Process::start("server", launch)?;
    let address = process.announced_address().await?;
    Ok((process, address))
}

fn start_nginx(folder: &Scratch, options: &Options, upstream: SocketAddr) -> Result<(Process, SocketAddr)> {
    // nginx cannot tell which port it got, so a free one is found for it.
    let address = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let configuration = folder.path().join("nginx.conf");
    let text = include_str!("nginx.conf")
        .replace("@folder@", &folder.path().display().to_string())
        .replace("@upstream@", &upstream.to_string())
        .replace("@address@", &address.to_string());
    std::fs::write(&configuration, text)?;
    let launch = Launch {
        program: options.nginx.clone(),
        arguments: vec![
            "-p".into(),
            folder.path().into(),
            "-c".into(),
            configuration.into(),
        ],
        variables: Vec::new(),
        folder: folder.path().to_owned(),
        core: options.target_core(),
    };
    Ok((Process::start("nginx", launch)?, address))
}

#[cfg(test)]
mod tests {
    use super::{Storing, Subject};

    #[test]
    fn a_subject_is_read_from_the_command_line() {
        assert_eq!("nginx".parse(), Ok(Subject::Nginx));
        let storing = |commit_window| Storing {
            durability: "full".to_owned(),
            merge_window: 25,
            commit_window,
        };
        assert_eq!("full/25".parse(), Ok(Subject::Server(storing(None))));
        assert_eq!("full/25/0".parse(), Ok(Subject::Server(storing(Some(0)))));
        for wrong in ["half/25", "full", "full/", "full/25/0/0"] {
            assert!(wrong.parse::<Subject>().is_err(), "{wrong}");
        }
    }
}

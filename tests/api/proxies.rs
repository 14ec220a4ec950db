//! Reverse proxies with their defaults between reader and server: each delta passes when it is written, and a reader
//! resumes through them. The provider writes the next delta only when the one before it was seen: a proxy that gathered
//! them would hang the test.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::app::{Setup, TestApp};
use crate::checker::check_turn;
use crate::client::Client;
use crate::deadline::eventually;
use crate::upstream::{Script, Signal};

const DELTAS: usize = 12;

/// A proxy in front of a server; gone when dropped.
struct Proxy {
    process: Child,
    folder: TempDir,
}

impl Proxy {
    /// Starts `program` with a configuration, in which `@socket@` is where it listens and `@server@` what it is for.
    async fn start(app: &TestApp, program: [&str; 3], configuration: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("proxy.conf");
        let address = app.learner.address();
        let server = address.trim_start_matches("http://");
        let configuration = configuration
            .replace("@folder@", &folder.path().to_string_lossy())
            .replace("@socket@", &socket(folder.path()).to_string_lossy())
            .replace("@server@", server);
        std::fs::write(&path, configuration).expect("a configuration");
        let [name, option, foreground] = program;
        let process = Command::new(name)
            .arg(option)
            .arg(&path)
            .args(foreground.split_whitespace())
            .stdin(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{name}: {error}: see scripts/packages.txt"));
        let proxy = Self { process, folder };
        let socket = socket(proxy.folder.path());
        eventually("the proxy listens", || UnixStream::connect(&socket).ok()).await;
        proxy
    }

    /// A learner's browser on the other side.
    fn learner(&self) -> Client {
        Client::through(&socket(self.folder.path()))
    }
}

fn socket(folder: &Path) -> PathBuf {
    folder.join("proxy.sock")
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        self.process.wait().expect("a child can be waited for");
    }
}

/// A reply of which the learner, on the other side of the proxy, sees one delta after another.
async fn assert_passes_one_by_one(app: &TestApp, learner: &Client) {
    let steps = (0..DELTAS).map(|_| Signal::new()).collect::<Vec<_>>();
    let script = steps
        .iter()
        .enumerate()
        .fold(Script::stream(), |script, (number, seen)| {
            script.delta(&format!("{number}: blåbær ")).wait_for(seen)
        });
    app.upstream.next(script.finish());
    let mut reader = learner.send("Why is the sky blue?").await;
    for (number, seen) in steps.iter().enumerate() {
        reader.until_text(&format!("{number}: ")).await;
        if number % 4 == 3 {
            reader.leave();
            assert!(reader.resume().await, "there is more after delta {number}");
        }
        seen.give();
    }
    assert_eq!(reader.until_end().await.data["status"], "complete");
    assert!(!reader.resume().await, "there is nothing after the end");

    let mut later = learner.follow(&reader.turn_id).await;
    later.until_end().await;
    assert_eq!(later.events, reader.events);
    check_turn(&mut app.database(), &[&reader, &later], None);
}

/// What nginx needs to run at all, and `proxy_pass`.
const NGINX: &str = "
daemon off;
master_process off;
pid @folder@/nginx.pid;
error_log stderr error;
events {}
http {
    access_log off;
    client_body_temp_path @folder@/body;
    proxy_temp_path @folder@/proxy;
    fastcgi_temp_path @folder@/fastcgi;
    uwsgi_temp_path @folder@/uwsgi;
    scgi_temp_path @folder@/scgi;
    gzip on;
    server {
        listen unix:@socket@;
        location / { proxy_pass http://@server@; }
    }
}
";

/// The `defaults` that Debian's package comes with.
const HAPROXY: &str = "
defaults
    mode http
    timeout connect 5000
    timeout client 50000
    timeout server 50000
frontend browsers
    bind unix@@socket@
    default_backend tutorstream
backend tutorstream
    server one @server@
";

#[tokio::test]
async fn nginx_with_its_defaults_passes_each_delta_when_it_is_written() {
    let app = Setup::new().without_merging().start();
    let proxy = Proxy::start(&app, ["/usr/sbin/nginx", "-c", ""], NGINX).await;
    assert_passes_one_by_one(&app, &proxy.learner()).await;
}

#[tokio::test]
async fn haproxy_with_its_defaults_passes_each_delta_when_it_is_written() {
    let app = Setup::new().without_merging().start();
    let proxy = Proxy::start(&app, ["/usr/sbin/haproxy", "-f", "-db -q"], HAPROXY).await;
    assert_passes_one_by_one(&app, &proxy.learner()).await;
}

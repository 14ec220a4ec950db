//! What the operator of a service does beside it: makes users and takes their tokens back.

use std::process::{Command, Output};

use super::TestApp;
use crate::client::Client;

impl TestApp {
    /// The browser of a user, with a token that was made for it.
    pub(crate) fn as_user(&self, user: &str) -> Client {
        self.learner.with_token(Some(&self.token(&["--user", user])))
    }

    /// A new token, made on the command line.
    pub(crate) fn token(&self, options: &[&str]) -> String {
        let made = self.command(&[&["token", "create"], options].concat());
        assert!(made.status.success(), "{made:?}");
        let printed = String::from_utf8(made.stdout).expect("a token is ASCII");
        printed.trim_end().to_owned()
    }

    /// Makes the token worthless that was made last.
    pub(crate) fn revoke_last_token(&self) {
        let listed = String::from_utf8(self.command(&["token", "list"]).stdout).expect("text");
        let last = listed.lines().last().and_then(|line| line.split('\t').next());
        let revoked = self.command(&["token", "revoke", last.expect("a token")]);
        assert!(revoked.status.success(), "{revoked:?}");
    }

    /// Runs the program with the server's environment.
    pub(crate) fn command(&self, arguments: &[&str]) -> Output {
        let output = self.prepared(arguments).output();
        output.expect("the program can be started")
    }

    /// The same, to be run by the caller.
    pub(crate) fn prepared(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tutorstream"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }
}

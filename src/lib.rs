//! A tutoring chat service over plain HTTP that never loses a word.
//!
//! The straight line, and the modules in its order: an HTTP request ([`http`]) becomes a chat turn ([`turn`]); the
//! agent ([`agent`]) says what to ask for; a provider ([`provider`]) writes the reply; the turn's log numbers and
//! stores each event, by the repository ([`repository`]), before any reader is shown it.

pub mod agent;
pub mod app;
pub mod config;
pub mod doctor;
pub mod fanout;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
pub mod http;
pub mod identity;
pub mod ids;
pub mod limits;
pub mod model;
pub mod provider;
pub mod repository;
pub mod runtime;
mod schema;
pub mod server;
pub mod telemetry;
mod time;
pub mod turn;

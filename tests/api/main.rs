//! Drives the real program as its users do: over HTTP, against a fake provider, through faults.
//!
//! The bench comes first: a service for one test ([`app`], [`server`]), who uses it ([`client`], [`witness`],
//! [`sse`], [`problem`], [`wire`]), whom it uses ([`upstream`]), and what must hold whatever happens ([`checker`],
//! [`database`], [`record`]). The tests follow.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "the bench stops at the first surprise, as tests do"
)]

mod app;
mod bounds;
mod checker;
mod client;
mod database;
mod deadline;
mod memory;
mod problem;
mod record;
mod server;
mod setup;
mod sse;
mod upstream;
mod wire;
mod witness;

mod campaign;
mod torn_copy;

mod alternating_roles;
mod auth;
mod backup;
mod bad_bodies;
mod bad_input;
mod behind_proxies;
mod busy;
mod clocks;
mod connections;
mod continuation;
mod deletion;
mod disk;
mod doctor;
mod evil_upstream;
mod export;
mod failing;
mod feed;
mod focus;
mod golden;
mod head_method;
mod heads;
mod hosts;
mod http_oddities;
mod idempotency;
mod io_errors;
mod kill_9;
mod kill_at_a_step;
mod large_answers;
mod limits;
mod llmock;
mod log_reader;
mod log_size;
mod lost_numbers;
mod memory_limit;
mod metrics;
mod migrations;
mod mock_vendors;
mod old_logs;
mod openapi;
mod operations;
mod page;
mod pipelining;
mod places;
mod provider_bounds;
mod provider_faults;
mod proxies;
mod readers;
mod real_model;
mod regeneration;
mod restart;
mod resume_input;
mod secrets;
mod security_page;
mod sessions;
mod shutdown;
mod slow_clients;
mod stalled_reader;
mod standstill;
mod start_up;
mod stop;
mod storage;
mod storage_faults;
mod storage_limits;
mod storage_sums;
mod text;
mod tokens_of_day;
mod torn_log;
mod turn;
mod vanishing;

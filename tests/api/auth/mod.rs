//! Who may do what: tokens, tickets, cookies, owners, observers, origins.

mod issuer;
mod key_server;
mod rsa_example;

mod command;
mod cookies;
mod forged;
mod keys;
mod leaks;
mod matrix;
mod names;
mod observers;
mod origins;
mod other_sites;
mod owners;
mod streams;
mod tickets;
mod tokens;
mod transcripts;

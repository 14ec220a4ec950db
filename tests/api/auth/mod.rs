//! Who may do what: tokens, tickets, cookies, owners, observers, origins.

mod issuer;
mod key_server;
mod rsa_example;

mod command;
mod forged;
mod keys;
mod tickets;
mod tokens;

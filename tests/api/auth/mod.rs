//! Who may do what: tokens, tickets, cookies, owners, observers, origins.

mod command;
mod forged;
mod issuer;
mod rsa_example;
mod tokens;

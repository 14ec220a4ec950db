//! Who may do what: tokens, tickets, cookies, owners, observers, origins.

mod command;
mod tokens;

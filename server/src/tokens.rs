//! Tokens of clients on the network: making them, keeping them without their secrets,
//! and knowing them again.
//!
//! - `secret`: the text that a client shows, and what is kept of it.
//! - `file`: `tokens.json` in the workspace.    - `keyring`: that file in a front that runs.
//!
//! It decides nothing about permission. What a token must never do: be written anywhere
//! but on the standard output of whoever has made it.

mod error;
mod file;
mod keyring;
mod secret;
#[cfg(test)]
mod tests;

pub use error::TokenError;
pub use file::{MAX_FILE_BYTES, MAX_TOKENS, add, read, revoke};
pub use keyring::{Keyring, Known};
pub use secret::{Made, PREFIX, make};

//! The operations console: a client of the admin channel and of nothing else.
//!
//! - [`heard`], input → [`msg`] → [`update`] → [`model`] ← [`view`]: one loop, pure but for its ends.
//! - [`action`]: everything that can be done, once each.  - [`keymap`], [`key`]: how.
//! - [`linear`]: the same without a drawn screen, in lines.
//! - [`cli`] → [`runtime`]: the loop, between [`terminal`] and [`link`].
//! - [`theme`], [`symbols`]: the only places that define a colour or a sign.
//!
//! It decides nothing about permission: it shows what the server has granted.

pub mod action;
pub mod capabilities;
pub mod cli;
pub mod config;
pub mod demo;
pub mod exit;
pub mod heard;
pub mod key;
pub mod key_table;
pub mod keymap;
pub mod linear;
pub mod link;
pub mod model;
pub mod msg;
pub mod palette;
pub mod record;
pub mod replay;
pub mod runtime;
#[cfg(test)]
mod sample;
pub mod screen;
pub mod start;
pub mod symbols;
pub mod targets;
pub mod terminal;
pub mod theme;
pub mod update;
pub mod view;
pub mod widgets;

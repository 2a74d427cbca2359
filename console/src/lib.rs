//! The operations console: a client of the admin channel and of nothing else.
//!
//! - [`heard`], input → [`msg`] → [`update`] → [`model`] ← [`view`]: one loop, pure but for its ends.
//! - [`cli`] → [`runtime`]: the loop, between [`terminal`] and [`link`]; [`alarm`]:
//!   what wakes it; [`exit`]: how it may end.
//! - [`action`]: everything that can be done, once each.  - [`keymap`], [`key`]: how;
//!   [`palette`], [`key_table`]: the same to be searched and to be read.
//! - [`screen`]: the nine of them.  - [`widgets`]: what they are drawn with.
//! - [`theme`], [`symbols`]: the only places that define a colour or a sign;
//!   [`capabilities`]: which of them this terminal can show.
//! - [`linear`]: the same without a drawn screen, in lines.
//! - [`config`]: the file with what its user prefers.
//! - [`targets`], [`start`]: servers that run, and one that is started.
//! - [`record`], [`replay`]: what was heard, into a file and out of it.  - [`demo`]: a server to try it on.
//!
//! It decides nothing about permission: it shows what the server has granted.

pub mod action;
pub mod alarm;
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

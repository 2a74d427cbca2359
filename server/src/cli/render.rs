//! What commands print for people: aligned lines, each complete in itself. Nothing
//! here asks a server or decides anything.

pub(super) mod access;
pub(super) mod audit;
pub(super) mod backups;
pub(super) mod config;
pub(super) mod dead_letters;
pub(super) mod health;
pub(super) mod history;
pub(super) mod page;
pub(super) mod progress;
pub(super) mod readiness;
pub(super) mod reconnect;
pub(super) mod report;
pub(super) mod session;
pub(super) mod sessions;
pub(super) mod status;
pub(super) mod tasks;
pub(super) mod text;

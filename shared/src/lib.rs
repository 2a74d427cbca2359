//! Types that the server and its admin clients share: data, its validation and
//! its (de)serialisation. No policy, no paths, and no input or output of its own
//! but that of the one client of the admin channel, and of whoever starts a server
//! for itself (feature `client`).

pub mod admin;
#[cfg(feature = "client")]
pub mod client;
pub mod error_code;
pub mod explain;
pub mod phase;
pub mod report;
pub mod restart;
pub mod role;
#[cfg(feature = "client")]
pub mod start;
#[cfg(feature = "client")]
pub mod workspace;

//! Types that the server and its admin clients share: data, its validation and
//! its (de)serialisation. No policy, no paths, no input or output of its own.

pub mod admin;
pub mod error_code;
pub mod explain;
pub mod phase;
pub mod report;
pub mod restart;
pub mod role;

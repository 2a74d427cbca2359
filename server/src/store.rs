//! The store: the one place that knows SQL and the files of artifacts.
//!
//! Decides nothing about tasks: it implements the domain's ports on a
//! transaction, and makes every mutating operation happen exactly once.

pub mod error;
pub mod execution;
pub mod options;

pub use error::{ExecuteError, StoreError};
pub use execution::{Execution, Mode};
pub use options::{StoreOptions, Synchronous};

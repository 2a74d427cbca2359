//! The worker: the MCP service proper. Disposable at any instant: everything
//! that must outlive it is in the database, or in the session record that the
//! front keeps for it. It holds no client's descriptor.

pub mod session;

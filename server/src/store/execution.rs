//! How a mutating request is recognised when it comes again. Knows nothing of
//! what the request does.

use sha2::{Digest, Sha256};

use super::error::StoreError;
use crate::link::OperationId;

/// Longest idempotency key, in bytes.
pub const MAX_IDEMPOTENCY_KEY: usize = 255;

/// Whether an operation is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Remembered: sent again, it is answered from memory.
    #[default]
    Log,
    /// Not remembered: for what may well happen twice (maintenance of the server's own).
    NoLog,
}

/// Which request an operation carries out.
#[derive(Debug, Clone)]
pub struct Execution {
    /// The request's place in its client's life.
    pub operation: OperationId,
    /// The client's own key. Its scope is the workspace: whoever sends the key
    /// of an earlier operation gets that operation's reply, also over another
    /// connection, for a client that comes back has no other name.
    pub idempotency_key: Option<String>,
    /// SHA-256 of the tool's name and its canonical arguments.
    pub digest: [u8; 32],
    /// Whether it is remembered.
    pub mode: Mode,
}

impl Execution {
    /// An operation that is remembered, of this tool with these canonical arguments.
    pub fn new(operation: OperationId, tool: &str, arguments: &[u8]) -> Self {
        let mut hasher = Sha256::new();
        // The length keeps name and arguments apart.
        hasher.update((tool.len() as u64).to_le_bytes());
        hasher.update(tool.as_bytes());
        hasher.update(arguments);
        Self { operation, idempotency_key: None, digest: hasher.finalize().into(), mode: Mode::Log }
    }

    /// The same request as one whose call runs in the background: what is remembered is
    /// not the tool's reply.
    #[must_use]
    pub fn in_background(self) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(b"in the background");
        hasher.update(self.digest);
        Self { digest: hasher.finalize().into(), ..self }
    }

    /// With the client's own key.
    ///
    /// # Errors
    ///
    /// [`StoreError::IdempotencyKey`] when it is empty or longer than [`MAX_IDEMPOTENCY_KEY`] bytes.
    pub fn with_key(mut self, key: impl Into<String>) -> Result<Self, StoreError> {
        let key = key.into();
        if key.is_empty() || key.len() > MAX_IDEMPOTENCY_KEY {
            return Err(StoreError::IdempotencyKey);
        }
        self.idempotency_key = Some(key);
        Ok(self)
    }
}

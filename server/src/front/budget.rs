//! How much a client, and all clients together, may have in flight. A client
//! over its budget is not read from until some of its requests are answered.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The unit in which bytes are counted.
const UNIT_BYTES: usize = 1024;

/// What one message in flight holds; given back when dropped.
#[derive(Debug)]
pub(crate) struct Charge {
    _request: OwnedSemaphorePermit,
    _bytes: OwnedSemaphorePermit,
}

/// The limit on the bytes of all requests in flight.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    bytes: Arc<Semaphore>,
    units: u32,
}

impl Budget {
    pub(crate) fn new(max_bytes: usize) -> Self {
        let units = u32::try_from(max_bytes.div_ceil(UNIT_BYTES)).unwrap_or(u32::MAX).max(1);
        Self { bytes: Arc::new(Semaphore::new(units as usize)), units }
    }

    /// Bytes held by requests in flight, rounded up.
    pub(crate) fn held_bytes(&self) -> usize {
        (self.units as usize).saturating_sub(self.bytes.available_permits()) * UNIT_BYTES
    }

    /// Waits until the client and the front have room for one more message of
    /// this size. A message larger than everything waits until it is alone.
    pub(crate) async fn charge(&self, client: &Arc<Semaphore>, bytes: usize) -> Option<Charge> {
        let units = u32::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(u32::MAX).clamp(1, self.units);
        let request = Arc::clone(client).acquire_owned().await.ok()?;
        let bytes = Arc::clone(&self.bytes).acquire_many_owned(units).await.ok()?;
        Some(Charge { _request: request, _bytes: bytes })
    }
}

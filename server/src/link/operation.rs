//! Which request this is, through any number of restarts.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Identifies one client connection for its whole life, whatever process serves it.
///
/// The shim draws it at random when it starts, so that a new front recognises
/// the client and the operation log recognises its requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClientId(Uuid);

impl ClientId {
    /// Draws a new id.
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }

    /// The id that stands for a digest, for what is no client and is filed as one.
    pub fn derived(digest: [u8; 32]) -> Self {
        let bytes = digest.iter().take(16).fold(0, |sum: u128, byte| sum << 8 | u128::from(*byte));
        Self(uuid::Builder::from_random_bytes(bytes.to_be_bytes()).into_uuid())
    }

    /// The id that the operation log files under these bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// The sixteen bytes under which the operation log files it.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_simple().fmt(f)
    }
}

impl FromStr for ClientId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::from_str(text).map(Self)
    }
}

/// The key under which a mutating request is executed at most once.
///
/// It is the same when a request is sent again after any process has died:
/// the sequence number is the shim's, not the front's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OperationId {
    /// Who asked.
    pub client: ClientId,
    /// Position of the request among all messages of that client, from 1.
    pub sequence: u64,
    /// Every request of this client below this sequence has been answered and
    /// the answer has arrived: its row in the operation log may go.
    pub floor: u64,
}

impl fmt::Display for OperationId {
    /// The correlation id that appears in every log line of a request.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let client = self.client.to_string();
        let short = client.get(..8).unwrap_or(&client);
        write!(f, "{short}:{}", self.sequence)
    }
}

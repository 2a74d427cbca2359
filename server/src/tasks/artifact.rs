//! An artifact: what a task left behind, named by its content. The domain
//! knows its row only; the file is the store's.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::TaskError;
use super::id::{ArtifactId, TaskId};
use super::kinds::ArtifactType;

/// Most files that one completion may bring.
pub const MAX_FILES: usize = 50;
/// Most artifacts that one task may have.
pub const MAX_ARTIFACTS: usize = 1000;

/// SHA-256 of a content, which is also the file's name in the store.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct ContentHash([u8; 32]);

impl ContentHash {
    /// A hash that has been computed.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<ContentHash> for String {
    fn from(hash: ContentHash) -> Self {
        hash.to_string()
    }
}

impl TryFrom<String> for ContentHash {
    type Error = TaskError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl FromStr for ContentHash {
    type Err = TaskError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || TaskError::invalid("sha256", "is 64 lower case hexadecimal digits");
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let mut bytes = [0; 32];
        if !rest.is_empty() || pairs.len() != bytes.len() {
            return Err(invalid());
        }
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = digit(*high).zip(digit(*low)).map(|(high, low)| high << 4 | low).ok_or_else(invalid)?;
        }
        Ok(Self(bytes))
    }
}

/// Content that the store holds already and that an operation is about to name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// What it is named by.
    pub sha256: ContentHash,
    /// How many bytes it has.
    pub size: u64,
    /// The file of the workspace it was read from, relative to the workspace.
    pub path: Option<String>,
}

/// An artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Artifact {
    /// Names it.
    pub artifact_id: ArtifactId,
    /// The task that left it.
    pub task_id: TaskId,
    /// What it holds.
    pub artifact_type: ArtifactType,
    /// What its content is named by.
    pub sha256: ContentHash,
    /// How many bytes it has.
    pub size: u64,
    /// The file it was read from, relative to the workspace; absent for detailed work.
    pub path: Option<String>,
    /// When it was recorded.
    pub created_at: Timestamp,
}

impl Artifact {
    /// How a result refers to it.
    pub fn info(&self) -> ArtifactInfo {
        ArtifactInfo {
            artifact_id: self.artifact_id.clone(),
            artifact_type: self.artifact_type,
            accessible_via: format!("artifact://{}", self.artifact_id),
            size: self.size,
            sha256: self.sha256,
            path: self.path.clone(),
        }
    }
}

/// An artifact as results refer to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArtifactInfo {
    /// Names it.
    pub artifact_id: ArtifactId,
    /// What it holds.
    pub artifact_type: ArtifactType,
    /// The resource that has the content.
    pub accessible_via: String,
    /// How many bytes it has.
    pub size: u64,
    /// SHA-256 of the content.
    pub sha256: ContentHash,
    /// The file it was read from, relative to the workspace.
    pub path: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_survives_its_text_and_nothing_else_is_one() {
        let hash = ContentHash::new(std::array::from_fn(|i| i as u8 * 7));
        assert_eq!(hash.to_string().parse::<ContentHash>().unwrap(), hash);
        for bad in ["", "../../etc", &"A".repeat(64), &"0".repeat(63), &"0".repeat(66)] {
            assert!(bad.parse::<ContentHash>().is_err(), "{bad}");
        }
    }
}

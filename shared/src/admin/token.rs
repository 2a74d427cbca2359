//! The token of a client on the network, as it is kept: without its secret.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::role::Role;

/// A token without its secret, from which the secret cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SealedToken {
    /// What people call it: 1 to 64 letters, digits, `.`, `_` and `-`.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// When it was made, RFC 3339, UTC.
    pub created: String,
    /// From when on it is refused; never without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// Its last four letters, so that people recognise it.
    pub ends_with: String,
    /// The part of the token by which it is found, base64url.
    pub id: String,
    /// Drawn for this token, base64url.
    pub salt: String,
    /// SHA-256 over salt and secret, base64url.
    pub hash: String,
}

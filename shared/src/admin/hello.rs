//! The first words on an admin connection.
//!
//! A connection that begins with another request than `hello` speaks version 1:
//! the same operations, without a context, without a lower role and without streams.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::role::{Operation, Role, known_operations};

/// The versions of the protocol that this build speaks.
pub const PROTOCOL: Versions = Versions { oldest: 1, newest: 2 };

/// Longest name of a client that is kept, in characters.
pub const MAX_CLIENT_NAME: usize = 100;

/// A range of versions, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Versions {
    /// The oldest that is spoken.
    pub oldest: u16,
    /// The newest that is spoken.
    pub newest: u16,
}

/// The side that has to be upgraded before both can speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Skew {
    /// The client is too old.
    UpgradeClient,
    /// The server is too old.
    UpgradeServer,
}

impl Versions {
    /// The newest version that both speak.
    ///
    /// # Errors
    ///
    /// Which side to upgrade, where there is none.
    pub const fn agree(self, client: Self) -> Result<u16, Skew> {
        if client.newest < self.oldest {
            return Err(Skew::UpgradeClient);
        }
        if client.oldest > self.newest {
            return Err(Skew::UpgradeServer);
        }
        Ok(if client.newest < self.newest { client.newest } else { self.newest })
    }
}

/// What a client says first, as the parameters of `hello`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    /// What it speaks.
    pub protocol: Versions,
    /// Its name and version, for people and the audit; at most [`MAX_CLIENT_NAME`] characters.
    pub client: String,
    /// The role that it wants on this connection. A higher one than was granted is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
}

/// What the server answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Welcome {
    /// The version that both speak from here on. Without a common one, the server's
    /// newest: then the connection may only look.
    pub protocol: u16,
    /// Which side to upgrade, where there is no common version.
    pub skew: Option<Skew>,
    /// The methods that this server knows. Others are answered with an error.
    pub capabilities: Vec<String>,
    /// Who is told this.
    pub you: WhoAmI,
    /// The server's version.
    pub version: String,
    /// The server's process.
    pub pid: u32,
    /// Drawn by each server at its start: another one means another server.
    pub boot: String,
    /// The project directory that it serves.
    pub workspace: String,
    /// Times that a worker has been activated in this workspace.
    pub generation: u64,
}

/// Who one is for the server, as the kernel and the configuration say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WhoAmI {
    /// The user.
    pub uid: u32,
    /// The user's name, where the system knows one.
    pub user: Option<String>,
    /// The group.
    pub gid: u32,
    /// The process.
    pub pid: Option<u32>,
    /// The role of this connection.
    pub role: Role,
    /// The role that was granted.
    pub granted: Role,
    /// By what: `owner`, `root`, `user:NAME`, `group:NAME`.
    pub granted_by: String,
    /// What may be done on this connection. A reader passes those over that it does not know.
    #[serde(deserialize_with = "known_operations")]
    pub may: Vec<Operation>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_of_a_later_server_is_passed_over() {
        let said = r#"{"uid":1,"user":null,"gid":1,"pid":null,"role":"monitor","granted":"admin",
            "granted_by":"owner","may":["view","fly","stop"]}"#;
        let you: WhoAmI = serde_json::from_str(said).unwrap();
        assert_eq!(you.may, [Operation::View, Operation::Stop]);
        assert!(serde_json::from_str::<WhoAmI>(&said.replace("\"fly\"", "7")).is_err());
    }

    #[test]
    fn the_newest_common_version_is_spoken_or_the_older_side_is_named() {
        let range = |oldest, newest| Versions { oldest, newest };
        let server = range(3, 4);
        for (client, expected) in [
            (range(3, 4), Ok(4)),
            (range(2, 3), Ok(3)),
            (range(4, 5), Ok(4)),
            (range(1, 9), Ok(4)),
            (range(1, 2), Err(Skew::UpgradeClient)),
            (range(5, 6), Err(Skew::UpgradeServer)),
        ] {
            assert_eq!(server.agree(client), expected, "{client:?}");
        }
    }
}

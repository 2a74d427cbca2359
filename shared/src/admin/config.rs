//! The configuration in force as administrators see it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConfigEntry {
    /// Section and name.
    pub key: String,
    /// The value, as it would stand in the file.
    pub value: String,
    /// Where it comes from: `default`, a file with its line, a variable, a flag.
    pub source: String,
    /// The value of the file and the environment as they are now, where the server
    /// that runs does not have it yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<String>,
    /// What it takes until that value holds; absent where none is waiting, and from a
    /// server that does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub takes: Option<Takes>,
}

/// What it takes until a changed key holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Takes {
    /// The server reads its configuration again.
    Reload,
    /// After that, the worker is restarted.
    Restart,
    /// The server is stopped and started.
    Stop,
}

/// What reading the configuration again has changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reloaded {
    /// Keys whose new value holds from now on.
    pub applied: Vec<String>,
    /// Keys whose new value holds once the worker is restarted.
    pub needs_restart: Vec<String>,
    /// Keys whose new value holds once the server is stopped and started.
    pub needs_stop: Vec<String>,
}

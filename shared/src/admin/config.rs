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

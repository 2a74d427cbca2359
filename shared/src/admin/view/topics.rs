//! How the changes of a delta are read: a server that is newer within one version
//! of the protocol may tell of topics that this build does not know.

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::Change;

/// Every topic that this build knows.
const TOPICS: [&str; 16] = [
    "server",
    "restart",
    "progress",
    "build_output",
    "workers",
    "session",
    "session_ended",
    "figures",
    "buffers",
    "traffic",
    "backups",
    "history",
    "dead_letters",
    "health",
    "limits",
    "audit",
];

/// Reads the changes without those of unknown topics. One of a known topic that
/// cannot be read is a mistake as before: the copy would be wrong without it.
pub(super) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Change>, D::Error> {
    let changes = Vec::<Value>::deserialize(deserializer)?;
    let is_known = |change: &Value| {
        let topic = change.get("topic").and_then(Value::as_str);
        topic.is_none_or(|topic| TOPICS.contains(&topic))
    };
    let known = changes.into_iter().filter(is_known);
    known.map(|change| serde_json::from_value(change).map_err(D::Error::custom)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Delta, View};
    use super::*;

    #[test]
    fn a_topic_of_a_later_server_keeps_the_sequence() {
        let line = r#"{"seq":1,"at":"now","changes":[{"topic":"weather","value":{"rain":true}},
            {"topic":"sun"},{"topic":"build_output","value":"a line"}]}"#;
        let delta: Delta = serde_json::from_str(line).unwrap();
        assert_eq!(delta.changes, [Change::BuildOutput("a line".to_owned())]);
        let mut view = View::default();
        view.apply(delta).unwrap();
        assert_eq!(view.seq, 1);
        for wrong in [r#"{"topic":"workers","value":7}"#, r#"{"value":7}"#, "7"] {
            let line = format!(r#"{{"seq":1,"at":"","changes":[{wrong}]}}"#);
            assert!(serde_json::from_str::<Delta>(&line).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_topics_are_those_of_the_type() {
        let schema = serde_json::to_value(schemars::schema_for!(Change)).unwrap();
        let variants = schema["oneOf"].as_array().unwrap();
        let topics: Vec<&str> = variants
            .iter()
            .map(|variant| variant["properties"]["topic"]["const"].as_str().unwrap())
            .collect();
        assert_eq!(topics, TOPICS);
    }
}

//! Who the client of a session says it is, and how busy it is: for people only,
//! nothing is decided by it.

use std::time::Instant;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Longest text of a client that is kept, in characters.
const MAX_TEXT: usize = 100;

/// Longest message that is read for what the client says of itself, in bytes.
const MAX_LOOKED_AT: usize = 64 * 1024;

/// Messages that are looked at before a client counts as one that says nothing.
const MAX_LOOKS: u8 = 3;

const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";
const REVISION: &str = "io.modelcontextprotocol/protocolVersion";

/// What the client says of itself. Kept by the shim for the next front.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ClientInfo {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
    /// The revision of MCP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) protocol: Option<String>,
    /// How often it has come back to a front.
    #[serde(default)]
    pub(crate) reconnects: u64,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Profile {
    pub(crate) connected_at: Timestamp,
    pub(crate) last_activity: Instant,
    pub(crate) requests: u64,
    /// More has become known since watchers were told.
    pub(crate) is_news: bool,
    looks: u8,
}

impl Profile {
    pub(crate) fn new() -> Self {
        Self {
            connected_at: Timestamp::now(),
            last_activity: Instant::now(),
            requests: 0,
            is_news: false,
            looks: 0,
        }
    }

    /// A request has come. Whether it is worth [`ClientInfo::learn`].
    pub(crate) fn asked(&mut self, info: &ClientInfo, is_initialize: bool, now: Instant) -> bool {
        self.last_activity = now;
        self.requests += 1;
        let looks = is_initialize || (info.name.is_none() && self.looks < MAX_LOOKS);
        self.looks = self.looks.saturating_add(u8::from(looks));
        looks
    }
}

impl ClientInfo {
    /// Takes from a request what the client says of itself. Whether that was news.
    pub(crate) fn learn(&mut self, request: &[u8]) -> bool {
        #[derive(Deserialize)]
        struct Message {
            #[serde(default)]
            params: Params,
        }
        #[derive(Default, Deserialize)]
        #[serde(default, rename_all = "camelCase")]
        struct Params {
            client_info: Option<Said>,
            protocol_version: Option<String>,
            #[serde(rename = "_meta")]
            meta: serde_json::Map<String, serde_json::Value>,
        }
        #[derive(Deserialize)]
        struct Said {
            name: Option<String>,
            version: Option<String>,
        }
        if request.len() > MAX_LOOKED_AT {
            return false;
        }
        let Ok(Message { params }) = serde_json::from_slice(request) else { return false };
        let Params { client_info, protocol_version, mut meta } = params;
        let of_meta = || meta.remove(CLIENT_INFO).and_then(|said| serde_json::from_value(said).ok());
        let said = client_info.or_else(of_meta);
        let revision =
            protocol_version.or_else(|| meta.get(REVISION).and_then(|said| said.as_str()).map(str::to_owned));
        let before = self.clone();
        if let Some(Said { name, version }) = said {
            self.name = name.map(short);
            self.version = version.map(short);
        }
        self.protocol = revision.map(short).or(self.protocol.take());
        *self != before
    }

    /// Takes the agreed revision from the answer to `initialize`. Whether that was news.
    pub(crate) fn agreed(&mut self, answer: &[u8]) -> bool {
        #[derive(Deserialize)]
        struct Answer {
            result: Agreed,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Agreed {
            protocol_version: String,
        }
        let Ok(answer) = serde_json::from_slice::<Answer>(answer) else { return false };
        let agreed = Some(short(answer.result.protocol_version));
        let is_news = self.protocol != agreed;
        self.protocol = agreed;
        is_news
    }
}

/// What is shown to people must not steer their terminals, nor be endless.
fn short(text: String) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(MAX_TEXT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_eras_say_who_the_client_is() {
        let mut info = ClientInfo::default();
        let initialize =
            br#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18",
            "clientInfo":{"name":"shell\u001b[2J","version":"1.2"},"capabilities":{}}}"#;
        assert!(info.learn(initialize) && !info.learn(initialize));
        assert_eq!(info.name.as_deref(), Some("shell[2J"));
        assert_eq!(info.version.as_deref(), Some("1.2"));
        assert!(info.agreed(br#"{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-03-26"}}"#));
        assert_eq!(info.protocol.as_deref(), Some("2025-03-26"));
        let mut info = ClientInfo::default();
        let call = br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","_meta":{
            "io.modelcontextprotocol/clientInfo":{"name":"modern"},
            "io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}"#;
        assert!(info.learn(call));
        assert_eq!((info.name.as_deref(), info.protocol.as_deref()), (Some("modern"), Some("2026-07-28")));
    }

    #[test]
    fn nonsense_teaches_nothing_and_nothing_is_endless() {
        let mut info = ClientInfo::default();
        for line in ["", "{", "[]", r#"{"params":[1]}"#, r#"{"params":{"clientInfo":3}}"#] {
            assert!(!info.learn(line.as_bytes()) && !info.agreed(line.as_bytes()), "{line}");
        }
        let long = format!(r#"{{"params":{{"clientInfo":{{"name":"{}"}}}}}}"#, "n".repeat(5000));
        assert!(info.learn(long.as_bytes()));
        assert_eq!(info.name.map(|name| name.len()), Some(MAX_TEXT));
    }

    #[test]
    fn a_client_that_says_nothing_is_not_looked_at_for_ever() {
        let mut profile = Profile::new();
        let info = ClientInfo::default();
        let looks = (0..100).filter(|_| profile.asked(&info, false, Instant::now())).count();
        assert_eq!((looks, profile.requests), (usize::from(MAX_LOOKS), 100));
    }
}

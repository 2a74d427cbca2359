//! What holds for a request, found out by other means than the server's.

use std::net::IpAddr;

use serde_json::Value;
use task_orchestrator::front::fuzzing::Site;

use crate::wire::{self, Input};

/// The first revision without sessions.
pub const FIRST_MODERN: &str = "2026-07-28";

/// How a server is configured.
pub struct Place {
    hosts: &'static [&'static str],
    origins: &'static [&'static str],
    schemes: &'static [&'static str],
    local: &'static str,
}

const PLACES: [Place; 4] = [
    Place { hosts: &[], origins: &[], schemes: &["http"], local: "127.0.0.1" },
    Place {
        hosts: &["tasks.example", "api.example:8443"],
        origins: &["https://app.example", "http://localhost:3000"],
        schemes: &["http"],
        local: "192.0.2.7",
    },
    Place { hosts: &["tasks.example"], origins: &["https://app.example"], schemes: &["https"], local: "::1" },
    Place { hosts: &["a.example"], origins: &[], schemes: &["https", "http"], local: "::ffff:127.0.0.1" },
];

impl Place {
    pub fn of(input: &Input) -> &'static Self {
        &PLACES[input.site % PLACES.len()]
    }

    pub fn site(&self, limit: usize) -> Site {
        let secured = (self.schemes.len() == 2, self.schemes == ["https"]);
        Site::new(self.hosts, self.origins, secured, self.local.parse().expect("an address")).limited(limit)
    }

    /// Whether the server has this name.
    fn is_named(&self, authority: &str) -> bool {
        let authority = authority.to_ascii_lowercase();
        let end = match authority.find(']') {
            Some(bracket) => bracket + 1,
            None => authority.find(':').unwrap_or(authority.len()),
        };
        let (name, port) = authority.split_at(end);
        let is_port = |port: &str| port.bytes().all(|digit| digit.is_ascii_digit());
        if !(port.is_empty() || port.strip_prefix(':').is_some_and(is_port)) {
            return false;
        }
        if self.hosts.contains(&name) || self.hosts.contains(&&*authority) {
            return true;
        }
        let local = self.local.parse::<IpAddr>().expect("an address").to_canonical();
        let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
        match bare.parse::<IpAddr>().map(|address| address.to_canonical()) {
            Ok(address) => address == local || (address.is_loopback() && local.is_loopback()),
            Err(_) => name == "localhost" && local.is_loopback(),
        }
    }

    /// Whether the request is for this server.
    pub fn is_meant(&self, input: &Input) -> bool {
        let hosts = input.all("host");
        let [host] = &*hosts else { return false };
        let of_uri = input.uri.authority().is_none_or(|authority| self.is_named(authority.as_str()));
        of_uri && str::from_utf8(host).is_ok_and(|host| self.is_named(host))
    }

    /// Whether it comes from a page that is listed, by the header.
    pub fn is_listed(&self, origin: &[u8]) -> bool {
        self.origins.iter().any(|listed| origin.eq_ignore_ascii_case(listed.as_bytes()))
    }

    /// Whether it comes from no page, one of this server, or one that is listed.
    pub fn may_call(&self, input: &Input) -> bool {
        let origins = input.all("origin");
        let own = |scheme: &&str| {
            let host = input.text("host").unwrap_or_default();
            origins[0].eq_ignore_ascii_case(format!("{scheme}://{host}").as_bytes())
        };
        match origins.len() {
            0 => true,
            1 => self.is_listed(origins[0]) || self.schemes.iter().any(own),
            _ => false,
        }
    }
}

fn media_types(values: &[&[u8]]) -> Vec<String> {
    // A line with anything but visible ASCII says nothing.
    let texts =
        values.iter().filter(|value| wire::is_visible(value)).filter_map(|value| str::from_utf8(value).ok());
    let items = texts.flat_map(|text| text.split(','));
    items.map(|item| item.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()).collect()
}

/// Whether answers of these kinds are welcome.
pub fn accepts(input: &Input, kinds: &[(&str, &str)]) -> bool {
    let accepted = media_types(&input.all("accept"));
    kinds.iter().all(|(family, kind)| {
        accepted
            .iter()
            .any(|it| *it == "*/*" || *it == format!("{family}/*") || *it == format!("{family}/{kind}"))
    })
}

/// Whether it brings JSON.
pub fn brings_json(input: &Input) -> bool {
    let first = input.text("content-type").unwrap_or_default();
    first.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

pub fn head_is_modern(input: &Input) -> bool {
    input.text("mcp-protocol-version").is_some_and(|revision| revision >= FIRST_MODERN)
}

/// Whether the body makes the request one of the stateless era; `None` where that hangs on
/// what a library thinks of it.
fn body_is_modern(message: &Value) -> Option<bool> {
    let Some(meta) = message["params"]["_meta"].as_object() else { return Some(false) };
    let revision = meta.get("io.modelcontextprotocol/protocolVersion");
    let abilities = meta.get("io.modelcontextprotocol/clientCapabilities");
    if meta.len() != usize::from(revision.is_some()) + usize::from(abilities.is_some()) {
        return None;
    }
    match (revision.and_then(Value::as_str), abilities.map(Value::as_object)) {
        (None, _) => Some(false),
        (Some(revision), _) if revision >= FIRST_MODERN => Some(true),
        (Some(_), None | Some(None)) => Some(false),
        (Some(_), Some(Some(abilities))) => abilities.is_empty().then_some(true),
    }
}

/// Whether a message is of the stateless era, where that is certain.
pub fn is_stateless(input: &Input, message: &Value) -> Option<bool> {
    let is_id = |id: &Value| id.is_string() || id.is_i64();
    let is_request = message["jsonrpc"] == "2.0"
        && message.get("id").is_some_and(is_id)
        && message.get("result").is_none()
        && message.get("error").is_none();
    let method = message["method"].as_str().filter(|_| is_request);
    match (head_is_modern(input), method) {
        (true, Some("initialize")) => body_is_modern(message),
        (true, _) => Some(true),
        (false, None | Some("initialize")) => Some(false),
        (false, Some("server/discover")) => Some(true),
        (false, Some(_)) => body_is_modern(message),
    }
}

/// Whether the headers of a stateless request say what its body says.
pub fn agrees(headers: &[(String, String)], message: &Value) -> bool {
    let one = |name: &str| {
        let mut values = headers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        values.next().filter(|_| values.next().is_none())
    };
    let revision = &message["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"];
    if one("mcp-protocol-version") != revision.as_str() {
        return false;
    }
    if revision.as_str().is_some_and(|revision| revision < FIRST_MODERN) {
        return true;
    }
    let named = match message["method"].as_str() {
        Some("tools/call" | "prompts/get") => message["params"]["name"].as_str(),
        Some("resources/read") => message["params"]["uri"].as_str(),
        _ => None,
    };
    let is_encoded = |value: &str| value.starts_with("=?base64?");
    let name = one("mcp-name");
    one("mcp-method") == message["method"].as_str()
        && named.is_none_or(|named| name == Some(named) || name.is_some_and(is_encoded))
}

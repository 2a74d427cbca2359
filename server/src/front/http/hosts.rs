//! Under which names the server may be asked. A page in a browser can have its own name
//! lead to this address (DNS rebinding), but not without that name in `Host`.

use std::net::IpAddr;

use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, Uri, header};

use crate::config::Words;

/// See the module.
#[derive(Debug)]
pub(super) struct Hosts {
    allowed: Words,
}

/// Why a request is refused.
pub(super) type Refused = (StatusCode, &'static str);

impl Hosts {
    pub(super) fn new(allowed: Words) -> Self {
        Self { allowed }
    }

    /// The name that the request is for, in lower case, with its port; `local` is the
    /// address that the connection has reached.
    pub(super) fn check(&self, uri: &Uri, headers: &HeaderMap, local: IpAddr) -> Result<Authority, Refused> {
        let mut hosts = headers.get_all(header::HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            return Err((StatusCode::BAD_REQUEST, "a request names its host once"));
        };
        let host = host.to_str().ok().filter(|host| !host.contains('@'));
        let host = host.and_then(|host| host.to_ascii_lowercase().parse::<Authority>().ok());
        let host = host.filter(has_plain_port);
        let host = host.ok_or((StatusCode::BAD_REQUEST, "the header Host cannot be read"))?;
        // Of two names the one in the first line counts for HTTP, so both have to be right.
        let named = uri.authority().is_none_or(|other| has_plain_port(other) && self.is_ours(other, local));
        if named && self.is_ours(&host, local) {
            return Ok(host);
        }
        let why = "this server is not asked under that name: the key http.allowed_hosts lists those it has";
        Err((StatusCode::FORBIDDEN, why))
    }

    fn is_ours(&self, authority: &Authority, local: IpAddr) -> bool {
        let host = authority.host().to_ascii_lowercase();
        let with_port = authority.as_str().to_ascii_lowercase();
        if self.allowed.0.iter().any(|name| *name == host || *name == with_port) {
            return true;
        }
        let local = local.to_canonical();
        match host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            Ok(address) => {
                let address = address.to_canonical();
                address == local || (local.is_loopback() && address.is_loopback())
            }
            Err(_) => local.is_loopback() && host == "localhost",
        }
    }
}

/// Whether nothing but digits stands behind the name: an address in brackets may have any
/// text behind it for the library.
fn has_plain_port(authority: &Authority) -> bool {
    let port = authority.as_str().strip_prefix(authority.host()).unwrap_or("@");
    port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.bytes().all(|it| it.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(host: &[&str], allowed: &str, local: &str) -> u16 {
        let allowed = allowed.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        let mut headers = HeaderMap::new();
        for host in host {
            headers.append(header::HOST, host.parse().unwrap());
        }
        let uri = Uri::from_static("/mcp");
        let checked = Hosts::new(Words(allowed)).check(&uri, &headers, local.parse().unwrap());
        checked.map_or_else(|(status, _)| status.as_u16(), |_| 200)
    }

    #[test]
    fn only_the_own_names_and_the_allowed_ones_are_answered() {
        let (loopback, network) = ("127.0.0.1", "192.0.2.7");
        for (host, allowed, local, expected) in [
            ("127.0.0.1:8765", "", loopback, 200),
            ("127.0.0.1", "", loopback, 200),
            ("localhost:1", "", loopback, 200),
            ("LocalHost", "", loopback, 200),
            ("[::1]:8765", "", loopback, 200),
            ("127.0.0.1:8765", "", "::ffff:127.0.0.1", 200),
            ("evil.example", "", loopback, 403),
            ("evil.example:8765", "", loopback, 403),
            ("localhost.evil.example", "", loopback, 403),
            ("127.0.0.1.evil.example", "", loopback, 403),
            ("192.0.2.7", "", loopback, 403),
            ("0.0.0.0", "", loopback, 403),
            ("localhost", "", network, 403),
            ("192.0.2.7:1", "", network, 200),
            ("tasks.example", "tasks.example", network, 200),
            ("tasks.example:444", "tasks.example", network, 200),
            ("tasks.example:444", "tasks.example:443", network, 403),
            ("tasks.example:443", "tasks.example:443", network, 200),
            ("localhost:", "", loopback, 200),
            ("localhost:x", "", loopback, 400),
            ("[::1]evil.example", "", loopback, 400),
            ("[::1]:1x", "", loopback, 400),
            ("x@localhost", "", loopback, 400),
            ("a b", "", loopback, 400),
            ("", "", loopback, 400),
        ] {
            assert_eq!(status(&[host], allowed, local), expected, "{host} {allowed} {local}");
        }
        assert_eq!(status(&[], "", loopback), 400);
        assert_eq!(status(&["localhost", "localhost"], "", loopback), 400);
    }

    #[test]
    fn a_name_in_the_first_line_counts_as_well() {
        let hosts = Hosts::new(Words::default());
        let headers: HeaderMap = [(header::HOST, "localhost".parse().unwrap())].into_iter().collect();
        let local = "127.0.0.1".parse().unwrap();
        let check = |uri: &'static str| hosts.check(&Uri::from_static(uri), &headers, local).is_ok();
        assert!(check("http://localhost:1/mcp"));
        assert!(!check("http://evil.example/mcp"));
        // Who stands before the host is not the host, whatever it looks like.
        assert!(!check("http://evil.example@localhost/mcp"));
        assert!(!check("http://localhost@evil.example/mcp"));
    }
}

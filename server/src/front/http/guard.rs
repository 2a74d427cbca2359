//! Who is let in, before anything of a request is read but its head: a token that counts,
//! or nobody in particular on the own machine.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Instant;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use axum::response::Response;
use governor::clock::{Clock as _, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use jiff::Timestamp;
use task_orchestrator_shared::role::Role;
use tokio_util::sync::CancellationToken;

use super::body::UntilRevoked;
use super::cross_origin::Origins;
use super::hosts::Hosts;
use super::listener::Listener;
use super::refused::Refused;
use super::tally::{Slot, Tally};
use super::well_known::Metadata;
use super::{Http, reply};
use crate::audit::Audit;
use crate::config;
use crate::front::session::Principal;
use crate::tokens::Keyring;

/// Wrong tokens from one address at once; one more is taken each second after that.
const WRONG_AT_ONCE: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);

/// Addresses whose wrong tokens are counted one by one. Where there are more, what they
/// have in common is that they wait.
const MAX_ADDRESSES: usize = 4096;

/// Longest value of a header with addresses that is read, in bytes.
const MAX_FORWARDED: usize = 4096;

/// What decides who is let in.
#[derive(Debug)]
pub(crate) struct Guard {
    pub(super) hosts: Hosts,
    pub(super) origins: Origins,
    pub(super) metadata: Metadata,
    pub(super) keyring: Keyring,
    pub(super) refused: Refused,
    anonymous: Option<Role>,
    behind_proxy: bool,
    wrong: RateLimiter<IpAddr, HashMapStateStore<IpAddr>, DefaultClock>,
    open: Tally<String>,
}

/// Somebody who is let in.
#[derive(Debug)]
pub(super) struct Admitted {
    pub(super) principal: Principal,
    /// Of who has shown a token: its end, and what counts for it.
    token: Option<(CancellationToken, Slot<String>)>,
}

impl Admitted {
    /// The end of the token that was shown.
    pub(super) fn ended(&self) -> Option<CancellationToken> {
        self.token.as_ref().map(|(ended, _)| ended.clone())
    }

    /// Who it is, and how the response to them ends with their token.
    pub(super) fn split(self) -> (Principal, impl FnOnce(Response) -> Response) {
        let token = self.token;
        (self.principal, move |response: Response| match token {
            Some((ended, slot)) => response.map(|body| Body::new(UntilRevoked::new(body, ended, slot))),
            None => response,
        })
    }
}

impl Guard {
    pub(crate) fn new(config: &config::Http, listener: &Listener, tokens: PathBuf, audit: Audit) -> Self {
        // Behind a proxy everybody comes from its address, and there is no telling who it is.
        let is_own_machine = listener.is_loopback() && !config.behind_proxy;
        Self {
            hosts: Hosts::new(config.allowed_hosts.clone()),
            origins: Origins::new(config),
            metadata: Metadata::new(config, &listener.url()),
            keyring: Keyring::new(tokens),
            refused: Refused::new(audit),
            anonymous: config.anonymous_role.role().filter(|_| is_own_machine),
            behind_proxy: config.behind_proxy,
            wrong: RateLimiter::hashmap(Quota::per_second(NonZeroU32::MIN).allow_burst(WRONG_AT_ONCE)),
            open: Tally::new(config.max_connections_per_client),
        }
    }

    /// The address that a request comes from: of a proxy's, the one that the proxy has added.
    /// What stands before that in the header was written by the client.
    fn source(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let forwarded = self.behind_proxy.then(|| forwarded_for(headers)).flatten();
        forwarded.unwrap_or(peer).to_canonical()
    }

    /// The answer to a token that does not count.
    pub(super) fn no_more(&self) -> Response {
        self.metadata.challenge("that token does not count, or not any more", true)
    }

    /// Counts a wrong token. Otherwise: the seconds to wait.
    fn count_wrong(&self, source: IpAddr) -> Result<(), u64> {
        if self.wrong.len() > MAX_ADDRESSES {
            self.wrong.retain_recent();
        }
        let key = if self.wrong.len() > MAX_ADDRESSES {
            IpAddr::V6(Ipv6Addr::UNSPECIFIED)
        } else {
            network(source)
        };
        let now = DefaultClock::default().now();
        self.wrong.check_key(&key).map_err(|until| until.wait_time_from(now).as_secs() + 1)
    }
}

/// Who sends this request; otherwise the answer to it.
pub(super) fn admit<B>(http: &Http, peer: SocketAddr, request: &Request<B>) -> Result<Admitted, Response> {
    let (guard, headers) = (&http.guard, request.headers());
    let source = guard.source(peer.ip(), headers);
    let Some(shown) = shown(headers) else {
        let anonymous = guard.anonymous.filter(|_| peer.ip().to_canonical().is_loopback());
        let Some(role) = anonymous else {
            return Err(guard
                .metadata
                .challenge("a token is needed: `task-orchestrator token create` makes one", false));
        };
        return Ok(Admitted { principal: Principal { token: None, role, source }, token: None });
    };
    let Some(known) = shown.and_then(|text| guard.keyring.known(text, Timestamp::now())) else {
        guard.refused.note(network(source), source, (request.method(), request.uri()), Instant::now());
        return Err(match guard.count_wrong(source) {
            Ok(()) => {
                tracing::warn!(%source, "a token was shown that is none, or has expired or been revoked");
                guard.no_more()
            }
            Err(seconds) => {
                wait(StatusCode::TOO_MANY_REQUESTS, "too many wrong tokens from that address", seconds)
            }
        });
    };
    let Some(slot) = guard.open.enter(known.name.clone()) else {
        let why = "too many requests and streams are open with that token";
        return Err(wait(StatusCode::TOO_MANY_REQUESTS, why, 1));
    };
    let principal = Principal { token: Some(known.name), role: known.role, source };
    Ok(Admitted { principal, token: Some((known.ended, slot)) })
}

/// The token that is shown; `Some(None)` where what is shown is none.
fn shown(headers: &HeaderMap) -> Option<Option<&str>> {
    let mut shown = headers.get_all(header::AUTHORIZATION).iter();
    let first = shown.next()?;
    let only = shown.next().is_none().then_some(first);
    Some(only.and_then(|value| {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }))
}

fn wait(status: StatusCode, why: &str, seconds: u64) -> Response {
    let mut response = reply::refused(status, why);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// The right-most address that the proxy has written.
fn forwarded_for(headers: &HeaderMap) -> Option<IpAddr> {
    let last = |name: &str| {
        let value = headers.get_all(name).iter().next_back()?.to_str().ok()?;
        value.rsplit(',').next().filter(|last| last.len() <= MAX_FORWARDED).map(str::trim)
    };
    if let Some(last) = last("x-forwarded-for") {
        return address(last);
    }
    let pairs = last("forwarded")?.split(';');
    let (_, value) = pairs
        .filter_map(|pair| pair.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    address(value.trim().trim_matches('"'))
}

/// An address with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = || text.trim_start_matches('[').trim_end_matches(']').parse().ok();
    text.parse::<SocketAddr>().map(|address| address.ip()).ok().or_else(bare)
}

/// What one customer of the network has: of IPv6 a whole network.
fn network(source: IpAddr) -> IpAddr {
    match source {
        IpAddr::V4(_) => source,
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn only_what_the_proxy_has_added_tells_the_address() {
        for (lines, expected) in [
            (vec![("x-forwarded-for", "192.0.2.1, 198.51.100.7")], Some("198.51.100.7")),
            (vec![("x-forwarded-for", "198.51.100.7:4711")], Some("198.51.100.7")),
            (
                vec![("x-forwarded-for", "192.0.2.1"), ("x-forwarded-for", "198.51.100.7")],
                Some("198.51.100.7"),
            ),
            (vec![("forwarded", "for=192.0.2.1, for=\"[2001:db8::1]:80\";proto=https")], Some("2001:db8::1")),
            (vec![("forwarded", "proto=https;For=198.51.100.7")], Some("198.51.100.7")),
            (vec![("x-forwarded-for", "unknown")], None),
            (vec![("x-forwarded-for", "192.0.2.1, junk")], None),
            (vec![], None),
        ] {
            let expected = expected.map(|text| text.parse().unwrap());
            assert_eq!(forwarded_for(&headers(&lines)), expected, "{lines:?}");
        }
    }

    #[test]
    fn a_token_is_shown_once_and_in_one_way() {
        for (lines, expected) in [
            (vec![], None),
            (vec![("authorization", "Bearer abc")], Some(Some("abc"))),
            (vec![("authorization", "bearer  abc")], Some(Some("abc"))),
            (vec![("authorization", "Basic abc")], Some(None)),
            (vec![("authorization", "abc")], Some(None)),
            (vec![("authorization", "Bearer a"), ("authorization", "Bearer a")], Some(None)),
        ] {
            assert_eq!(shown(&headers(&lines)), expected, "{lines:?}");
        }
    }

    #[test]
    fn a_network_is_counted_as_one() {
        let network = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(network("192.0.2.1"), "192.0.2.1");
    }
}

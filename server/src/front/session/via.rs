//! How a client has come, and as whom.

use std::collections::HashSet;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use task_orchestrator_shared::role::Role;

/// See the module.
#[derive(Debug, Clone)]
pub(crate) enum Via {
    /// Over a shim.
    Stdio {
        /// The shim's process.
        pid: u32,
    },
    /// In a session over HTTP.
    Http {
        /// Who has opened it.
        principal: Arc<Principal>,
        /// Of those without a token from the same address: the lowest number that no other
        /// had when this one came.
        place: u32,
    },
    /// With a single request over HTTP, as the stateless era has them.
    Request {
        /// Who asks.
        principal: Arc<Principal>,
        /// The `mcp-*` headers, lower case.
        headers: Vec<(String, String)>,
    },
}

/// Who somebody on the network is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Principal {
    /// The token's name; none without a token.
    pub(crate) token: Option<String>,
    /// What it may do.
    pub(crate) role: Role,
    /// Where it comes from.
    pub(crate) source: IpAddr,
}

impl Via {
    /// The word for people and programs.
    pub(crate) fn transport(&self) -> &'static str {
        match self {
            Self::Stdio { .. } => "stdio",
            Self::Http { .. } | Self::Request { .. } => "http",
        }
    }

    pub(crate) fn pid(&self) -> Option<u32> {
        match self {
            Self::Stdio { pid } => Some(*pid),
            Self::Http { .. } | Self::Request { .. } => None,
        }
    }

    /// Whether this is no more than one request: nothing of it is worth being shown or kept.
    pub(crate) fn is_brief(&self) -> bool {
        matches!(self, Self::Request { .. })
    }

    fn known(&self) -> Option<&Principal> {
        match self {
            Self::Stdio { .. } => None,
            Self::Http { principal, .. } | Self::Request { principal, .. } => Some(principal),
        }
    }

    /// The role that came with it; none where the configuration says it.
    pub(crate) fn role(&self) -> Option<Role> {
        self.known().map(|principal| principal.role)
    }

    /// The address, for people.
    pub(crate) fn source(&self) -> Option<String> {
        self.known().map(|principal| principal.source.to_string())
    }

    /// The name of the token that was shown.
    pub(crate) fn token(&self) -> Option<&str> {
        self.known()?.token.as_deref()
    }

    /// Under what name limits are kept over HTTP; none for a shim, each of which has its own.
    ///
    /// Whoever has a token is one client however many sessions it opens. Without one there
    /// is only the own machine, where several clients come from one address and shall not
    /// use up each other's: each open session has a place, and whoever ends one to begin
    /// another gets the same place, and with it what is left there.
    pub(crate) fn limited_as(&self) -> Option<String> {
        let principal = self.known()?;
        Some(match (&principal.token, self) {
            (Some(token), _) => format!("token:{token}"),
            (None, Self::Http { place, .. }) => format!("address:{}#{place}", principal.source),
            (None, _) => format!("address:{}", principal.source),
        })
    }

    /// Takes the lowest place that is free, where it needs one.
    pub(crate) fn take_place<'a>(&mut self, others: impl Iterator<Item = &'a Self>) {
        let Self::Http { principal, place } = self else { return };
        if principal.token.is_some() {
            return;
        }
        let place_of = |other: &Self| match other {
            Self::Http { principal: other, place }
                if other.token.is_none() && other.source == principal.source =>
            {
                Some(*place)
            }
            _ => None,
        };
        let taken: HashSet<u32> = others.filter_map(place_of).collect();
        *place = (0..).find(|place| !taken.contains(place)).unwrap_or_default();
    }

    pub(super) fn headers(&self) -> Option<Vec<(String, String)>> {
        match self {
            Self::Request { headers, .. } => Some(headers.clone()),
            Self::Stdio { .. } | Self::Http { .. } => None,
        }
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdio { pid } => write!(f, "stdio (pid {pid})"),
            Self::Http { principal, .. } | Self::Request { principal, .. } => {
                write!(f, "http from {}", principal.source)?;
                principal.token.iter().try_for_each(|token| write!(f, " as {token}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn via(source: &str, token: Option<&str>) -> Via {
        let (token, source) = (token.map(str::to_owned), source.parse().unwrap());
        let principal = Arc::new(Principal { token, role: Role::Readonly, source });
        Via::Http { principal, place: 0 }
    }

    #[test]
    fn who_comes_again_has_the_place_that_it_left() {
        let mut open: Vec<Via> = Vec::new();
        let come = |open: &mut Vec<Via>, source: &str, token: Option<&str>| {
            let mut new = via(source, token);
            new.take_place(open.iter());
            let name = new.limited_as().unwrap();
            open.push(new);
            name
        };
        assert_eq!(come(&mut open, "127.0.0.1", None), "address:127.0.0.1#0");
        assert_eq!(come(&mut open, "127.0.0.1", None), "address:127.0.0.1#1");
        assert_eq!(come(&mut open, "::1", None), "address:::1#0");
        assert_eq!(come(&mut open, "127.0.0.1", Some("ci")), "token:ci");
        assert_eq!(come(&mut open, "127.0.0.1", Some("ci")), "token:ci");
        open.remove(0);
        assert_eq!(come(&mut open, "127.0.0.1", None), "address:127.0.0.1#0");
        assert_eq!(come(&mut open, "127.0.0.1", None), "address:127.0.0.1#2");
        assert_eq!(Via::Stdio { pid: 1 }.limited_as(), None);
    }
}

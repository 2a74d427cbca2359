//! How a client has come, and as whom.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use task_orchestrator_shared::role::Role;

use crate::link::ClientId;

/// See the module.
#[derive(Debug, Clone)]
pub(crate) enum Via {
    /// Over a shim.
    Stdio {
        /// The shim's process.
        pid: u32,
    },
    /// In a session over HTTP.
    Http(Arc<Principal>),
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
            Self::Http(_) | Self::Request { .. } => "http",
        }
    }

    pub(crate) fn pid(&self) -> Option<u32> {
        match self {
            Self::Stdio { pid } => Some(*pid),
            Self::Http(_) | Self::Request { .. } => None,
        }
    }

    /// Whether this is no more than one request: nothing of it is worth being shown or kept.
    pub(crate) fn is_brief(&self) -> bool {
        matches!(self, Self::Request { .. })
    }

    fn known(&self) -> Option<&Principal> {
        match self {
            Self::Stdio { .. } => None,
            Self::Http(principal) | Self::Request { principal, .. } => Some(principal),
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

    /// Under what name limits are kept that its sessions share.
    pub(super) fn principal(&self, client: ClientId) -> Option<String> {
        // Whoever has a token is one client however many sessions it opens.
        if let Some(token) = self.known().and_then(|principal| principal.token.as_deref()) {
            return Some(format!("token:{token}"));
        }
        match self {
            Self::Stdio { .. } => None,
            Self::Http(_) => Some(client.to_string()),
            Self::Request { .. } => self.sender(),
        }
    }

    /// Who sends requests without a session; none for what has one.
    pub(crate) fn sender(&self) -> Option<String> {
        let Self::Request { principal, .. } = self else { return None };
        Some(match &principal.token {
            Some(token) => format!("token:{token}"),
            None => format!("address:{}", principal.source),
        })
    }

    pub(super) fn headers(&self) -> Option<Vec<(String, String)>> {
        match self {
            Self::Request { headers, .. } => Some(headers.clone()),
            Self::Stdio { .. } | Self::Http(_) => None,
        }
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdio { pid } => write!(f, "stdio (pid {pid})"),
            Self::Http(principal) | Self::Request { principal, .. } => {
                write!(f, "http from {}", principal.source)?;
                principal.token.iter().try_for_each(|token| write!(f, " as {token}"))
            }
        }
    }
}

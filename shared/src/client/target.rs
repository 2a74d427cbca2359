//! Where a server is, and how to greet it. Looks at nothing itself.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::admin::{Hello, PROTOCOL};
use crate::role::Role;

/// How long a server may take to welcome a client, unless told otherwise.
pub const HELLO_WITHIN: Duration = Duration::from_secs(5);

/// How to connect.
#[derive(Debug, Clone)]
pub struct Options {
    /// The workspace's owner: the server may be his process as well as root's or
    /// one's own. Nobody else is told anything.
    pub expected_owner: Option<u32>,
    /// For connecting, the greeting and the welcome together.
    pub hello_within: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { expected_owner: None, hello_within: HELLO_WITHIN }
    }
}

/// The admin socket. Where a server puts it may change from one start to the next:
/// who connects again looks again.
#[derive(Clone)]
pub struct Socket(Arc<dyn Fn() -> PathBuf + Send + Sync>);

impl Socket {
    /// Found by this function, which is asked for each connection and must not wait.
    pub fn found_by(find: impl Fn() -> PathBuf + Send + Sync + 'static) -> Self {
        Self(Arc::new(find))
    }

    /// Where it is at present.
    pub fn path(&self) -> PathBuf {
        (self.0)()
    }
}

impl<P: Into<PathBuf>> From<P> for Socket {
    fn from(path: P) -> Self {
        let path = path.into();
        Self::found_by(move || path.clone())
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Socket").field(&self.path()).finish()
    }
}

/// Where a server is, and how to greet it.
#[derive(Debug, Clone)]
pub struct Target {
    /// The admin socket.
    pub socket: Socket,
    /// The first words.
    pub hello: Hello,
    /// How to connect.
    pub options: Options,
}

impl Target {
    /// The server behind this socket, for a client of this name and version, in the
    /// role that is granted.
    pub fn new(socket: impl Into<Socket>, client: impl Into<String>) -> Self {
        let hello = Hello { protocol: PROTOCOL, client: client.into(), role: None };
        Self { socket: socket.into(), hello, options: Options::default() }
    }

    /// The same in a lower role.
    #[must_use]
    pub fn in_role(mut self, role: Option<Role>) -> Self {
        self.hello.role = role;
        self
    }

    /// The same for the workspace of this user.
    #[must_use]
    pub fn owned_by(mut self, uid: Option<u32>) -> Self {
        self.options.expected_owner = uid;
        self
    }
}

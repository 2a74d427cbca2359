//! Values that are one word of a few.

use super::{Raw, Setting};

macro_rules! choices {
    ($($(#[doc = $doc:literal])+ $name:ident: $accepts:literal {
        $($(#[doc = $variant_doc:literal])+ $variant:ident = $word:literal $(| $other:literal)*,)+
    })+) => { $(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[doc = $variant_doc])+ $variant,)+ }

        impl $name {
            /// Its word in the configuration.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl Setting for $name {
            const ACCEPTS: &'static str = $accepts;

            /// Upper and lower case are one: operators type DEBUG.
            fn read(raw: &Raw<'_>) -> Result<Self, String> {
                let text = raw.text().ok_or_else(|| raw.not(Self::ACCEPTS))?;
                match text.trim().to_ascii_lowercase().as_str() {
                    $($word $(| $other)* => Ok(Self::$variant),)+
                    _ => Err(raw.not(Self::ACCEPTS)),
                }
            }

            fn show(&self) -> toml::Value {
                toml::Value::String(self.word().to_owned())
            }
        }
    )+ };
}

choices! {
    /// How much is logged.
    Level: "one of error, warn, info, debug, trace" {
        /// A person must look.
        Error = "error" | "critical",
        /// Something is not as it should be.
        Warn = "warn" | "warning",
        /// What an operator wants to follow.
        Info = "info" | "notice",
        /// What a developer wants to follow.
        Debug = "debug",
        /// Everything.
        Trace = "trace",
    }
    /// How much goes to standard error.
    Verbosity: "one of off, error, warn, info, debug, trace" {
        /// Nothing.
        Off = "off" | "false",
        /// As [`Level::Error`].
        Error = "error" | "critical",
        /// As [`Level::Warn`].
        Warn = "warn" | "warning",
        /// As [`Level::Info`].
        Info = "info" | "notice",
        /// As [`Level::Debug`].
        Debug = "debug",
        /// As [`Level::Trace`].
        Trace = "trace",
    }
    /// The form of log lines.
    LogFormat: "human or json" {
        /// For reading.
        Human = "human" | "text",
        /// One JSON object a line.
        Json = "json",
    }
    /// What is done about work that does not come to an end in time.
    Policy: "abort or force" {
        /// Nothing is restarted.
        Abort = "abort",
        /// It is given up here and sent to the next worker.
        Force = "force",
    }
    /// The role of an MCP client.
    ClientRole: "one of readonly, monitor, operator, admin" {
        /// May see where a restart is.
        Readonly = "readonly" | "read_only" | "read-only",
        /// May also look at everything else.
        Monitor = "monitor",
        /// May also restart gracefully.
        Operator = "operator",
        /// May also restart in an emergency.
        Admin = "admin",
    }
    /// The role of an MCP client that shows no token.
    AnonymousRole: "one of none, readonly, monitor, operator, admin" {
        /// It is refused.
        None = "none",
        /// As [`ClientRole::Readonly`].
        Readonly = "readonly" | "read_only" | "read-only",
        /// As [`ClientRole::Monitor`].
        Monitor = "monitor",
        /// As [`ClientRole::Operator`].
        Operator = "operator",
        /// As [`ClientRole::Admin`].
        Admin = "admin",
    }
    /// Which clients the limits of the task tools apply to.
    LimitedClients: "http or all" {
        /// Those that come over the network.
        Http = "http",
        /// Every client.
        All = "all",
    }
    /// What SQLite waits for at a commit (`PRAGMA synchronous`).
    Synchronous: "one of normal, full" {
        /// A commit can be lost with the power, never broken.
        Normal = "normal",
        /// A commit is on the disk before it is answered.
        Full = "full",
    }
}

impl From<Level> for tracing::level_filters::LevelFilter {
    fn from(level: Level) -> Self {
        match level {
            Level::Error => Self::ERROR,
            Level::Warn => Self::WARN,
            Level::Info => Self::INFO,
            Level::Debug => Self::DEBUG,
            Level::Trace => Self::TRACE,
        }
    }
}

impl From<Verbosity> for tracing::level_filters::LevelFilter {
    fn from(verbosity: Verbosity) -> Self {
        match verbosity {
            Verbosity::Off => Self::OFF,
            Verbosity::Error => Self::ERROR,
            Verbosity::Warn => Self::WARN,
            Verbosity::Info => Self::INFO,
            Verbosity::Debug => Self::DEBUG,
            Verbosity::Trace => Self::TRACE,
        }
    }
}

impl From<task_orchestrator_shared::admin::log::LogLevel> for Level {
    fn from(level: task_orchestrator_shared::admin::log::LogLevel) -> Self {
        use task_orchestrator_shared::admin::log::LogLevel;
        match level {
            LogLevel::Error => Self::Error,
            LogLevel::Warn => Self::Warn,
            LogLevel::Info => Self::Info,
            LogLevel::Debug => Self::Debug,
            LogLevel::Trace => Self::Trace,
        }
    }
}

impl AnonymousRole {
    /// The role, where there is one.
    pub fn role(self) -> Option<task_orchestrator_shared::role::Role> {
        use task_orchestrator_shared::role::Role;
        match self {
            Self::None => None,
            Self::Readonly => Some(Role::Readonly),
            Self::Monitor => Some(Role::Monitor),
            Self::Operator => Some(Role::Operator),
            Self::Admin => Some(Role::Admin),
        }
    }
}

impl From<ClientRole> for task_orchestrator_shared::role::Role {
    fn from(role: ClientRole) -> Self {
        match role {
            ClientRole::Readonly => Self::Readonly,
            ClientRole::Monitor => Self::Monitor,
            ClientRole::Operator => Self::Operator,
            ClientRole::Admin => Self::Admin,
        }
    }
}

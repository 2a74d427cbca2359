//! The table of keys: every key once, with its kind, default, limits, readers and
//! text. The typed structs, the parser, the environment variables and the
//! `config` commands are all made from it, so nothing is stated twice.
//!
//! A key is added here and nowhere else, and only for a feature that exists.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::key::{Key, Process, check};
use super::setting::{
    AnonymousRole, ByteSize, ClientRole, Grants, GroupName, Level, LimitedClients, LogFormat, Policy,
    Setting, Signals, Synchronous, Verbosity, Words,
};
use super::sources::{Outcome, Sources};

macro_rules! keys {
    ($(
        $(#[doc = $section_doc:literal])+
        $section:ident: $Section:ident {
            $(
                $(#[doc = $doc:literal])+
                $key:ident: $kind:ty = $default:literal, read by $($process:ident)+ $(, $limit:ident $bound:literal)*;
            )+
        }
    )+) => {
        /// The effective configuration.
        #[derive(Debug, Clone, PartialEq)]
        pub struct Config { $($(#[doc = $section_doc])+ pub $section: $Section,)+ }

        $(
            $(#[doc = $section_doc])+
            #[derive(Debug, Clone, PartialEq)]
            pub struct $Section { $($(#[doc = $doc])+ pub $key: $kind,)+ }
        )+

        /// The sections in order, each with its text.
        pub static SECTIONS: &[(&str, &[&str])] = &[$((stringify!($section), &[$($section_doc),+]),)+];

        /// Every key, in the order of the sections.
        pub static KEYS: &[Key] = &[$($({
            #[allow(unused_mut, reason = "not every key has limits")]
            let mut key = Key {
                section: stringify!($section),
                name: stringify!($key),
                doc: &[$($doc),+],
                accepts: <$kind as Setting>::ACCEPTS,
                default: $default,
                min: None,
                max: None,
                read_by: &[$(Process::$process),+],
                check: check::<$kind>,
            };
            $(key.$limit = Some($bound);)*
            key
        },)+)+];

        /// Every key is read before the first failure is looked at, so that all
        /// mistakes are reported together.
        pub(super) fn build(sources: &Sources<'_>, outcome: &mut Outcome) -> Option<Config> {
            let mut keys = KEYS.iter();
            $($(let $key = sources.resolve::<$kind>(keys.next()?, outcome);)+
            let $section = move || Some($Section { $($key: $key?,)+ });)+
            Some(Config { $($section: $section()?,)+ })
        }
    };
}

keys! {
    /// Logging. Nothing is ever logged to standard output, which belongs to MCP.
    log: Log {
        /// How much goes to the log files in `.task_orchestrator/logs`.
        level: Level = "info", read by Front Worker;
        /// Form of the log lines.
        format: LogFormat = "human", read by Shim Front Worker;
        /// How long a day's log file is kept, in days.
        retention_days: u32 = "7", read by Front Worker, min "1", max "3650";
        /// How large one day's log file may become. What would be more is dropped,
        /// and the file says so.
        max_file_size: ByteSize = "100 MiB", read by Front Worker, min "64 KiB", max "4 GiB";
        /// How much goes to standard error, where MCP clients show it.
        stderr: Verbosity = "warn", read by Shim Front Worker;
    }
    /// The front, which holds the clients' connections.
    front: Front {
        /// How long a front without clients stays before it ends itself. One that
        /// was started with `serve` always stays.
        idle_timeout: Option<Duration> = "30 min", read by Front, max "365 days";
        /// How many clients can be connected at once.
        max_sessions: u32 = "1000", read by Front, min "1", max "100000";
        /// How often front and worker tell each other that they live.
        heartbeat_interval: Duration = "2 s", read by Front Worker, min "50 ms", max "1 min";
        /// How many heartbeats in a row may be missing before a worker counts as hung.
        heartbeat_misses: u32 = "5", read by Front Worker, min "1", max "100";
        /// How long a new worker may take until it answers.
        worker_start_timeout: Duration = "30 s", read by Front, min "100 ms", max "10 min";
    }
    /// MCP over HTTP, for clients on the network.
    http: Http {
        /// The address and port that it listens on; empty for none. `serve --http` sets it.
        address: Option<SocketAddr> = "", read by Front;
        /// The address and port of `/healthz`, `/readyz` and `/metrics`; empty for the
        /// same as `http.address`, where they need what a client needs. On an address of
        /// their own they need nothing: it belongs where only those reach it who may.
        probes_address: Option<SocketAddr> = "", read by Front;
        /// The role of a client without a token, who can be whoever reaches the address;
        /// `none` refuses it. Anything but the own machine needs a token in any case.
        anonymous_role: AnonymousRole = "readonly", read by Front;
        /// How long a session may be without a request and without an open stream before
        /// it is forgotten.
        session_timeout: Duration = "1 h", read by Front, min "1 s", max "30 days";
        /// Messages that a session keeps for a client whose connection breaks; of more, what
        /// the client has had goes first, then the oldest that nobody reads.
        resume_events: u32 = "1000", read by Front, min "1", max "1000000";
        /// Their bytes.
        resume_bytes: ByteSize = "1 MiB", read by Front, min "4 KiB", max "1 GiB";
        /// How long at least a message that was sent, and an answer that nobody fetched, is
        /// kept for a client that comes back.
        resume_time: Duration = "5 min", read by Front, min "1 s", max "1 day";
        /// Further names under which clients reach the server, with or without a port, such
        /// as `tasks.example.org`. A request for another name than these and the address
        /// itself is refused: a page in a browser could have made it.
        allowed_hosts: Words = "", read by Front;
        /// Origins of pages in browsers that may call the server, such as
        /// `https://tasks.example.org`. Those of the server's own address always may.
        allowed_origins: Words = "", read by Front;
        /// Whether a reverse proxy stands before the server, which ends TLS and adds
        /// `X-Forwarded-For` or `Forwarded`. Then every client needs a token.
        behind_proxy: bool = "false", read by Front;
        /// The file with the certificate and those that signed it, PEM; empty for no TLS.
        /// When it or the key changes, both are read again.
        tls_certificate: Option<PathBuf> = "", read by Front;
        /// The file with the certificate's private key, PEM.
        tls_key: Option<PathBuf> = "", read by Front;
        /// How many connections can be open at once; more are closed with status 503. A
        /// client with a session usually has two, one of them its stream.
        max_connections: u32 = "4000", read by Front, min "1", max "100000";
        /// How many of them one address can have open, and how many requests and streams
        /// one token. Behind a proxy only the latter counts.
        max_connections_per_client: u32 = "3000", read by Front, min "1", max "100000";
        /// How long the head of a request may take, and a TLS handshake.
        read_timeout: Duration = "10 s", read by Front, min "100 ms", max "10 min";
        /// How long the body after it may take.
        body_timeout: Duration = "1 min", read by Front, min "100 ms", max "1 h";
        /// How long a client may take nothing of what it is sent, until its connection ends.
        write_timeout: Duration = "30 s", read by Front, min "100 ms", max "10 min";
        /// How long a connection stays open without a request.
        idle_timeout: Duration = "2 min", read by Front, min "1 s", max "1 day";
        /// The authorization server that gives clients tokens, for their metadata at
        /// `/.well-known/oauth-protected-resource`; empty for none. Its tokens are for a
        /// proxy before this server: the server itself knows those of `token create` only.
        issuer: Option<String> = "", read by Front;
        /// What clients call this server in those metadata; empty for its own URL.
        resource: Option<String> = "", read by Front;
    }
    /// What the front keeps for a worker that is not there at the moment.
    buffer: Buffer {
        /// Requests held for one client; more are answered with an error.
        max_requests_per_client: u32 = "100", read by Front, min "1", max "100000";
        /// Memory for the held requests of all clients together.
        max_bytes: ByteSize = "16 MiB", read by Front, min "64 KiB", max "4 GiB";
        /// How long a request may wait for a worker before it is answered with an
        /// error. Clients usually give up earlier by themselves.
        expiry: Duration = "300 s", read by Front, min "1 s", max "1 day";
        /// How often requests that have waited too long are looked for.
        cleanup_interval: Duration = "60 s", read by Front, min "100 ms", max "1 h";
        /// Longest single message accepted from a client.
        max_message_bytes: ByteSize = "16 MiB", read by Shim Front, min "4 KiB", max "16 MiB";
    }
    /// The worker, which runs the tools.
    worker: Worker {
        /// The program that is started as worker; empty for the front's own.
        binary: Option<PathBuf> = "", read by Front;
    }
    /// Restarts: on request, after crashes, and back.
    restart: Restart {
        /// How long a restart may take in all.
        timeout: Duration = "30 s", read by Front, min "10 s", max "300 s";
        /// How long a worker may take to come to its next checkpoint, when everything
        /// has to finish before the next one takes over.
        suspension_timeout: Duration = "5 s", read by Front, min "10 ms", max "5 min";
        /// What happens to a restart when work in flight does not finish in that time.
        suspension_policy: Policy = "abort", read by Front;
        /// How long the old worker may take to finish what it holds after its
        /// successor has taken over. What is left then is sent to the successor.
        drain_timeout: Duration = "30 s", read by Front, min "100 ms", max "1 h";
        /// Whether a proved worker always stands by, so that a crash costs a promotion
        /// and not a start. It takes the memory of a second worker.
        hot_standby: bool = "false", read by Front;
        /// How long after a restart onto another build a crash, a hang or a burst of
        /// errors brings the previous build back.
        probation: Duration = "60 s", read by Front, max "1 day";
        /// What builds the program, run by `sh -c` in the project's directory before a
        /// restart that was asked for; empty for nothing. When it fails, nothing is restarted.
        build_command: Option<String> = "", read by Front;
        /// How long that may take.
        build_timeout: Duration = "30 min", read by Front, min "1 s", max "1 day";
        /// Whether a change of the program's file restarts the worker.
        watch: bool = "false", read by Front;
        /// More crashes than this within 10 seconds lead to safe mode.
        crashes_in_10_seconds: u32 = "3", read by Front, min "1", max "1000";
        /// More crashes than this within 10 minutes lead to safe mode.
        crashes_in_10_minutes: u32 = "10", read by Front, min "1", max "100000";
        /// How long without a crash until safe mode is left by itself.
        safe_mode_quiet: Duration = "10 min", read by Front, min "1 s", max "1 day";
    }
    /// Snapshots and backups in `.task_orchestrator/server_state`.
    state: State {
        /// How many older snapshots, and how many database backups, are kept.
        backups: u32 = "10", read by Front Worker, min "1", max "1000";
        /// The age from which they are compressed.
        compress_after: Duration = "1 day", read by Front Worker, max "365 days";
        /// The age from which they are removed. The newest verified one always stays.
        remove_after: Duration = "30 days", read by Front Worker, min "1 h", max "3650 days";
        /// The size of a snapshot from which on the log warns.
        warn_size: ByteSize = "10 MiB", read by Front Worker, min "1 KiB", max "4 GiB";
        /// Dead letters that are kept; the oldest is exported to a file before it goes.
        dead_letters: u32 = "1000", read by Front, min "1", max "100000";
        /// Restarts that the history keeps.
        history: u32 = "10000", read by Front, min "10", max "1000000";
    }
    /// Who may do what with the server itself.
    access: Access {
        /// Roles of this system's users on the admin socket. A grant to a user weighs
        /// more than those to groups; of several groups the highest role counts. The
        /// server's own user and root are admin unless a grant to the user says
        /// otherwise; who has no grant may do nothing.
        grants: Grants = "", read by Front;
        /// The group whose members may open the admin socket, which then lies in
        /// a directory of its own below /tmp. Without one, only the server's own user
        /// and root can. What a member may do there is a matter of the grants.
        socket_group: GroupName = "", read by Front;
        /// The role of clients that are connected over standard input and output.
        stdio_role: ClientRole = "operator", read by Front;
    }
    /// The audit in `.task_orchestrator/audit`: who did what with the server itself.
    audit: Audit {
        /// How large its file may become before the next one is begun.
        max_file_size: ByteSize = "16 MiB", read by Front, min "64 KiB", max "1 GiB";
        /// How many older files are kept. A record tells before the oldest one goes.
        files: u32 = "20", read by Front, min "1", max "1000";
        /// The file with the key, 32 bytes that only the server's user may read; empty
        /// for `audit/key` in the workspace. Whoever can read it can forge records, so
        /// it is worth more where the workspace is not.
        key_file: Option<PathBuf> = "", read by Front;
    }
    /// How often one client may ask for what costs the server.
    limits: Limits {
        /// Restarts at once.
        restart_burst: u32 = "6", read by Front, min "1", max "1000";
        /// The time after which one more is allowed.
        restart_interval: Duration = "10 s", read by Front, min "10 ms", max "1 h";
        /// Questions for the state of a restart, in a second.
        status_per_second: u32 = "10", read by Front, min "1", max "10000";
        /// Tests of connections, in a minute.
        reconnect_test_per_minute: u32 = "5", read by Front, min "1", max "10000";
        /// Whose calls of the task tools are limited: `http`, clients over the network; or
        /// `all`. A client over standard input and output is a process of the server's own
        /// user, who pays for what it asks.
        tools_apply_to: LimitedClients = "http", read by Worker;
        /// Calls at once that only read; reading resources and completions count as such.
        read_burst: u32 = "600", read by Worker, min "1", max "1000000";
        /// The time after which one more is allowed.
        read_interval: Duration = "20 ms", read by Worker, min "1 ms", max "1 h";
        /// Calls at once that write.
        write_burst: u32 = "60", read by Worker, min "1", max "1000000";
        /// The time after which one more is allowed.
        write_interval: Duration = "1 s", read by Worker, min "1 ms", max "1 h";
        /// Calls at once that may look at everything there is: maintenance, synthesis and
        /// the clean-up of sessions.
        heavy_burst: u32 = "10", read by Worker, min "1", max "1000000";
        /// The time after which one more is allowed.
        heavy_interval: Duration = "6 s", read by Worker, min "1 ms", max "1 h";
    }
    /// The database.
    store: Store {
        /// What a commit waits for. With `normal`, a power failure can lose commits
        /// that were already answered.
        synchronous: Synchronous = "full", read by Worker;
        /// Connections for reading.
        readers: u32 = "2", read by Worker, min "1", max "16";
        /// How long the reply of a finished operation is kept for a repeated request.
        operation_retention: Duration = "24 h", read by Worker, min "1 min", max "365 days";
        /// Most operations that share one commit.
        group_commit_max: u32 = "256", read by Worker, min "1", max "10000";
    }
    /// Graceful shutdown. A second signal always ends the process at once.
    shutdown: Shutdown {
        /// Signals that ask for it.
        signals: Signals = "SIGTERM,SIGINT", read by Front Worker;
        /// How long requests in progress may take to finish.
        request_timeout: Duration = "30 s", read by Front Worker, max "1 h";
        /// How long each clean-up may take.
        cleanup_timeout: Duration = "10 s", read by Front Worker, min "10 ms", max "1 h";
        /// Whether requests that are late are given up. If not, they are waited for
        /// until a second signal.
        force_after_timeout: bool = "true", read by Front Worker;
    }
}

//! Which workspaces have a running server that this user can reach.
//!
//! Found by their sockets, as the system lists them, and asked each with a short hello:
//! no file tells of them, so none can be out of date. At most [`MAX_ASKED`] are asked,
//! all at once, and each has [`WITHIN`] for its answer.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use task_orchestrator_shared::admin::status::Status;
use task_orchestrator_shared::admin::{Context, Reply, Request, Welcome};
use task_orchestrator_shared::client::{Client, Target};
use task_orchestrator_shared::workspace::DIRECTORY_NAME;
use tokio::task::JoinSet;

use crate::link::CLIENT;

/// Most sockets that are asked; more are left out.
pub const MAX_ASKED: usize = 64;

/// How long a server may take for all its answers.
pub const WITHIN: Duration = Duration::from_millis(300);

/// Where the system lists the local sockets.
const LISTED: &str = "/proc/net/unix";

/// The name of an admin socket in whatever directory.
const SOCKET: &str = "admin.sock";

/// A workspace with a running server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetRow {
    /// Its admin socket.
    pub socket: PathBuf,
    /// The project directory.
    pub workspace: PathBuf,
    /// How it is, in a few words.
    pub detail: String,
}

/// All of them, by their paths. Needs no server that runs, and tells none of the
/// others: nothing is remembered.
pub async fn find() -> Vec<TargetRow> {
    let listed = fs::read(LISTED).unwrap_or_default();
    let mut asked = JoinSet::new();
    for socket in admin_sockets(&listed).into_iter().take(MAX_ASKED) {
        asked.spawn(async move { tokio::time::timeout(WITHIN, ask(socket)).await.ok().flatten() });
    }
    let mut rows: Vec<TargetRow> = asked.join_all().await.into_iter().flatten().collect();
    rows.sort_by(|one, other| (&one.workspace, &one.socket).cmp(&(&other.workspace, &other.socket)));
    // A socket that can be reached by two paths is one server.
    rows.dedup_by(|one, other| one.workspace == other.workspace);
    rows
}

/// The paths of sockets that somebody listens on and that are named as ours are.
fn admin_sockets(listed: &[u8]) -> BTreeSet<PathBuf> {
    let lines = listed.split(|byte| *byte == b'\n').skip(1);
    let paths = lines.filter_map(listening).map(|path| PathBuf::from(std::ffi::OsStr::from_bytes(path)));
    paths.filter(|path| is_ours(path)).collect()
}

/// The path of a line, where it is of a socket that takes connections.
fn listening(line: &[u8]) -> Option<&[u8]> {
    // Num RefCount Protocol Flags Type St Inode Path: the path may hold spaces.
    const BEFORE: usize = 7;
    /// Flags of a socket on which somebody listens.
    const ACCEPTS: &[u8] = b"00010000";
    let mut rest = line;
    let mut flags: &[u8] = &[];
    for field in 0..BEFORE {
        rest = rest.trim_ascii_start();
        let end = rest.iter().position(|byte| *byte == b' ')?;
        let (word, behind) = rest.split_at(end);
        if field == 3 {
            flags = word;
        }
        rest = behind;
    }
    let path = rest.strip_prefix(b" ")?;
    (flags == ACCEPTS && path.starts_with(b"/")).then_some(path)
}

/// In a workspace, in a runtime directory, or in the place for a group.
fn is_ours(path: &Path) -> bool {
    if path.file_name().is_none_or(|name| name != SOCKET) {
        return false;
    }
    let Some(directory) = path.parent() else { return false };
    let name = |place: Option<&Path>| {
        place.and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    };
    let (own, above) = (name(Some(directory)), name(directory.parent()));
    (own == "run" && above == DIRECTORY_NAME)
        || above.starts_with("task-orchestrator")
        || own.starts_with("task-orchestrator-admin-")
}

async fn ask(socket: PathBuf) -> Option<TargetRow> {
    // Whose directory it is in: nobody else may answer but root and this user.
    let owner = fs::symlink_metadata(socket.parent()?).ok()?.uid();
    let Target { hello, mut options, .. } = Target::new(socket.clone(), CLIENT).owned_by(Some(owner));
    options.hello_within = WITHIN;
    let client = Client::connect(&socket, hello, options).await.ok()?;
    let welcome = client.welcome().clone();
    let workspace = PathBuf::from(&welcome.workspace);
    // Anybody can make a socket in a place for all and name somebody else's workspace.
    let is_its_owner = [0, rustix::process::geteuid().as_raw()].contains(&owner)
        || fs::symlink_metadata(workspace.join(DIRECTORY_NAME)).is_ok_and(|found| found.uid() == owner);
    if !is_its_owner {
        return None;
    }
    let status = match client.call(Request::Status, Context::default()).await {
        Ok(Reply::Status(status)) => Some(status),
        _ => None,
    };
    Some(TargetRow { socket, workspace, detail: detail(&welcome, status.as_deref()) })
}

fn detail(welcome: &Welcome, status: Option<&Status>) -> String {
    let mut parts =
        vec![format!("version {}", welcome.version), format!("generation {}", welcome.generation)];
    if let Some(status) = status {
        let clients = status.session_count;
        parts.push(format!("{clients} {}", if clients == 1 { "client" } else { "clients" }));
        if status.safe_mode.is_some() {
            parts.push("safe mode".to_owned());
        } else if status.maintenance_mode {
            parts.push("maintenance".to_owned());
        }
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests;

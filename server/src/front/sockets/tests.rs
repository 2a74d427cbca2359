//! Where the sockets are with and without a group, and who finds them there.

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::Command;

use super::*;
use crate::workspace::Surroundings;

const SOMEBODY: u32 = 54_321;
const FIND_IN: &str = "FRONT_SOCKETS_TEST_FIND_IN";

fn around(top: &Path) -> Surroundings {
    Surroundings {
        workspace_variable: None,
        current_dir: top.to_owned(),
        runtime_dir: None,
        temporary_dir: top.join("tmp"),
    }
}

/// A project that everybody can reach, and a place as `/tmp` is one.
fn workspace() -> (tempfile::TempDir, Workspace) {
    let top = tempfile::tempdir().unwrap();
    fs::set_permissions(top.path(), Permissions::from_mode(0o755)).unwrap();
    fs::create_dir(top.path().join("tmp")).unwrap();
    fs::set_permissions(top.path().join("tmp"), Permissions::from_mode(0o1777)).unwrap();
    let mut workspace = found(top.path());
    workspace.create(&around(top.path())).unwrap();
    (top, workspace)
}

fn found(top: &Path) -> Workspace {
    Workspace::discover(Some(top), &around(top)).unwrap()
}

fn group() -> SocketGroup {
    let own = rustix::process::getegid().as_raw();
    SocketGroup { id: if own == 0 { SOMEBODY } else { own }, name: "group".to_owned() }
}

#[tokio::test]
async fn commands_of_the_owner_find_the_socket_wherever_it_is() {
    let (top, workspace) = workspace();
    let (private, shared) = (workspace.private_admin_socket(), workspace.group_admin_socket());
    assert!(shared.starts_with(top.path().join("tmp")), "{}", shared.display());
    for group in [None, Some(group()), Some(group()), None] {
        let sockets = open(&workspace, group.as_ref()).unwrap();
        let (used, unused) = if group.is_some() { (&shared, &private) } else { (&private, &shared) };
        for workspace in [&workspace, &found(top.path())] {
            assert_eq!(workspace.admin_socket(), *used);
            UnixStream::connect(workspace.admin_socket()).unwrap();
        }
        assert!(!unused.exists(), "{}", unused.display());
        assert_eq!(shared.parent().unwrap().exists(), group.is_some());
        // The next one finds what a killed server leaves.
        drop(sockets);
    }
}

#[tokio::test]
async fn the_end_removes_both_sockets_and_the_directory() {
    let (top, workspace) = workspace();
    for group in [None, Some(group())] {
        let sockets = open(&workspace, group.as_ref()).unwrap();
        sockets.places.remove().unwrap();
        assert!(!workspace.admin_socket().exists() && !workspace.client_socket().exists());
        assert_eq!(fs::read_dir(top.path().join("tmp")).unwrap().count(), 0);
        sockets.places.remove().unwrap();
    }
}

#[tokio::test]
async fn what_somebody_plants_there_matters_only_to_who_needs_the_place() {
    let (_top, workspace) = workspace();
    fs::write(workspace.group_admin_socket().parent().unwrap(), "planted").unwrap();
    open(&workspace, None).unwrap();
    let error = open(&workspace, Some(&group())).err().unwrap();
    assert!(error.to_string().contains("not a directory: have it removed"), "{error}");
    assert_eq!(workspace.admin_socket(), workspace.private_admin_socket());
}

#[tokio::test]
async fn another_user_of_the_group_finds_the_socket_without_seeing_the_workspace() {
    if rustix::process::geteuid().as_raw() != 0 {
        eprintln!("only root can try this with another user: skipped");
        return;
    }
    let (top, workspace) = workspace();
    let _sockets = open(&workspace, Some(&group())).unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "front::sockets::tests::child_that_finds_the_socket", "--nocapture"])
        .env(FIND_IN, top.path())
        .uid(SOMEBODY)
        .gid(SOMEBODY)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("connected to the server of Some(0)"), "{output:?}");
}

#[test]
fn child_that_finds_the_socket() {
    let Some(top) = std::env::var_os(FIND_IN) else { return };
    let workspace = found(Path::new(&top));
    assert!(fs::read_dir(workspace.dir()).is_err(), "the workspace is its owner's alone");
    UnixStream::connect(workspace.admin_socket()).unwrap();
    println!("connected to the server of {:?}", workspace.owner());
}

#[test]
fn root_finds_what_another_user_s_server_has_recorded() {
    if rustix::process::geteuid().as_raw() != 0 {
        eprintln!("only root can give a workspace away: skipped");
        return;
    }
    let (top, workspace) = workspace();
    workspace.record_admin_socket(Some(Path::new("/elsewhere/admin.sock"))).unwrap();
    chown(workspace.dir(), Some(SOMEBODY), None).unwrap();
    let seen = found(top.path());
    assert_eq!((seen.admin_socket(), seen.owner()), (PathBuf::from("/elsewhere/admin.sock"), Some(SOMEBODY)));
    let named = seen.with_admin_socket(PathBuf::from("/named.sock"));
    assert_eq!((named.admin_socket(), named.owner()), (PathBuf::from("/named.sock"), None));
}

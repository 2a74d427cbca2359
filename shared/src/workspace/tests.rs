//! What the workspace promises, with directories of the test's own.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::*;

fn surroundings(current_dir: &Path, temporary_dir: &Path) -> Surroundings {
    Surroundings {
        workspace_variable: None,
        current_dir: current_dir.to_owned(),
        runtime_dir: None,
        temporary_dir: temporary_dir.to_owned(),
    }
}

fn scratch() -> (tempfile::TempDir, PathBuf) {
    let guard = tempfile::tempdir().unwrap();
    let path = fs::canonicalize(guard.path()).unwrap();
    (guard, path)
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn the_root_is_found_in_the_documented_order() {
    let (_guard, top) = scratch();
    let deep = top.join("repository/workspace/deep");
    fs::create_dir_all(&deep).unwrap();
    fs::create_dir_all(top.join("flag")).unwrap();
    fs::create_dir_all(top.join("variable")).unwrap();
    let mut around = surroundings(&deep, &top);
    let found = |flag: Option<&Path>, around: &Surroundings| {
        let workspace = Workspace::discover(flag, around).unwrap();
        (workspace.root().to_owned(), workspace.found_by())
    };

    // Each step adds what the next rule upwards looks for; it must win at once.
    assert_eq!(found(None, &around), (deep, FoundBy::CurrentDirectory));
    fs::write(top.join("repository/.git"), "gitdir: elsewhere").unwrap();
    assert_eq!(found(None, &around), (top.join("repository"), FoundBy::GitRoot));
    fs::create_dir(top.join(DIRECTORY_NAME)).unwrap();
    assert_eq!(found(None, &around), (top.clone(), FoundBy::ExistingWorkspace));
    fs::create_dir(top.join("repository/workspace").join(DIRECTORY_NAME)).unwrap();
    assert_eq!(found(None, &around), (top.join("repository/workspace"), FoundBy::ExistingWorkspace));
    around.workspace_variable = Some(String::new().into());
    assert_eq!(found(None, &around).1, FoundBy::ExistingWorkspace, "an empty variable is not set");
    around.workspace_variable = Some(top.join("variable").into());
    assert_eq!(found(None, &around), (top.join("variable"), FoundBy::Environment));
    assert_eq!(found(Some(&top.join("flag")), &around), (top.join("flag"), FoundBy::Flag));
    assert_eq!(found(Some(Path::new("../../../flag")), &around), (top.join("flag"), FoundBy::Flag));
}

#[test]
fn a_file_or_link_of_that_name_upwards_is_no_workspace() {
    let (_guard, top) = scratch();
    let inner = top.join("inner");
    fs::create_dir(&inner).unwrap();
    fs::create_dir(top.join("elsewhere")).unwrap();
    symlink(top.join("elsewhere"), inner.join(DIRECTORY_NAME)).unwrap();
    fs::write(top.join(DIRECTORY_NAME), "").unwrap();
    let workspace = Workspace::discover(None, &surroundings(&inner, &top)).unwrap();
    assert_eq!(workspace.found_by(), FoundBy::CurrentDirectory);
}

#[test]
fn a_named_directory_that_is_missing_is_refused_by_name() {
    let (_guard, top) = scratch();
    let error = Workspace::discover(Some(Path::new("missing")), &surroundings(&top, &top)).unwrap_err();
    assert!(error.to_string().contains("missing"), "{error}");
    assert!(error.to_string().contains("--workspace"), "{error}");
}

#[test]
fn creating_is_private_repeatable_and_keeps_the_repository_clean() {
    let (_guard, top) = scratch();
    let around = surroundings(&top, &top);
    let mut workspace = Workspace::discover(None, &around).unwrap();
    workspace.create(&around).unwrap();
    fs::set_permissions(workspace.run(), Permissions::from_mode(0o755)).unwrap();
    fs::write(workspace.dir().join(".gitignore"), "mine\n").unwrap();
    workspace.create(&around).unwrap();

    for directory in ["", "roles", "artifacts", "server_state", "logs", "audit", "run"] {
        assert_eq!(mode(&workspace.dir().join(directory)), 0o700, "{directory}");
    }
    let ignore = workspace.dir().join(".gitignore");
    assert_eq!(mode(&ignore), 0o600);
    assert_eq!(fs::read_to_string(ignore).unwrap(), "mine\n", "the user's own file is left alone");
}

#[test]
fn a_linked_run_directory_is_refused() {
    let (_guard, top) = scratch();
    let around = surroundings(&top, &top);
    let mut workspace = Workspace::discover(None, &around).unwrap();
    fs::create_dir(workspace.dir()).unwrap();
    fs::create_dir(top.join("trap")).unwrap();
    symlink(top.join("trap"), workspace.run()).unwrap();
    let error = workspace.create(&around).unwrap_err();
    assert!(matches!(error, WorkspaceError::NotOurKind { .. }), "{error}");
}

#[test]
fn another_users_run_directory_is_refused() {
    let (_guard, top) = scratch();
    let around = surroundings(&top, &top);
    let mut workspace = Workspace::discover(None, &around).unwrap();
    workspace.create(&around).unwrap();
    if std::os::unix::fs::chown(workspace.run(), Some(12345), None).is_err() {
        return; // only root can give a directory away
    }
    let error = workspace.create(&around).unwrap_err();
    assert!(matches!(error, WorkspaceError::ForeignOwner { owner: 12345, .. }), "{error}");
}

fn too_deep(top: &Path) -> PathBuf {
    let deep = top.join("d".repeat(90));
    fs::create_dir(&deep).unwrap();
    deep
}

#[test]
fn sockets_of_a_deep_project_go_to_the_runtime_directory_and_are_recorded() {
    let (_guard, top) = scratch();
    let deep = too_deep(&top);
    let runtime = top.join("r");
    fs::create_dir(&runtime).unwrap();
    let around = Surroundings { runtime_dir: Some(runtime.clone()), ..surroundings(&deep, &top) };
    let mut workspace = Workspace::discover(None, &around).unwrap();
    workspace.create(&around).unwrap();

    let socket = workspace.client_socket();
    assert!(socket.starts_with(runtime.join("task-orchestrator")), "{}", socket.display());
    assert!(socket.as_os_str().len() <= MAX_SOCKET_PATH_BYTES);
    assert_eq!(mode(socket.parent().unwrap()), 0o700);
    std::os::unix::net::UnixListener::bind(&socket).unwrap();

    // A process without a runtime directory meets at the recorded place.
    let other = Workspace::discover(None, &surroundings(&deep, &top)).unwrap();
    assert_eq!(other.client_socket(), socket);
}

#[test]
fn a_runtime_directory_that_is_gone_is_replaced_by_the_temporary_one() {
    let (_guard, top) = scratch();
    let deep = too_deep(&top);
    let runtime = top.join("r");
    fs::create_dir(&runtime).unwrap();
    let with_runtime = Surroundings { runtime_dir: Some(runtime.clone()), ..surroundings(&deep, &top) };
    let mut workspace = Workspace::discover(None, &with_runtime).unwrap();
    workspace.create(&with_runtime).unwrap();
    fs::remove_dir_all(&runtime).unwrap();
    workspace.create(&with_runtime).unwrap();
    let user = rustix::process::geteuid().as_raw();
    assert!(workspace.admin_socket().starts_with(top.join(format!("task-orchestrator-{user}"))));
    assert_eq!(Workspace::discover(None, &with_runtime).unwrap().admin_socket(), workspace.admin_socket());
}

#[test]
fn a_linked_socket_directory_is_refused() {
    let (_guard, top) = scratch();
    let deep = too_deep(&top);
    let user = rustix::process::geteuid().as_raw();
    fs::create_dir(top.join("trap")).unwrap();
    symlink(top.join("trap"), top.join(format!("task-orchestrator-{user}"))).unwrap();
    let around = surroundings(&deep, &top);
    let mut workspace = Workspace::discover(None, &around).unwrap();
    let error = workspace.create(&around).unwrap_err();
    assert!(matches!(error, WorkspaceError::NotOurKind { .. }), "{error}");
}

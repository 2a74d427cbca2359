//! Who can reach the socket, at every step of its making. With real users where the
//! tests run as root; otherwise with this user's own group.

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::net::{UnixListener as StdListener, UnixStream as StdStream};
use std::os::unix::process::CommandExt;
use std::process::Command;

use super::*;

/// A user that no system has, and a group that is not this process's.
const SOMEBODY: u32 = 54_321;
const THEIR_GROUP: u32 = 54_322;

const CONNECT_TO: &str = "GROUP_SOCKET_TEST_CONNECT_TO";
const BIND_AT: &str = "GROUP_SOCKET_TEST_BIND_AT";

fn is_root() -> bool {
    let is_root = user() == 0;
    if !is_root {
        eprintln!("only root can try this with other users: skipped");
    }
    is_root
}

fn group() -> SocketGroup {
    let id = if user() == 0 { THEIR_GROUP } else { rustix::process::getegid().as_raw() };
    SocketGroup { id, name: id.to_string() }
}

/// A place as `/tmp` is one, and the socket's path in it.
fn place() -> (tempfile::TempDir, PathBuf) {
    let top = tempfile::tempdir().unwrap();
    fs::set_permissions(top.path(), Permissions::from_mode(0o1777)).unwrap();
    let socket = top.path().join("admin/admin.sock");
    (top, socket)
}

/// Mode and group, if it is there.
fn seen(path: &Path) -> Option<(u32, u32)> {
    fs::symlink_metadata(path).ok().map(|found| (found.mode() & 0o7777, found.gid()))
}

/// What a user of that group comes to when connecting.
#[derive(Debug, PartialEq)]
enum Reached {
    Connected,
    Denied,
    Nothing,
}

fn connect_as(gid: u32, socket: &Path) -> Reached {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "private_socket::group::tests::child_that_connects", "--nocapture"])
        .env(CONNECT_TO, socket)
        .uid(SOMEBODY)
        .gid(gid)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let reached = [Reached::Connected, Reached::Denied, Reached::Nothing].into_iter();
    let mut reached = reached.filter(|reached| said.contains(&format!("reached: {reached:?}")));
    reached.next().unwrap_or_else(|| panic!("the child says {output:?}"))
}

#[test]
fn child_that_connects() {
    let Some(socket) = std::env::var_os(CONNECT_TO) else { return };
    let reached = match StdStream::connect(socket).map_err(|error| error.kind()) {
        Ok(_) => Reached::Connected,
        Err(io::ErrorKind::PermissionDenied) => Reached::Denied,
        Err(io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => Reached::Nothing,
        Err(kind) => panic!("{kind}"),
    };
    eprintln!("reached: {reached:?}");
}

#[tokio::test]
async fn the_directory_opens_last_and_closes_first() {
    let (_top, socket) = place();
    let directory = socket.parent().unwrap();
    let gid = group().id;
    // Left by a server that was killed, and opened wide by somebody since.
    fs::create_dir(directory).unwrap();
    drop(StdListener::bind(&socket).unwrap());
    fs::set_permissions(directory, Permissions::from_mode(0o777)).unwrap();

    let mut steps = Vec::new();
    let listener = bind_step_by_step(&socket, &group(), |step| {
        let (mode, of_group) = seen(directory).unwrap();
        steps.push((step, mode, of_group == gid, seen(&socket)));
        if user() == 0 {
            let reached = (connect_as(gid, &socket), connect_as(SOMEBODY, &socket));
            let expected = if step == "directory opened" { Reached::Connected } else { Reached::Denied };
            assert_eq!(reached, (expected, Reached::Denied), "{step}");
        }
    })
    .unwrap();

    let (last, before) = steps.split_last().unwrap();
    assert_eq!(*last, ("directory opened", 0o750, true, Some((0o660, gid))));
    assert!(before.iter().all(|(_, mode, ..)| *mode == 0o700), "{steps:?}");
    assert!(steps.iter().any(|(step, .., socket)| *step == "old socket removed" && socket.is_none()));
    StdStream::connect(&socket).unwrap();
    drop(listener);
}

#[tokio::test]
async fn only_members_of_the_group_can_connect() {
    if !is_root() {
        return;
    }
    let (_top, socket) = place();
    let _listener = bind_for_group(&socket, &group()).unwrap();
    assert_eq!(connect_as(THEIR_GROUP, &socket), Reached::Connected);
    assert_eq!(connect_as(SOMEBODY, &socket), Reached::Denied);
    // The next start with another group closes it to the first.
    let other = SocketGroup { id: SOMEBODY, name: "other".to_owned() };
    let _other = bind_for_group(&socket, &other).unwrap();
    assert_eq!(connect_as(THEIR_GROUP, &socket), Reached::Denied);
    assert_eq!(connect_as(SOMEBODY, &socket), Reached::Connected);
}

#[tokio::test]
async fn a_server_s_end_leaves_nothing_behind() {
    let (top, socket) = place();
    let _listener = bind_for_group(&socket, &group()).unwrap();
    remove_group_socket(&socket).unwrap();
    assert_eq!(fs::read_dir(top.path()).unwrap().count(), 0);
    remove_group_socket(&socket).unwrap();
}

/// Binds where something has been planted: it is refused by name, nothing is changed
/// there, and removing refuses it as well.
fn refuses(socket: &Path, planted: &Path, words: &str) {
    let before = seen(planted);
    let refusals = [bind_for_group(socket, &group()).map(drop), remove_group_socket(socket)];
    for refusal in refusals {
        let error = refusal.unwrap_err().to_string();
        assert!(error.starts_with(&format!("{} is {words}: have it removed", planted.display())), "{error}");
    }
    assert_eq!(seen(planted), before);
}

#[tokio::test]
async fn what_another_kind_of_thing_stands_for_is_never_followed() {
    let (top, socket) = place();
    let directory = socket.parent().unwrap();
    let elsewhere = top.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    symlink(&elsewhere, directory).unwrap();
    refuses(&socket, directory, "a symbolic link");
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);

    fs::remove_file(directory).unwrap();
    fs::write(directory, "").unwrap();
    refuses(&socket, directory, "not a directory");

    fs::remove_file(directory).unwrap();
    let _planted = StdListener::bind(directory).unwrap();
    refuses(&socket, directory, "not a directory");

    fs::remove_file(directory).unwrap();
    fs::create_dir(directory).unwrap();
    fs::write(&socket, "somebody's").unwrap();
    refuses(&socket, &socket, "not a socket");
    fs::remove_file(&socket).unwrap();
    symlink(&elsewhere, &socket).unwrap();
    refuses(&socket, &socket, "not a socket");
}

#[tokio::test]
async fn what_belongs_to_somebody_else_is_refused() {
    if !is_root() {
        return;
    }
    let (_top, socket) = place();
    let directory = socket.parent().unwrap();
    fs::create_dir(directory).unwrap();
    chown(directory, Some(SOMEBODY), None).unwrap();
    refuses(&socket, directory, "a directory of user 54321");
    chown(directory, Some(0), None).unwrap();
    let _planted = StdListener::bind(&socket).unwrap();
    chown(&socket, Some(SOMEBODY), None).unwrap();
    refuses(&socket, &socket, "a socket of user 54321");
    assert_eq!(seen(directory).unwrap().0, 0o700, "closed all the same");
}

#[tokio::test]
async fn a_place_where_others_could_exchange_the_directory_is_refused() {
    let (top, socket) = place();
    fs::set_permissions(top.path(), Permissions::from_mode(0o777)).unwrap();
    let error = bind_for_group(&socket, &group()).unwrap_err();
    assert!(matches!(&error, GroupSocketError::Unsafe { path } if path == top.path()), "{error}");
    assert_eq!(seen(socket.parent().unwrap()), None);
}

#[test]
fn who_is_no_member_is_told_so() {
    if !is_root() {
        return;
    }
    let (_top, socket) = place();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "private_socket::group::tests::child_that_binds", "--nocapture"])
        .env(BIND_AT, &socket)
        .uid(SOMEBODY)
        .gid(SOMEBODY)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("group 54322, of which user 54321 is no member"), "{said}");
    assert_eq!(seen(socket.parent().unwrap()).unwrap().0, 0o700, "it stays closed");
}

#[tokio::test]
async fn child_that_binds() {
    let Some(socket) = std::env::var_os(BIND_AT) else { return };
    let group = SocketGroup { id: THEIR_GROUP, name: THEIR_GROUP.to_string() };
    eprintln!("{}", bind_for_group(Path::new(&socket), &group).unwrap_err());
}

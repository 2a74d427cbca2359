//! Which sockets are asked, and what comes of their answers.

use std::os::unix::net::UnixListener as Listener;

use task_orchestrator_shared::admin::codec::{Answered, FromClient, answer_line};
use task_orchestrator_shared::role::Role;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixListener;

use super::*;
use crate::sample;

#[test]
fn only_admin_sockets_on_which_somebody_listens_are_asked() {
    let listed = "\
Num       RefCount Protocol Flags    Type St Inode Path
00000000aabb0011: 00000002 00000000 00010000 0001 01 26990 /home/ann/one two/.task_orchestrator/run/admin.sock
00000000aabb0012: 00000002 00000000 00010000 0001 01 26991 /home/ann/one two/.task_orchestrator/run/client.sock
00000000aabb0013: 00000003 00000000 00000000 0001 03 26992 /home/ann/connected/.task_orchestrator/run/admin.sock
00000000aabb0014: 00000002 00000000 00010000 0001 01     7 /run/user/1000/task-orchestrator/0f0f/admin.sock
00000000aabb0015: 00000002 00000000 00010000 0001 01 26994 /tmp/task-orchestrator-1000/0f0f/admin.sock
00000000aabb0016: 00000002 00000000 00010000 0001 01 26995 /tmp/task-orchestrator-admin-1000-0f0f/admin.sock
00000000aabb0017: 00000002 00000000 00010000 0001 01 26996 /run/other/admin.sock
00000000aabb0018: 00000002 00000000 00010000 0001 01 26997 @abstract/.task_orchestrator/run/admin.sock
00000000aabb0019: 00000002 00000000 00010000 0001 01 26998
garbage
";
    let found = admin_sockets(listed.as_bytes());
    let found: Vec<&str> = found.iter().filter_map(|path| path.to_str()).collect();
    let expected = [
        "/home/ann/one two/.task_orchestrator/run/admin.sock",
        "/run/user/1000/task-orchestrator/0f0f/admin.sock",
        "/tmp/task-orchestrator-1000/0f0f/admin.sock",
        "/tmp/task-orchestrator-admin-1000-0f0f/admin.sock",
    ];
    assert_eq!(found, expected);
    assert_eq!(admin_sockets(b""), BTreeSet::new());
}

#[test]
fn a_socket_of_this_process_is_in_the_systems_list() {
    let scratch = tempfile::tempdir().unwrap();
    let run = scratch.path().join(DIRECTORY_NAME).join("run");
    fs::create_dir_all(&run).unwrap();
    let socket = run.join(SOCKET);
    let listener = Listener::bind(&socket).unwrap();
    assert!(admin_sockets(&fs::read(LISTED).unwrap()).contains(&socket));
    drop(listener);
    assert!(!admin_sockets(&fs::read(LISTED).unwrap()).contains(&socket));
}

/// Plays a server that says that it serves this directory.
fn serve(socket: &Path, workspace: &Path) -> tokio::task::JoinHandle<()> {
    let listener = UnixListener::bind(socket).unwrap();
    let workspace = workspace.display().to_string();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut lines = BufReader::new(stream);
        let mut line = String::new();
        lines.read_line(&mut line).await.unwrap();
        let Ok(FromClient::Hello { id, .. }) = FromClient::read(line.trim_end().as_bytes()) else {
            panic!("{line}")
        };
        let welcome = Welcome { workspace, generation: 12, ..*sample::welcome(Role::Readonly) };
        let answer = answer_line(Some(id), &Ok(Answered::Welcome(Box::new(welcome)))).unwrap();
        lines.write_all(format!("{answer}\n").as_bytes()).await.unwrap();
        // Nothing more is heard of it, and it does not hang up.
        std::future::pending::<()>().await;
    })
}

#[tokio::test]
async fn who_is_silent_costs_no_more_than_the_limit() {
    let scratch = tempfile::tempdir().unwrap();
    let (silent, half) = (scratch.path().join("silent"), scratch.path().join("half"));
    let _listener = Listener::bind(&silent).unwrap();
    let _server = serve(&half, scratch.path());
    let began = std::time::Instant::now();
    for socket in [silent, half, scratch.path().join("nobody")] {
        let asked = tokio::time::timeout(WITHIN, ask(socket)).await.ok().flatten();
        assert_eq!(asked, None);
    }
    assert!(began.elapsed() < WITHIN * 5, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_strangers_socket_that_names_ones_own_workspace_is_no_target() {
    let scratch = tempfile::tempdir().unwrap();
    let (place, workspace) = (scratch.path().join("place"), scratch.path().join("workspace"));
    fs::create_dir_all(workspace.join(DIRECTORY_NAME)).unwrap();
    fs::create_dir(&place).unwrap();
    if std::os::unix::fs::chown(&place, Some(12345), None).is_err() {
        return; // only root can give a directory away
    }
    let socket = place.join(SOCKET);
    let _server = serve(&socket, &workspace);
    assert_eq!(tokio::time::timeout(WITHIN, ask(socket)).await, Ok(None), "it is known at once");
}

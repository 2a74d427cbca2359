//! The client against a server that the test plays itself, line by line.

mod calls;
mod greeting;
mod linking;
mod streams;

use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};

use super::*;
use crate::admin::codec::{
    Answered, Call, Failure, FromClient, Notification, answer_line, notification_line,
};
use crate::admin::view::Delta;
use crate::admin::{Done, PROTOCOL, Skew, WhoAmI};
use crate::role::Role;

/// Longer than anything here takes on a busy machine.
const LONG: Duration = Duration::from_secs(60);

/// A place for a socket, and a server that is not there yet.
struct Scene {
    directory: tempfile::TempDir,
}

/// One connection, seen from the server.
struct Side {
    stream: BufReader<UnixStream>,
}

impl Scene {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    fn socket(&self) -> std::path::PathBuf {
        self.directory.path().join("admin.sock")
    }

    fn target(&self) -> Target {
        Target::new(self.socket(), "test 1")
    }

    fn listen(&self) -> UnixListener {
        let _ = std::fs::remove_file(self.socket());
        UnixListener::bind(self.socket()).unwrap()
    }

    async fn connect(&self) -> Result<Client, ConnectError> {
        let Target { socket, hello, options } = self.target();
        Client::connect(&socket.path(), hello, options).await
    }

    /// Both sides of a connection that has its welcome.
    async fn pair(&self) -> (Client, Side) {
        let listener = self.listen();
        let (client, side) = tokio::join!(self.connect(), Side::welcomed(&listener));
        (client.unwrap(), side)
    }
}

impl Side {
    async fn accept(listener: &UnixListener) -> Self {
        let (stream, _) = listener.accept().await.unwrap();
        Self { stream: BufReader::new(stream) }
    }

    async fn welcomed(listener: &UnixListener) -> Self {
        let mut side = Self::accept(listener).await;
        side.welcome(welcome("boot 1")).await;
        side
    }

    async fn welcome(&mut self, welcome: Welcome) {
        let FromClient::Hello { id, .. } = self.hear().await else { panic!("no hello") };
        self.answer(id, Ok(Answered::Welcome(Box::new(welcome)))).await;
    }

    async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = tokio::time::timeout(LONG, self.stream.read_line(&mut line));
        let bytes = read.await.expect("a line in time").unwrap_or(0);
        (bytes > 0).then(|| line.trim_end().to_owned())
    }

    async fn hear(&mut self) -> FromClient {
        let line = self.line().await.expect("a line");
        FromClient::read(line.as_bytes()).unwrap()
    }

    async fn call(&mut self) -> Call {
        let FromClient::Call(call) = self.hear().await else { panic!("no call") };
        call
    }

    async fn say(&mut self, line: &str) {
        self.stream.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    }

    async fn answer(&mut self, id: u64, answer: Result<Answered, Failure>) {
        self.say(&answer_line(Some(id), &answer).unwrap()).await;
    }

    async fn reply(&mut self, id: u64, reply: Reply) {
        self.answer(id, Ok(Answered::Reply(reply))).await;
    }

    async fn fail(&mut self, id: u64, code: i32, message: &str) {
        self.answer(id, Err(Failure { code, message: message.to_owned() })).await;
    }

    async fn notify(&mut self, notification: Notification, id: Option<u64>) {
        self.say(&notification_line(&notification, id).unwrap().unwrap()).await;
    }

    async fn delta(&mut self, seq: u64) {
        self.notify(Notification::Delta(delta(seq)), None).await;
    }

    /// Answers the subscription that comes next with the state of this number.
    async fn subscribed(&mut self, seq: u64) {
        let call = self.call().await;
        assert_eq!(call.request, Request::Subscribe);
        self.reply(call.id, Reply::View(view(seq))).await;
    }
}

fn welcome(boot: &str) -> Welcome {
    let you = WhoAmI {
        uid: 1,
        user: None,
        gid: 1,
        pid: None,
        role: Role::Admin,
        granted: Role::Admin,
        granted_by: "owner".to_owned(),
        may: Vec::new(),
    };
    Welcome {
        protocol: PROTOCOL.newest,
        skew: None,
        capabilities: Vec::new(),
        you,
        version: "1".to_owned(),
        pid: 1,
        boot: boot.to_owned(),
        workspace: String::new(),
        generation: 1,
    }
}

fn done(message: impl Into<String>) -> Reply {
    Reply::Done(Done { message: message.into() })
}

fn delta(seq: u64) -> Delta {
    Delta { seq, at: String::new(), changes: Vec::new() }
}

fn view(seq: u64) -> Box<View> {
    Box::new(View { seq, ..View::default() })
}

/// Waits for it, but not for ever.
async fn soon<T>(it: impl Future<Output = T>) -> T {
    tokio::time::timeout(LONG, it).await.expect("in time")
}

fn skewed(skew: Skew) -> Welcome {
    Welcome { skew: Some(skew), ..welcome("boot 1") }
}

fn plain() -> Context {
    Context::default()
}

async fn connect_trusting(socket: &Path, trusted: Trusted) -> Result<Client, ConnectError> {
    Client::connect_to(socket, Target::new(socket, "test").hello, &trusted, HELLO_WITHIN).await
}

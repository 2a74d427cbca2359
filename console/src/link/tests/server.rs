//! The two sides of a test: a server that is played line by line, and the loop.

use std::path::{Path, PathBuf};
use std::time::Duration;

use task_orchestrator_shared::admin::codec::{
    Answered, Call, Failure, FromClient, Notification, answer_line, notification_line,
};
use task_orchestrator_shared::admin::view::{Delta, View};
use task_orchestrator_shared::admin::{Hello, Reply, Request, Skew, Welcome};
use task_orchestrator_shared::role::Role;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;

use crate::heard::Heard;
use crate::link::{Aim, Origin, Wire};
use crate::msg::Msg;
use crate::sample;

/// Longer than anything here takes on a busy machine.
const LONG: Duration = Duration::from_secs(60);

/// Messages that the loop has room for.
const ROOM: usize = 8;

/// A place for a socket, and a server that is not there yet.
pub(crate) struct Scene(tempfile::TempDir);

impl Scene {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn directory(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.0.path().join("admin.sock")
    }

    pub(crate) fn aim(&self) -> Aim {
        Aim::find(Some(self.directory()), Some(self.socket())).unwrap()
    }

    pub(crate) fn listen(&self) -> UnixListener {
        let _ = std::fs::remove_file(self.socket());
        UnixListener::bind(self.socket()).unwrap()
    }
}

/// The loop.
pub(crate) struct Desk {
    pub(crate) wire: Wire,
    messages: mpsc::Receiver<Msg>,
}

impl Desk {
    pub(crate) fn open(scene: &Scene) -> Self {
        Self::lowered(scene, None, false)
    }

    pub(crate) fn lowered(scene: &Scene, role: Option<Role>, read_only: bool) -> Self {
        Self::begin(scene.aim().lowered(role, read_only).into())
    }

    /// One that begins with this.
    pub(crate) fn begin(origin: Origin) -> Self {
        let (out, messages) = mpsc::channel(ROOM);
        Self { wire: Wire::begin(origin, out), messages }
    }

    /// The next message.
    pub(crate) async fn message(&mut self) -> Msg {
        let message = tokio::time::timeout(LONG, self.messages.recv()).await;
        message.expect("a message in time").expect("a message")
    }

    /// The next thing that was heard.
    pub(crate) async fn heard(&mut self) -> Heard {
        match self.message().await {
            Msg::Heard(heard) => heard,
            other => panic!("{other:?}"),
        }
    }

    /// The next one like this.
    pub(crate) async fn until(&mut self, wanted: impl Fn(&Heard) -> bool) -> Heard {
        loop {
            let heard = self.heard().await;
            if wanted(&heard) {
                return heard;
            }
        }
    }

    /// What is there already.
    pub(crate) fn heard_already(&mut self) -> Option<Msg> {
        self.messages.try_recv().ok()
    }
}

/// One connection, seen from the server.
pub(crate) struct Side(BufReader<UnixStream>);

impl Side {
    pub(crate) async fn accept(listener: &UnixListener) -> Self {
        let accepted = tokio::time::timeout(LONG, listener.accept()).await.expect("a caller in time");
        Self(BufReader::new(accepted.unwrap().0))
    }

    /// One that is welcomed, and has the state with this number.
    pub(crate) async fn live(listener: &UnixListener, boot: &str, seq: u64) -> Self {
        let welcome = Welcome { boot: boot.to_owned(), ..*sample::welcome(Role::Admin) };
        Self::welcomed(listener, welcome, seq).await
    }

    /// One that speaks another version.
    pub(crate) async fn skewed(listener: &UnixListener, skew: Skew) -> Self {
        let welcome = Welcome { skew: Some(skew), ..*sample::welcome(Role::Readonly) };
        Self::welcomed(listener, welcome, 0).await
    }

    async fn welcomed(listener: &UnixListener, welcome: Welcome, seq: u64) -> Self {
        let mut side = Self::accept(listener).await;
        let (id, _) = side.hello().await;
        side.answer(id, Ok(Answered::Welcome(Box::new(welcome)))).await;
        let call = side.call().await;
        assert_eq!(call.request, Request::Subscribe);
        side.reply(call.id, Reply::View(view(seq))).await;
        side
    }

    pub(crate) async fn hello(&mut self) -> (u64, Hello) {
        let FromClient::Hello { id, hello } = self.hear().await else { panic!("no hello") };
        (id, hello)
    }

    async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = tokio::time::timeout(LONG, self.0.read_line(&mut line)).await;
        let bytes = read.expect("a line in time").unwrap_or(0);
        (bytes > 0).then(|| line.trim_end().to_owned())
    }

    async fn hear(&mut self) -> FromClient {
        FromClient::read(self.line().await.expect("a line").as_bytes()).unwrap()
    }

    pub(crate) async fn call(&mut self) -> Call {
        let FromClient::Call(call) = self.hear().await else { panic!("no call") };
        call
    }

    /// The next one like this.
    pub(crate) async fn call_of(&mut self, wanted: impl Fn(&Request) -> bool) -> Call {
        loop {
            let call = self.call().await;
            if wanted(&call.request) {
                return call;
            }
        }
    }

    /// Waits for the end of the connection.
    pub(crate) async fn ended(&mut self) {
        while self.line().await.is_some() {}
    }

    /// Whether nothing came that was not read.
    pub(crate) fn has_said_nothing(&self) -> bool {
        let mut bytes = [0; 1];
        let read = self.0.get_ref().try_read(&mut bytes);
        self.0.buffer().is_empty() && read.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
    }

    async fn say(&mut self, line: &str) {
        self.0.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    }

    async fn answer(&mut self, id: u64, answer: Result<Answered, Failure>) {
        self.say(&answer_line(Some(id), &answer).unwrap()).await;
    }

    pub(crate) async fn reply(&mut self, id: u64, reply: Reply) {
        self.answer(id, Ok(Answered::Reply(reply))).await;
    }

    pub(crate) async fn fail(&mut self, id: u64, code: i32, message: &str) {
        self.answer(id, Err(Failure { code, message: message.to_owned() })).await;
    }

    pub(crate) async fn notify(&mut self, notification: Notification, id: Option<u64>) {
        self.say(&notification_line(&notification, id).unwrap().unwrap()).await;
    }

    pub(crate) async fn delta(&mut self, seq: u64) {
        let delta = Delta { seq, at: String::new(), changes: Vec::new() };
        self.notify(Notification::Delta(delta), None).await;
    }
}

pub(crate) fn view(seq: u64) -> Box<View> {
    Box::new(View { seq, ..View::default() })
}

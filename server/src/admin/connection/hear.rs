//! What a caller says.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use task_orchestrator_shared::admin::codec::{
    Call, Failure, FromClient, INVALID_REQUEST, Malformed, PARSE_ERROR, SKEWED, TOO_MANY,
};
use task_orchestrator_shared::admin::{Context, Done, Hello, Reply, Request, Skew};
use task_orchestrator_shared::role::Role;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::{Connection, Ended};
use crate::admin::calls::{self, Wanted};
use crate::admin::finished::Finished;
use crate::admin::lines::LineError;
use crate::admin::peer::is_hung_up;
use crate::admin::requests::EVENTS;
use crate::admin::shared::Shared;
use crate::admin::streams::{MAX_FOLLOWERS, MAX_SUBSCRIBERS};

impl Connection {
    pub(super) fn hear(&mut self, line: Result<Option<Vec<u8>>, LineError>) -> Result<(), Ended> {
        match line {
            Ok(Some(line)) => self.understand(&line),
            Ok(None) if is_hung_up(self.lines.half().as_ref()) => return Err(Ended::HungUp),
            // Says no more, and may still read.
            Ok(None) => self.is_deaf = true,
            Err(LineError::TooLong) => {
                self.spoken();
                self.requests.answer(None, Finished::failed(PARSE_ERROR, LineError::TooLong.to_string()));
                self.close();
            }
            Err(LineError::Io(error)) => return Err(error.into()),
        }
        Ok(())
    }

    fn spoken(&mut self) {
        self.first_by = None;
        self.place.keep();
    }

    fn understand(&mut self, line: &[u8]) {
        self.spoken();
        match FromClient::read(line) {
            Ok(FromClient::Hello { id, hello }) => self.greeted(id, hello),
            Ok(FromClient::Call(call)) => {
                let id = call.id;
                if let Err(failure) = self.take(call) {
                    self.requests.answer(Some(id), Finished::Failed(failure));
                }
            }
            // Whoever sends what is no JSON speaks something else.
            Err(Malformed { id, code: PARSE_ERROR, message }) => {
                self.requests.answer(id, Finished::failed(PARSE_ERROR, message));
                self.close();
            }
            Err(Malformed { id, code, message }) => {
                self.requests.answer(id, Finished::failed(code, message));
            }
        }
    }

    fn greeted(&mut self, id: u64, hello: Hello) {
        if self.version.is_some() {
            let message = "hello is said once, and first";
            return self.requests.answer(Some(id), Finished::failed(INVALID_REQUEST, message));
        }
        let greeting = calls::greet(Arc::clone(&self.shared), Arc::clone(self.peer.caller()), hello);
        let (_, events) = mpsc::channel(1);
        self.requests.begin(Some(id), true, greeting.boxed(), events);
    }

    /// Begins to carry a request out.
    fn take(&mut self, call: Call) -> Result<(), Failure> {
        let Call { id, request, context } = call;
        let version = *self.version.get_or_insert(1);
        self.check(version, &request, &context)?;
        let (shared, caller) = (Arc::clone(&self.shared), Arc::clone(self.peer.caller()));
        let (sender, events) = mpsc::channel(EVENTS);
        let execution: BoxFuture<'static, Finished> = match request {
            Request::Subscribe => {
                self.stop_changes();
                let wanted = Wanted { number: self.newest.subscription, place: subscriber(&shared)? };
                calls::subscribe(shared, caller, context, wanted).boxed()
            }
            Request::FollowLogs(filter) => {
                self.stop_lines();
                let wanted = Wanted { number: self.newest.following, place: follower(&shared)? };
                calls::follow(shared, caller, (filter, context), wanted).boxed()
            }
            // To hear less, nobody needs a permission.
            Request::Unsubscribe => {
                self.stop_changes();
                return self.at_once(id, "no more changes are sent");
            }
            Request::Unfollow => {
                self.stop_lines();
                return self.at_once(id, "no more lines are sent");
            }
            request => calls::run(shared, caller, (request, context), sender).boxed(),
        };
        self.requests.begin(Some(id), false, execution, events);
        Ok(())
    }

    fn at_once(&mut self, id: u64, message: &str) -> Result<(), Failure> {
        self.requests.answer(Some(id), Finished::Reply(Reply::Done(Done { message: message.to_owned() })));
        Ok(())
    }

    /// Whether the versions allow it. Who may do what is decided where it is done.
    fn check(&self, version: u16, request: &Request, context: &Context) -> Result<(), Failure> {
        let failure = |code, message: &str| Err(Failure { code, message: message.to_owned() });
        let streams = matches!(
            request,
            Request::Subscribe | Request::Unsubscribe | Request::FollowLogs(_) | Request::Unfollow
        );
        if version < 2 && (streams || *context != Context::default()) {
            return failure(INVALID_REQUEST, "streams and contexts need version 2: begin with `hello`");
        }
        let side = match self.skew {
            Some(Skew::UpgradeClient) => "the client is too old for this server: upgrade the client",
            Some(Skew::UpgradeServer) => "the server is too old for this client: upgrade the server",
            None => return Ok(()),
        };
        if Role::Readonly.may(request.operation()) { Ok(()) } else { failure(SKEWED, side) }
    }
}

fn subscriber(shared: &Shared) -> Result<OwnedSemaphorePermit, Failure> {
    place(&shared.subscribers, || format!("{MAX_SUBSCRIBERS} callers are told of changes already"))
}

fn follower(shared: &Shared) -> Result<OwnedSemaphorePermit, Failure> {
    place(&shared.followers, || format!("{MAX_FOLLOWERS} callers follow the log already"))
}

fn place(places: &Arc<Semaphore>, taken: impl Fn() -> String) -> Result<OwnedSemaphorePermit, Failure> {
    Arc::clone(places).try_acquire_owned().map_err(|_| Failure { code: TOO_MANY, message: taken() })
}

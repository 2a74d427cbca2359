//! How what a caller wants is carried out. Each of these runs beside the
//! connection, whose hanging up drops it; what it has asked for goes on.

use std::sync::Arc;

use task_orchestrator_shared::admin::codec::{DENIED, INVALID_PARAMS, UNAVAILABLE};
use task_orchestrator_shared::admin::log::LogFilter;
use task_orchestrator_shared::admin::{Context, Hello, PROTOCOL, Refusal, Reply, Request, WhoAmI};
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::restart::RestartEvent;
use task_orchestrator_shared::role::Role;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio_util::sync::CancellationToken;

use super::asked::{Answered, Asked, Caller};
use super::finished::Finished;
use super::logs::{LogSource, LogSourceError};
use super::shared::Shared;
use super::streams::{Following, Subscription};

/// A stream that a caller wants: which of the connection's it will be, and a place for it.
pub(super) struct Wanted {
    pub(super) number: u64,
    pub(super) place: OwnedSemaphorePermit,
}

/// Answers `hello`.
pub(super) async fn greet(shared: Arc<Shared>, caller: Arc<Caller>, hello: Hello) -> Finished {
    let Hello { protocol, client, role: wanted } = hello;
    if protocol.oldest > protocol.newest {
        return Finished::rejected(INVALID_PARAMS, "hello: the oldest version is newer than the newest");
    }
    let agreed = PROTOCOL.agree(protocol);
    // For people to read, on screens as well.
    let client = client.chars().filter(|character| !character.is_control()).collect();
    let caller =
        Caller { client: Some(client), wanted, only_looks: agreed.is_err(), ..Caller::clone(&caller) };
    let caller = Arc::new(caller);
    let you = match who_is(&shared, &caller).await {
        Ok(you) => you,
        Err(finished) => return *finished,
    };
    if let Some(wanted) = wanted.filter(|wanted| *wanted > you.granted) {
        let message = format!("the role {wanted} was asked for, and {} is granted", you.granted);
        return Finished::rejected(DENIED, message);
    }
    let mut welcome = shared.welcome(you);
    match agreed {
        Ok(version) => welcome.protocol = version,
        Err(skew) => welcome.skew = Some(skew),
    }
    Finished::Welcome(Box::new(welcome), caller)
}

async fn who_is(shared: &Shared, caller: &Arc<Caller>) -> Result<WhoAmI, Box<Finished>> {
    let refused = match shared.ask(Request::WhoAmI, caller).await {
        Some(Answered { reply: Reply::WhoAmI(you), .. }) => return Ok(*you),
        Some(Answered { reply: Reply::Refused(refusal), .. }) => {
            let denied = refusal.error_code == ErrorCode::PermissionDenied;
            Finished::rejected(if denied { DENIED } else { UNAVAILABLE }, refusal.error)
        }
        Some(_) => Finished::rejected(UNAVAILABLE, "the server does not say who is asking"),
        None => Finished::ending(),
    };
    Err(Box::new(refused))
}

/// Has an operation carried out.
pub(super) async fn run(
    shared: Arc<Shared>,
    caller: Arc<Caller>,
    call: (Request, Context),
    events: mpsc::Sender<RestartEvent>,
) -> Finished {
    let (request, context) = call;
    match shared.execute(Asked { request, context, caller, events }).await {
        Some(answered) => Finished::Reply(answered.reply),
        None => Finished::ending(),
    }
}

/// Begins to tell of changes.
pub(super) async fn subscribe(
    shared: Arc<Shared>,
    caller: Arc<Caller>,
    context: Context,
    wanted: Wanted,
) -> Finished {
    let Wanted { number, place } = wanted;
    let (events, _) = mpsc::channel(1);
    let asked = Asked { request: Request::Subscribe, context, caller: Arc::clone(&caller), events };
    match shared.execute(asked).await {
        Some(Answered { reply: reply @ Reply::View(_), deltas: Some(deltas), .. }) => {
            // Asked behind it: should the role change in between, these deltas have ended.
            let role = match who_is(&shared, &caller).await {
                Ok(you) => visible(&caller, you.role),
                Err(finished) => return *finished,
            };
            Finished::Subscribed(reply, Subscription { number, role, deltas, is_fresh: true, place })
        }
        Some(answered) => Finished::Reply(answered.reply),
        None => Finished::ending(),
    }
}

/// Gets the whole view anew for a subscription that has lost changes. Who may see
/// what is asked again as well.
pub(super) async fn renew(shared: Arc<Shared>, caller: Arc<Caller>, wanted: Wanted) -> Finished {
    match subscribe(shared, caller, Context::default(), wanted).await {
        Finished::Subscribed(Reply::View(view), subscription) => Finished::Renewed(view, subscription),
        _ => Finished::NotRenewed,
    }
}

/// Who has no version in common with the server sees what the least role sees.
const fn visible(caller: &Caller, role: Role) -> Role {
    if caller.only_looks { Role::Readonly } else { role }
}

/// Begins to tell of lines of the log, where the hub allows it.
pub(super) async fn follow(
    shared: Arc<Shared>,
    caller: Arc<Caller>,
    (filter, context): (LogFilter, Context),
    wanted: Wanted,
) -> Finished {
    let (events, _) = mpsc::channel(1);
    let asked = Asked { request: Request::FollowLogs(filter.clone()), context, caller, events };
    let until = match shared.execute(asked).await {
        Some(Answered { reply: Reply::LogLines(_), until, .. }) => until,
        Some(answered) => return Finished::Reply(answered.reply),
        None => return Finished::ending(),
    };
    let Some(logs) = shared.logs.clone() else {
        return unreadable("this server writes no log files".to_owned());
    };
    // Reads files.
    match tokio::task::spawn_blocking(move || open(&*logs, filter, wanted, until)).await {
        Ok(finished) => finished,
        Err(error) => unreadable(error.to_string()),
    }
}

/// Somebody's role may have changed: whether the log may still be followed is asked again.
pub(super) async fn follow_on(shared: Arc<Shared>, caller: Arc<Caller>, following: Following) -> Finished {
    let request = Request::FollowLogs(following.filter.clone());
    match shared.ask(request, &caller).await {
        Some(Answered { reply: Reply::LogLines(_), until, .. }) => {
            Finished::FollowsOn(Following { until: until.unwrap_or_default(), ..following })
        }
        Some(_) | None => Finished::NotRenewed,
    }
}

fn open(
    logs: &dyn LogSource,
    filter: LogFilter,
    wanted: Wanted,
    until: Option<CancellationToken>,
) -> Finished {
    match logs.open(&filter) {
        Ok((lines, follow)) => {
            let Wanted { number, place } = wanted;
            let until = until.unwrap_or_default();
            Finished::Following(lines, Following { number, filter, follow, until, _place: place })
        }
        Err(LogSourceError::Filter(error)) => {
            let hint = "give a level, a session and a regular expression that are well-formed".to_owned();
            Finished::Reply(Reply::Refused(Refusal { error_code: ErrorCode::InvalidArgument, error, hint }))
        }
        Err(LogSourceError::Unreadable(error)) => unreadable(error),
    }
}

fn unreadable(error: String) -> Finished {
    let hint = "look at the files in the workspace's log directory".to_owned();
    Finished::Reply(Reply::Refused(Refusal { error_code: ErrorCode::StorageUnavailable, error, hint }))
}

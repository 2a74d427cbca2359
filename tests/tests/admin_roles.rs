//! Every operation in every role, by every way to a role, over the real socket of a
//! real server with a client attached: what is allowed is done, what is not has no
//! effect, and the audit tells of both.
//!
//! What only looks is answered, even with an error of its own; what would end the
//! service of the others is done by some callers only, and meant for a past
//! generation by the rest: it passes the check of the role all the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use task_orchestrator_shared::admin::audit::{AuditEvent, AuditRecord, AuditVerdict};
use task_orchestrator_shared::admin::{Context, Reply, Request};
use task_orchestrator_shared::role::{Operation, Role};
use task_orchestrator_tests::admin::{Manner, Programs, User, is_root, refusal};
use task_orchestrator_tests::{Client, Workspace};

/// The code of what a role may not do.
const DENIED: &str = "RESTART_009";

/// The group that may open the socket. Nothing is granted to it.
const SOCKET_GROUP: u32 = 61000;

/// The users and groups to whom the configuration grants a role, by role.
const USERS: u32 = 61100;
const GROUPS: u32 = 61200;

/// Somebody who can connect and has no role.
const NOBODY: User = User { uid: 61400, gid: 61400, also: SOCKET_GROUP };

/// Who the server runs as where it is not root.
const OTHER_OWNER: User = User { uid: 65534, gid: 65534, also: SOCKET_GROUP };

const fn number(role: Role) -> u32 {
    role as u32 + 1
}

fn configuration() -> String {
    let grant = |kind: &str, base: u32, role: Role| format!("{kind}:{}={role}", base + number(role));
    let users = Role::ALL.map(|role| grant("user", USERS, role)).join(",");
    let groups = Role::ALL.map(|role| grant("group", GROUPS, role)).join(",");
    format!("[access]\nsocket_group = \"{SOCKET_GROUP}\"\ngrants = \"{users},{groups}\"\n")
}

/// Somebody who asks.
#[derive(Debug, Clone)]
struct Way {
    user: Option<User>,
    manner: Manner,
    uid: u32,
    role: Option<Role>,
    by: String,
    /// Whether what ends the service for a moment is really done.
    restarts: bool,
}

impl Way {
    fn own(uid: u32, manner: Manner, role: Role, by: &str) -> Self {
        Self { user: None, manner, uid, role: Some(role), by: by.to_owned(), restarts: false }
    }

    fn of(user: User, manner: Manner, role: Option<Role>, by: String) -> Self {
        Self { user: Some(user), manner, uid: user.uid, role, by, restarts: false }
    }

    fn may(&self, operation: Operation) -> bool {
        self.role.is_some_and(|role| role.may(operation))
    }
}

/// This process's user in each role.
fn lowered(uid: u32, by: &str) -> Vec<Way> {
    Role::ALL.map(|role| Way::own(uid, Manner::As(role), role, by)).to_vec()
}

/// Users who are not the server's: by a grant to them, by one to their group, lowered, none.
fn others() -> Vec<Way> {
    let mut ways = Vec::new();
    for role in Role::ALL {
        let user = User { uid: USERS + number(role), gid: NOBODY.gid, also: SOCKET_GROUP };
        let by = format!("user:{}", user.uid);
        let granted = Way::of(user, Manner::Granted, Some(role), by);
        ways.push(Way { restarts: role >= Role::Operator, ..granted });
        let gid = GROUPS + number(role);
        let member = User { uid: 61300 + number(role), gid, also: SOCKET_GROUP };
        ways.push(Way::of(member, Manner::Granted, Some(role), format!("group:{gid}")));
    }
    let admin = User { uid: USERS + number(Role::Admin), gid: NOBODY.gid, also: SOCKET_GROUP };
    for role in [Role::Readonly, Role::Monitor, Role::Operator] {
        ways.push(Way::of(admin, Manner::As(role), Some(role), format!("user:{}", admin.uid)));
    }
    // Without `hello` an operation reaches the server although nothing is granted.
    ways.push(Way::of(NOBODY, Manner::Bare, None, String::new()));
    ways
}

/// What must be the same before and after what is denied.
fn effects(workspace: &Workspace) -> Result<(u64, Option<u32>, u64, bool, u64)> {
    let status = workspace.told_status()?;
    let worker = status.worker.as_ref().map(|worker| worker.pid);
    Ok((status.generation, worker, status.session_count, status.maintenance_mode, status.crashes))
}

/// The samples, with targets that do not exist where one would hurt the others.
fn requests() -> Result<Vec<Request>> {
    let all: BTreeSet<Operation> = Request::samples().iter().map(Request::operation).collect();
    ensure!(all == Operation::ALL.iter().copied().collect(), "an operation without a sample: only {all:?}");
    let harmless = |request| match request {
        Request::RestoreBackup { .. } => Request::RestoreBackup { name: "backup_state_no.json".to_owned() },
        request => request,
    };
    Ok(Request::samples().into_iter().filter(|request| *request != Request::Stop).map(harmless).collect())
}

/// To hear less takes no right; without `hello` there are no streams.
fn is_decided_by_the_connection(request: &Request, way: &Way) -> bool {
    let ends = matches!(request, Request::Unsubscribe | Request::Unfollow);
    let streams = ends || matches!(request, Request::Subscribe | Request::FollowLogs(_));
    ends || (streams && way.manner == Manner::Bare)
}

fn ask_all(workspace: &Workspace, programs: &Programs, socket: &Path, way: &Way) -> Result<()> {
    let mut connection = programs.open(socket, way.user, way.manner)?;
    if let Some(role) = way.role {
        let you = connection.hello().pointer("/result/you").context("no welcome")?;
        let told = (you.get("uid"), you.get("role"), you.get("granted_by"));
        let expected = (&Value::from(way.uid), &Value::from(role.as_str()), &Value::from(way.by.clone()));
        ensure!(told == (Some(expected.0), Some(expected.1), Some(expected.2)), "{you}");
        let may = you.get("may").and_then(Value::as_array).context("may")?;
        let expected = Operation::ALL.iter().filter(|operation| role.may(**operation)).count();
        ensure!(may.len() == expected, "{you}");
    }
    let before = effects(workspace)?;
    let (allowed, denied): (Vec<_>, Vec<_>) =
        requests()?.into_iter().chain([Request::Stop]).partition(|request| way.may(request.operation()));
    for request in denied {
        let answer = connection.ask(&request, Context::default())?;
        if is_decided_by_the_connection(&request, way) {
            ensure!(refusal(&answer).is_none(), "{request:?}: {answer}");
        } else {
            ensure!(refusal(&answer) == Some(DENIED), "{request:?}: {answer}");
        }
    }
    ensure!(effects(workspace)? == before, "what was denied had an effect");
    for request in allowed {
        let ends_service = matches!(request, Request::Restart(_) | Request::Stop);
        let is_done = !ends_service || (way.restarts && request != Request::Stop);
        let of_the_past = Context { expected_generation: Some(u64::MAX), ..Context::default() };
        let answer = connection.ask(&request, if is_done { Context::default() } else { of_the_past })?;
        ensure!(answer.get("result").is_some(), "{request:?}: {answer}");
        ensure!(refusal(&answer) != Some(DENIED), "{request:?}: {answer}");
        if !is_done {
            ensure!(refusal(&answer) == Some("RESTART_003"), "{request:?}: {answer}");
        }
    }
    Ok(())
}

/// Each decision that the audit must tell of, with what it was.
type Decisions = BTreeMap<(u32, Option<Role>, Operation), bool>;

fn expected_decisions(ways: &[Way]) -> Result<Decisions> {
    let mut expected = Decisions::new();
    for way in ways {
        for request in requests()?.into_iter().chain([Request::Stop]) {
            if !is_decided_by_the_connection(&request, way) {
                let operation = request.operation();
                expected.insert((way.uid, way.role, operation), way.may(operation));
            }
        }
    }
    Ok(expected)
}

fn check_audit(workspace: &Workspace, expected: &Decisions) -> Result<()> {
    let Reply::AuditVerdict(verdict) = workspace.ask_server(Request::VerifyAudit)? else {
        bail!("no verdict")
    };
    let AuditVerdict { intact, problems, .. } = *verdict;
    ensure!(intact, "{problems:?}");
    let mut records = Vec::<AuditRecord>::new();
    task_orchestrator::audit::each(&workspace.state("audit"), |record| {
        records.push(record);
        true
    })?;
    let (mut found, mut intents) = (Decisions::new(), BTreeMap::new());
    for AuditRecord { seq, event, .. } in records {
        let (attempt, allowed) = match event {
            AuditEvent::Intent(attempt) => {
                ensure!(attempt.operation.is_privileged(), "{attempt:?}");
                intents.insert(seq, (attempt.operation, 0));
                (attempt, true)
            }
            AuditEvent::Allowed(attempt) => {
                ensure!(!attempt.operation.is_privileged(), "done without an intent: {attempt:?}");
                (attempt, true)
            }
            AuditEvent::Denied { attempt, .. } => (attempt, false),
            AuditEvent::Outcome { of, .. } => {
                intents.get_mut(&of).with_context(|| format!("{of} is no intent before {seq}"))?.1 += 1;
                continue;
            }
            AuditEvent::Repeated { .. } | AuditEvent::Audit { .. } => continue,
        };
        ensure!(attempt.actor.role.is_some() || !allowed, "{attempt:?}");
        let kind = (attempt.actor.uid, attempt.actor.role, attempt.operation);
        let before = found.insert(kind, allowed);
        ensure!(before.is_none_or(|before| before == allowed), "decided both ways: {attempt:?}");
    }
    let open: Vec<_> = intents.iter().filter(|(_, (_, outcomes))| *outcomes != 1).collect();
    ensure!(open.is_empty(), "intents without one outcome: {open:?}");
    for (kind, allowed) in expected {
        ensure!(found.get(kind) == Some(allowed), "{kind:?}: {:?}, not {allowed}", found.get(kind));
    }
    Ok(())
}

fn matrix(workspace: &Workspace, ways: &[Way]) -> Result<()> {
    let programs = Programs::copied()?;
    let client = Client::open(workspace)?;
    client.still_answers()?;
    let socket = workspace.admin_socket()?;
    for way in ways {
        ask_all(workspace, &programs, &socket, way).with_context(|| format!("{way:?}"))?;
        client.still_answers().with_context(|| format!("{way:?}"))?;
    }
    check_audit(workspace, &expected_decisions(ways)?)?;
    ends_once(workspace, &programs, &socket)?;
    client.exit()?;
    client.assert_pure()?;
    let next = Client::open(workspace).context("the next client starts the next server")?;
    next.still_answers()?;
    next.quit()
}

/// The one operation that cannot be done in between.
fn ends_once(workspace: &Workspace, programs: &Programs, socket: &Path) -> Result<()> {
    let before = workspace.told_status()?.pid;
    let answer = programs.open(socket, None, Manner::Granted)?.ask(&Request::Stop, Context::default())?;
    ensure!(answer.pointer("/result/kind") == Some(&Value::from("stopping")), "{answer}");
    ensure!(answer.pointer("/result/value/pid") == Some(&Value::from(before)), "{answer}");
    Ok(())
}

fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Says which part needs root, where this is not root.
#[expect(clippy::print_stderr, reason = "who runs the tests should know what was not tested")]
fn others_can_be_tried() -> bool {
    if !is_root() {
        eprintln!("not run: callers of other users, for this is not root");
    }
    is_root()
}

#[test]
fn the_server_s_own_user_in_every_role() -> Result<()> {
    let mut ways = vec![Way { restarts: true, ..Way::own(own_uid(), Manner::Granted, Role::Admin, "owner") }];
    ways.extend(lowered(own_uid(), "owner"));
    Workspace::new()?.check(|workspace| matrix(workspace, &ways))
}

#[test]
fn other_users_by_every_grant() -> Result<()> {
    if !others_can_be_tried() {
        return Ok(());
    }
    Workspace::configured(&configuration())?.check(|workspace| matrix(workspace, &others()))
}

#[test]
fn a_server_of_another_user_with_root_and_that_user_and_strangers() -> Result<()> {
    if !others_can_be_tried() {
        return Ok(());
    }
    let programs = Programs::copied()?;
    let mut ways = vec![Way::own(0, Manner::Granted, Role::Admin, "root")];
    ways.extend(lowered(0, "root"));
    ways.push(Way::of(OTHER_OWNER, Manner::Granted, Some(Role::Admin), "owner".to_owned()));
    for role in [Role::Readonly, Role::Monitor, Role::Operator] {
        ways.push(Way::of(OTHER_OWNER, Manner::As(role), Some(role), "owner".to_owned()));
    }
    ways.extend(others().into_iter().map(|way| Way { restarts: false, ..way }));
    let workspace = Workspace::configured(&configuration())?.of_user(OTHER_OWNER, programs.server()?)?;
    workspace.check(|workspace| matrix(workspace, &ways))
}

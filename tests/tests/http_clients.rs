//! The Rust SDK's own client over HTTP, in both eras, while the server is restarted,
//! killed and upgraded: it calls, reads, watches a task and asks for progress. Nothing in
//! it knows of restarts; no call is made twice.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rmcp::model::{
    CallToolRequestParams, ProgressNotificationParam, ProtocolVersion, ReadResourceRequestParams,
    ResourceUpdatedNotificationParam, ServerNotification, SubscribeRequestParams, SubscriptionFilter,
};
use rmcp::service::{NotificationContext, RoleClient, RunningService, Subscription};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::{ClientHandler, ClientLifecycleMode, ClientServiceExt};
use serde_json::{Value, json};
use task_orchestrator_tests::http::Served;
use task_orchestrator_tests::workspace::{MANY_CRASHES, UNLIMITED};
use task_orchestrator_tests::{Workspace, observed, program, wait};
use tokio::sync::watch;

/// Only a client that is stuck waits so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the server says without being asked.
#[derive(Debug, Default)]
struct Heard {
    updates: watch::Sender<u64>,
    tools: AtomicU64,
    progress: Mutex<Vec<f64>>,
}

impl Heard {
    fn updated(&self) {
        self.updates.send_modify(|times| *times += 1);
    }

    fn tools_changed(&self) {
        self.tools.fetch_add(1, Ordering::Relaxed);
    }

    fn take_progress(&self) -> Vec<f64> {
        std::mem::take(&mut *self.progress.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Everything that a stream of changes carries, until it ends: nobody has asked it to.
    async fn listen(&self, mut stream: Subscription) -> Result<()> {
        while let Some(notification) = stream.next().await? {
            match notification {
                ServerNotification::ResourceUpdatedNotification(_) => self.updated(),
                ServerNotification::ToolListChangedNotification(_) => self.tools_changed(),
                _ => {}
            }
        }
        anyhow::bail!("the stream of changes has ended: {:?}", stream.end())
    }
}

#[derive(Debug, Clone, Default)]
struct Handler(Arc<Heard>);

impl ClientHandler for Handler {
    async fn on_resource_updated(
        &self,
        _: ResourceUpdatedNotificationParam,
        _: NotificationContext<RoleClient>,
    ) {
        self.0.updated();
    }

    async fn on_tool_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.0.tools_changed();
    }

    async fn on_progress(&self, step: ProgressNotificationParam, _: NotificationContext<RoleClient>) {
        self.0.progress.lock().unwrap_or_else(PoisonError::into_inner).push(step.progress);
    }
}

#[derive(Debug, Clone, Copy)]
enum Era {
    Sessions,
    Stateless,
}

/// A client, as far as others look at it.
#[derive(Debug)]
struct Shared {
    name: &'static str,
    rounds: AtomicU64,
    is_over: AtomicBool,
    heard: Handler,
}

struct Caller<'a> {
    sdk: RunningService<RoleClient, Handler>,
    shared: &'a Shared,
    watched: String,
}

impl Caller<'_> {
    async fn tool(&self, name: &'static str, arguments: Value) -> Result<Value> {
        let Value::Object(arguments) = arguments else { anyhow::bail!("arguments are an object") };
        let called = self.sdk.call_tool(CallToolRequestParams::new(name).with_arguments(arguments)).await;
        let result = called.with_context(|| name.to_owned())?;
        ensure!(result.is_error != Some(true), "{name}: {result:?}");
        result.structured_content.context("structured content")
    }

    async fn plan(&self, title: &str) -> Result<String> {
        let plan = self.tool("orchestrator_plan_task", json!({"title": title, "description": "d"})).await?;
        plan.get("task_id").and_then(serde_json::Value::as_str).map(str::to_owned).context("task_id")
    }

    /// The stream of changes, where this era has one.
    async fn watch(&self, era: Era) -> Result<Option<Subscription>> {
        let uri = format!("task://{}", self.watched);
        match era {
            Era::Sessions => {
                #[expect(deprecated, reason = "there is no other way in the era of sessions")]
                self.sdk.subscribe(SubscribeRequestParams::new(uri)).await?;
                Ok(None)
            }
            Era::Stateless => {
                let filter = SubscriptionFilter::builder().tools_list_changed().resource_subscription(uri);
                Ok(Some(self.sdk.listen(filter.build()).await?))
            }
        }
    }

    async fn round(&self, number: u64) -> Result<()> {
        let title = format!("{}-{number}", self.shared.name);
        let id = self.plan(&title).await?;
        let read = self.sdk.read_resource(ReadResourceRequestParams::new(format!("task://{id}"))).await?;
        ensure!(serde_json::to_string(&read)?.contains(&title), "{read:?}");
        let mut updates = self.shared.heard.0.updates.subscribe();
        let before = *updates.borrow();
        let change = json!({"task_id": self.watched, "description": title});
        self.tool("orchestrator_update_task", change).await?;
        updates.wait_for(|times| *times > before).await?;
        self.shared.heard.0.take_progress();
        let scan = json!({"action": "scan_cleanup", "scope": "full_project"});
        self.tool("orchestrator_maintenance_coordinator", scan).await?;
        let steps = self.shared.heard.0.take_progress();
        ensure!(
            !steps.is_empty() && steps.is_sorted_by(|a, b| a < b),
            "progress must come, and grow: {steps:?}"
        );
        Ok(())
    }
}

async fn call_until_told(url: &str, era: Era, shared: &Shared, stopped: &AtomicBool) -> Result<()> {
    let lifecycle = match era {
        Era::Sessions => ClientLifecycleMode::Initialize,
        Era::Stateless => {
            ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] }
        }
    };
    let transport = StreamableHttpClientTransport::from_uri(url.to_owned());
    let sdk = shared.heard.clone().serve_with_lifecycle(transport, lifecycle).await?;
    let mut caller = Caller { sdk, shared, watched: String::new() };
    caller.watched = caller.plan(&format!("{} watched", shared.name)).await?;
    let heard = Arc::clone(&shared.heard.0);
    let changes = caller.watch(era).await?;
    let listening = async move {
        match changes {
            Some(changes) => heard.listen(changes).await,
            None => std::future::pending().await,
        }
    };
    let calling = async {
        while !stopped.load(Ordering::Relaxed) {
            let number = shared.rounds.load(Ordering::Relaxed);
            let round = tokio::time::timeout(PATIENCE, caller.round(number));
            round.await.context("stuck").flatten().with_context(|| format!("round {number}"))?;
            shared.rounds.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    };
    tokio::select! {
        ended = listening => ended,
        called = calling => called,
    }?;
    caller.sdk.cancel().await?;
    Ok(())
}

/// A client on a thread of its own.
fn run(url: &str, era: Era, shared: &Shared, stopped: &AtomicBool) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ended = runtime.block_on(call_until_told(url, era, shared, stopped));
    shared.is_over.store(true, Ordering::Relaxed);
    ended.with_context(|| format!("{} noticed it", shared.name))
}

/// Returns when every client has made two rounds more, or one has ended.
fn go_on(clients: &[(Era, Shared)], what: &str) -> Result<()> {
    let enough: Vec<u64> =
        clients.iter().map(|(_, client)| client.rounds.load(Ordering::Relaxed) + 2).collect();
    let is_enough = |((_, client), enough): (&(Era, Shared), &u64)| {
        client.rounds.load(Ordering::Relaxed) >= *enough || client.is_over.load(Ordering::Relaxed)
    };
    wait::until(&format!("rounds after {what}"), || clients.iter().zip(&enough).all(is_enough).then_some(()))
}

fn storm(workspace: &Workspace, clients: &[(Era, Shared)]) -> Result<()> {
    let extra = program::behaving("extra", workspace.path())?.display().to_string();
    let restarts: [(&str, Option<&[&str]>); 9] = [
        ("a handover", Some(&[])),
        ("a kill", None),
        ("an emergency", Some(&["--emergency", "--yes"])),
        ("an upgrade", Some(&["--binary", &extra])),
        ("the way back", Some(&["--rollback"])),
        ("another upgrade", Some(&["--binary", &extra])),
        // One that dies in its first minute is left by itself.
        ("a kill of the new build", None),
        ("another kill", None),
        ("another handover", Some(&[])),
    ];
    go_on(clients, "the start")?;
    for (what, arguments) in restarts {
        match arguments {
            Some(arguments) => drop(workspace.restart(arguments)?.complete()?),
            None => drop(workspace.kill_worker()?),
        }
        go_on(clients, what)?;
    }
    Ok(())
}

fn check(workspace: &Workspace, client: &Shared) -> Result<()> {
    let mut times: BTreeMap<String, u32> = BTreeMap::new();
    let prefix = format!("{}-", client.name);
    for title in observed::titles_in_order(&workspace.database())? {
        if title.starts_with(&prefix) {
            *times.entry(title).or_default() += 1;
        }
    }
    let rounds = client.rounds.load(Ordering::Relaxed);
    let expected = (0..rounds).map(|number| (format!("{prefix}{number}"), 1)).collect();
    ensure!(times == expected, "{}: {rounds} were acknowledged, these are there: {times:?}", client.name);
    // By each upgrade and by each way back.
    let told = client.heard.0.tools.load(Ordering::Relaxed);
    ensure!(told == 4, "{} was told {told} times of other tools", client.name);
    Ok(())
}

#[test]
fn the_rust_sdk_notices_nothing_in_either_era() -> Result<()> {
    let client = |name| Shared {
        name,
        rounds: AtomicU64::default(),
        is_over: AtomicBool::default(),
        heard: Handler::default(),
    };
    let clients = [(Era::Sessions, client("sessions")), (Era::Stateless, client("stateless"))];
    Workspace::configured(&format!("{MANY_CRASHES}{UNLIMITED}"))?.check(|workspace| {
        let served = Served::start(workspace, &[])?;
        let stopped = AtomicBool::default();
        std::thread::scope(|scope| {
            let (url, stopped) = (&served.url, &stopped);
            let calling: Vec<_> = clients
                .iter()
                .map(|(era, shared)| scope.spawn(move || run(url, *era, shared, stopped)))
                .collect();
            let stormed = storm(workspace, &clients);
            stopped.store(true, Ordering::Relaxed);
            for caller in calling {
                caller.join().map_err(|_| anyhow::anyhow!("a client panicked"))??;
            }
            stormed
        })?;
        clients.iter().try_for_each(|(_, client)| check(workspace, client))
    })
}

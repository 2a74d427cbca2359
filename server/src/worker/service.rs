//! The MCP service of one client session: every request of the protocol that
//! the worker answers arrives here. Must never keep anything of a session that
//! is not in its record, for the next worker knows only the record.
#![expect(
    deprecated,
    reason = "logging and subscribe are deprecated only in 2026-07-28; older clients use them"
)]

mod calls;
mod told;

use std::sync::{Arc, Mutex};

use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CancelTaskMethod, CancelTaskParams,
    CompleteRequestParams, CompleteResult, DiscoverResult, ErrorData, GetPromptRequestParams,
    GetPromptResponse, GetTaskMethod, GetTaskParams, GetTaskResult, Implementation, InitializeRequestParams,
    InitializeResult, ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult, ListToolsResult,
    PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResponse, ServerCapabilities,
    ServerConfig, SetLevelRequestParams, SubscribeRequestParams, SubscriptionFilter, Tool,
    UnsubscribeRequestParams, UpdateTaskMethod, UpdateTaskParams,
};
use rmcp::service::{RequestContext, SubscriptionContext};
use rmcp::{RoleServer, ServerHandler};
use task_orchestrator_shared::restart::RestartId;
use tokio_util::sync::DropGuard;
use tracing::Instrument;

use super::session::{MAX_SUBSCRIPTIONS, Session};
use super::shared::Shared;
use super::{completions, long_calls, prompts, resources, subscriptions};
use crate::link::OperationId;

const INSTRUCTIONS: &str = "Keeps plans, tasks and their results for you, across conversations and restarts. Begin \
    with orchestrator_initialize_session. Plan work of more than one step with orchestrator_plan_task, begin each \
    step with orchestrator_execute_task and record its result with orchestrator_complete_task; \
    orchestrator_synthesize_results puts the results together. orchestrator_get_status shows where you are. Tasks, \
    artifacts and sessions are also readable as resources (task://, artifact://, session://), the specialist roles \
    as prompts. A failed call answers with error_code, error, hint and retryable: follow the hint.";
/// How long a client may keep a list. It changes with a restart only, but a client
/// of the stateless era that has no subscription is not told of that.
const LIST_TTL_MS: u64 = 5_000;

/// Marks a request that an earlier worker had begun to answer: what changed
/// since then may have gone untold. Put into a request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replayed;

/// The MCP service of one client session.
pub struct TaskService {
    shared: Arc<Shared>,
    session: Arc<Session>,
    /// Ends the forwarding of changes; there is one only while the session has subscriptions.
    forwarding: Mutex<Option<DropGuard>>,
    /// Ends the messages about restarts; there are some only where the client has set a level.
    notices: Mutex<Option<DropGuard>>,
    /// The restart that the client was last told to be complete.
    completed: Mutex<Option<RestartId>>,
}

/// Whether a session that is taken over is to be told of changes: see
/// [`TaskService::resumed`].
pub(super) fn has_news(shared: &Shared, session: &Session) -> bool {
    let record = session.record();
    let has_other_lists = |known: &str, present: &str| !known.is_empty() && known != present;
    session.is_told_unasked()
        || has_other_lists(&record.tools, shared.tools.digest())
        || has_other_lists(&record.prompts, &shared.prompts)
}

impl TaskService {
    /// The service of a session, new or taken over.
    pub fn new(shared: Arc<Shared>, session: Arc<Session>) -> Self {
        Self {
            shared,
            session,
            forwarding: Mutex::new(None),
            notices: Mutex::new(None),
            completed: Mutex::new(None),
        }
    }
}

impl ServerHandler for TaskService {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_logging()
            .enable_completions()
            .enable_prompts()
            .enable_prompts_list_changed()
            .enable_resources()
            .enable_resources_list_changed()
            .enable_resources_subscribe()
            .enable_tools()
            .enable_tool_list_changed()
            .enable_tasks()
            .build();
        let server = Implementation::new("task-orchestrator", env!("CARGO_PKG_VERSION"))
            .with_title("Task Orchestrator");
        InitializeResult::new(capabilities).with_server_info(server).with_instructions(INSTRUCTIONS)
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        let mut result = self.negotiate_initialize(&request)?;
        // There are none in the revisions with a handshake.
        result.capabilities.extensions = None;
        let mut agreed = request;
        agreed.protocol_version = result.protocol_version.clone();
        context.peer.set_peer_info(agreed.clone());
        // Before the answer, so that the session is never ahead of its record.
        self.session.update(|record| {
            record.initialize = Some(agreed);
            record.tools = self.shared.tools.digest().to_owned();
            record.prompts.clone_from(&self.shared.prompts);
        });
        Ok(result)
    }

    async fn discover(&self, _context: RequestContext<RoleServer>) -> Result<DiscoverResult, ErrorData> {
        let versions = self.supported_protocol_versions().into_owned();
        let result = DiscoverResult::from_server_info(versions, self.get_info());
        Ok(result.with_ttl_ms(LIST_TTL_MS).with_cache_scope(CacheScope::Private))
    }

    async fn set_level(
        &self,
        request: SetLevelRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.session.update(|record| record.log_level = Some(request.level));
        self.follow_restarts(&context.peer);
        Ok(())
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        resources::only_page(request)?;
        self.remember_lists();
        let tools = self.shared.tools.definitions().to_vec();
        Ok(ListToolsResult::with_all_items(tools)
            .with_ttl_ms(LIST_TTL_MS)
            .with_cache_scope(CacheScope::Private))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.shared.tools.definition(name).cloned()
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let operation = context.extensions.get::<OperationId>().map(ToString::to_string).unwrap_or_default();
        let span = tracing::info_span!("tool", tool = %request.name, operation);
        async {
            self.misbehave()?;
            match long_calls::begin(&self.shared, &self.session, &request, &context).await? {
                Some(handle) => Ok(handle.into()),
                None => Ok(self.carry_out(request, &context).await?.into()),
            }
        }
        .instrument(span)
        .await
    }

    async fn get_task(
        &self,
        request: GetTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetTaskResult, ErrorData> {
        self.only_modern::<GetTaskMethod>(&context)?;
        Ok(self.shared.background.get(&self.session.owner(), &request.task_id)?)
    }

    async fn update_task(
        &self,
        request: UpdateTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.only_modern::<UpdateTaskMethod>(&context)?;
        let owner = self.session.owner();
        Ok(self.shared.background.update(owner, &request.task_id, request.input_responses).await?)
    }

    async fn cancel_task(
        &self,
        request: CancelTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.only_modern::<CancelTaskMethod>(&context)?;
        Ok(self.shared.background.cancel(self.session.owner(), &request.task_id).await?)
    }

    async fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        self.remember_lists();
        Ok(prompts::list(&self.shared, request)?
            .with_ttl_ms(LIST_TTL_MS)
            .with_cache_scope(CacheScope::Private))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        Ok(prompts::get(&self.shared, request).await?.into())
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        self.admit(&context)?;
        completions::complete(&self.shared, request).await
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        self.admit(&context)?;
        resources::list(&self.shared, request).await
    }

    async fn list_resource_templates(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        resources::only_page(request)?;
        let templates = ListResourceTemplatesResult::with_all_items(resources::templates());
        Ok(templates.with_ttl_ms(LIST_TTL_MS).with_cache_scope(CacheScope::Private))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        self.admit(&context)?;
        Ok(resources::read(&self.shared, &request.uri).await?.into())
    }

    async fn subscribe(
        &self,
        request: SubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        resources::exists(&self.shared, &request.uri).await?;
        let added = self.session.update(|record| {
            let known = record.subscriptions.contains(&request.uri);
            let fits = known || record.subscriptions.len() < MAX_SUBSCRIPTIONS;
            if fits {
                record.subscriptions.insert(request.uri);
            }
            fits
        });
        if !added {
            return Err(subscriptions::too_many());
        }
        self.forward(&context.peer);
        Ok(())
    }

    async fn unsubscribe(
        &self,
        request: UnsubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.session.update(|record| record.subscriptions.remove(&request.uri));
        self.forward(&context.peer);
        Ok(())
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        let mut accepted = requested.clone();
        if let Some(uris) = &mut accepted.resource_subscriptions {
            uris.retain(|uri| resources::is_ours(uri));
            uris.sort_unstable();
            uris.dedup();
            uris.truncate(MAX_SUBSCRIPTIONS);
        }
        Some(accepted)
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        // Before the round, so that nothing can happen between the two.
        let changes = self.shared.store.changes();
        if context.request_context().extensions.get::<Replayed>().is_some() {
            self.modern_round(&context).await;
        } else if self.session.record().tools.is_empty() {
            // The next worker tells of lists that are others with it, and of no more.
            self.remember_lists();
        }
        subscriptions::listen(changes, &context).await;
        Ok(())
    }
}

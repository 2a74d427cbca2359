//! The reboot tools as `tools/list` shows them.

use rmcp::model::{Tool, ToolAnnotations};
use schemars::JsonSchema;
use task_orchestrator_shared::report::{Health, Readiness, ReconnectTest, RestartStatus};

use super::arguments::{HealthScope, ReadinessScope, ReconnectScope, RestartArguments, StatusScope};
use super::result::RestartResult;
use crate::tool::effect::Effect;
use crate::tool::schema;

/// The five, in the order in which they are listed.
pub fn definitions() -> Vec<Tool> {
    let reads = |title| Effect::Reads.annotations(title);
    vec![
        tool::<RestartArguments, RestartResult>(
            super::RESTART_SERVER,
            "Restart the server",
            "Replace the server process while all clients stay connected: by default the successor is \
             proved first, the state is saved, and requests in flight are finished. Use it after the \
             program or its configuration has changed, when a schema migration is due, or when the server \
             misbehaves; orchestrator_shutdown_prepare tells beforehand whether it would go through. The \
             answer is the true outcome. When a restart runs already, this one joins it. The former \
             name manual_restart of a reason means manual_request.",
            // Without a snapshot, or at once, something may be lost; and each call restarts again.
            Effect::Removes.annotations("Restart the server").idempotent(false),
        ),
        tool::<HealthScope, Health>(
            super::HEALTH_CHECK,
            "Health of the server",
            "Measure how the server is: worker process, database, connections, disk, memory, snapshots, and \
             whether a restart would go through. Use it when calls fail or are slow, and before and after \
             a restart. It answers also while the worker is being replaced, hung or dead.",
            reads("Health of the server"),
        ),
        tool::<ReadinessScope, Readiness>(
            super::SHUTDOWN_PREPARE,
            "Ready for a restart?",
            "Look whether a graceful restart would go through now, and what is in the way: work in \
             progress, database transactions, clients. Changes nothing. Use it before \
             orchestrator_restart_server.",
            reads("Ready for a restart?"),
        ),
        tool::<StatusScope, RestartStatus>(
            super::RESTART_STATUS,
            "State of a restart",
            "Tell where the running restart is (phase, progress, what went wrong, when it is expected to \
             end), or how the last one ended; with include_history the earlier ones, too. Use it to follow \
             a restart that was begun with wait=false, or to find out why one failed.",
            reads("State of a restart"),
        ),
        tool::<ReconnectScope, ReconnectTest>(
            super::RECONNECT_TEST,
            "Test the connections",
            "Send something through the clients' connections and tell which answered, whether they could \
             be taken over by a new server process, what waits in the request buffers, and how often \
             reconnecting has worked. Use it when a client seems cut off, or before a restart.",
            reads("Test the connections"),
        ),
    ]
}

fn tool<A: JsonSchema, R: JsonSchema>(
    name: &'static str,
    title: &'static str,
    description: &'static str,
    annotations: ToolAnnotations,
) -> Tool {
    Tool::new(name, description, schema::input::<A>())
        .with_title(title)
        .with_raw_output_schema(schema::output::<R>())
        .with_annotations(annotations)
}

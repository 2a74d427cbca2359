//! Tools that tell the client something before they answer.
#![expect(deprecated, reason = "logging is deprecated only in 2026-07-28; older revisions are tested too")]
#![expect(clippy::disallowed_methods, reason = "the suites want these tools to take their time")]

use std::time::Duration;

use rmcp::model::{CallToolResponse, ErrorData, LoggingLevel, ProgressNotificationParam};
use serde_json::json;
use task_orchestrator::worker::client_log;

use super::{Call, text};

/// Between two messages, so that a client sees them come one by one.
const PAUSE: Duration = Duration::from_millis(50);

/// Longer than a server keeps an answer back before it begins a stream.
const LONG: Duration = Duration::from_millis(300);

impl Call<'_> {
    pub(super) async fn with_logging(self) -> Result<CallToolResponse, ErrorData> {
        self.tell("Tool execution started").await;
        tokio::time::sleep(PAUSE).await;
        self.tell("Tool processing data").await;
        tokio::time::sleep(PAUSE).await;
        self.log("Tool execution completed").await
    }

    /// Sends one message and answers.
    pub(super) async fn log(self, message: &str) -> Result<CallToolResponse, ErrorData> {
        self.tell(message).await;
        text("The messages were sent.")
    }

    async fn tell(&self, message: &str) {
        client_log::send(self.session, &self.context, LoggingLevel::Info, "fixtures", json!(message)).await;
    }

    pub(super) async fn with_progress(self) -> Result<CallToolResponse, ErrorData> {
        let token = self.context.meta.get_progress_token();
        for percent in [0.0, 50.0, 100.0] {
            if percent > 0.0 {
                tokio::time::sleep(PAUSE).await;
            }
            if let Some(token) = token.clone() {
                let progress = ProgressNotificationParam::new(token, percent).with_total(100.0);
                // A client that is gone hears nothing.
                drop(self.context.peer.notify_progress(progress).await);
            }
        }
        text("The progress was told.")
    }

    pub(super) async fn slowly(self) -> Result<CallToolResponse, ErrorData> {
        tokio::time::sleep(LONG).await;
        text("The answer comes, whatever became of the connection.")
    }
}

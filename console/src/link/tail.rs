//! Lines of the log, from the connection to messages. Ends with its connection; who
//! still wants lines asks again on the next one.

use std::sync::Arc;

use task_orchestrator_shared::admin::log::LogFilter;
use task_orchestrator_shared::client::Client;
use tokio::sync::Notify;

use super::sink::Sink;
use crate::heard::Heard;

/// Follows until there are no more lines.
pub(super) async fn follow(client: Option<Arc<Client>>, filter: LogFilter, sink: Sink, pulse: Arc<Notify>) {
    let why = lines(client, filter, &sink, &pulse).await;
    sink.heard(Heard::LogEnds { why }).await;
}

async fn lines(client: Option<Arc<Client>>, filter: LogFilter, sink: &Sink, pulse: &Notify) -> String {
    let Some(client) = client else { return "there is no connection to the server".to_owned() };
    let (lines, mut tail) = match client.follow_logs(filter).await {
        Ok(begun) => begun,
        Err(error) => return error.to_string(),
    };
    // The connection is the link's: it must not live on because somebody reads its log.
    drop(client);
    pulse.notify_one();
    sink.heard(Heard::LogBegins { lines }).await;
    while let Some(lines) = tail.next().await {
        pulse.notify_one();
        sink.heard(Heard::Log { lines }).await;
    }
    "the connection to the server was lost".to_owned()
}

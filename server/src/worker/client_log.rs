//! Messages to the client's own log, for the revisions of the protocol that
//! have one. Must never send what the client did not ask for.
#![expect(deprecated, reason = "logging is deprecated only in 2026-07-28; older clients still use it")]

use rmcp::RoleServer;
use rmcp::model::{
    LoggingLevel, LoggingMessageNotification, LoggingMessageNotificationParam, ProtocolVersion,
};
use rmcp::service::{Peer, RequestContext};
use serde_json::Value;

use super::session::Session;
use crate::link::OperationId;

/// What a client of the older revisions hears when it has not set a level.
const DEFAULT_LEVEL: LoggingLevel = LoggingLevel::Warning;

/// Sends a message when the client wants messages of this level.
pub async fn send(
    session: &Session,
    context: &RequestContext<RoleServer>,
    level: LoggingLevel,
    logger: &str,
    data: Value,
) {
    if wanted(session, context).is_none_or(|least| severity(level) < severity(least)) {
        return;
    }
    let message = LoggingMessageNotificationParam::new(level, data).with_logger(logger);
    let mut notification = LoggingMessageNotification::new(message);
    // So that it goes the way on which the request's answer is waited for.
    if let Some(operation) = context.extensions.get::<OperationId>() {
        notification.extensions.insert(*operation);
    }
    // A client that is gone hears nothing.
    drop(context.peer.send_notification(notification.into()).await);
}

/// Sends a message that belongs to no request, to a client of the older revisions
/// that has set a level and wants messages of this one.
pub(super) async fn send_unasked(
    session: &Session,
    peer: &Peer<RoleServer>,
    level: LoggingLevel,
    logger: &str,
    data: Value,
) {
    let record = session.record();
    let wanted = record.log_level.filter(|least| severity(level) >= severity(*least));
    if record.initialize.is_none() || wanted.is_none() {
        return;
    }
    let message = LoggingMessageNotificationParam::new(level, data).with_logger(logger);
    // A client that is gone hears nothing.
    drop(peer.notify_logging_message(message).await);
}

fn wanted(session: &Session, context: &RequestContext<RoleServer>) -> Option<LoggingLevel> {
    let version = context.protocol_version()?;
    if version.as_str() >= ProtocolVersion::V_2026_07_28.as_str() {
        // The newest revision has no session to keep a level in: each request asks for itself.
        return context.meta.log_level();
    }
    Some(session.record().log_level.unwrap_or(DEFAULT_LEVEL))
}

/// The protocol declares the levels from the least severe to the most.
fn severity(level: LoggingLevel) -> u8 {
    level as u8
}

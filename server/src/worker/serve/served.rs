//! One session, from the first frame to its end. A session at rest has no service: one
//! begins when a frame comes or its client is to be told something, out of the record.

use std::sync::Arc;

use rmcp::service::RunningService;
use rmcp::{RoleServer, ServerHandler};
use tokio_util::sync::CancellationToken;

use super::Services;
use crate::request_headers;
use crate::worker::session::Session;
use crate::worker::transport::LinkTransport;

/// Serves one request over HTTP, which says by itself all that a handshake would.
pub(super) async fn request<H: ServerHandler>(
    handler: Arc<H>,
    headers: Vec<(String, String)>,
    transport: LinkTransport,
    cancel: CancellationToken,
) {
    let checked = Arc::clone(&handler);
    let transport = transport.of_one_request(Arc::new(move |request| {
        let schema = |tool: &str| checked.get_tool(tool).map(|tool| tool.input_schema);
        request_headers::check(&headers, request, &checked.supported_protocol_versions(), schema)
    }));
    let running = rmcp::service::serve_directly_with_ct(handler, transport, None, cancel);
    if let Err(error) = running.waiting().await {
        tracing::error!(%error, "a request's task failed");
    }
}

/// Serves one session to its end.
pub(super) async fn session<S: Services>(
    services: Arc<S>,
    session: Arc<Session>,
    transport: LinkTransport,
    cancel: CancellationToken,
    is_new: bool,
) {
    let mut has_news = !is_new && services.has_news(&session);
    loop {
        if !has_news {
            tokio::select! {
                () = cancel.cancelled() => return,
                () = session.merged() => {
                    has_news = services.has_news(&session);
                    continue;
                }
                has_more = transport.has_more() => if !has_more {
                    return;
                }
            }
        }
        // A box of its own, so that a session at rest does not hold the room for it.
        Box::pin(awake(&*services, &session, &transport, &cancel, has_news)).await;
        if cancel.is_cancelled() {
            return;
        }
        has_news = false;
    }
}

/// Serves a session until it rests or ends.
async fn awake<S: Services>(
    services: &S,
    session: &Arc<Session>,
    transport: &LinkTransport,
    cancel: &CancellationToken,
    has_news: bool,
) {
    let handler = Arc::new(services.open(Arc::clone(session)));
    // The service cancels what it was given when it ends.
    let cancel = cancel.child_token();
    if let Some(initialize) = session.record().initialize {
        transport.begin();
        let initialize = Some(initialize);
        let running = rmcp::service::serve_directly_with_ct(
            Arc::clone(&handler),
            transport.clone(),
            initialize,
            cancel,
        );
        if has_news {
            services.resumed(&handler, running.peer().clone()).await;
        }
        return to_the_end(services, session, &handler, running).await;
    }
    // A box of its own: it is several times as large as what comes after it.
    let beginning = Box::pin(begun(session, transport, Arc::clone(&handler), cancel)).await;
    if let Some(running) = beginning {
        to_the_end(services, session, &handler, running).await;
    }
}

/// The service once it has seen the begin of the session. `None`: it is to be begun once more.
async fn begun<H: ServerHandler>(
    session: &Session,
    transport: &LinkTransport,
    handler: Arc<H>,
    cancel: CancellationToken,
) -> Option<RunningService<RoleServer, Arc<H>>> {
    let beginning = rmcp::service::serve_server_with_ct(handler, transport.clone(), cancel);
    tokio::select! {
        biased;
        // With what the worker before agreed on.
        () = initialized_elsewhere(session, transport) => None,
        begun = beginning => begun
            // The client was told; it may try once more, with another version for instance.
            .inspect_err(|error| tracing::debug!(%error, client = %session.client(), "a session did not begin"))
            .ok(),
    }
}

/// The worker before has answered the handshake, and nothing was asked here yet.
async fn initialized_elsewhere(session: &Session, transport: &LinkTransport) {
    loop {
        session.merged().await;
        if session.record().initialize.is_some() && !transport.has_begun() {
            return;
        }
    }
}

/// Waits for the end of a service, and tells it of late changes meanwhile.
async fn to_the_end<S: Services>(
    services: &S,
    session: &Session,
    handler: &S::Handler,
    running: RunningService<RoleServer, Arc<S::Handler>>,
) {
    let peer = running.peer().clone();
    let late = async {
        loop {
            session.merged().await;
            services.resumed(handler, peer.clone()).await;
        }
    };
    tokio::select! {
        () = late => {}
        ended = running.waiting() => if let Err(error) = ended {
            tracing::error!(%error, "a session's task failed");
        },
    }
}

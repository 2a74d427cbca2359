//! Connections over TCP.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::{Http, router};
use crate::front::metrics::Connection;
use crate::private_socket;

/// An address that is taken, before anything else of the front has begun: whoever starts
/// the front is told at once where that fails.
#[derive(Debug)]
pub struct Listener {
    listener: std::net::TcpListener,
    /// With the port that the system has chosen where the configuration says 0.
    address: SocketAddr,
}

impl Listener {
    /// Takes the address that is configured. `None` where none is.
    ///
    /// # Errors
    ///
    /// The system's reason, with the address.
    pub fn bind(config: &crate::config::Http) -> Result<Option<Self>, ListenError> {
        let Some(address) = config.address else { return Ok(None) };
        let failed = |source| ListenError { address, source };
        let listener = std::net::TcpListener::bind(address).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Some(Self { listener, address }))
    }

    /// Where clients reach the server.
    pub fn url(&self) -> String {
        format!("http://{}{}", self.address, router::ENDPOINT)
    }
}

/// An address that cannot be had.
#[derive(Debug, Error)]
#[error("cannot listen on {address} (the key http.address): {source}")]
pub struct ListenError {
    address: SocketAddr,
    source: io::Error,
}

/// Serves connections until told to end.
pub(crate) async fn serve(http: Arc<Http>, listener: Listener, ended: CancellationToken) {
    let listener = match TcpListener::from_std(listener.listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "HTTP is not served"),
    };
    let metrics = Arc::clone(&http.intake.metrics);
    let router = router::router(http);
    loop {
        let accepted = tokio::select! {
            () = ended.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, source)) => {
                let open = Connection::new(&metrics);
                let serving = connection(stream, source, router.clone(), ended.clone());
                tokio::spawn(async move {
                    serving.await;
                    drop(open);
                });
            }
            Err(error) => private_socket::pause_after(&error).await,
        }
    }
}

async fn connection(stream: TcpStream, source: SocketAddr, router: Router, ended: CancellationToken) {
    // Without it an answer waits for the acknowledgement of its head: 44 ms instead of 0.1.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection ended at once");
        return;
    }
    let service = router.layer(axum::Extension(ConnectInfo(source)));
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    tokio::pin!(serving);
    let ending = tokio::select! {
        ended = serving.as_mut() => ended,
        () = ended.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ending {
        tracing::debug!(%error, %source, "an HTTP connection failed");
    }
}

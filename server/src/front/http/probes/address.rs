//! An address for probes alone: plain HTTP, a few connections, no clients. It answers until
//! the front has ended, so that whoever asks is told that it ends.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::Probes;
use crate::front::http::reply;
use crate::private_socket;

/// Connections at once; the next waits in the system's queue until one has gone.
const MAX_CONNECTIONS: usize = 64;

/// How long a connection may take over a request's head, and how long it may be without one.
const HEAD_TIME: Duration = Duration::from_secs(60);

/// Longest head, in bytes.
const MAX_HEAD: usize = 16 * 1024;

/// An address that is taken, before anything else of the front has begun.
#[derive(Debug)]
pub struct ProbesListener {
    listener: std::net::TcpListener,
    /// With the port that the system has chosen where the configuration says 0.
    address: SocketAddr,
}

/// An address that cannot be had.
#[derive(Debug, Error)]
#[error("cannot listen on {address} (the key http.probes_address): {source}")]
pub struct ProbesListenError {
    address: SocketAddr,
    source: io::Error,
}

impl ProbesListener {
    /// Takes the address that is configured. `None` where none is, or where it is that of
    /// the clients.
    ///
    /// # Errors
    ///
    /// The system's reason, with the address.
    pub fn bind(config: &crate::config::Http) -> Result<Option<Self>, ProbesListenError> {
        let Some(address) = config.probes_address.filter(|address| Some(*address) != config.address) else {
            return Ok(None);
        };
        let failed = |source| ProbesListenError { address, source };
        let listener = std::net::TcpListener::bind(address).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Some(Self { listener, address }))
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Answers until the address is closed.
pub(crate) async fn serve(probes: Arc<Probes>, listener: ProbesListener, closed: CancellationToken) {
    let is_own_machine = listener.address.ip().to_canonical().is_loopback();
    let listener = match TcpListener::from_std(listener.listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "probes are not answered"),
    };
    let mut router = super::open(probes);
    // An address that others reach has whatever names they gave it, and who scrapes it asks
    // by any of them. A page gains nothing there by a name of its own: whoever reaches the
    // address may look, and nothing can be changed.
    if is_own_machine {
        router = router.layer(axum::middleware::from_fn(for_own_machine));
    }
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            () = closed.cancelled() => return,
            accepted = accepted => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let serving = connection(stream, router.clone(), closed.clone());
                tokio::spawn(async move {
                    serving.await;
                    drop(place);
                });
            }
            Err(error) => private_socket::pause_after(&error).await,
        }
    }
}

async fn connection(stream: TcpStream, router: Router, closed: CancellationToken) {
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let ended = tokio::select! {
        ended = serving => ended,
        () = closed.cancelled() => return,
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection of a probe failed");
    }
}

/// A page in a browser reaches this machine under a name of its own choice; who means this
/// machine says so.
async fn for_own_machine(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    if host.is_none_or(|host| !names_own_machine(host)) {
        return reply::refused(StatusCode::FORBIDDEN, "the header Host does not name this machine");
    }
    next.run(request).await
}

fn names_own_machine(host: &str) -> bool {
    let Ok(authority) = host.parse::<axum::http::uri::Authority>() else { return false };
    let name = authority.host().trim_start_matches('[').trim_end_matches(']');
    let is_loopback = |address: IpAddr| address.to_canonical().is_loopback();
    name.eq_ignore_ascii_case("localhost") || name.parse().is_ok_and(is_loopback)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_those_of_this_machine() {
        for host in ["localhost", "LOCALHOST:80", "127.0.0.1:8766", "127.3.2.1", "[::1]:9", "[::1]"] {
            assert!(names_own_machine(host), "{host}");
        }
        for host in
            ["", "example.org", "localhost.example.org:80", "192.168.0.1", "[::2]:1", "a b", "127.0.0.1.x"]
        {
            assert!(!names_own_machine(host), "{host}");
        }
    }
}

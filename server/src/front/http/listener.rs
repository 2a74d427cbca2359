//! Connections over TCP: where they are taken, how many, and with what patience.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::server::conn::http1::{self, Parts};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use jiff::Timestamp;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::entrance::{Entrance, MAX_HEAD_BYTES};
use super::tally::{Slot, Tally};
use super::tls::{Tls, TlsError};
use super::watched::{Activity, Patience, Watched};
use super::{Http, router, tls};
use crate::config;
use crate::front::metrics::Connection;
use crate::private_socket;
use crate::warm::Warm;

/// TLS handshakes at once; the next wait for their turn, and lose it after the same time.
const MAX_HANDSHAKES: usize = 64;

/// Connections that the system keeps until they are taken.
const BACKLOG: i32 = 4096;

/// How often tokens are looked at by which something is open.
const SWEEP_EVERY: Duration = Duration::from_millis(500);

/// What a client is told whose connection is one too many.
const TOO_MANY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// An address that is taken, before anything else of the front has begun: whoever starts
/// the front is told at once where that fails.
#[derive(Debug)]
pub struct Listener {
    listener: std::net::TcpListener,
    /// With the port that the system has chosen where the configuration says 0.
    address: SocketAddr,
    tls: Option<Tls>,
}

impl Listener {
    /// Takes the address that is configured. `None` where none is.
    ///
    /// # Errors
    ///
    /// The system's reason, with the address; TLS that cannot be had; and an address that
    /// others than this machine reach, without TLS and without a proxy that has it.
    pub fn bind(config: &config::Http) -> Result<Option<Self>, ListenError> {
        let Some(address) = config.address else { return Ok(None) };
        let tls = match (&config.tls_certificate, &config.tls_key) {
            (Some(certificate), Some(key)) => Some(Tls::open(certificate, key)?),
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => return Err(ListenError::HalfTls),
        };
        if !is_loopback(address.ip()) && tls.is_none() && !config.behind_proxy {
            return Err(ListenError::Unprotected(address));
        }
        let failed = |source| ListenError::Address { address, source };
        let listener = std::net::TcpListener::bind(address).map_err(failed)?;
        // A thousand clients that come back at once find a place to wait.
        rustix::net::listen(&listener, BACKLOG).map_err(|error| failed(error.into()))?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Some(Self { listener, address, tls }))
    }

    /// Where clients reach the server.
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}{}", self.address, router::ENDPOINT)
    }

    /// Whether only this machine reaches it.
    pub(super) fn is_loopback(&self) -> bool {
        is_loopback(self.address.ip())
    }
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// An address that cannot be had.
#[derive(Debug, Error)]
pub enum ListenError {
    /// The system's reason.
    #[error("cannot listen on {address} (the key http.address): {source}")]
    Address {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// Tokens would be read by whoever is between.
    #[error(
        "{0} is reached by other machines (the key http.address): set http.tls_certificate and http.tls_key, \
         or http.behind_proxy = true where a proxy before this server has TLS, or listen on 127.0.0.1"
    )]
    Unprotected(SocketAddr),
    /// One of the two is missing.
    #[error("http.tls_certificate and http.tls_key are set together or not at all")]
    HalfTls,
    /// TLS cannot be had.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl ListenError {
    /// Whether another configuration is needed.
    pub fn is_configuration(&self) -> bool {
        !matches!(self, Self::Address { .. })
    }
}

/// What connections share.
struct Door {
    http: Arc<Http>,
    router: TowerToHyperService<axum::Router>,
    patience: Patience,
    places: Arc<Semaphore>,
    /// Of each address. None behind a proxy, where all have the same one.
    addresses: Option<Tally<IpAddr>>,
    handshakes: Semaphore,
    tls: Option<Tls>,
    /// Connections that keep what reads them though nothing is under way.
    warm: Warm,
    ended: CancellationToken,
}

/// A connection's place among all, among those of its address, and in the figures.
type Place = (OwnedSemaphorePermit, Option<Slot<IpAddr>>, Connection);

/// Serves connections until told to end.
pub(crate) async fn serve(http: Arc<Http>, listener: Listener, ended: CancellationToken) {
    let Listener { listener, tls, .. } = listener;
    let listener = match TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "HTTP is not served"),
    };
    let door = Arc::new(Door::new(http, tls, ended));
    tokio::spawn(Arc::clone(&door).look_after());
    loop {
        let accepted = tokio::select! {
            () = door.ended.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, source)) => door.accepted(stream, source),
            Err(error) => private_socket::pause_after(&error).await,
        }
    }
}

impl Door {
    fn new(http: Arc<Http>, tls: Option<Tls>, ended: CancellationToken) -> Self {
        let config = &http.config.http;
        let (head, write, idle) = (config.read_timeout, config.write_timeout, config.idle_timeout);
        let each = config.max_connections_per_client;
        Self {
            patience: Patience { head, write, idle },
            places: Arc::new(Semaphore::new(config.max_connections as usize)),
            addresses: (!config.behind_proxy).then(|| Tally::new(each)),
            handshakes: Semaphore::new(MAX_HANDSHAKES),
            router: TowerToHyperService::new(router::router(Arc::clone(&http))),
            http,
            tls,
            warm: Warm::default(),
            ended,
        }
    }

    /// What is to be done beside connections.
    async fn look_after(self: Arc<Self>) {
        let sweep = async {
            let mut times = tokio::time::interval(SWEEP_EVERY);
            loop {
                times.tick().await;
                let ended = self.http.guard.keyring.sweep(Timestamp::now());
                self.http.dismiss(&ended).await;
                self.http.guard.refused.tell(Some(Instant::now()));
            }
        };
        let certificates = async {
            match &self.tls {
                Some(tls) => tls.watch(&self.http.ledger).await,
                None => {
                    tls::no_alerts(&self.http.ledger).await;
                    std::future::pending::<()>().await;
                }
            }
        };
        tokio::select! {
            () = self.ended.cancelled() => {}
            () = sweep => {}
            () = certificates => {}
        }
        self.http.guard.refused.tell(None);
    }

    fn place_for(&self, source: IpAddr) -> Option<Place> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        let of_address = match &self.addresses {
            Some(addresses) => Some(addresses.enter(source.to_canonical())?),
            None => None,
        };
        Some((place, of_address, Connection::new(&self.http.intake.metrics)))
    }

    fn accepted(self: &Arc<Self>, stream: TcpStream, source: SocketAddr) {
        let Some(place) = self.place_for(source.ip()) else {
            tracing::debug!(%source, "a connection too many");
            if self.tls.is_none() {
                // Whoever does not take it at once sees the connection end.
                let _ = stream.try_write(TOO_MANY);
            }
            return;
        };
        // Without it an answer waits for the acknowledgement of its head: 44 ms instead of 0.1.
        let local = stream.set_nodelay(true).and_then(|()| stream.local_addr());
        let local = match local {
            Ok(local) => local,
            Err(error) => return tracing::debug!(%error, "a connection ended at once"),
        };
        let activity = Arc::new(Activity::new(&self.warm));
        let (http, router) = (Arc::clone(&self.http), self.router.clone());
        let entrance = Entrance { http, router, source, local, activity };
        // Two kinds of task, so that those without TLS are not as large as those with it.
        if self.tls.is_some() {
            tokio::spawn(Arc::clone(self).serve_secure(stream, entrance, place));
        } else {
            tokio::spawn(Arc::clone(self).serve(stream, entrance, place));
        }
    }

    async fn serve_secure(self: Arc<Self>, stream: TcpStream, entrance: Entrance, place: Place) {
        let Some(tls) = &self.tls else { return };
        let source = entrance.source;
        let handshake = async {
            let _turn = self.handshakes.acquire().await.map_err(io::Error::other)?;
            tls.acceptor().accept(stream).await
        };
        match tokio::time::timeout(self.patience.head, handshake).await {
            Ok(Ok(stream)) => self.serve(stream, entrance, place).await,
            Ok(Err(error)) => tracing::debug!(%error, %source, "a TLS handshake failed"),
            Err(_) => tracing::debug!(%source, "a TLS handshake was not finished in time"),
        }
    }

    async fn serve<S>(self: Arc<Self>, stream: S, entrance: Entrance, _place: Place)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let source = entrance.source;
        let mut stream = Watched::new(stream, self.patience, Arc::clone(&entrance.activity));
        loop {
            let woken = tokio::select! {
                () = self.ended.cancelled() => Ok(false),
                woken = stream.wake() => woken,
            };
            let served = match woken {
                // A box of its own, so that a connection at rest does not hold the room for it.
                Ok(true) => Box::pin(self.requests(stream, &entrance)).await.map_err(io::Error::other),
                Ok(false) => {
                    // Over TLS it is said. Whoever does not take it sees the connection end.
                    let _ = tokio::time::timeout(self.patience.head, stream.shutdown()).await;
                    return;
                }
                Err(error) => Err(error),
            };
            match served {
                Ok(Some(resting)) => stream = resting,
                Ok(None) => return,
                Err(error) => return tracing::debug!(%error, %source, "an HTTP connection failed"),
            }
        }
    }

    /// Serves requests until the connection ends, or rests.
    async fn requests<S>(
        &self,
        stream: Watched<S>,
        entrance: &Entrance,
    ) -> Result<Option<Watched<S>>, hyper::Error>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let service = service_fn(|request| entrance.clone().handle(request));
        let mut serving = http1::Builder::new()
            // `Watched` tells a head that is late from a connection that is idle.
            .header_read_timeout(None)
            .max_buf_size(MAX_HEAD_BYTES)
            .serve_connection(TokioIo::new(stream), service);
        tokio::select! {
            biased;
            ended = &mut serving => return ended.map(|()| None),
            () = entrance.activity.rests() => {
                let Parts { io, read_buf, .. } = serving.into_parts();
                return Ok(Some(io.into_inner().having_read(&read_buf)));
            }
            () = self.ended.cancelled() => {}
        }
        Pin::new(&mut serving).graceful_shutdown();
        serving.await.map(|()| None)
    }
}

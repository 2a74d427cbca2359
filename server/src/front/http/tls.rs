//! TLS: the certificate and its key, read again when their files change. What is broken
//! then takes the place of nothing: the former ones go on, and an alert tells.
//!
//! - `validity`: until when certificates count.    - `alerts`: what a person is told.

mod alerts;
mod validity;

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use thiserror::Error;
use tokio_rustls::TlsAcceptor;

use alerts::Alerts;
pub(crate) use alerts::{BROKEN, EXPIRY};
use validity::expiry_of;

use crate::ledger::Ledger;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Longest file that is read.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// Why there is no TLS.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be read, or is not what it should be.
    #[error("cannot use {} (the key {key}): {why}", .path.display())]
    File {
        /// The key in the configuration.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// Each is well, and they do not go together, or TLS does not know them.
    #[error("the certificate (http.tls_certificate) and the key (http.tls_key) cannot be used together: {0}")]
    Together(rustls::Error),
}

/// What tells whether a file is still the same.
type Stamp = Option<(u64, u64, i64, i64)>;

/// What is in use.
#[derive(Debug)]
struct Current {
    config: Arc<ServerConfig>,
    /// When it expires, where that is known.
    expiry: Option<Timestamp>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    current: Mutex<Current>,
    read_as: [Stamp; 2],
}

impl Tls {
    /// Reads both files.
    pub(super) fn open(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        // Looked at before they are read: what changes meanwhile is read again.
        let read_as = [stamp(certificate), stamp(key)];
        let current = Mutex::new(load(certificate, key)?);
        Ok(Self { certificate: certificate.to_owned(), key: key.to_owned(), current, read_as })
    }

    /// What takes the next connection.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.lock().config))
    }

    fn lock(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the files again whenever they have changed. Never ends.
    pub(super) async fn watch(&self, ledger: &Ledger) {
        let (mut read_as, mut broken) = (self.read_as, None);
        let mut alerts = Alerts::new(ledger);
        let mut times = tokio::time::interval(LOOK_EVERY);
        loop {
            times.tick().await;
            let now = [stamp(&self.certificate), stamp(&self.key)];
            if now != read_as {
                read_as = now;
                broken = self.read_again();
            }
            alerts.broken(broken.clone()).await;
            let expiry = self.lock().expiry;
            alerts.expires(expiry, Timestamp::now()).await;
        }
    }

    /// Takes what the files have now, or tells what is wrong with it.
    fn read_again(&self) -> Option<String> {
        match load(&self.certificate, &self.key) {
            Ok(current) => {
                *self.lock() = current;
                tracing::info!("the certificate and its key were read again");
                None
            }
            Err(error) => {
                tracing::error!(%error, "the former certificate stays in use");
                Some(format!("{error}; the former certificate stays in use"))
            }
        }
    }
}

/// Without TLS there is nothing to tell of it any more.
pub(super) async fn no_alerts(ledger: &Ledger) {
    Alerts::new(ledger).over().await;
}

fn stamp(path: &Path) -> Stamp {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.ino(), metadata.len(), metadata.mtime(), metadata.mtime_nsec()))
}

fn load(certificate: &Path, key: &Path) -> Result<Current, TlsError> {
    let unusable = |key, path: &Path| {
        let path = path.to_owned();
        move |why: String| TlsError::File { key, path, why }
    };
    let chain = read(certificate).and_then(|pem| {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        chain.map_err(|error| error.to_string())
    });
    let chain = chain
        .and_then(|chain| if chain.is_empty() { Err("it has no certificate".into()) } else { Ok(chain) });
    let chain = chain.map_err(unusable("http.tls_certificate", certificate))?;
    let expiry = expiry_of(&chain);
    let key = read(key)
        .and_then(|pem| PrivateKeyDer::from_pem_slice(&pem).map_err(|error| error.to_string()))
        .map_err(unusable("http.tls_key", key))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(TlsError::Together)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Current { config: Arc::new(config), expiry })
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let length = fs::metadata(path).map_err(|error| error.to_string())?.len();
    if length > MAX_FILE_BYTES {
        return Err(format!("it has more than {MAX_FILE_BYTES} bytes"));
    }
    fs::read(path).map_err(|error: io::Error| error.to_string())
}

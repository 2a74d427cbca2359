//! Until when certificates count, read with what checks certificates for TLS: one that is
//! checked for a time behind all others is told to have expired, and when.

use std::time::Duration;

use jiff::Timestamp;
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error, RootCertStore};

/// When the first of these certificates expires; `None` where none of them tells it in a
/// way that is understood.
pub(super) fn expiry_of(chain: &[CertificateDer<'_>]) -> Option<Timestamp> {
    chain.iter().filter_map(expiry).min()
}

fn expiry(certificate: &CertificateDer<'_>) -> Option<Timestamp> {
    let parsed = ParsedCertificate::try_from(certificate).ok()?;
    let at_the_end = UnixTime::since_unix_epoch(Duration::MAX);
    let nobody = RootCertStore::empty();
    // The time is looked at before anything else, so nobody needs to have signed it.
    let checked = verify_server_cert_signed_by_trust_anchor(&parsed, &nobody, &[], at_the_end, &[]);
    let Err(Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. })) = checked else {
        return None;
    };
    Timestamp::from_second(i64::try_from(not_after.as_secs()).ok()?).ok()
}

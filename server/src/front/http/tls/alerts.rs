//! What a person has to be told of the certificate: that its files are broken, and that
//! it expires. Told once, over any number of fronts, until it is over.

use jiff::{SignedDuration, Timestamp};

use crate::ledger::Ledger;

/// Its files cannot be used, and the former certificate goes on.
pub(crate) const BROKEN: &str = "certificate_broken";

/// It has expired, or will soon.
pub(crate) const EXPIRY: &str = "certificate_expiry";

/// So long before its end a certificate should have been renewed: those that are renewed
/// by themselves are, weeks before.
const SOON: SignedDuration = SignedDuration::from_hours(14 * 24);

/// See the module.
pub(super) struct Alerts<'a> {
    ledger: &'a Ledger,
    broken: Told,
    expiry: Told,
}

/// What was told last; nothing yet, or that nothing is wrong.
type Told = Option<Option<String>>;

impl<'a> Alerts<'a> {
    pub(super) fn new(ledger: &'a Ledger) -> Self {
        Self { ledger, broken: None, expiry: None }
    }

    /// Whether the files are broken, and how.
    pub(super) async fn broken(&mut self, why: Option<String>) {
        tell(self.ledger, BROKEN, &mut self.broken, why).await;
    }

    /// When the certificate that is in use expires.
    pub(super) async fn expires(&mut self, expiry: Option<Timestamp>, now: Timestamp) {
        let why = expiry.and_then(|expiry| expiring(expiry, now));
        tell(self.ledger, EXPIRY, &mut self.expiry, why).await;
    }

    /// There is no certificate.
    pub(super) async fn over(mut self) {
        self.broken(None).await;
        tell(self.ledger, EXPIRY, &mut self.expiry, None).await;
    }
}

fn expiring(expiry: Timestamp, now: Timestamp) -> Option<String> {
    let left = expiry.duration_since(now);
    let what = if left.is_negative() { "has expired" } else { "expires soon" };
    (left < SOON).then(|| format!("the certificate of HTTP (http.tls_certificate) {what}: {expiry}"))
}

async fn tell(ledger: &Ledger, kind: &str, told: &mut Told, why: Option<String>) {
    if told.as_ref() == Some(&why) {
        return;
    }
    let (done, word) = match &why {
        Some(detail) => (ledger.raise(kind, detail).await, "alert"),
        None => (ledger.resolve(kind).await, "alert is over"),
    };
    match done {
        Ok(is_news) => {
            if is_news {
                tracing::warn!(alert = kind, detail = why, "{word}");
            }
            *told = Some(why);
        }
        // Tried again: health tells that the ledger does not work.
        Err(error) => tracing::debug!(%error, kind, "an alert cannot be kept"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_weeks_before_its_end_a_certificate_is_told_of() {
        let expiry: Timestamp = "2026-07-28T12:00:00Z".parse().unwrap();
        for (now, expected) in [
            ("2026-07-14T11:59:59Z", None),
            ("2026-07-14T12:00:01Z", Some("expires soon: 2026-07-28T12:00:00Z")),
            ("2026-07-28T12:00:01Z", Some("has expired: 2026-07-28T12:00:00Z")),
        ] {
            let told = expiring(expiry, now.parse().unwrap());
            assert_eq!(told.is_some(), expected.is_some(), "{now}: {told:?}");
            assert!(told.is_none_or(|told| told.ends_with(expected.unwrap_or_default())), "{now}");
        }
    }
}

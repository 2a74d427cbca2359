//! State that a client carries from one round of a request to the next, sealed so that what
//! a client has altered is noticed. The key is the build's, so every worker opens every seal.

use hmac::{Hmac, KeyInit, Mac};
use rmcp::model::ErrorData;
use sha2::Sha256;

/// No secret: the suites' own state is all that it guards.
const KEY: &[u8] = b"conformance fixtures";

/// The state with its seal.
pub(super) fn seal(state: &str) -> String {
    format!("{state}.{}", tag(state))
}

/// The state, where its seal is whole.
///
/// # Errors
///
/// `invalid_params` for a state that is not as it was sealed.
pub(super) fn open(sealed: &str) -> Result<&str, ErrorData> {
    let opened = sealed.split_once('.').filter(|(state, found)| tag(state) == *found);
    opened
        .map(|(state, _)| state)
        .ok_or_else(|| ErrorData::invalid_params("requestState is not as this server has sealed it", None))
}

fn tag(state: &str) -> String {
    // A key of any length is taken.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(KEY) else { return String::new() };
    mac.update(state.as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_sealed_opens() {
        let sealed = seal("step1");
        assert_eq!(open(&sealed).unwrap(), "step1");
        assert!(open(&format!("{sealed}-TAMPERED")).is_err());
        assert!(open(&sealed.replace("step1", "step2")).is_err());
        assert!(open("step1").is_err());
    }
}

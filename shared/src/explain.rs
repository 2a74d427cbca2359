//! What each error code means and what to do about it, for `explain` and the
//! console. Text only: it must hold without a server, a workspace or a network.

mod restart;
mod tool;

use serde::Serialize;

use crate::error_code::ErrorCode;

/// All that is to be said about one code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Page {
    /// The code.
    pub error_code: ErrorCode,
    /// As it is written everywhere.
    #[serde(skip)]
    pub name: &'static str,
    /// In a few words.
    pub title: &'static str,
    /// What has happened, and what has not.
    pub meaning: &'static str,
    /// What usually leads to it, the most frequent first.
    pub causes: &'static [&'static str],
    /// Where to look.
    pub look_at: &'static [Look],
    /// What to do, in this order.
    pub what_to_do: &'static [&'static str],
}

/// A command that shows more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Look {
    /// To be typed in the project's directory.
    pub command: &'static str,
    /// What it shows.
    pub shows: &'static str,
}

/// Every page, the restart's codes first.
pub static PAGES: [&Page; 25] = [
    &restart::INITIALIZATION_FAILED,
    &restart::RESTART_IN_PROGRESS,
    &restart::NOT_READY,
    &restart::TIMEOUT_EXCEEDED,
    &restart::STATE_SERIALIZATION_FAILED,
    &restart::WORKER_UNAVAILABLE,
    &restart::CONNECTION_FAILED,
    &restart::DATABASE_FAILED,
    &restart::PERMISSION_DENIED,
    &restart::RATE_LIMITED,
    &restart::SAFE_MODE,
    &restart::OUTCOME_UNKNOWN,
    &tool::INVALID_ARGUMENT,
    &tool::NOT_FOUND,
    &tool::ALREADY_EXISTS,
    &tool::INVALID_TRANSITION,
    &tool::INVALID_DEPENDENCY,
    &tool::DEPENDENCY_UNFINISHED,
    &tool::HAS_DEPENDENTS,
    &tool::PATH_OUTSIDE_WORKSPACE,
    &tool::IDEMPOTENCY_CONFLICT,
    &tool::STORAGE_UNAVAILABLE,
    &tool::STORAGE_FAILED,
    &tool::OVERLOADED,
    &tool::INTERNAL,
];

/// The page of a code. A code without one does not compile.
pub const fn page(code: ErrorCode) -> &'static Page {
    match code {
        ErrorCode::InvalidArgument => &tool::INVALID_ARGUMENT,
        ErrorCode::NotFound => &tool::NOT_FOUND,
        ErrorCode::AlreadyExists => &tool::ALREADY_EXISTS,
        ErrorCode::InvalidTransition => &tool::INVALID_TRANSITION,
        ErrorCode::InvalidDependency => &tool::INVALID_DEPENDENCY,
        ErrorCode::DependencyUnfinished => &tool::DEPENDENCY_UNFINISHED,
        ErrorCode::HasDependents => &tool::HAS_DEPENDENTS,
        ErrorCode::PathOutsideWorkspace => &tool::PATH_OUTSIDE_WORKSPACE,
        ErrorCode::IdempotencyConflict => &tool::IDEMPOTENCY_CONFLICT,
        ErrorCode::StorageUnavailable => &tool::STORAGE_UNAVAILABLE,
        ErrorCode::StorageFailed => &tool::STORAGE_FAILED,
        ErrorCode::Overloaded => &tool::OVERLOADED,
        ErrorCode::Internal => &tool::INTERNAL,
        ErrorCode::InitializationFailed => &restart::INITIALIZATION_FAILED,
        ErrorCode::RestartInProgress => &restart::RESTART_IN_PROGRESS,
        ErrorCode::NotReady => &restart::NOT_READY,
        ErrorCode::TimeoutExceeded => &restart::TIMEOUT_EXCEEDED,
        ErrorCode::StateSerializationFailed => &restart::STATE_SERIALIZATION_FAILED,
        ErrorCode::WorkerUnavailable => &restart::WORKER_UNAVAILABLE,
        ErrorCode::ConnectionFailed => &restart::CONNECTION_FAILED,
        ErrorCode::DatabaseFailed => &restart::DATABASE_FAILED,
        ErrorCode::PermissionDenied => &restart::PERMISSION_DENIED,
        ErrorCode::RateLimited => &restart::RATE_LIMITED,
        ErrorCode::SafeMode => &restart::SAFE_MODE,
        ErrorCode::OutcomeUnknown => &restart::OUTCOME_UNKNOWN,
    }
}

/// A code as it is written everywhere.
pub const fn name(code: ErrorCode) -> &'static str {
    page(code).name
}

/// The page of what somebody typed: in any case, with `-` for `_`, and for the
/// restart's codes also the number alone or without its zeros.
pub fn find(typed: &str) -> Option<&'static Page> {
    let written = normal(typed);
    PAGES.iter().copied().find(|page| page.name == written)
}

/// As codes are written, where that can be told.
pub fn normal(typed: &str) -> String {
    let upper = typed.trim().to_ascii_uppercase().replace(['-', ' '], "_");
    let number = upper.strip_prefix("RESTART").map_or(upper.as_str(), |rest| rest.trim_start_matches('_'));
    match number.parse::<u16>() {
        Ok(number) => format!("RESTART_{number:03}"),
        Err(_) => upper,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn codes() -> Vec<ErrorCode> {
        let schema = schemars::schema_for!(ErrorCode).to_value();
        let variants = schema["oneOf"].as_array().unwrap();
        variants.iter().map(|variant| serde_json::from_value(variant["const"].clone()).unwrap()).collect()
    }

    #[test]
    fn every_code_has_its_own_page_in_the_list() {
        let codes = codes();
        assert_eq!(codes.len(), PAGES.len());
        for code in codes {
            let page = page(code);
            assert_eq!(page.error_code, code);
            assert_eq!(serde_json::to_value(code).unwrap(), page.name);
            assert_eq!(PAGES.iter().filter(|listed| ***listed == *page).count(), 1, "{}", page.name);
        }
    }

    #[test]
    fn every_page_says_everything_in_its_own_words() {
        let mut titles = HashSet::new();
        for page in PAGES {
            let name = page.name;
            assert!(titles.insert(page.title), "{name}");
            assert!(page.meaning.len() > 40 && page.meaning.ends_with('.'), "{name}");
            assert!(
                !page.causes.is_empty() && !page.look_at.is_empty() && !page.what_to_do.is_empty(),
                "{name}"
            );
            for text in page.causes.iter().chain(page.what_to_do) {
                assert!(text.ends_with('.') && !text.contains("  "), "{name}: {text}");
            }
        }
    }

    #[test]
    fn codes_are_found_however_they_are_typed() {
        for typed in ["7", "007", "restart_7", "RESTART-007", " Restart 7 ", "restart7"] {
            assert_eq!(find(typed).map(|page| page.error_code), Some(ErrorCode::ConnectionFailed), "{typed}");
        }
        assert_eq!(find("not-found").map(|page| page.error_code), Some(ErrorCode::NotFound));
        for typed in ["", "0", "13", "RESTART_", "restart_seven", "99999999", "-7", "NOT_FOUN"] {
            assert_eq!(find(typed), None, "{typed}");
        }
    }
}

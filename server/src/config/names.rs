//! Names of users and groups, held against those that the system knows. It looks
//! only at values that could be read, and so adds to their problems.

use super::setting::{Grants, GroupName, Raw, Setting};
use super::{Origin, Problem, Provenance};
use crate::access;

/// Every name that stands for nobody, or for somebody twice. May block: the
/// system's database may be on another machine.
pub(super) fn problems(provenance: &Provenance) -> Vec<Problem> {
    let grants = value::<Grants>(provenance, "access.grants");
    let group = value::<GroupName>(provenance, "access.socket_group");
    let problem = |error: access::AccessError| Problem {
        origin: provenance.of(error.key).map_or(Origin::Default, |entry| entry.origin.clone()),
        message: error.to_string(),
        help: None,
    };
    access::mistakes(grants.as_ref(), group.as_ref()).into_iter().map(problem).collect()
}

fn value<T: Setting>(provenance: &Provenance, path: &str) -> Option<T> {
    T::read(&raw(&provenance.of(path)?.value)).ok()
}

/// What is shown, as if it had been typed.
fn raw(value: &toml::Value) -> Raw<'_> {
    match value {
        toml::Value::String(text) => Raw::Text(text),
        toml::Value::Array(items) => Raw::List(items.iter().map(raw).collect()),
        other => Raw::Other(other.type_str()),
    }
}

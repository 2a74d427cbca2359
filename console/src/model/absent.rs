//! Why there is nothing to show, in a sentence: not known yet, or not to be seen.

use task_orchestrator_shared::role::{Operation, Role};

use super::Model;
use super::link_state::LinkState;

/// Why something that needs this right is not there. An empty list has words of its own.
pub fn why(model: &Model, operation: Operation) -> String {
    if let Some(welcome) = model.link.welcome() {
        if !welcome.you.may.contains(&operation) {
            let least = Role::least_for(operation);
            return format!("Not shown: you are {} and this needs {least}.", welcome.you.role);
        }
        return "Not known yet: the server has not told.".to_owned();
    }
    match &model.link {
        LinkState::Denied { why, .. } => format!("Not known: the server refused this console: {why}"),
        LinkState::Waiting { lost, .. } => format!("Not known: there is no connection: {}", lost.why),
        _ => "Not known yet: connecting to the server.".to_owned(),
    }
}

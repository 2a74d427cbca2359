//! Who one is for the server, and which role may do what.

use task_orchestrator_shared::admin::WhoAmI;
use task_orchestrator_shared::admin::reply::Roles;
use task_orchestrator_shared::role::Role;

use super::{blank, fact, title, toned};
use crate::model::Model;
use crate::model::prompt::PageLine;
use crate::theme::Tone;

/// Who one is.
pub(super) fn who(you: &WhoAmI) -> Vec<PageLine> {
    let user = match &you.user {
        Some(user) => format!("{user} (uid {}, gid {})", you.uid, you.gid),
        None => format!("uid {}, gid {}", you.uid, you.gid),
    };
    let role = if you.role == you.granted {
        format!("{}, granted to {}", you.role, you.granted_by)
    } else {
        format!("{}; {} was granted to {}", you.role, you.granted, you.granted_by)
    };
    let mut lines = vec![fact("you are", user), fact("role", role)];
    lines.extend(you.pid.map(|pid| fact("process", pid.to_string())));
    lines
}

/// Who one is, which role may do what, and who has which.
pub(super) fn roles(model: &Model, roles: &Roles) -> Vec<PageLine> {
    let you = model.link.welcome().map(|welcome| &welcome.you);
    let mut lines = you.map(who).unwrap_or_default();
    lines.push(blank());
    for role in Role::ALL {
        lines.push(title(&heading(role)));
        let own = roles.operations.iter().filter(|operation| operation.least == role);
        lines.extend(own.map(|operation| {
            let name = operation.operation.as_str();
            let may = you.is_none_or(|you| you.may.contains(&operation.operation));
            let audit = if operation.privileged { "; written in the audit before it is done" } else { "" };
            match may {
                true => PageLine::plain(format!("  {name}{audit}")),
                false => PageLine::of(Tone::Dim, format!("  {name}: not you{audit}")),
            }
        }));
    }
    lines.push(blank());
    lines.push(title("Who has which role"));
    lines.extend(
        roles.grants.iter().map(|grant| fact(grant.role.as_str(), format!("{} ({})", grant.to, grant.id))),
    );
    lines.push(toned(Tone::Plain, roles.stdio_role.as_str(), "MCP clients on standard input and output"));
    lines
}

fn heading(role: Role) -> String {
    match role {
        Role::Readonly => "readonly may".to_owned(),
        role => format!("{role} may also"),
    }
}

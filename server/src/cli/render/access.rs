//! Who may do what, for people.

use std::io::{self, Write};

use task_orchestrator_shared::admin::WhoAmI;
use task_orchestrator_shared::admin::reply::{Grant, OperationRole, Roles};
use task_orchestrator_shared::role::{Operation, Role};

use super::text::{clean, row, rows_of, table};
use crate::cli::screen::Paint;

/// Prints who somebody is, and what that allows.
pub(in crate::cli) fn who(you: &WhoAmI, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let name = you.user.as_deref().map_or_else(|| "unknown".to_owned(), clean);
    let process = you.pid.map(|pid| format!(", pid {pid}")).unwrap_or_default();
    row(out, "you", &format!("{name} (uid {}, gid {}){process}", you.uid, you.gid))?;
    let by = clean(&you.granted_by);
    let lowered = match you.granted {
        granted if granted == you.role => format!("granted by {by}"),
        granted => format!("lowered from {granted}, granted by {by}"),
    };
    row(out, "role", &format!("{} ({lowered})", paint.title(you.role.as_str())))?;
    let (may, not): (Vec<Operation>, Vec<Operation>) =
        Operation::ALL.iter().partition(|operation| you.may.contains(operation));
    rows_of(out, "may", may.into_iter().map(Operation::as_str))?;
    rows_of(out, "may not", not.into_iter().map(Operation::as_str))
}

/// Prints what each role may, and who has which.
pub(in crate::cli) fn roles(roles: &Roles, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let mut rows = vec![titles()];
    rows.extend(roles.operations.iter().map(marks));
    table(out, paint, &rows)?;
    writeln!(out)?;
    let mut rows = vec![["GRANTED TO", "ID", "ROLE"].map(str::to_owned).to_vec()];
    rows.extend(roles.grants.iter().map(grant));
    rows.push(vec!["MCP clients (stdio)".to_owned(), "-".to_owned(), roles.stdio_role.to_string()]);
    table(out, paint, &rows)
}

fn titles() -> Vec<String> {
    let roles = Role::ALL.map(|role| role.as_str().to_uppercase());
    std::iter::once("OPERATION".to_owned()).chain(roles).chain(["AUDITED".to_owned()]).collect()
}

fn marks(operation: &OperationRole) -> Vec<String> {
    let mark = |holds: bool| if holds { "yes" } else { "-" }.to_owned();
    let allowed = Role::ALL.map(|role| mark(role >= operation.least));
    let name = operation.operation.to_string();
    let audited = if operation.privileged { "before" } else { "counted" }.to_owned();
    std::iter::once(name).chain(allowed).chain([audited]).collect()
}

fn grant(grant: &Grant) -> Vec<String> {
    vec![clean(&grant.to), grant.id.to_string(), grant.role.to_string()]
}

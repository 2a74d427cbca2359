//! The pages of roles, clients and the server's configuration, letter by letter.

use std::io::Write;

use task_orchestrator_shared::admin::config::Reloaded;
use task_orchestrator_shared::role::Role;

use super::samples;
use crate::cli::render::{access, config, sessions};
use crate::cli::screen::Paint;
use crate::cli::sessions_verb::Clients;

fn shown(print: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    print(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn who_one_is_and_what_that_allows() {
    let text = shown(|out| access::who(&samples::whoami(Role::Readonly), Paint::Plain, out));
    assert!(
        text.starts_with(
            "\
you         alice (uid 1000, gid 100), pid 42
role        readonly (lowered from operator, granted by group:dev)
may         who_am_i, view_roles, view, restart_status
may not     health_check, "
        ),
        "{text}"
    );
    assert!(text.lines().all(|line| line.chars().count() <= 90), "{text}");
    assert!(text.ends_with("stop\n"), "{text}");
    let text = shown(|out| access::who(&samples::whoami(Role::Operator), Paint::Plain, out));
    assert!(text.contains("role        operator (granted by group:dev)\n"), "{text}");
    let mut all = samples::whoami(Role::Admin);
    all.granted = Role::Admin;
    let text = shown(|out| access::who(&all, Paint::Plain, out));
    assert!(!text.contains("may not"), "{text}");
}

#[test]
fn roles_are_a_table_of_marks() {
    let text = shown(|out| access::roles(&samples::roles(), Paint::Plain, out));
    assert_eq!(
        text,
        "\
OPERATION         READONLY  MONITOR  OPERATOR  ADMIN  AUDITED
view              yes       yes      yes       yes    counted
graceful_restart  -         -        yes       yes    before
stop              -         -        -         yes    before

GRANTED TO           ID    ROLE
owner                1000  admin
MCP clients (stdio)  -     operator
"
    );
}

#[test]
fn clients_are_a_table_with_short_ids() {
    let clients = Clients::Viewed(samples::view().sessions);
    let text = shown(|out| sessions::sessions(&clients, Paint::Plain, out));
    assert_eq!(
        text,
        "\
NO  ID        NAME         VERSION  PID  STATE    IN FLIGHT  WAITING      OLDEST  REQUESTS  BACK  SINCE
1   00000001  -            -        91   idle     0          0            -       6         1     2026-01-02T03:04:05Z
3   00000003  claude-code  1.2      93   waiting  1          2 (2.0 KiB)  1.5 s   6         1     2026-01-02T03:04:05Z
"
    );
    let listed = Clients::Listed(samples::status().sessions);
    let text = shown(|out| sessions::sessions(&listed, Paint::Plain, out));
    assert_eq!(text, "ID   PID  UNANSWERED  ASKED  DROPPED\nc-1  99   4           0      0\n");
    for nobody in [Clients::Viewed(Vec::new()), Clients::Listed(Vec::new())] {
        assert_eq!(shown(|out| sessions::sessions(&nobody, Paint::Plain, out)), "no client is connected\n");
    }
}

#[test]
fn a_client_is_named_by_number_short_id_or_whole_id_and_never_by_guess() {
    let mut view = samples::view();
    let clients = Clients::Viewed(view.sessions.clone());
    let whole = view.sessions[1].client.clone();
    for typed in ["3", "00000003", whole.as_str()] {
        let named = clients.named(typed).unwrap();
        assert_eq!(named.client, whole, "{typed}");
        assert_eq!(named.described, "session 3 (claude-code 1.2, pid 93)");
    }
    for typed in ["", "2", "0000003", "claude-code", "0191f2a4"] {
        assert_eq!(clients.named(typed), None, "{typed}");
    }
    view.sessions[0].client.clone_from(&whole);
    assert_eq!(Clients::Viewed(view.sessions).named(&whole), None, "two are nobody");
}

#[test]
fn the_server_s_configuration_marks_what_is_not_in_force() {
    let text = shown(|out| config::entries(&samples::config(), Paint::Plain, out));
    assert_eq!(
        text,
        "\
KEY              VALUE   PENDING  FROM
restart.timeout  \"30 s\"  -        default
buffer.expiry    \"30 s\"  \"1 min\"  default

1 not in force yet; `task-orchestrator config reload` applies what can be applied
"
    );
    let text = shown(|out| config::reloaded(&samples::reloaded(), Paint::Plain, out));
    assert_eq!(
        text,
        "\
applied     log.level
            state.backups
at restart  store.synchronous
            these hold after `task-orchestrator restart`
at stop     limits.sessions
            these hold after `task-orchestrator stop`, in the next server
"
    );
    let text = shown(|out| config::reloaded(&Reloaded::default(), Paint::Plain, out));
    assert_eq!(text, "nothing has changed\n");
}

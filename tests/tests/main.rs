//! The promises, a file each. One program has them all: linking one for each takes longer
//! than most of them run, and what waits in one test leaves its time to another.

mod admin_grants;
mod admin_hostile;
mod admin_roles;
mod audit;
mod audit_full;
mod background_calls;
mod broken_binary;
mod console_away;
mod console_demo;
mod console_everyday;
mod console_hostile;
mod console_linear;
mod console_link;
mod console_restart;
mod console_roles;
mod console_terminal;
mod disk_full;
mod editors;
mod following;
mod front_killed;
mod handshake;
mod http;
mod http_chaos;
mod http_clients;
mod http_legacy;
mod http_limits;
mod http_modern;
mod http_probes;
mod http_security;
mod huge_line;
mod logs;
mod looking;
mod maintenance_window;
mod malformed;
mod operating;
mod processes;
mod readme;
mod reboot_tools;
mod restart_faults;
mod restarts;
mod restoring;
mod rmcp_client;
mod safe_mode;
mod session_survives;
mod slow_client;
mod upgrade;
mod worker_killed;

/// A file that nobody names here would be tested by nobody.
#[test]
fn every_file_beside_this_one_is_tested() -> anyhow::Result<()> {
    for file in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests"))? {
        let name = file?.file_name().into_string().unwrap_or_default();
        let Some(module) = name.strip_suffix(".rs").filter(|module| *module != "main") else { continue };
        let line = format!("\nmod {module};\n");
        anyhow::ensure!(include_str!("main.rs").contains(&line), "main.rs lacks `mod {module};`");
    }
    Ok(())
}

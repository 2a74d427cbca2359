//! What the README repeats of the programs is what they say. `BLESS=1` writes it.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use task_orchestrator_tests::program;

const BEGIN: &str = "<!-- keys: task-orchestrator-console keys -->\n";
const END: &str = "<!-- keys end -->";

#[test]
fn the_table_of_keys_is_the_console_s() -> Result<()> {
    let output = Command::new(program::beside("task-orchestrator-console")?).arg("keys").output()?;
    ensure!(output.status.success(), "{output:?}");
    let keys = String::from_utf8(output.stdout)?;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = fs::read_to_string(&path)?;
    let (before, rest) = readme.split_once(BEGIN).context("the README has no place for the keys")?;
    let (shown, after) = rest.split_once(END).context("the README's table of keys has no end")?;
    let wanted = format!("\n{keys}\n");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{wanted}{END}{after}"))?;
    } else {
        ensure!(shown == wanted, "the README has other keys than the console: BLESS=1 writes them");
    }
    Ok(())
}

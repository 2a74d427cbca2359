//! A program that has taken the terminal as the console does, and in which something
//! goes wrong on the thread that is named: `main`, or another one.

use std::io::Write as _;

use anyhow::Result;
use task_orchestrator_console::terminal::{crash, guard::Guard};

#[expect(clippy::panic, reason = "it is what this program is for")]
fn main() -> Result<()> {
    crash::install();
    for name in ["connecting", "live", "key"] {
        crash::remember(name);
    }
    let guard = Guard::arm()?;
    let opening = guard.mouse(true).len();
    std::io::stdout().write_all(guard.opening().as_bytes())?;
    std::io::stdout().write_all(b"taken")?;
    std::io::stdout().flush()?;
    if std::env::args().nth(1).as_deref() == Some("main") {
        panic!("planned, after {opening} bytes");
    }
    let other = std::thread::Builder::new().name("other".to_owned());
    let _ = other.spawn(|| panic!("planned on another thread"))?.join();
    anyhow::bail!("this is never reached")
}

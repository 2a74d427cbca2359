//! The console's program: wiring only.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use task_orchestrator_console::cli::{Cli, exit_of};
use task_orchestrator_console::exit::Exit;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(answer) => {
            // Help and version count as done; a closed pipe is nobody's fault.
            let _ = answer.print();
            return if answer.use_stderr() { Exit::Usage } else { Exit::Done }.into();
        }
    };
    let exit = cli.run().unwrap_or_else(|error| {
        let _ = writeln!(io::stderr(), "error: {error:#}");
        exit_of(&error)
    });
    exit.into()
}

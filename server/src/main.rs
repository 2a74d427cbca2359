//! Wiring only.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use task_orchestrator::cli::{Cli, Command, exit_of};
use task_orchestrator::exit::Exit;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(answer) => {
            // Help and version count as done; a closed pipe is nobody's fault.
            let _ = answer.print();
            return if answer.use_stderr() { Exit::Usage } else { Exit::Done }.into();
        }
    };
    let exit = run(&cli).unwrap_or_else(|error| {
        let _ = writeln!(io::stderr(), "error: {error:#}");
        exit_of(&error)
    });
    exit.into()
}

fn run(cli: &Cli) -> anyhow::Result<Exit> {
    let global = &cli.global;
    let (mut out, mut err) = (io::stdout().lock(), io::stderr().lock());
    match &cli.command {
        Command::Config(args) => args.run(global, &mut out, &mut err),
        Command::Install(args) => args.run(global, &mut out),
        Command::Uninstall(args) => args.run(global, &mut out),
        Command::Stdio(_)
        | Command::Serve(_)
        | Command::Status(_)
        | Command::Stop(_)
        | Command::Worker(_) => {
            anyhow::bail!("this build has no processes")
        }
    }
}

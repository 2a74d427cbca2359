//! `man`: manual pages, made on demand from the definition of the command line.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use clap_mangen::Man;

use super::screen::Screen;
use super::visible::visible;
use crate::exit::Exit;

/// Arguments of `man`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  task-orchestrator man | man -l -                    read the main page
  task-orchestrator man --output ~/.local/share/man/man1")]
pub struct ManArgs {
    /// Write one page for each verb into this directory, made if it is missing
    #[arg(long, value_name = "DIR")]
    pub output: Option<PathBuf>,
}

impl ManArgs {
    /// Prints the main page, or writes all pages.
    ///
    /// # Errors
    /// Output that cannot be written.
    pub(super) fn run(&self, screen: &mut Screen<'_>) -> anyhow::Result<Exit> {
        match &self.output {
            None => Man::new(visible()).render(&mut screen.out)?,
            Some(directory) => {
                pages(directory).with_context(|| format!("cannot write to {}", directory.display()))?;
                writeln!(screen.out, "the pages are in {}", directory.display())?;
            }
        }
        Ok(Exit::Done)
    }
}

fn pages(directory: &Path) -> std::io::Result<()> {
    fs::create_dir_all(directory)?;
    clap_mangen::generate_to(visible(), directory)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::screen::Paint;

    fn run(output: Option<PathBuf>) -> String {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut screen = Screen {
            input: &mut std::io::empty(),
            out: &mut out,
            err: &mut err,
            paint: Paint::Plain,
            draws: false,
            asks: false,
        };
        assert_eq!(ManArgs { output }.run(&mut screen).unwrap(), Exit::Done);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_main_page_names_the_verbs() {
        let page = run(None);
        assert!(page.contains(".TH task-orchestrator 1"), "{page}");
        assert!(page.contains("task\\-orchestrator\\-restart(1)") && !page.contains("orchestrator\\-worker"));
    }

    #[test]
    fn each_verb_has_a_page() {
        let place = tempfile::tempdir().unwrap();
        let directory = place.path().join("new/man1");
        run(Some(directory.clone()));
        for verb in visible().get_subcommands() {
            let page = fs::read_to_string(directory.join(format!("task-orchestrator-{}.1", verb.get_name())));
            assert!(page.unwrap().contains(".SH SYNOPSIS"), "{}", verb.get_name());
        }
        assert!(directory.join("task-orchestrator.1").is_file());
        assert!(directory.join("task-orchestrator-state-restore.1").is_file());
        assert!(!directory.join("task-orchestrator-worker.1").exists());
    }
}

//! `completions`: what a shell needs to complete this program's command line. Made on
//! demand from the definition of the command line, so it is never out of date.

use clap::Args;
use clap_complete::{Shell, generate};

use super::screen::Screen;
use super::visible::visible;
use crate::exit::Exit;

/// Arguments of `completions`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  task-orchestrator completions bash        > ~/.local/share/bash-completion/completions/task-orchestrator
  task-orchestrator completions zsh         > ~/.zfunc/_task-orchestrator
  task-orchestrator completions fish        > ~/.config/fish/completions/task-orchestrator.fish
  task-orchestrator completions elvish      >> ~/.config/elvish/rc.elv
  task-orchestrator completions powershell  >> $PROFILE")]
pub struct CompletionsArgs {
    /// The shell
    pub shell: Shell,
}

impl CompletionsArgs {
    /// Prints the script.
    ///
    /// # Errors
    /// Output that cannot be written.
    pub(super) fn run(&self, screen: &mut Screen<'_>) -> anyhow::Result<Exit> {
        let mut command = visible();
        let name = command.get_name().to_owned();
        // The generator panics when its output fails, so it gets one that cannot.
        let mut script = Vec::new();
        generate(self.shell, &mut command, name, &mut script);
        screen.out.write_all(&script)?;
        Ok(Exit::Done)
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;
    use crate::cli::screen::Paint;

    fn script(shell: Shell) -> String {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut screen = Screen {
            input: &mut std::io::empty(),
            out: &mut out,
            err: &mut err,
            paint: Paint::Plain,
            draws: false,
            asks: false,
        };
        assert_eq!(CompletionsArgs { shell }.run(&mut screen).unwrap(), Exit::Done);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_shell_is_offered_the_verbs_and_not_the_hidden_ones() {
        for shell in Shell::value_variants() {
            let script = script(*shell);
            assert!(script.contains("reconnect-test") && script.contains("emergency"), "{shell}");
            assert!(!script.contains("detached"), "{shell}");
            // By its name in bash, which shows no explanations, and by its explanation.
            assert!(
                !script.contains("__worker") && !script.contains("started by the server itself"),
                "{shell}"
            );
        }
    }

    #[test]
    fn bash_completes_a_verb() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("completions");
        std::fs::write(&file, script(Shell::Bash)).unwrap();
        let test = format!(
            ". {}; COMP_WORDS=(task-orchestrator rest); COMP_CWORD=1; \
             set -- $(complete -p task-orchestrator); while [ \"$1\" != -F ]; do shift; done; \
             \"$2\" task-orchestrator rest task-orchestrator; echo \"${{COMPREPLY[@]}}\"",
            file.display()
        );
        let output = std::process::Command::new("bash").args(["-c", &test]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "restart");
    }
}

//! The command line as people are told of it: without what is hidden. For generators
//! that would otherwise offer verbs which only the program itself starts.

use clap::{Command, CommandFactory};

use super::Cli;

/// The definition without hidden verbs and flags.
pub(super) fn visible() -> Command {
    without_hidden(&Cli::command())
}

fn without_hidden(command: &Command) -> Command {
    // A definition cannot lose a verb, so it is made anew from what stays.
    let mut shown = Command::new(command.get_name().to_owned())
        .args(command.get_arguments().filter(|argument| !argument.is_hide_set()).cloned())
        .subcommands(command.get_subcommands().filter(|verb| !verb.is_hide_set()).map(without_hidden))
        .subcommand_required(command.is_subcommand_required_set());
    if let Some(version) = command.get_version() {
        shown = shown.version(version.to_owned());
    }
    if let Some(about) = command.get_about() {
        shown = shown.about(about.clone());
    }
    if let Some(help) = command.get_after_help() {
        shown = shown.after_help(help.clone());
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_verbs_and_flags_are_gone_and_the_others_stay() {
        let mut shown = visible();
        shown.build();
        let names: Vec<&str> = shown.get_subcommands().map(Command::get_name).collect();
        let all = Cli::command();
        for verb in all.get_subcommands() {
            assert_eq!(names.contains(&verb.get_name()), !verb.is_hide_set(), "{}", verb.get_name());
        }
        assert!(!names.contains(&"worker") && names.contains(&"restart"));
        let serve = shown.find_subcommand("serve").unwrap();
        assert!(serve.get_arguments().all(|argument| argument.get_id() != "detached"));
        let config = shown.find_subcommand("config").unwrap();
        assert!(config.find_subcommand("show").unwrap().get_about().is_some());
    }
}

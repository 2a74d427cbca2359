//! What help and pages tell people to type can be typed.

use clap::CommandFactory;
use task_orchestrator_shared::explain::PAGES;

use crate::cli::Cli;

/// The words of a line as a shell would make them, up to a pipe or a remark.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    let command = line.split(" | ").next().unwrap();
    let mut letters = command.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => quoted = !quoted,
            ' ' if !quoted => {
                words.push(std::mem::take(&mut word));
                if letters.peek() == Some(&' ') {
                    return words;
                }
            }
            letter => word.push(letter),
        }
    }
    words.push(word);
    words
}

fn parse(line: &str) -> Result<Cli, clap::Error> {
    let words = words(line).into_iter().skip_while(|word| word.contains('='));
    clap::Parser::try_parse_from(words)
}

#[test]
fn every_example_of_the_help_is_accepted() {
    let mut found = 0;
    let command = Cli::command();
    let verbs = command.get_subcommands().filter(|verb| !verb.is_hide_set());
    for verb in verbs.chain(std::iter::once(&command)) {
        let help = verb.get_after_help().unwrap().to_string();
        for line in help.lines().filter_map(|line| line.strip_prefix("  ")) {
            if line.starts_with("task-orchestrator ") || line.starts_with("MCP_TASK_ORCHESTRATOR_") {
                for command in line.split(" && ") {
                    assert!(parse(command).is_ok(), "{command}: {}", parse(command).unwrap_err());
                    found += 1;
                }
            }
        }
    }
    assert!(found > 30, "only {found} examples were found");
}

#[test]
fn no_page_has_a_database_put_in_place_by_hand() {
    use task_orchestrator_shared::error_code::ErrorCode;
    for code in [ErrorCode::DatabaseFailed, ErrorCode::StorageFailed] {
        let advice = task_orchestrator_shared::explain::page(code).what_to_do.join(" ");
        assert!(advice.contains("task-orchestrator state restore"), "{advice}");
    }
}

#[test]
fn every_command_that_a_page_names_is_accepted() {
    let mut found = 0;
    for page in PAGES {
        let looks = page.look_at.iter().map(|look| look.command);
        let steps = page.what_to_do.iter().chain(page.causes).flat_map(|step| step.split('`'));
        for line in looks.chain(steps).filter(|line| line.starts_with("task-orchestrator ")) {
            let line = line.replace(" ID", " 7");
            let asked = parse(&line);
            let version = asked.as_ref().is_err_and(|e| e.kind() == clap::error::ErrorKind::DisplayVersion);
            assert!(asked.is_ok() || version, "{}: {line}: {}", page.name, asked.unwrap_err());
            found += 1;
        }
    }
    assert!(found > 30, "only {found} commands were found");
}

//! Answers as pages and sentences.

mod lines;
mod told;

use task_orchestrator_shared::admin::Reply;
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::explain;

use super::say;
use crate::action::ActionId;
use crate::heard::Tag;
use crate::model::dialog::Ask;
use crate::model::prompt::{Page, PageLine, Prompt};
use crate::model::steps::Run;
use crate::model::{Model, words};
use crate::msg::Effect;
use crate::screen::Screen;
use crate::theme::Tone;

/// The page that waits for this has its answer.
pub(super) fn answered(model: &mut Model, tag: Tag, reply: Result<Reply, String>) {
    let lines = match reply {
        Ok(reply) => lines::of(model, &reply),
        Err(why) => vec![PageLine::of(Tone::Bad, why)],
    };
    if let Prompt::Page(page) = &mut model.prompt
        && page.waits_for == Some(tag)
    {
        page.answer(lines);
    }
}

/// An order was carried out, or not.
pub(super) fn ordered(model: &mut Model, ask: &Ask, reply: Result<Reply, String>) -> Vec<Effect> {
    answered_small(model, ask.action().action().label, reply);
    // What the screen shows of it has been asked for before.
    if *ask == Ask::Reload && model.screen == Screen::Configuration {
        return super::poll::refresh(model);
    }
    Vec::new()
}

/// Says what came of something.
pub(super) fn answered_small(model: &mut Model, label: &str, reply: Result<Reply, String>) {
    let (tone, text) = match reply {
        Ok(reply) => told::of(label, &reply),
        Err(why) => (Tone::Bad, format!("{label}: {why}")),
    };
    say(model, tone, text);
}

/// The page of the error of the chosen row.
pub(super) fn explain(model: &mut Model) -> Vec<Effect> {
    match error_code(model) {
        Some(code) => {
            let page = explain::page(code);
            model.prompt = Prompt::Page(Page::of(format!("{}: {}", page.name, page.title), explained(page)));
        }
        None => say(model, Tone::Plain, "there is no error to explain here".to_owned()),
    }
    Vec::new()
}

/// The code of the error that is meant: of the chosen row, or of the restart that runs
/// or ran last.
fn error_code(model: &Model) -> Option<ErrorCode> {
    let (view, _) = model.view()?;
    match model.screen {
        Screen::Restarts => {
            let chosen = super::lists::chosen(model)?;
            let run = Run::all(view).into_iter().find(|run| run.id == chosen)?;
            run.error.map(|error| error.error_code)
        }
        Screen::DeadLetters => {
            let id: u64 = super::lists::chosen(model)?.parse().ok()?;
            let letter = view.dead_letters.iter().flatten().find(|letter| letter.id == id)?;
            Some(letter.error_code)
        }
        _ => Run::current(view)?.error.map(|error| error.error_code),
    }
}

/// What there is to say about a code.
fn explained(page: &explain::Page) -> Vec<PageLine> {
    let title = |text: &str| [PageLine::plain(""), PageLine::of(Tone::Title, text)];
    let mut lines = vec![PageLine::plain(page.meaning)];
    lines.extend(title("What usually leads to it"));
    lines.extend(page.causes.iter().map(|cause| PageLine::plain(format!("- {cause}"))));
    lines.extend(title("What to do"));
    let numbered = page.what_to_do.iter().zip(1..);
    lines.extend(numbered.map(|(step, number)| PageLine::plain(format!("{number}. {step}"))));
    lines.extend(title("Where to look"));
    lines.extend(page.look_at.iter().flat_map(|look| {
        [
            PageLine::of(Tone::Key, format!("  {}", look.command)),
            PageLine::plain(format!("      {}", look.shows)),
        ]
    }));
    lines
}

/// The two marked restarts beside each other, the older one first.
pub(super) fn compare_restarts(model: &mut Model) -> Vec<Effect> {
    let lines = model.view().and_then(|(view, _)| {
        let list = model.list();
        let [one, other] = list.marked.as_slice() else { return None };
        let all = Run::all(view);
        let place = |id: &str| all.iter().position(|run| run.id == id);
        let (one, other) = (place(one)?, place(other)?);
        // The newest stands first.
        let (older, newer) = (all.get(one.max(other))?, all.get(one.min(other))?);
        Some((format!("{} and {}", older.id, newer.id), super::compare::lines(model, older, newer)))
    });
    match lines {
        Some((title, lines)) => model.prompt = Prompt::Page(Page::of(title, lines)),
        None => {
            let key =
                model.settings.keymap.hint(ActionId::Mark).map_or_else(String::new, |key| key.to_string());
            say(model, Tone::Warn, format!("mark two restarts first, with {key}"));
        }
    }
    Vec::new()
}

/// Everything that is shown, as text.
pub(super) fn everything(model: &Model) -> Option<String> {
    if let Prompt::Page(page) = &model.prompt {
        let lines: Vec<&str> = page.lines.iter().map(|line| line.text.as_str()).collect();
        return Some(words::at_most(lines.join("\n"), words::MAX_COPIED));
    }
    if model.screen == Screen::Logs {
        return Some(model.logs.as_text(words::MAX_COPIED));
    }
    super::lists::as_text(model)
}

#[cfg(test)]
mod tests {
    use task_orchestrator_shared::phase::Phase;
    use task_orchestrator_shared::restart::Outcome;
    use task_orchestrator_shared::role::Role;

    use super::*;
    use crate::sample::{connected, now, press, running, view};

    fn page(model: &Model) -> (&str, String) {
        let Prompt::Page(page) = &model.prompt else { panic!("no page, {:?}", model.notice()) };
        (&page.title, page.lines.iter().map(|line| format!("{}\n", line.text)).collect())
    }

    #[test]
    fn the_error_of_the_chosen_restart_is_explained() {
        let mut model = connected(view(1), Role::Readonly);
        press(&mut model, &["3", "j", "e"], now());
        assert!(matches!(model.prompt, Prompt::None), "the second one went well");
        assert!(model.notice().unwrap().text.contains("no error"));
        press(&mut model, &["j", "e"], now());
        let (title, text) = page(&model);
        assert!(title.starts_with("RESTART_006: "), "{title}");
        for part in ["What usually leads to it", "1. ", "task-orchestrator status"] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }

    #[test]
    fn on_the_overview_the_last_restart_is_meant() {
        let mut view = view(1);
        let mut failed = running(Phase::Failed);
        failed.report.outcome = Some(Outcome::Failed);
        failed.report.errors = vec![task_orchestrator_shared::restart::RestartError {
            error_code: ErrorCode::TimeoutExceeded,
            error: "late".to_owned(),
            phase: Phase::Preparation,
        }];
        view.restart = Some(failed);
        let mut model = connected(view, Role::Admin);
        press(&mut model, &["e"], now());
        assert!(page(&model).0.starts_with("RESTART_004: "));
    }

    #[test]
    fn two_marked_restarts_are_compared_the_older_one_first() {
        let mut model = connected(view(1), Role::Admin);
        press(&mut model, &["3", "x", "c"], now());
        assert!(matches!(model.prompt, Prompt::None));
        assert_eq!(model.notice().unwrap().text, "mark two restarts first, with x");
        press(&mut model, &["j", "j", "x", "c"], now());
        let (title, text) = page(&model);
        assert_eq!(title, "r-3 and r-1");
        insta::assert_snapshot!(text);
    }
}

//! What a dialog takes before it makes an order, and what makes it void.

use std::time::Duration;

use task_orchestrator_shared::admin::Request;
use task_orchestrator_shared::admin::view::View;
use task_orchestrator_shared::restart::{Reason, RestartRequest};
use task_orchestrator_shared::role::Role;
use tui_input::Input;

use super::*;
use crate::action::Danger;
use crate::heard::{Heard, LostKind};
use crate::key::Press;
use crate::model::Now;
use crate::model::dialog::{ARMS_AFTER, Content, FieldId, Focus};
use crate::msg::Msg;
use crate::sample::{answer, before, connected, now, press, readiness, running, type_text, view};
use crate::update::update;

const CLIENT: &str = "0198f0c2-0000-7000-8000-000000000002";

fn asks() -> Vec<Ask> {
    vec![
        Ask::Restart,
        Ask::Build,
        Ask::Upgrade,
        Ask::Emergency,
        Ask::CancelRestart,
        Ask::Rollback,
        Ask::Maintenance(true),
        Ask::Maintenance(false),
        Ask::ClearBuffers(None),
        Ask::ClearBuffers(Some(CLIENT.to_owned())),
        Ask::Disconnect(CLIENT.to_owned()),
        Ask::Restore("backup_state_01.json".to_owned()),
        Ask::Prune,
        Ask::RetryLetter(1),
        Ask::DiscardLetter(2),
        Ask::Reload,
        Ask::Stop,
    ]
}

fn opened(what: Ask, at: Now) -> (Model, Vec<Effect>) {
    let mut model = connected(view(7), Role::Admin);
    model.now = at;
    let effects = open(&mut model, what);
    (model, effects)
}

fn dialog(model: &mut Model) -> &mut Dialog {
    match &mut model.prompt {
        Prompt::Confirm(dialog) => dialog,
        other => panic!("no dialog: {other:?}"),
    }
}

/// Everything that has to be given is given, and the cursor is on what does it.
fn filled(what: Ask) -> Model {
    let (mut model, effects) = opened(what, before(1000));
    if !effects.is_empty() {
        answer(&mut model, readiness(), before(900));
    }
    let dialog = dialog(&mut model);
    for field in &mut dialog.fields {
        if let Content::Text(input, true) = &mut field.content {
            *input = Input::from("/usr/bin/other".to_owned());
        }
    }
    dialog.typed = Input::from(dialog.word.clone());
    dialog.focus = Focus::Confirm;
    model
}

fn sent(effects: &[Effect]) -> Vec<Request> {
    let sent = effects.iter().filter_map(|effect| match effect {
        Effect::Send { order, .. } => Some(order.request().clone()),
        _ => None,
    });
    sent.collect()
}

#[test]
fn each_question_asks_the_server_what_it_would_mean_and_begins_where_nothing_happens() {
    for what in asks() {
        let (mut model, effects) = opened(what.clone(), now());
        let question = match &what {
            Ask::Restart | Ask::Build | Ask::Upgrade | Ask::Rollback => vec![Request::Prepare],
            Ask::Restore(name) => vec![Request::PlanRestore { name: name.clone() }],
            Ask::Prune => vec![Request::PruneBackups { dry_run: true }],
            _ => Vec::new(),
        };
        assert_eq!(sent(&effects), question, "{what:?}");
        let dialog = dialog(&mut model);
        assert_eq!(matches!(dialog.facts, Facts::Asked(..)), !question.is_empty(), "{what:?}");
        let (_, lines) = match &dialog.facts {
            Facts::Asked(tag, lines) => (Some(tag), lines.len()),
            Facts::Known(lines) => (None, lines.len()),
            Facts::Refused(why) => panic!("{why}"),
        };
        // What only the server knows has no numbers yet.
        assert_eq!(lines == 0, what == Ask::Prune, "{what:?}");
        assert_ne!(dialog.focus, Focus::Confirm, "{what:?}");
        let is_typed = what.action().action().danger == Danger::Typed;
        assert_eq!(dialog.must_type(), is_typed, "{what:?}");
        assert_eq!(dialog.focus == Focus::Cancel, !is_typed, "{what:?}");
    }
}

#[test]
fn a_dialog_that_is_filled_in_makes_the_order_and_says_what_it_was_based_on() {
    let file = "/usr/bin/other".to_owned();
    let restart = RestartRequest { build: false, ..RestartRequest::default() };
    for what in asks() {
        let mut model = filled(what.clone());
        let effects = press(&mut model, &["enter"], now());
        let Some(Effect::Send { order, tag }) = effects.first() else { panic!("{what:?}: {effects:?}") };
        let expected = match what.clone() {
            Ask::Restart => Request::Restart(Box::new(restart.clone())),
            Ask::Build => Request::Restart(Box::default()),
            Ask::Upgrade => {
                Request::Restart(Box::new(RestartRequest { binary: Some(file.clone()), ..restart.clone() }))
            }
            Ask::Emergency => Request::Restart(Box::new(RestartRequest {
                graceful: false,
                preserve_state: false,
                reason: Reason::EmergencyShutdown,
                note: Some(file.clone()),
                ..restart.clone()
            })),
            Ask::Rollback => Request::Restart(Box::new(RestartRequest { rollback: true, ..restart.clone() })),
            Ask::CancelRestart => Request::CancelRestart,
            Ask::Maintenance(on) => Request::Maintenance { on },
            Ask::ClearBuffers(session) => Request::ClearBuffers { session },
            Ask::Disconnect(session) => Request::DisconnectSession { session },
            Ask::Restore(name) => Request::RestoreBackup { name },
            Ask::Prune => Request::PruneBackups { dry_run: false },
            Ask::RetryLetter(id) => Request::RetryDeadLetter { id },
            Ask::DiscardLetter(id) => Request::DiscardDeadLetter { id },
            Ask::Reload => Request::ReloadConfig,
            Ask::Stop => Request::Stop,
        };
        assert_eq!(order.request(), &expected, "{what:?}");
        assert_eq!(order.context().expected_generation, Some(12));
        assert!(order.context().idempotency_key.is_some());
        assert_eq!(model.asked[tag].purpose, Purpose::Order(what.clone()));
        assert!(matches!(model.prompt, Prompt::None), "{what:?}");
    }
}

#[test]
fn it_does_nothing_before_it_is_armed() {
    for what in asks() {
        for (after, is_armed) in [(0, false), (399, false), (400, true)] {
            let mut model = filled(what.clone());
            dialog(&mut model).opened = now();
            let later = Now { running: now().running + Duration::from_millis(after), ..now() };
            let effects = press(&mut model, &["enter"], later);
            assert_eq!(!sent(&effects).is_empty(), is_armed, "{what:?} after {after} ms");
            if !is_armed {
                assert_eq!(dialog(&mut model).refused, Some(NotYet::Arming), "{what:?}");
            }
        }
    }
    assert_eq!(ARMS_AFTER, Duration::from_millis(400));
}

#[test]
fn a_key_that_is_held_down_does_nothing() {
    for what in asks() {
        let mut model = filled(what.clone());
        let key = Press { key: "enter".parse().unwrap(), repeats: true };
        assert_eq!(update(&mut model, Msg::Key(key), now()), [], "{what:?}");
        assert!(matches!(model.prompt, Prompt::Confirm(_)), "{what:?}");
    }
}

#[test]
fn the_word_has_to_be_the_word() {
    for what in asks().into_iter().filter(|what| what.action().action().danger == Danger::Typed) {
        for typed in ["", "sho", "shopp", "SHOP"] {
            let mut model = filled(what.clone());
            dialog(&mut model).typed = Input::from(typed.to_owned());
            assert_eq!(press(&mut model, &["enter"], now()), [], "{what:?} {typed:?}");
            assert_eq!(dialog(&mut model).refused, Some(NotYet::Typed), "{what:?} {typed:?}");
        }
    }
}

#[test]
fn what_is_missing_or_wrong_is_said_of_its_field() {
    let mut model = filled(Ask::Emergency);
    dialog(&mut model).fields[0].content = Content::Text(Input::from("  ".to_owned()), true);
    assert_eq!(press(&mut model, &["enter"], now()), []);
    let Some(NotYet::Field(wrong)) = dialog(&mut model).refused.clone() else { panic!("not refused") };
    assert_eq!((wrong.field, wrong.what.as_str()), (FieldId::Note, "the reason is missing"));

    for (typed, timeout) in
        [("9", None), ("10", Some(10)), ("300", Some(300)), ("301", None), ("-1", None), ("soon", None)]
    {
        let mut model = filled(Ask::Restart);
        dialog(&mut model).fields[1].content = Content::Seconds(Input::from(typed.to_owned()));
        let requests = sent(&press(&mut model, &["enter"], now()));
        let found = requests.iter().find_map(|request| match request {
            Request::Restart(request) => request.timeout,
            _ => None,
        });
        assert_eq!(found, timeout, "{typed}");
        if timeout.is_none() {
            let Some(NotYet::Field(wrong)) = dialog(&mut model).refused.clone() else { panic!("{typed}") };
            assert_eq!(wrong.field, FieldId::Timeout);
            // What is typed next makes it good again, or not.
            dialog(&mut model).focus = Focus::Field(1);
            type_text(&mut model, "0", now());
            assert_eq!(dialog(&mut model).refused, None);
        }
    }
}

#[test]
fn a_reason_that_loses_something_asks_for_the_word() {
    let mut model = filled(Ask::Restart);
    let dialog_of = dialog(&mut model);
    dialog_of.typed = Input::default();
    dialog_of.focus = Focus::Field(0);
    press(&mut model, &["left", "tab", "tab", "tab", "tab"], now());
    assert_eq!(dialog(&mut model).focus, Focus::Typed, "between the fields and Cancel");
    type_text(&mut model, "shop", now());
    let effects = press(&mut model, &["tab", "tab", "enter"], now());
    let requests = sent(&effects);
    assert!(
        matches!(requests.first(), Some(Request::Restart(request)) if request.reason == Reason::ErrorRecovery)
    );
}

#[test]
fn it_is_void_once_the_world_is_another_one() {
    type Change = fn(&mut View);
    let table: [(&str, Change); 8] = [
        ("another server", |view| view.boot = "boot-2".to_owned()),
        ("generation 13", |view| view.server.generation = 13),
        ("a restart has begun", |view| {
            view.restart = Some(running(task_orchestrator_shared::phase::Phase::Preparation));
        }),
        ("safe mode", |view| view.server.safe_mode = Some("crashes".to_owned())),
        ("maintenance", |view| view.server.held_by_operator = true),
        ("5 clients", |view| view.sessions.truncate(5)),
        ("", |view| view.sessions.truncate(6)),
        ("", |view| view.traffic.in_flight = 900),
    ];
    for (why, change) in table {
        let mut model = filled(Ask::Restart);
        let mut other = view(7);
        change(&mut other);
        update(&mut model, Msg::Heard(Heard::View { view: Box::new(other) }), now());
        let found = dialog(&mut model).void.clone().unwrap_or_default();
        assert!(found.contains(why) && found.is_empty() == why.is_empty(), "{why}: {found}");
        let requests = sent(&press(&mut model, &["enter"], now()));
        assert_eq!(requests.is_empty(), !why.is_empty(), "{why}");
    }
}

#[test]
fn it_is_void_once_the_link_is_not_live_and_stays_so() {
    let lost = Heard::Lost { why: "gone".to_owned(), kind: LostKind::Broken, retry_in_ms: 100 };
    let denied = Heard::Denied { why: "no".to_owned(), retry_in_ms: 100 };
    for heard in [Heard::Silent, lost, denied] {
        let mut model = filled(Ask::Stop);
        update(&mut model, Msg::Heard(heard.clone()), now());
        assert!(dialog(&mut model).void.is_some(), "{heard:?}");
        update(&mut model, Msg::Heard(Heard::Alive), now());
        let welcome = crate::sample::welcome(Role::Admin);
        update(&mut model, Msg::Heard(Heard::Live { welcome }), now());
        assert!(dialog(&mut model).void.is_some(), "void once is void for good");
        assert_eq!(press(&mut model, &["enter"], now()), []);
    }
}

#[test]
fn it_is_void_once_its_object_is_gone_or_much_more_is_concerned() {
    type Change = fn(&mut View);
    let table: [(Ask, &str, Change); 4] = [
        (Ask::Disconnect(CLIENT.to_owned()), "the client is gone", |view| {
            view.sessions.remove(1);
        }),
        (Ask::Restore("backup_state_01.json".to_owned()), "is gone", |view| view.backups = Some(Vec::new())),
        (Ask::RetryLetter(1), "dead letter 1 is gone", |view| view.dead_letters = Some(Vec::new())),
        (Ask::ClearBuffers(None), "requests wait now", |view| {
            if let Some(buffers) = &mut view.buffers {
                buffers.total_buffered_requests = 500;
            }
        }),
    ];
    for (what, why, change) in table {
        let mut model = filled(what.clone());
        let mut other = view(7);
        change(&mut other);
        update(&mut model, Msg::Heard(Heard::View { view: Box::new(other) }), now());
        let found = dialog(&mut model).void.clone().unwrap_or_default();
        assert!(found.contains(why), "{what:?}: {found}");
        assert_eq!(press(&mut model, &["enter"], now()), []);
    }
}

#[test]
fn it_cannot_be_confirmed_where_it_cannot_be_seen() {
    let mut model = filled(Ask::Restart);
    update(&mut model, Msg::Resize(39, 9), now());
    assert_eq!(press(&mut model, &["enter"], now()), []);
    assert_eq!(dialog(&mut model).refused, Some(NotYet::TooSmall));
    update(&mut model, Msg::Resize(40, 10), now());
    assert_eq!(sent(&press(&mut model, &["enter"], now())).len(), 1);
}

#[test]
fn while_the_server_has_not_told_what_it_would_mean_or_says_no_nothing_is_done() {
    let (mut model, _) = opened(Ask::Restart, before(1000));
    assert_eq!(press(&mut model, &["tab", "enter"], now()), []);
    assert_eq!(dialog(&mut model).refused, Some(NotYet::Facts));
    let heard = Heard::Answer {
        tag: Tag(model.last_tag),
        answer: crate::heard::Answer::Failed("it does not answer".to_owned()),
    };
    update(&mut model, Msg::Heard(heard), now());
    assert_eq!(dialog(&mut model).facts, Facts::Refused("it does not answer".to_owned()));
    assert_eq!(press(&mut model, &["enter"], now()), []);
}

#[test]
fn workspaces_that_come_late_do_not_take_the_keys_of_a_question() {
    let mut model = filled(Ask::Restart);
    let row = TargetRow { socket: "/s".into(), workspace: "/w".into(), detail: String::new() };
    update(&mut model, Msg::Targets(vec![row]), now());
    assert!(matches!(model.prompt, Prompt::Confirm(_)));
}

#[test]
fn who_may_not_is_told_and_asked_nothing() {
    for (role, what) in [(Role::Monitor, Ask::Restart), (Role::Operator, Ask::Emergency)] {
        let mut model = connected(view(7), role);
        assert_eq!(open(&mut model, what.clone()), []);
        assert!(matches!(model.prompt, Prompt::None), "{role} {what:?}");
        assert!(model.notice().unwrap().text.contains(role.as_str()), "{role}");
    }
    let mut model = connected(view(7), Role::Admin);
    model.settings.read_only = true;
    assert_eq!(open(&mut model, Ask::Restart), []);
    assert!(model.notice().unwrap().text.contains("--read-only"));
}

#[test]
fn what_there_is_nothing_to_do_to_is_not_asked() {
    let mut seen = view(7);
    seen.restart = None;
    seen.server.can_roll_back = false;
    let mut model = connected(seen, Role::Admin);
    for (key, told) in [("X", "no restart runs"), ("R", "no previous build")] {
        press(&mut model, &[key], now());
        assert!(matches!(model.prompt, Prompt::None), "{key}: {:?}", model.prompt);
        assert!(model.notice().unwrap().text.contains(told), "{:?}", model.notice());
    }
    model.seen.as_mut().unwrap().view.server.can_roll_back = true;
    press(&mut model, &["R"], now());
    assert_eq!(dialog(&mut model).ask, Ask::Rollback);
}

#[test]
fn the_word_to_type_is_that_of_the_workspace_whatever_is_lost() {
    for what in asks() {
        let (mut model, _) = opened(what, now());
        let name = model.target.name.clone();
        assert_eq!(dialog(&mut model).word, name);
    }
}

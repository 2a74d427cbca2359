//! The states of the link: which event leads where.

use task_orchestrator_shared::admin::Skew;
use task_orchestrator_shared::role::Role;

use crate::heard::{Heard, LostKind};
use crate::model::link_state::LinkState;
use crate::msg::{Effect, Msg};
use crate::sample::{connected, now, press, unconnected, view, welcome};
use crate::update::update;

fn lost() -> Heard {
    Heard::Lost { why: "the socket is gone".to_owned(), kind: LostKind::NoServer, retry_in_ms: 1500 }
}

fn denied() -> Heard {
    Heard::Denied { why: "you are not of the group".to_owned(), retry_in_ms: 5000 }
}

fn live() -> Heard {
    Heard::Live { welcome: welcome(Role::Admin) }
}

#[test]
fn each_event_leads_to_the_state_that_it_tells_of() {
    let incompatible = || Heard::Incompatible { welcome: welcome(Role::Admin), skew: Skew::UpgradeServer };
    let try_again = |attempt| Heard::Connecting { attempt };
    let table: Vec<(Vec<Heard>, &str)> = vec![
        (vec![], "Connecting"),
        (vec![try_again(1)], "Connecting"),
        (vec![try_again(1), lost()], "Reconnecting"),
        (vec![try_again(1), lost(), try_again(2)], "Reconnecting"),
        (vec![try_again(1), live()], "Live"),
        (vec![live(), Heard::Silent], "Stale"),
        (vec![live(), Heard::Silent, Heard::Alive], "Live"),
        (vec![live(), Heard::Silent, lost()], "Reconnecting"),
        (vec![live(), lost(), try_again(1), live()], "Live"),
        (vec![try_again(1), denied()], "Denied"),
        (vec![denied(), try_again(2)], "Reconnecting"),
        (vec![incompatible()], "Incompatible"),
        // Nothing was live that could be silent, or come back.
        (vec![lost(), Heard::Silent], "Reconnecting"),
        (vec![lost(), Heard::Alive], "Reconnecting"),
        (vec![denied(), Heard::Alive], "Denied"),
    ];
    for (events, name) in table {
        let mut model = unconnected();
        for heard in events.clone() {
            update(&mut model, Msg::Heard(heard), now());
        }
        assert_eq!(model.link.name(), name, "{events:?}");
        assert!(model.world().is_none(), "no state was heard: {events:?}");
    }
}

#[test]
fn a_loss_keeps_since_when_and_counts_attempts() {
    let mut model = connected(view(3), Role::Admin);
    let later = |seconds| crate::model::Now {
        running: now().running + std::time::Duration::from_secs(seconds),
        ..now()
    };
    update(&mut model, Msg::Heard(lost()), later(1));
    update(&mut model, Msg::Heard(Heard::Connecting { attempt: 1 }), later(3));
    update(&mut model, Msg::Heard(lost()), later(4));
    let LinkState::Waiting { attempt, lost, next } = &model.link else { panic!("{:?}", model.link) };
    assert_eq!((*attempt, lost.at), (2, later(1)));
    assert_eq!(*next, later(4).running + std::time::Duration::from_millis(1500));
    let (_, freshness) = model.view().unwrap();
    assert!(!freshness.is_live(), "what was heard before is old");
}

#[test]
fn keys_do_not_touch_the_wait_for_the_next_attempt_but_the_one_that_ends_it() {
    let mut model = connected(view(3), Role::Admin);
    update(&mut model, Msg::Heard(lost()), now());
    let before = model.link.clone();
    for action in crate::action::ACTIONS.iter().filter(|action| !["quit", "refresh"].contains(&action.name)) {
        for key in action.keys {
            let effects = press(&mut model, &[key], now());
            assert!(!effects.contains(&Effect::RetryNow), "{}", action.name);
            press(&mut model, &["esc"], now());
        }
    }
    assert_eq!(model.link, before);
    assert!(press(&mut model, &["ctrl-r"], now()).contains(&Effect::RetryNow));
    assert_eq!(model.link, before, "it is the link that tells of the attempt");
}

#[test]
fn what_is_of_the_server_before_is_not_live_until_the_new_one_has_told_how_it_is() {
    let incompatible = || Heard::Incompatible { welcome: welcome(Role::Admin), skew: Skew::UpgradeServer };
    for back in [live(), incompatible()] {
        let mut model = connected(view(3), Role::Admin);
        for heard in [lost(), Heard::Connecting { attempt: 1 }, back.clone(), Heard::Alive] {
            update(&mut model, Msg::Heard(heard), now());
            assert!(!model.view().unwrap().1.is_live(), "{}", model.link.name());
            assert!(model.world().is_none());
        }
        let mut other = view(2);
        other.boot = "boot-2".to_owned();
        update(&mut model, Msg::Heard(Heard::View { view: Box::new(other) }), now());
        assert!(model.view().unwrap().1.is_live());
    }
}

#[test]
fn behind_a_gap_nothing_is_live_until_the_next_whole_state() {
    let mut model = connected(view(3), Role::Admin);
    let delta =
        task_orchestrator_shared::admin::view::Delta { seq: 9, at: String::new(), changes: Vec::new() };
    update(&mut model, Msg::Heard(Heard::Delta { delta }), now());
    assert!(!model.view().unwrap().1.is_live(), "something is missing between 5 and 9");
    assert!(model.world().is_none(), "nothing is ordered on it");
    update(&mut model, Msg::Heard(Heard::View { view: Box::new(view(3)) }), now());
    assert!(model.view().unwrap().1.is_live());
}

#[test]
fn whose_denials_are_ones_own_is_known_without_a_connection() {
    let mut seen = view(1);
    seen.audit = Some(crate::sample::audit());
    let mut model = connected(seen, Role::Operator);
    (model.screen, model.own_denials) = (crate::screen::Screen::Audit, true);
    let count = |model: &crate::model::Model| crate::model::rows::of(model).unwrap().count();
    assert_eq!(count(&model), 1);
    update(&mut model, Msg::Heard(lost()), now());
    assert_eq!(count(&model), 1, "what was denied before still was");
}

#[test]
fn what_is_pasted_comes_in_as_letters_only() {
    let mut model = connected(view(1), Role::Admin);
    press(&mut model, &[":"], now());
    update(&mut model, Msg::Paste("ré\u{1b}[2J\n\u{7}r".to_owned()), now());
    let crate::model::prompt::Prompt::Palette(palette) = &model.prompt else { panic!("no palette") };
    assert_eq!(palette.input.value(), "ré[2Jr", "no key of it is pressed");
}

#[test]
fn that_another_process_serves_is_told_however_short_the_time_without_a_server() {
    let mut model = connected(view(3), Role::Admin);
    let mut hear = |boot: &str, pid: u32| {
        let mut view = view(3);
        view.boot = boot.to_owned();
        view.server.pid = pid;
        update(&mut model, Msg::Heard(Heard::View { view: Box::new(view) }), now());
        model.notices.len()
    };
    let before = crate::sample::view(3).boot;
    assert_eq!(hear(&before, 4711), 0, "the same process");
    assert_eq!(hear("another", 4712), 1);
    let told = &model.notice().unwrap().text;
    assert!(told.contains("4712") && told.contains("4711"), "{told}");
}

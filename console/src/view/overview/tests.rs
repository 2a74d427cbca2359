//! What the overview looks like.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::role::{Operation, Role};

use crate::heard::{Heard, LostKind};
use crate::model::series::SECONDS;
use crate::model::{Now, steps};
use crate::msg::Msg;
use crate::sample::{connected, curves, drawn, health, now, pictures, running, text_of, view};
use crate::screen::Screen;
use crate::symbols::Symbols;
use crate::theme::Depth;
use crate::update::{update, wake};

#[test]
fn a_server_at_rest() {
    let mut view = view(7);
    view.health = Some(health(false));
    let mut model = connected(view, Role::Admin);
    curves(&mut model);
    insta::assert_snapshot!(pictures(&model));
}

#[test]
fn a_restart_that_runs_with_something_to_look_at() {
    let mut view = view(7);
    view.health = Some(health(true));
    view.restart = Some(running(Phase::TaskSuspension));
    view.server.phase = Phase::TaskSuspension;
    view.traffic.held_bytes = 15 << 20;
    view.limits.next_rotation = None;
    insta::assert_snapshot!(pictures(&connected(view, Role::Operator)));
}

#[test]
fn somebody_who_may_see_little() {
    let may = |operation: Operation| Role::Readonly.may(operation);
    insta::assert_snapshot!(pictures(&connected(view(0).only(may), Role::Readonly)));
}

#[test]
fn a_server_that_is_gone() {
    let mut model = connected(view(3), Role::Admin);
    let lost =
        Heard::Lost { why: "the server has ended".to_owned(), kind: LostKind::NoServer, retry_in_ms: 4000 };
    update(&mut model, Msg::Heard(lost), now());
    insta::assert_snapshot!(pictures(&model));
}

#[test]
fn nothing_changes_while_nothing_changes() {
    let mut view = view(7);
    view.health = Some(health(false));
    view.traffic.requests_per_second = 0.0;
    (view.traffic.p50_ms, view.traffic.p99_ms) = (None, None);
    let mut model = connected(view, Role::Admin);
    assert_eq!(wake::next(&model, now()), None, "nothing is waited for");
    let mut tick = |seconds: std::ops::Range<u64>| {
        for second in seconds {
            // Something else has woken the console.
            let passed = Duration::from_secs(second);
            let then = Now { running: now().running + passed, wall: now().wall + passed };
            update(&mut model, Msg::Tick, then);
        }
        drawn(&model, 120, 40, Symbols::Unicode, Depth::Ansi16)
    };
    // Until all of the curves is known.
    let first = tick(1..SECONDS as u64);
    let last = tick(SECONDS as u64..SECONDS as u64 + 60);
    assert_eq!(first.diff(&last), []);
}

#[test]
fn the_clock_of_a_restart_runs_and_stops_with_the_server() {
    let mut view = view(2);
    view.restart = Some(running(Phase::TaskSuspension));
    let mut model = connected(view, Role::Admin);
    assert_eq!(wake::next(&model, now()), Some(Duration::from_millis(100)));
    let after = |millis| Now { running: now().running + Duration::from_millis(millis), ..now() };
    update(&mut model, Msg::Tick, after(1000));
    let clock = steps::clock(&model).unwrap();
    assert_eq!((clock.elapsed_ms, clock.left_ms), (1840.0, Some(3160.0)));
    let lost = Heard::Lost { why: "killed".to_owned(), kind: LostKind::Broken, retry_in_ms: 4000 };
    update(&mut model, Msg::Heard(lost), after(2000));
    update(&mut model, Msg::Tick, after(9000));
    assert_eq!(steps::clock(&model).unwrap().elapsed_ms, 840.0);
    let text = text_of(&drawn(&model, 120, 40, Symbols::Unicode, Depth::Ansi16));
    assert!(text.contains("how it ended is not known"), "{text}");
    assert!(!text.contains("● active"), "a worker of a server that is gone is not shown as one: {text}");
}

/// Prints how long a frame takes; run it with optimisations.
#[test]
#[ignore = "a measurement, for a machine that does nothing else"]
fn a_frame_with_a_thousand_clients() {
    let mut view = view(1000);
    view.health = Some(health(true));
    view.restart = Some(running(Phase::TaskSuspension));
    let mut model = connected(view, Role::Admin);
    curves(&mut model);
    for screen in [Screen::Overview, Screen::Restarts] {
        model.screen = screen;
        let area = Rect::new(0, 0, 120, 40);
        let mut buffer = Buffer::empty(area);
        let mut took: Vec<Duration> = (0..500)
            .map(|_| {
                let began = std::time::Instant::now();
                crate::view::view(&model, area, &mut buffer);
                began.elapsed()
            })
            .collect();
        took.sort();
        println!("{}: p50 {:?}, p99 {:?}", screen.title(), took[250], took[495]);
    }
}

#[test]
fn everything_fits_into_any_size() {
    let mut view = view(9);
    view.health = Some(health(true));
    view.restart = Some(running(Phase::TaskSuspension));
    view.server.safe_mode = Some("5 crashes".to_owned());
    view.server.held_by_operator = true;
    let mut model = connected(view, Role::Operator);
    curves(&mut model);
    for screen in [Screen::Overview, Screen::Restarts] {
        model.screen = screen;
        for is_open in [false, true] {
            model.is_open = is_open;
            for width in (0..130).step_by(7) {
                for height in (0..45).step_by(4) {
                    drawn(&model, width, height, Symbols::Ascii, Depth::None);
                }
            }
        }
    }
}

#[test]
fn the_usual_terminal_cuts_nothing_off_that_is_said_of_an_ordinary_server() {
    let mut view = view(3);
    view.server.workspace = "/home/somebody/home/ann/with/a/long/path/to/the/shop".to_owned();
    view.health = Some(health(false));
    let mut model = connected(view, Role::Admin);
    curves(&mut model);
    let text = text_of(&drawn(&model, 80, 24, Symbols::Unicode, Depth::None));
    assert!(text.contains("/to/the/shop"), "the end of a path says most: {text}");
    let cut: Vec<&str> =
        text.lines().filter(|line| line.contains('…') && !line.starts_with("workspace")).collect();
    assert_eq!(cut, [""; 0], "{text}");
}

#[test]
fn who_has_restarted_nothing_yet_is_told_how() {
    let mut view = view(3);
    (view.restart, view.history) = (None, None);
    let told = |view: &task_orchestrator_shared::admin::view::View, role| {
        let model = connected(view.clone(), role);
        text_of(&drawn(&model, 80, 24, Symbols::Unicode, Depth::None)).contains("r restarts it")
    };
    assert!(told(&view, Role::Admin));
    assert!(!told(&view, Role::Monitor), "who may not is not told");
}

//! How the screen looks: with the details beside the list, alone, and where there are none.

use task_orchestrator_shared::role::Role;

use crate::action::ActionId;
use crate::model::Model;
use crate::model::known::{Fetched, Held};
use crate::model::list::Direction;
use crate::sample;
use crate::screen::Screen;

fn shown(sessions: u64) -> Model {
    let mut model = sample::connected(sample::view(sessions), Role::Admin);
    model.screen = Screen::Connections;
    model
}

/// With the details of this session.
fn detailed(sessions: u64, number: u64) -> Model {
    let mut model = shown(sessions);
    model.list_mut().chosen = Some(sample::session(number).client);
    let value = sample::detail(number);
    let held = Held { value, at: sample::now(), boot: "boot-1".to_owned() };
    model.session = Fetched::Have(Box::new(held));
    model
}

#[test]
fn the_list_with_the_chosen_session() {
    insta::assert_snapshot!(sample::pictures(&detailed(40, 6)));
}

#[test]
fn the_chosen_session_alone() {
    let mut model = detailed(40, 6);
    model.is_open = true;
    insta::assert_snapshot!(sample::pictures(&model));
}

#[test]
fn without_any_and_without_the_right_to_more() {
    insta::assert_snapshot!("nobody", sample::pictures(&shown(0)));
    let mut model = sample::connected(sample::view(5), Role::Readonly);
    model.screen = Screen::Connections;
    insta::assert_snapshot!("readonly", sample::pictures(&model));
    let mut model = sample::unconnected();
    model.screen = Screen::Connections;
    insta::assert_snapshot!("unconnected", sample::pictures(&model));
}

#[test]
fn sorted_and_filtered() {
    let mut model = shown(40);
    model.list_mut().sort = Some(("buffered", Direction::Down));
    model.list_mut().filter = crate::model::filter::Filter::parse("state:waiting", &["state"]).unwrap();
    insta::assert_snapshot!(sample::pictures(&model));
}

#[test]
fn what_is_old_looks_old() {
    let mut model = detailed(5, 2);
    let lost = crate::heard::Heard::Lost {
        why: "the server ended".to_owned(),
        kind: crate::heard::LostKind::Broken,
        retry_in_ms: 400,
    };
    crate::update::update(&mut model, crate::msg::Msg::Heard(lost), sample::now());
    insta::assert_snapshot!(sample::pictures(&model));
}

#[test]
fn details_alone_can_be_scrolled_to_their_end() {
    let mut model = detailed(40, 6);
    model.is_open = true;
    model.page_rows = 5;
    let perform = |model: &mut Model, action: ActionId| {
        let key = model.settings.keymap.keys(action).first().copied().unwrap();
        let press = crate::key::Press { key, repeats: false };
        crate::update::update(model, crate::msg::Msg::Key(press), sample::now());
    };
    let lines = super::detail_lines(&model);
    perform(&mut model, ActionId::Bottom);
    assert_eq!(model.list().detail_top, lines - 5);
    perform(&mut model, ActionId::PageUp);
    assert_eq!(model.list().detail_top, lines - 10);
    perform(&mut model, ActionId::Down);
    assert_eq!(model.list().detail_top, 0, "another session is read from its beginning");
    assert_eq!(model.list().chosen, Some(sample::session(7).client));
}

/// How long drawing and moving take with a thousand sessions, sorted and filtered: to be
/// run by hand, in release. Prints; what has to hold is measured by the benchmark.
#[test]
#[ignore = "prints times, which mean something in release only"]
fn times_with_a_thousand_sessions() {
    use crate::heard::Heard;
    use crate::msg::Msg;
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;
    use task_orchestrator_shared::admin::view::{Change, Delta, SessionRow};

    let columns: Vec<&str> = crate::model::rows::sessions::COLUMNS.iter().map(|column| column.id).collect();
    let arrangements = [
        ("as they come", "", None),
        ("sorted by name", "", Some("name")),
        ("sorted by activity", "", Some("active")),
        ("filtered by words", "cur !zzz", Some("requests")),
        ("filtered by a number", "05", Some("requests")),
        ("filtered by a figure", "requests:>10", Some("connected")),
    ];
    for (what, filter, sort) in arrangements {
        let mut model = shown(1000);
        model.list_mut().filter = crate::model::filter::Filter::parse(filter, &columns).unwrap();
        model.list_mut().sort = sort.map(|column| (column, Direction::Down));
        let area = Rect::new(0, 0, 120, 40);
        let key = *model.settings.keymap.keys(ActionId::Down).first().unwrap();
        let (mut draws, mut keys, mut deltas) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..500u64 {
            let seq = 6 + round;
            let press = Msg::Key(crate::key::Press { key, repeats: false });
            keys.push(timed(|| drop(crate::update::update(&mut model, press, sample::now()))));
            let figures = sample::session(round + 1).figures;
            let rows = vec![SessionRow::new(round + 1, figures)];
            let delta = Delta { seq, at: sample::at(1), changes: vec![Change::Figures(rows)] };
            let heard = Msg::Heard(Heard::Delta { delta });
            deltas.push(timed(|| drop(crate::update::update(&mut model, heard, sample::now()))));
            let mut buffer = Buffer::empty(area);
            draws.push(timed(|| drop(crate::view::view(&model, area, &mut buffer))));
        }
        println!("{what:<22} draw {} key {} change {}", told(draws), told(keys), told(deltas));
    }
}

fn timed(what: impl FnOnce()) -> std::time::Duration {
    let start = std::time::Instant::now();
    what();
    start.elapsed()
}

fn told(mut times: Vec<std::time::Duration>) -> String {
    times.sort();
    let at = |part: usize| times[(times.len() - 1) * part / 100];
    format!("p50 {:>8.1?} p99 {:>8.1?}", at(50), at(99))
}

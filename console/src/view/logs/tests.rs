use task_orchestrator_shared::admin::log::{LogLevel, LogLines};
use task_orchestrator_shared::role::Role;

use crate::heard::Heard;
use crate::model::Model;
use crate::model::filter::Filter;
use crate::msg::Msg;
use crate::sample::{connected, log_lines, now, pictures, view};
use crate::screen::Screen;
use crate::update::update;

fn on_logs(lines: u64) -> Model {
    let mut model = connected(view(3), Role::Monitor);
    model.screen = Screen::Logs;
    model.logs.is_followed = true;
    hear(&mut model, Heard::LogBegins { lines: log_lines(lines) });
    model
}

fn hear(model: &mut Model, heard: Heard) {
    update(model, Msg::Heard(heard), now());
}

fn press(model: &mut Model, keys: &str) {
    for key in keys.split(' ') {
        let press = crate::key::Press { key: key.parse().unwrap(), repeats: false };
        update(model, Msg::Key(press), now());
    }
}

#[test]
fn the_newest_lines() {
    insta::assert_snapshot!(pictures(&on_logs(60)));
}

#[test]
fn wrapped_and_held_with_new_ones_below_and_missing_ones_between() {
    let mut model = on_logs(10);
    update(&mut model, Msg::Drawn { page_rows: 7 }, now());
    press(&mut model, "W k");
    hear(&mut model, Heard::Log { lines: LogLines { lines: log_lines(37), missed: 12 } });
    insta::assert_snapshot!("held", pictures(&model));
    press(&mut model, "f");
    insta::assert_snapshot!("followed", pictures(&model));
}

#[test]
fn filtered_with_what_is_looked_for_marked() {
    let mut model = on_logs(60);
    model.logs.level = Some(LogLevel::Warn);
    model.logs.session = Some("0198f0c2-0000-7000-8000-000000000002".to_owned());
    model.logs.filter = Filter::parse("Snapshot !level:debug", crate::model::logs::COLUMNS).unwrap();
    insta::assert_snapshot!(pictures(&model));
}

#[test]
fn no_lines_and_why() {
    let mut model = on_logs(6);
    model.logs.filter = Filter::parse("nowhere", crate::model::logs::COLUMNS).unwrap();
    insta::assert_snapshot!("hidden", pictures(&model));
    let mut model = on_logs(0);
    hear(&mut model, Heard::LogEnds { why: "the log files cannot be read".to_owned() });
    insta::assert_snapshot!("ended", pictures(&model));
    let mut model = connected(view(3), Role::Readonly);
    model.screen = Screen::Logs;
    insta::assert_snapshot!("may_not", pictures(&model));
}

#[test]
fn times_are_those_of_the_zone_and_of_another_day_its_date() {
    let mut model = on_logs(0);
    let told = |model: &Model, at: &str| [12, 8].map(|cells| super::time(at, cells, model));
    assert_eq!(told(&model, "2026-11-21T01:02:03.456Z"), ["01:02:03.456", "01:02:03"]);
    assert_eq!(told(&model, "2026-11-20T23:59:59Z"), ["11-20 23:59", "11-20"]);
    model.settings.zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(2));
    assert_eq!(told(&model, "2026-11-20T23:59:59Z"), ["01:59:59.000", "01:59:59"]);
    assert_eq!(told(&model, ""), ["", ""]);
}

/// Prints how long a frame takes with few lines and with as many as are kept.
#[test]
#[ignore = "prints times, which mean something in release only"]
fn times_with_all_lines_that_are_kept() {
    for lines in [100, 5000] {
        for keys in ["f", "W", "W k"] {
            let mut model = on_logs(lines);
            press(&mut model, keys);
            let area = ratatui::layout::Rect::new(0, 0, 120, 40);
            let mut buffer = ratatui::buffer::Buffer::empty(area);
            let began = std::time::Instant::now();
            for _ in 0..200 {
                crate::view::view(&model, area, &mut buffer);
            }
            println!("{lines} lines, {keys}: {:?} a frame", began.elapsed() / 200);
        }
        let mut model = on_logs(lines);
        let began = std::time::Instant::now();
        model.logs.filter = Filter::parse("Snapshot", crate::model::logs::COLUMNS).unwrap();
        model.logs.refilter();
        println!("{lines} lines: {:?} for another filter", began.elapsed());
    }
}

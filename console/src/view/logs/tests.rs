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

//! Moving in lists: what is chosen stays chosen, and is on the page.

use proptest::prelude::*;
use task_orchestrator_shared::admin::view::{Change, Delta};
use task_orchestrator_shared::role::Role;

use crate::action::ActionId;
use crate::heard::Heard;
use crate::key::{Key, Press};
use crate::model::list::Direction;
use crate::model::prompt::Prompt;
use crate::model::rows;
use crate::model::{Model, list::ListState};
use crate::msg::{Hit, Msg};
use crate::sample;
use crate::screen::Screen;
use crate::update::update;

fn shown(sessions: u64) -> Model {
    let mut model = sample::connected(sample::view(sessions), Role::Admin);
    model.screen = Screen::Connections;
    (model.page_rows, model.size) = (5, (80, 24));
    model
}

fn send(model: &mut Model, msg: Msg) {
    update(model, msg, sample::now());
}

fn act(model: &mut Model, action: ActionId) {
    let key = *model.settings.keymap.keys(action).first().unwrap();
    send(model, Msg::Key(Press { key, repeats: false }));
}

fn type_in(model: &mut Model, text: &str) {
    for letter in text.chars() {
        let key = Key::plain(crossterm::event::KeyCode::Char(letter));
        send(model, Msg::Key(Press { key, repeats: false }));
    }
}

fn change(model: &mut Model, changes: Vec<Change>) {
    let seq = model.seen.as_ref().unwrap().view.seq + 1;
    send(model, Msg::Heard(Heard::Delta { delta: Delta { seq, at: sample::at(1), changes } }));
}

fn chosen(model: &Model) -> Option<String> {
    super::chosen(model)
}

fn client(number: u64) -> Option<String> {
    Some(sample::session(number).client)
}

#[test]
fn moves_by_rows_and_pages_and_stops_at_the_ends() {
    let mut model = shown(12);
    for (action, number) in [
        (ActionId::Up, 1),
        (ActionId::Down, 2),
        (ActionId::PageDown, 7),
        (ActionId::PageDown, 12),
        (ActionId::Down, 12),
        (ActionId::PageUp, 7),
        (ActionId::Top, 1),
        (ActionId::Bottom, 12),
    ] {
        act(&mut model, action);
        assert_eq!(chosen(&model), client(number), "{action:?}");
    }
    assert_eq!(model.list().top, 7);
}

#[test]
fn the_chosen_row_stays_chosen_when_others_go_and_the_next_one_is_when_it_goes() {
    let mut model = shown(6);
    send(&mut model, Msg::Click(Hit::Row(client(3).unwrap())));
    change(&mut model, vec![Change::SessionEnded(1)]);
    assert_eq!(chosen(&model), client(3));
    send(&mut model, Msg::Tick);
    change(&mut model, vec![Change::SessionEnded(3)]);
    assert_eq!(chosen(&model), client(4), "the one that stands where it was");
    change(&mut model, vec![Change::SessionEnded(4), Change::SessionEnded(5), Change::SessionEnded(6)]);
    assert_eq!(chosen(&model), client(2));
    change(&mut model, vec![Change::SessionEnded(2)]);
    assert_eq!(chosen(&model), None);
    act(&mut model, ActionId::Down);
    assert_eq!(chosen(&model), None);
}

#[test]
fn an_invalid_filter_keeps_the_last_good_one() {
    let mut model = shown(12);
    act(&mut model, ActionId::Filter);
    type_in(&mut model, "state:waiting");
    assert_eq!(model.list().filter.text, "state:waiting");
    type_in(&mut model, " buffered:>x");
    assert_eq!(model.list().filter.text, "state:waiting buffered:>");
    let wrong = |model: &Model| match &model.prompt {
        Prompt::Filter(prompt) => prompt.wrong.clone(),
        _ => None,
    };
    assert!(wrong(&model).unwrap().contains("a figure"));
    let key = Key::plain(crossterm::event::KeyCode::Backspace);
    send(&mut model, Msg::Key(Press { key, repeats: false }));
    type_in(&mut model, "10");
    assert_eq!(wrong(&model), None);
    assert_eq!(chosen(&model), client(6), "the first with more than ten");
}

#[test]
fn the_wheel_asks_for_the_details_of_where_it_ends() {
    let mut model = shown(12);
    let effects = update(&mut model, Msg::Wheel { down: true }, sample::now());
    assert_eq!(chosen(&model), client(4));
    assert_eq!(effects.len(), model.asked.len(), "what is waited for was asked");
}

fn any_msg() -> impl Strategy<Value = Msg> {
    let action = prop::sample::select(vec![
        ActionId::Up,
        ActionId::Down,
        ActionId::PageUp,
        ActionId::PageDown,
        ActionId::Top,
        ActionId::Bottom,
        ActionId::Open,
        ActionId::Back,
        ActionId::Left,
        ActionId::Right,
        ActionId::Freeze,
        ActionId::Connections,
        ActionId::Tasks,
        ActionId::DeadLetters,
    ]);
    let columns = prop::sample::select(vec!["name", "buffered", "state", "active"]);
    prop_oneof![
        8 => action.prop_map(|action| Msg::Key(Press {
            key: *crate::keymap::Keymap::default().keys(action).first().unwrap(),
            repeats: false,
        })),
        2 => columns.prop_map(|column| Msg::Click(Hit::Column(column))),
        1 => (0usize..30).prop_map(|page_rows| Msg::Drawn { page_rows }),
        1 => (0u64..15).prop_map(|number| Msg::Click(Hit::Row(sample::session(number).client))),
        1 => Just(Msg::Tick),
        1 => any::<bool>().prop_map(|down| Msg::Wheel { down }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_happens_the_chosen_row_is_on_the_page(
        msgs in prop::collection::vec(any_msg(), 0..40),
        ended in prop::collection::vec(1u64..15, 0..10),
    ) {
        let mut model = shown(14);
        model.tasks = sample::tasks();
        let mut ended = ended.into_iter();
        for msg in msgs {
            send(&mut model, msg);
            let ListState { top, last_place, .. } = model.list();
            if let Some(rows) = rows::of(&model) {
                let list = model.list();
                let order = rows::arranged(&*rows, &list);
                let at = rows::place(&*rows, &order, &list);
                prop_assert!(order.is_empty() || at < order.len());
                prop_assert_eq!(last_place, at);
                prop_assert!(top <= at && at < top + model.page_rows);
            }
            if let Some(number) = ended.next() {
                change(&mut model, vec![Change::SessionEnded(number)]);
            }
        }
    }
}

#[test]
fn a_click_on_the_title_sorts_and_the_third_one_ends_it() {
    let mut model = shown(5);
    for sort in [Some(Direction::Down), Some(Direction::Up), None] {
        send(&mut model, Msg::Click(Hit::Column("buffered")));
        assert_eq!(model.list().sort, sort.map(|direction| ("buffered", direction)));
    }
}

//! Every text that the server sends, replaced by whatever somebody may have written.

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::Value as Json;
use task_orchestrator_shared::admin::Reply;
use task_orchestrator_shared::admin::log::LogLines;
use task_orchestrator_shared::role::Role;

use crate::heard::{Answer, Heard, LostKind, Tag};
use crate::model::{Asked, Model, Purpose};
use crate::msg::Msg;
use crate::sample::{self, drawn, now, unconnected, welcome};
use crate::screen::Screen;
use crate::symbols::Symbols;
use crate::theme::Depth;
use crate::update::update;

/// Marks that would turn round or hide what stands beside them.
const MARKS: &str = "\u{202e}\u{202c}\u{2066}\u{200b}\u{200f}\u{feff}\u{2028}\u{2029}";

/// Something that the server says, with the places of the texts in it that may be
/// anything: what is left are words of a list, and times.
struct Said {
    json: Json,
    places: Vec<String>,
}

fn texts(json: &Json, place: &str, found: &mut Vec<String>) {
    match json {
        Json::String(_) => found.push(place.to_owned()),
        Json::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| texts(item, &format!("{place}/{at}"), found));
        }
        Json::Object(fields) => {
            fields.iter().for_each(|(name, item)| texts(item, &format!("{place}/{name}"), found));
        }
        _ => {}
    }
}

fn with(json: &Json, places: &[String], text: &str) -> Option<Heard> {
    let mut json = json.clone();
    for place in places {
        *json.pointer_mut(place).unwrap() = Json::from(text);
    }
    serde_json::from_value(json).ok()
}

impl Said {
    fn of(heard: &Heard) -> Self {
        let json = serde_json::to_value(heard).unwrap();
        let mut places = Vec::new();
        texts(&json, "", &mut places);
        places.retain(|place| with(&json, std::slice::from_ref(place), "any text").is_some());
        Self { json, places }
    }

    /// The same with this in every place for which `chosen` holds.
    fn saying(&self, text: &str, chosen: impl Fn(usize) -> bool) -> Heard {
        let places = self.places.iter().enumerate().filter(|(at, _)| chosen(*at));
        let places: Vec<String> = places.map(|(_, place)| place.clone()).collect();
        with(&self.json, &places, text).unwrap()
    }
}

/// What is asked for before it is answered, and everything that is said.
static ALL: LazyLock<Vec<Said>> = LazyLock::new(|| {
    let mut view = sample::view(4);
    view.audit = Some(sample::audit());
    view.health = Some(sample::health(true));
    view.restart = Some(sample::running(task_orchestrator_shared::phase::Phase::TaskSuspension));
    view.server.refusal = Some("busy".to_owned());
    view.server.audit_failure = Some("full".to_owned());
    let answer = |tag, reply| Heard::Answer { tag: Tag(tag), answer: Answer::Reply(Box::new(reply)) };
    let all = [
        Heard::Live { welcome: welcome(Role::Admin) },
        Heard::View { view: Box::new(view) },
        answer(1, Reply::Tasks(Box::new(sample::tasks().value().unwrap().clone()))),
        answer(2, Reply::Session(Box::new(sample::detail(3)))),
        answer(3, Reply::Config(sample::config())),
        Heard::LogBegins { lines: sample::log_lines(30) },
        Heard::Log { lines: LogLines { lines: sample::log_lines(4), missed: 2 } },
    ];
    all.iter().map(Said::of).collect()
});

fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,40}",
        "[\\x00-\\x1f\\x7f-\\x9fa-z ]{1,30}",
        prop::sample::select(vec![
            "\u{1b}[2J\u{1b}]0;owned\u{7}".to_owned(),
            "user\u{202e}nimda\u{202c}".to_owned(),
            "a\u{200b}b\u{2066}c\u{feff}".to_owned(),
            "漢字かな交じり文".repeat(9),
            format!("e{}", "\u{301}".repeat(300)),
            "👩‍👩‍👧‍👦🏳️‍🌈é\u{1f3ff}".repeat(3),
            "\u{2028}\u{2029}\u{85}\r\n\t".to_owned(),
            String::new(),
        ]),
    ]
}

fn told(text: &str, chosen: impl Fn(usize) -> bool) -> Model {
    let mut model = unconnected();
    for (tag, purpose) in [(1, Purpose::Tasks), (2, Purpose::Session), (3, Purpose::Config)] {
        model.asked.insert(Tag(tag), Asked { purpose, at: now() });
    }
    for said in ALL.iter() {
        update(&mut model, Msg::Heard(said.saying(text, &chosen)), now());
    }
    model
}

/// Draws every screen, with and without its details, and looks at every cell.
fn check(model: &Model, size: (u16, u16)) {
    for screen in Screen::ALL {
        for is_open in [false, true] {
            let mut model = model.clone();
            (model.screen, model.is_open) = (screen, is_open);
            let buffer = drawn(&model, size.0, size.1, Symbols::Unicode, Depth::Ansi16);
            for cell in &buffer.content {
                let wrong =
                    cell.symbol().chars().find(|letter| letter.is_control() || MARKS.contains(*letter));
                assert_eq!(wrong, None, "{:?} on {screen:?}", cell.symbol());
            }
        }
    }
}

#[test]
fn there_are_texts_to_replace_in_everything_that_is_said() {
    for said in ALL.iter() {
        assert!(said.places.len() >= 3, "{:?}", said.places);
    }
    let marked = told("HERE", |_| true);
    for screen in Screen::ALL {
        let mut model = marked.clone();
        model.screen = screen;
        let text = sample::text_of(&drawn(&model, 160, 60, Symbols::Unicode, Depth::None));
        assert!(text.contains("HERE"), "{screen:?}: {text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_of_the_server_reaches_the_terminal_as_anything_but_letters(
        text in hostile(), part in 0_usize..3, width in 0_u16..130, height in 0_u16..45
    ) {
        let mut model = told(&text, |at| part == 0 || at % 3 == part);
        check(&model, (width, height));
        for heard in [
            Heard::Lost { why: text.clone(), kind: LostKind::Broken, retry_in_ms: 900 },
            Heard::Denied { why: text.clone(), retry_in_ms: 900 },
            Heard::LogEnds { why: text },
        ] {
            update(&mut model, Msg::Heard(heard), now());
            check(&model, (width, height));
        }
    }
}

//! What the configuration promises.

use super::*;
use crate::action::{ACTIONS, ActionId};
use crate::model::rows::Width;

const FILE: &str = "/c/console.toml";

fn columns(screen: Screen) -> &'static [Column] {
    const fn column(id: &'static str) -> Column {
        Column { id, title: id, width: Width::Least(1), priority: 0 }
    }
    static CONNECTIONS: [Column; 3] = [column("client"), column("buffered"), column("pid")];
    if screen == Screen::Connections { &CONNECTIONS } else { &[] }
}

fn read(text: &str) -> Result<Config, ConfigErrors> {
    Config::from_text(Path::new(FILE), text, columns)
}

fn mistakes(text: &str) -> Vec<String> {
    read(text).unwrap_err().0.iter().map(ToString::to_string).collect()
}

#[test]
fn nothing_has_to_be_said() {
    assert_eq!(read("").unwrap(), Config::default());
    assert_eq!(read("# nothing\n[keys]\n[keys.mine]\n").unwrap(), Config::default());
}

#[test]
fn everything_can_be_said() {
    let text = r#"
theme = "colour-blind"
symbols = "ascii"
colour = 256
mouse = false
objective_ms = 250.5
start_screen = "dead-letters"
time_zone = "utc"
[hidden]
connections = ["pid"]
[sort]
connections = "-buffered"
[keys]
quit = []
[keys.mine]
restart = "ctrl-alt-r"
up = ["k", "up", "ctrl-k"]
"#;
    let config = read(text).unwrap();
    assert_eq!(config.theme.value, Theme::ColourBlind);
    assert_eq!(config.theme.place, Some(Place { path: FILE.into(), line: 2, column: 1 }));
    assert_eq!(config.keymap.keys(ActionId::Quit), []);
    assert_eq!(config.keymap.keys(ActionId::Up).len(), 3);
    assert_eq!(config.keys["restart"].line, 16);

    let terminal = Capabilities { depth: Depth::True, is_ssh: false, ..Capabilities::default() };
    let settings = config.settings(&terminal, TimeZone::UTC);
    assert_eq!(settings.look.depth, Depth::Ansi256);
    assert_eq!(settings.look.symbols, Symbols::Ascii);
    assert!(!settings.mouse);
    assert!((settings.objective_ms - 250.5).abs() < f64::EPSILON);

    let mut model = crate::sample::unconnected();
    config.arrange(&mut model);
    assert_eq!(model.screen, Screen::DeadLetters);
    let list = &model.lists[&Screen::Connections];
    assert_eq!(list.sort, Some(("buffered", Direction::Down)));
    assert!(list.hidden.contains("pid"));
}

#[test]
fn what_is_not_said_is_the_terminal_s() {
    let config = read("mouse = \"auto\"").unwrap();
    let mut terminal =
        Capabilities { depth: Depth::Ansi256, symbols: Symbols::Ascii, ..Capabilities::default() };
    let settings = config.settings(&terminal, TimeZone::UTC);
    assert_eq!((settings.look.depth, settings.look.symbols), (Depth::Ansi256, Symbols::Ascii));
    assert!(settings.mouse);
    terminal.is_ssh = true;
    assert!(!config.settings(&terminal, TimeZone::UTC).mouse, "text is selected over SSH too");
    terminal.is_ssh = false;
    assert!(!Config::default().settings(&terminal, TimeZone::UTC).mouse, "not unasked");
}

#[test]
fn every_mistake_is_told_at_once_with_its_place() {
    let text = "\
tehme = \"dark\"
theme = \"drak\"
colour = 255
mouse = \"yes\"
objective_ms = -1
start_screen = \"conections\"

[hidden]
connection = [\"pid\"]
connections = [\"pidd\", \"client\", 3]

[sort]
connections = \"buffred\"
audit = \"who\"

[keys]
restrat = \"r\"
freeze = \"hyper-x\"
help = [\"ctrl-c\"]
[keys.mine]
pin = 5

[colours]
red = 1
";
    insta::assert_snapshot!(mistakes(text).join("\n"));
}

#[test]
fn what_is_no_toml_is_told_with_the_rest() {
    let found = mistakes("theme = \nsymbols = \"acsii\"\ncolour = \"none\n");
    assert!(found.iter().any(|line| line.starts_with("/c/console.toml:1:")), "{found:?}");
    assert!(found.iter().any(|line| line.contains("did you mean ascii?")), "{found:?}");
    assert!(found.iter().any(|line| line.starts_with("/c/console.toml:3:")), "{found:?}");
    assert_eq!(found.len(), 3, "{found:?}");
}

#[test]
fn one_key_for_two_actions_of_a_screen_is_told_once_with_both_places() {
    // Both given; one given and one by default; on different screens.
    let text = "[keys]\nbuild = \"ctrl-t\"\n[keys.mine]\nstop = \"ctrl-t\"\npin = \"r\"\nwrap = \"ctrl-x\"\nmark = \"ctrl-x\"\n";
    assert_eq!(
        mistakes(text),
        [
            "/c/console.toml:4:1: ctrl-t stands for build (/c/console.toml:2:1) and for stop \
             (/c/console.toml:4:1) on Overview (give one of them another key, or [] for none)",
            "/c/console.toml:5:1: r stands for restart (by default) and for pin (/c/console.toml:5:1) \
             on State (give one of them another key, or [] for none)",
        ]
    );
}

#[test]
fn an_action_is_given_once() {
    let found = mistakes("[keys]\nrestart = \"F\"\n[keys.mine]\nrestart = \"ctrl-f\"\n");
    assert_eq!(found, ["/c/console.toml:4:1: keys.mine.restart was given before, at /c/console.toml:2:1"]);
}

#[test]
fn what_is_printed_is_read_back_as_the_same() {
    let text = "theme = \"mono\"\nmouse = true\n[hidden]\nconnections = [\"pid\"]\n[sort]\nconnections = \"client\"\n[keys]\nbuild = [\"ctrl-t\", \"\\\"\"]\n";
    let config = read(text).unwrap();
    let printed = print(&config);
    let again = read(&printed).unwrap();
    let values = |config: &Config| {
        let mut config = config.clone();
        (config.theme.place, config.mouse.place) = (None, None);
        (config.theme.value, config.mouse.value, config.objective_ms.value, config.keymap)
    };
    assert_eq!(values(&again), values(&config));
    assert_eq!(again.hidden[&Screen::Connections].value, config.hidden[&Screen::Connections].value);
    assert_eq!(again.sort[&Screen::Connections].value, config.sort[&Screen::Connections].value);
    for action in ACTIONS {
        assert!(printed.contains(&format!("\n{} = [", action.name)), "{}", action.name);
    }
    insta::assert_snapshot!(printed.lines().take(16).collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_file_that_is_not_there_is_none_unless_it_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("console.toml");
    assert_eq!(Config::load(&path, false).unwrap(), Config::default());
    let wrong = Config::load(&path, true).unwrap_err().to_string();
    assert!(wrong.contains("console.toml:1:1: cannot be read"), "{wrong}");
    fs::write(&path, "theme = \"light\"").unwrap();
    assert_eq!(Config::load(&path, true).unwrap().theme.value, Theme::Light);
    let much = usize::try_from(MAX_FILE_BYTES).unwrap() + 1;
    fs::write(&path, "#".repeat(much)).unwrap();
    assert!(Config::load(&path, false).is_err());
}

#[test]
fn where_the_file_is() {
    let of = |pairs: &[(&str, &str)]| {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        default_path(&pairs.collect()).map(|path| path.display().to_string())
    };
    assert_eq!(
        of(&[("XDG_CONFIG_HOME", "/x"), ("HOME", "/h")]).unwrap(),
        "/x/task-orchestrator/console.toml"
    );
    let home = Some("/h/.config/task-orchestrator/console.toml".to_owned());
    assert_eq!(of(&[("HOME", "/h")]), home);
    assert_eq!(of(&[("XDG_CONFIG_HOME", "relative"), ("HOME", "/h")]), home);
    assert_eq!(of(&[("XDG_CONFIG_HOME", ""), ("HOME", "/h")]), home);
    assert_eq!(of(&[]), None);
}

//! Files with random damage: whatever is still accepted loses nothing but gains
//! the entry, and nothing ever panics.

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

/// Deletes, doubles and replaces characters here and there.
fn damaged(files: &'static [(&'static str, &'static str)]) -> impl Strategy<Value = String> {
    let replacement = prop::sample::select(vec![
        '"', '{', '}', '[', ']', ',', ':', '/', '*', '\n', '\r', ' ', '#', '=', '.', 'x', 'é',
    ]);
    let cut = (any::<Index>(), prop::option::of(replacement), 0..2_usize);
    (prop::sample::select(files), prop::collection::vec(cut, 0..6)).prop_map(|((_, text), cuts)| {
        let mut letters: Vec<char> = text.replace("CONTAINER", "mcpServers").chars().collect();
        for (place, replacement, width) in cuts {
            let place = place.index(letters.len());
            letters.splice(place..(place + width).min(letters.len()), replacement);
            if letters.is_empty() {
                letters.push(' ');
            }
        }
        letters.into_iter().collect()
    })
}

fn json(text: &str) -> serde_json::Value {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    jsonc_parser::parse_to_serde_value::<Option<serde_json::Value>>(text, &Default::default())
        .unwrap()
        .unwrap_or_default()
}

/// Without the entry, and without servers where there were none.
fn without_entry(mut value: serde_json::Value, container: &str) -> serde_json::Value {
    if let Some(servers) = value.get_mut(container).and_then(|servers| servers.as_object_mut()) {
        servers.remove("task-orchestrator");
        if servers.is_empty() {
            value.as_object_mut().unwrap().remove(container);
        }
    }
    if value.as_object().is_some_and(serde_json::Map::is_empty) { serde_json::Value::Null } else { value }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn json_loses_nothing(text in damaged(JSON_FILES)) {
        let path = Path::new("mcp.json");
        if let Ok(entered) = jsonc::enter(path, &text, "mcpServers", "task-orchestrator", &launch(), true) {
            prop_assert_eq!(jsonc::find(path, &entered, "mcpServers", "task-orchestrator").unwrap(), Some(launch()));
            prop_assert_eq!(without_entry(json(&entered), "mcpServers"), without_entry(json(&text), "mcpServers"));
            let again = jsonc::enter(path, &entered, "mcpServers", "task-orchestrator", &launch(), true).unwrap();
            prop_assert_eq!(&again, &entered);
            let removed = jsonc::remove(path, &entered, "mcpServers", "task-orchestrator").unwrap();
            prop_assert_eq!(without_entry(json(&removed), "mcpServers"), without_entry(json(&text), "mcpServers"));
        }
    }

    #[test]
    fn toml_loses_nothing(text in damaged(TOML_FILES)) {
        let path = Path::new("config.toml");
        if let Ok(entered) = toml_file::enter(path, &text, "task-orchestrator", &launch()) {
            let value = |text: &str| {
                let table: toml::Table = text.parse().unwrap();
                without_entry(serde_json::to_value(table).unwrap(), "mcp_servers")
            };
            prop_assert_eq!(toml_file::find(path, &entered, "task-orchestrator").unwrap(), Some(launch()));
            prop_assert_eq!(value(&entered), value(&text));
            prop_assert_eq!(&toml_file::enter(path, &entered, "task-orchestrator", &launch()).unwrap(), &entered);
            prop_assert_eq!(value(&toml_file::remove(path, &entered, "task-orchestrator").unwrap()), value(&text));
        }
    }
}

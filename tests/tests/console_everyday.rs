//! What one does all day with the console beside a real server with clients: filter,
//! sort, freeze, look for actions, read help, copy, change how it looks.

use anyhow::{Result, ensure};
use serde_json::json;
use task_orchestrator_tests::console::{self, has_row, row};
use task_orchestrator_tests::{Client, Pty, Workspace};

/// A client that calls itself so.
fn named(workspace: &Workspace, name: &str) -> Result<Client> {
    let client = Client::launch(workspace)?;
    let hello = json!({
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": name, "version": "1"},
    });
    client.request("initialize", hello)?;
    client.notify("notifications/initialized", json!({}))?;
    Ok(client)
}

/// The rows of the list in which one of these names stands, in their order.
fn names(screen: &str) -> Vec<&'static str> {
    let known = ["anna", "berta", "carla"];
    let named = |line: &str| {
        let row = line.trim_start_matches(['❯', ' ']).to_owned();
        known.into_iter().find(|name| row.starts_with(&format!("{name}  ")))
    };
    screen.lines().filter_map(named).collect()
}

fn lists(pty: &Pty, wanted: &[&str]) -> Result<()> {
    pty.until(&format!("{wanted:?}"), |screen| names(&screen.contents()) == wanted)
}

#[test]
fn lists_are_filtered_sorted_and_copied() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let clients = ["berta", "anna", "carla"].map(|name| named(workspace, name));
        let clients = clients.into_iter().collect::<Result<Vec<_>>>()?;
        let mut pty = console::live(workspace, &["--screen", "connections"])?;
        pty.until("all three", |screen| names(&screen.contents()).len() == 3)?;
        pty.keys("/na")?;
        lists(&pty, &["anna"])?;
        pty.keys("\x15!name:berta")?;
        pty.until("the other two", |screen| {
            let shown = names(&screen.contents());
            shown.contains(&"anna") && shown.contains(&"carla") && !shown.contains(&"berta")
        })?;
        // What makes no sense leaves the last good one in force.
        pty.keys("\x15nosuchcolumn:x")?;
        pty.shows("there is no column nosuchcolumn: name, version, client")?;
        ensure!(!names(&pty.screen()).contains(&"berta"), "{}", pty.screen());
        pty.keys("\x1b")?;
        pty.until("all three again", |screen| names(&screen.contents()).len() == 3)?;
        pty.keys("s")?;
        pty.until("the columns", |screen| has_row(screen, &["❯", "name"]))?;
        pty.keys("\r")?;
        pty.until("the names in their order", |screen| {
            let shown = names(&screen.contents());
            shown.starts_with(&["anna", "berta", "carla"]) || shown.starts_with(&["carla", "berta", "anna"])
        })?;
        // One row's name, then the whole list, to the terminal's clipboard.
        pty.keys("gy")?;
        pty.wrote("\x1b]52;c;", 1)?;
        pty.shows("sent to the terminal's clipboard")?;
        pty.keys("Y")?;
        pty.wrote("\x1b]52;c;", 2)?;
        console::quits(pty)?;
        clients.iter().try_for_each(Client::quit)
    })
}

#[test]
fn what_is_frozen_stays_while_the_server_goes_on() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let client = named(workspace, "anna")?;
        let mut pty = console::live(workspace, &["--screen", "connections"])?;
        pty.until("the client", |screen| !names(&screen.contents()).is_empty())?;
        pty.keys(" ")?;
        pty.until("that it is frozen", |screen| {
            has_row(screen, &["FROZEN"]) && has_row(screen, &["Frozen: what is shown was so at"])
        })?;
        let other = named(workspace, "berta")?;
        workspace.restart(&[])?.complete()?;
        // It is told meanwhile: the screen that a key draws shows the former state still.
        pty.keys("?")?;
        pty.shows("Keys on Connections")?;
        pty.keys("\x1b")?;
        pty.until("the list again", |screen| !has_row(screen, &["Keys on Connections"]))?;
        ensure!(!names(&pty.screen()).contains(&"berta"), "{}", pty.screen());
        ensure!(row(&pty.screen(), &["gen 1"]).is_some(), "{}", pty.screen());
        pty.keys(" ")?;
        pty.until("what is so", |screen| {
            names(&screen.contents()).contains(&"berta") && has_row(screen, &["Live", "gen 2"])
        })?;
        console::quits(pty)?;
        client.quit()?;
        other.quit()
    })
}

#[test]
fn actions_are_found_by_name_and_the_look_changes_at_a_key() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let client = named(workspace, "anna")?;
        let mut pty = console::live(workspace, &[])?;
        pty.keys(":confg")?;
        pty.until("what is like it", |screen| has_row(screen, &["❯", "configuration"]))?;
        pty.keys("\x7f\x7f\x7f\x7f\x7faudit")?;
        pty.until("what is like that", |screen| has_row(screen, &["❯", "audit"]))?;
        pty.keys("\r")?;
        pty.until("the palette to be gone", |screen| !has_row(screen, &["❯", "Who did what"]))?;
        pty.keys("?")?;
        pty.shows("Keys on Audit")?;
        pty.keys("\x1b")?;
        pty.until("the help to be gone", |screen| !has_row(screen, &["Keys on Audit"]))?;
        pty.keys("1")?;
        pty.until("the overview", |screen| has_row(screen, &["┌─ Server"]))?;
        // Signs of ASCII: nothing else is on the screen.
        pty.keys("\x1bOS")?;
        pty.until("ASCII alone", |screen| screen.contents().is_ascii())?;
        pty.keys("\x1bOS")?;
        pty.until("all signs", |screen| has_row(screen, &["┌─ Server"]))?;
        for theme in ["light", "high-contrast", "colour-blind", "mono", "dark"] {
            pty.keys("\x1bOR")?;
            pty.until(theme, |screen| has_row(screen, &["theme "]))?;
        }
        console::quits(pty)?;
        client.quit()
    })
}

//! Each snippet for an editor is read by what reads it, and the command that it holds
//! restarts a server and shows the outcome, also where there is none to restart.
//!
//! The test of an editor that is missing says so and is left out; with
//! `TASK_ORCHESTRATOR_EDITORS=required` it fails.

mod place;
mod tmux;

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use place::{Place, installed, snippet, text_of};
use tmux::Tmux;

/// The snippet's command, which is to be run in the directory of the edited file.
fn runs(program: &str, arguments: &[&str]) -> Result<()> {
    ensure!(program == "task-orchestrator", "{program} is another program");
    let served = Place::served()?;
    served.is_restarted_by(|place| {
        let output = place.command(program)?.args(arguments).current_dir(place.deep()).output()?;
        ensure!(output.status.success(), "{}", text_of(&output));
        Ok(text_of(&output))
    })?;
    served.finish()?;

    let unserved = Place::unserved()?;
    let output = unserved.command(program)?.args(arguments).current_dir(unserved.deep()).output()?;
    ensure!(output.status.code() == Some(4), "{output:?}");
    ensure!(text_of(&output).contains("no server is running"), "{}", text_of(&output));
    unserved.finish()
}

fn json(name: &str) -> Result<Value> {
    let text = fs::read_to_string(snippet(name))?;
    let options = jsonc_parser::ParseOptions {
        allow_comments: true,
        allow_trailing_commas: false,
        allow_loose_object_property_names: false,
        ..Default::default()
    };
    let value: Option<Value> = jsonc_parser::parse_to_serde_value(&text, &options)?;
    value.with_context(|| format!("{name} is empty"))
}

#[test]
fn visual_studio_code() -> Result<()> {
    let tasks = json("vscode-tasks.json")?;
    ensure!(tasks["version"] == "2.0.0", "{tasks}");
    let task = &tasks["tasks"][0];
    ensure!(task["type"] == "process" && task["options"]["cwd"] == "${fileDirname}", "{task}");
    // Closed at once, the panel would show no error.
    ensure!(task["presentation"]["reveal"] == "always" && task["presentation"]["close"] == false, "{task}");
    let key = &json("vscode-keybindings.json")?[0];
    ensure!(key["args"] == task["label"] && key["command"] == "workbench.action.tasks.runTask", "{key}");
    ensure!(key["key"].is_string(), "{key}");
    let arguments = task["args"].as_array().context("arguments")?;
    let arguments: Option<Vec<&str>> = arguments.iter().map(Value::as_str).collect();
    runs(task["command"].as_str().context("a command")?, &arguments.context("texts")?)
}

#[test]
fn jetbrains() -> Result<()> {
    let text = fs::read_to_string(snippet("jetbrains-external-tool.xml"))?;
    let document = roxmltree::Document::parse(&text)?;
    let set = document.root_element();
    ensure!(set.has_tag_name("toolSet"), "{set:?}");
    let tool = set.children().find(|node| node.has_tag_name("tool")).context("a tool")?;
    for shows in ["useConsole", "showConsoleOnStdOut", "showConsoleOnStdErr"] {
        ensure!(tool.attribute(shows) == Some("true"), "{shows}");
    }
    // By this name the action is bound, which the file's own comment tells.
    let (group, name) =
        (set.attribute("name").context("a group")?, tool.attribute("name").context("a name")?);
    ensure!(text.contains(&format!("<action id=\"Tool_{group}_{name}\">")), "another name is told");
    let option = |name: &str| {
        let found = tool
            .descendants()
            .find(|node| node.attribute("name") == Some(name) && node.has_tag_name("option"));
        found.and_then(|node| node.attribute("value")).with_context(|| name.to_owned())
    };
    ensure!(option("WORKING_DIRECTORY")? == "$FileDir$");
    let parameters: Vec<&str> = option("PARAMETERS")?.split_whitespace().collect();
    runs(option("COMMAND")?, &parameters)
}

/// What the editor showed after its binding was used on a file of this place.
fn edited(place: &Place, editor: fn(&Place) -> Result<Command>) -> Result<String> {
    let shown = place.path().join("shown.txt");
    place.run_to_end(editor(place)?.env("SHOWN", &shown).arg(place.file()))?;
    fs::read_to_string(shown).context("the editor has shown nothing")
}

fn through(editor: fn(&Place) -> Result<Command>) -> Result<()> {
    let served = Place::served()?;
    let shown = served.is_restarted_by(|place| edited(place, editor))?;
    ensure!(shown.contains("restarting") && !shown.contains("exit code"), "{shown}");
    served.finish()?;
    let unserved = Place::unserved()?;
    let shown = edited(&unserved, editor)?;
    ensure!(shown.contains("no server is running"), "{shown}");
    ensure!(shown.contains("restart failed, exit code 4"), "{shown}");
    unserved.finish()
}

fn vim(place: &Place) -> Result<Command> {
    let drive = place.path().join("drive.vim");
    fs::write(
        &drive,
        "redir! > $SHOWN\nnormal \\tr\nwhile TaskOrchestratorRuns()\n  sleep 20m\nendwhile\nredir END\nqall!\n",
    )?;
    let mut command = place.command("vim")?;
    command.args(["-es", "-N", "-u", "NONE", "-i", "NONE", "-S"]).arg(snippet("task_orchestrator.vim"));
    command.arg("-S").arg(drive);
    Ok(command)
}

#[test]
fn vim_shows_the_outcome() -> Result<()> {
    if installed("vim")? { through(vim) } else { Ok(()) }
}

fn neovim(place: &Place) -> Result<Command> {
    let drive = place.path().join("drive.lua");
    fs::write(
        &drive,
        "local shown = {}\n\
         local notify = vim.notify\n\
         vim.notify = function(text, level) table.insert(shown, text) notify(text, level) end\n\
         vim.cmd('normal \\\\tr')\n\
         vim.wait(60000, function() return #shown > 1 end, 20)\n\
         vim.fn.writefile(vim.split(table.concat(shown, '\\n'), '\\n'), vim.env.SHOWN)\n\
         vim.cmd('qall!')\n",
    )?;
    let mut command = place.command("nvim")?;
    command.args(["--headless", "-u", "NONE", "-i", "NONE"]);
    command.arg("-c").arg(format!("luafile {}", snippet("task_orchestrator.lua").display()));
    command.arg("-c").arg(format!("luafile {}", drive.display()));
    Ok(command)
}

#[test]
fn neovim_shows_the_outcome() -> Result<()> {
    if installed("nvim")? { through(neovim) } else { Ok(()) }
}

#[test]
fn tmux_shows_the_outcome() -> Result<()> {
    if !installed("tmux")? {
        return Ok(());
    }
    let served = Place::served()?;
    served.is_restarted_by(|place| {
        let tmux = Tmux::start(place)?;
        tmux.type_keys(&["C-b", "R"])?;
        let shown = tmux.screen_when(|screen| screen.contains("exit code 0"))?;
        tmux.type_keys(&["Enter"])?;
        tmux.screen_when(|screen| !screen.contains("exit code"))?;
        Ok(shown)
    })?;
    served.finish()?;
    let unserved = Place::unserved()?;
    let tmux = Tmux::start(&unserved)?;
    tmux.type_keys(&["C-b", "R"])?;
    tmux.screen_when(|screen| screen.contains("no server is running") && screen.contains("exit code 4"))?;
    drop(tmux);
    unserved.finish()
}

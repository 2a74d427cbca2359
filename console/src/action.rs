//! Everything that can be done, once each: from this table come help, hints, the
//! palette, the keymap, `--linear`'s choices and the README's table of keys.

use task_orchestrator_shared::role::{Operation, Role};

use crate::screen::Screen;

/// What can go wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Danger {
    /// It concerns this console only.
    None,
    /// It asks the server something.
    Looks,
    /// It changes something that can be changed back by the same means.
    Harmless,
    /// Clients or operators notice it: a dialog, with Cancel as the default.
    Confirm,
    /// Something is lost or cut off: the workspace's name has to be typed.
    Typed,
}

/// Where it can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    /// On every screen.
    Everywhere,
    /// On these.
    On(&'static [Screen]),
}

/// Something that can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Action {
    /// Which.
    pub id: ActionId,
    /// Its name in the palette and in the keymap of the configuration.
    pub name: &'static str,
    /// In a word or two, for hints.
    pub label: &'static str,
    /// In a sentence, for help.
    pub help: &'static str,
    /// What can go wrong with it.
    pub danger: Danger,
    /// What one must be allowed to do for it; nothing for what concerns this console only.
    pub operation: Option<Operation>,
    /// Where it can be done.
    pub place: Where,
    /// The keys, unless the configuration says otherwise.
    pub keys: &'static [&'static str],
}

impl Action {
    /// Whether it can be done on this screen.
    pub fn is_on(&self, screen: Screen) -> bool {
        match self.place {
            Where::Everywhere => true,
            Where::On(screens) => screens.contains(&screen),
        }
    }

    /// The least role that may do it; nothing for what concerns this console only.
    pub fn least_role(&self) -> Option<Role> {
        self.operation.map(Role::least_for)
    }

    /// The action of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        ACTIONS.iter().copied().find(|action| action.name == name)
    }
}

macro_rules! actions {
    ($($id:ident $name:literal $label:literal $danger:ident $operation:expr, $place:expr, [$($key:literal)*], $help:literal;)+) => {
        /// Names an action.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum ActionId { $(#[doc = $help] $id,)+ }

        /// Every action, in the order in which help shows them.
        pub static ACTIONS: &[&Action] = &[$(ActionId::$id.action(),)+];

        impl ActionId {
            /// What there is to know of it.
            pub const fn action(self) -> &'static Action {
                match self {
                    $(Self::$id => &Action {
                        id: ActionId::$id, name: $name, label: $label, help: $help, danger: Danger::$danger,
                        operation: $operation, place: $place, keys: &[$($key,)*],
                    },)+
                }
            }
        }
    };
}

use Operation as Op;
use Where::{Everywhere, On};

const LISTS: Where = On(&[
    Screen::Connections,
    Screen::Restarts,
    Screen::State,
    Screen::Tasks,
    Screen::DeadLetters,
    Screen::Audit,
    Screen::Configuration,
]);
const FILTERED: Where = On(&[
    Screen::Connections,
    Screen::Restarts,
    Screen::State,
    Screen::Tasks,
    Screen::DeadLetters,
    Screen::Logs,
    Screen::Audit,
    Screen::Configuration,
]);
const CONNECTIONS: Where = On(&[Screen::Connections]);
const RESTARTS: Where = On(&[Screen::Restarts]);
const STATE: Where = On(&[Screen::State]);
const LETTERS: Where = On(&[Screen::DeadLetters]);
const LOGS: Where = On(&[Screen::Logs]);
const AUDIT: Where = On(&[Screen::Audit]);
const CONFIGURATION: Where = On(&[Screen::Configuration]);
const COMPARED: Where = On(&[Screen::Restarts, Screen::State]);
const EXPLAINED: Where = On(&[Screen::Overview, Screen::Restarts, Screen::DeadLetters]);

actions! {
    Restart "restart" "restart" Confirm Some(Op::GracefulRestart), Everywhere, ["r"], "Restart gracefully: the next worker is proved first, clients stay connected";
    Build "build" "build+restart" Confirm Some(Op::GracefulRestart), Everywhere, ["b"], "Run the build command, then restart; when it fails the old build serves on";
    Upgrade "upgrade" "upgrade" Typed Some(Op::RunProgram), Everywhere, ["U"], "Restart with another program file";
    CancelRestart "cancel-restart" "cancel" Confirm Some(Op::CancelRestart), Everywhere, ["X"], "Call the restart that runs off, while that is possible";
    Rollback "rollback" "roll back" Confirm Some(Op::Rollback), Everywhere, ["R"], "Go back to the previous build";
    Emergency "emergency" "EMERGENCY" Typed Some(Op::EmergencyRestart), Everywhere, ["E"], "End the worker at once and start the next one, without a snapshot";
    Maintenance "maintenance" "maintenance" Confirm Some(Op::Maintenance), Everywhere, ["M"], "Hold new requests back, or let them through again";
    Prepare "prepare" "ready?" Looks Some(Op::ShutdownPrepare), Everywhere, ["P"], "See whether a restart would go through, and what is in the way";
    Health "health" "health" Looks Some(Op::HealthCheck), Everywhere, ["H"], "Measure how everything is, now";
    LogLevel "log-level" "log level" Harmless Some(Op::LogLevel), Everywhere, ["L"], "Change how much front and workers write to their log files";
    Identity "identity" "who am I" Looks Some(Op::ViewRoles), Everywhere, ["I"], "See who you are for the server, and which role may do what";
    Stop "stop" "stop server" Typed Some(Op::Stop), Everywhere, ["Q"], "End the server and disconnect its clients";

    ReconnectTest "reconnect-test" "test" Looks Some(Op::ReconnectTest), CONNECTIONS, ["t"], "Send something through the chosen connection";
    ReconnectTestAll "reconnect-test-all" "test all" Looks Some(Op::ReconnectTest), CONNECTIONS, ["T"], "Send something through every connection";
    ClearBuffer "clear-buffer" "clear buffer" Confirm Some(Op::ClearBuffers), CONNECTIONS, ["B"], "Answer what waits of the chosen session with a retryable error";
    ClearBuffers "clear-buffers" "clear buffers" Typed Some(Op::ClearBuffers), Everywhere, ["ctrl-b"], "Answer what waits of every session with a retryable error";
    Disconnect "disconnect" "disconnect" Typed Some(Op::DisconnectSession), CONNECTIONS, ["D"], "End the chosen session; what it waits for is answered with an error";

    Snapshot "snapshot" "snapshot" Harmless Some(Op::Snapshot), STATE, ["t"], "Take a snapshot now, verified";
    Verify "verify" "verify" Looks Some(Op::ViewBackups), STATE, ["v"], "Read the chosen file from end to end";
    VerifyAll "verify-all" "verify all" Looks Some(Op::ViewBackups), STATE, ["V"], "Read every snapshot and backup from end to end";
    Pin "pin" "pin" Harmless Some(Op::PinBackup), STATE, ["p"], "Keep the chosen file whatever its age, or not any more";
    Restore "restore" "restore" Typed Some(Op::RestoreBackup), STATE, ["O"], "Put the chosen file in the place of the database; clients wait";
    Prune "prune" "prune" Typed Some(Op::PruneBackups), STATE, ["D"], "Remove and compress what the configuration does not keep";

    ReadLetter "read-letter" "read" Harmless Some(Op::ReadDeadLetter), LETTERS, ["o"], "Read the chosen request, with what its client had written; this is written in the audit";
    RetryLetter "retry-letter" "try again" Confirm Some(Op::RetryDeadLetter), LETTERS, ["a"], "Send the chosen request to the worker again";
    DiscardLetter "discard-letter" "discard" Typed Some(Op::DiscardDeadLetter), LETTERS, ["D"], "Forget the chosen request";

    Follow "follow" "follow" None None, LOGS, ["f"], "Follow the newest lines, or stay where one is";
    LevelUp "log-filter-level" "level" Looks Some(Op::ViewLogs), LOGS, ["v"], "Show lines from the next level on";
    LogSession "log-filter-session" "session" Looks Some(Op::ViewLogs), LOGS, ["i"], "Show lines about one session only";
    Wrap "wrap" "wrap" None None, LOGS, ["W"], "Wrap long lines, or cut them off";

    VerifyAudit "verify-audit" "verify" Looks Some(Op::ViewAudit), AUDIT, ["v"], "Check the whole audit: no record edited, removed, reordered or cut off";
    OwnDenials "own-denials" "own denials" None None, AUDIT, ["o"], "Show only what was denied to you, or everything again";
    Reload "reload-config" "reload" Confirm Some(Op::ReloadConfig), CONFIGURATION, ["u"], "Have the server read its configuration again";

    Mark "mark" "mark" None None, COMPARED, ["x"], "Mark the chosen row for a comparison; two can be marked";
    Compare "compare" "compare" Looks Some(Op::ViewBackups), STATE, ["c"], "Compare the two marked files, or the chosen one with the database";
    CompareRestarts "compare-restarts" "compare" None None, RESTARTS, ["c"], "Compare the two marked restarts, phase by phase";
    Explain "explain" "explain" None None, EXPLAINED, ["e"], "Explain the error of the chosen row";

    Up "up" "up" None None, Everywhere, ["k" "up"], "One row up";
    Down "down" "down" None None, Everywhere, ["j" "down"], "One row down";
    PageUp "page-up" "page up" None None, Everywhere, ["pageup" "ctrl-u"], "One page up";
    PageDown "page-down" "page down" None None, Everywhere, ["pagedown" "ctrl-d"], "One page down";
    Top "top" "top" None None, Everywhere, ["g" "home"], "To the first row";
    Bottom "bottom" "bottom" None None, Everywhere, ["G" "end"], "To the last row";
    Left "left" "left" None None, Everywhere, ["h" "left"], "To the left, or close the branch";
    Right "right" "right" None None, Everywhere, ["l" "right"], "To the right, or open the branch";
    Open "open" "open" None None, Everywhere, ["enter"], "Open what is chosen";
    Back "back" "back" None None, Everywhere, ["esc" "backspace"], "Close what is open, or end the filter";
    Filter "filter" "filter" None None, FILTERED, ["/"], "Show only rows that match: words, column:words, !not";
    Sort "sort" "sort" None None, LISTS, ["s"], "Sort by a column";
    Columns "columns" "columns" None None, LISTS, ["C"], "Choose the columns";
    Refresh "refresh" "refresh" Looks None, Everywhere, ["ctrl-r"], "Ask anew for what this screen shows, or connect now instead of later";
    Freeze "freeze" "freeze" None None, Everywhere, ["space"], "Hold what is shown still, without pausing anything";
    Copy "copy" "copy" None None, Everywhere, ["y"], "Copy the chosen row's name";
    CopyAll "copy-all" "copy all" None None, Everywhere, ["Y"], "Copy everything that the list shows";

    Overview "overview" "overview" None None, Everywhere, ["1"], "How everything is";
    Connections "connections" "connections" None None, Everywhere, ["2"], "Every client session";
    Restarts "restarts" "restarts" None None, Everywhere, ["3"], "The restart that runs, and earlier ones";
    State "state" "state" None None, Everywhere, ["4"], "Snapshots and backups";
    Tasks "tasks" "tasks" None None, Everywhere, ["5"], "Sessions of work and plans";
    DeadLetters "dead-letters" "dead letters" None None, Everywhere, ["6"], "Requests that were given up";
    Logs "logs" "logs" None None, Everywhere, ["7"], "The log of front and workers";
    Audit "audit" "audit" None None, Everywhere, ["8"], "Who did what";
    Configuration "configuration" "configuration" None None, Everywhere, ["9"], "The configuration in force";
    NextScreen "next-screen" "next" None None, Everywhere, ["tab"], "To the next screen";
    PreviousScreen "previous-screen" "previous" None None, Everywhere, ["backtab"], "To the previous screen";

    Help "help" "help" None None, Everywhere, ["?" "f1"], "Every key of this screen";
    Palette "palette" "palette" None None, Everywhere, [":" "ctrl-p"], "Find an action by its name";
    Targets "workspaces" "workspaces" None None, Everywhere, ["w"], "Switch to another workspace with a running server";
    StartServer "start-server" "start server" None None, Everywhere, ["S"], "Start a server for this workspace, where none runs";
    Mouse "mouse" "mouse" None None, Everywhere, ["f2"], "Take the mouse, or leave it to the terminal for selecting text";
    Theme "theme" "theme" None None, Everywhere, ["f3"], "The next theme";
    Signs "signs" "signs" None None, Everywhere, ["f4"], "Signs of Unicode, or of ASCII";
    Redraw "redraw" "redraw" None None, Everywhere, ["ctrl-l"], "Draw everything anew";
    Suspend "suspend" "suspend" None None, Everywhere, ["ctrl-z"], "Back to the shell; fg returns";
    Quit "quit" "quit" None None, Everywhere, ["q" "ctrl-c"], "End the console; the server goes on";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_different_and_find_the_action() {
        let names: BTreeSet<_> = ACTIONS.iter().map(|action| action.name).collect();
        assert_eq!(names.len(), ACTIONS.len());
        for action in ACTIONS {
            assert_eq!(Action::named(action.name).map(|found| found.id), Some(action.id));
        }
    }

    #[test]
    fn what_is_dangerous_needs_a_right() {
        for action in ACTIONS {
            assert_eq!(
                action.danger > Danger::Looks,
                action.operation.is_some_and(Operation::is_privileged),
                "{}",
                action.name
            );
        }
    }
}

//! What the console knows and where its user is. Pure data: it is changed by `update`
//! only, and drawn by `view`, which changes nothing.

pub mod absent;
pub mod checks;
pub mod dialog;
pub mod filter;
pub mod known;
pub mod link_state;
pub mod list;
pub mod logs;
pub mod notice;
mod now;
pub mod order;
pub mod prompt;
pub mod rows;
pub mod series;
pub mod steps;
pub mod value;
pub mod words;
pub mod world;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;

use jiff::tz::TimeZone;
use task_orchestrator_shared::admin::audit::AuditRecord;
use task_orchestrator_shared::admin::config::ConfigEntry;
use task_orchestrator_shared::admin::session_detail::SessionDetail;
use task_orchestrator_shared::admin::tasks::TaskTree;
use task_orchestrator_shared::admin::view::View;
use task_orchestrator_shared::role::{Operation, Role};

pub use now::Now;

use crate::action::{Action, Danger};
use crate::heard::Tag;
use crate::keymap::Keymap;
use crate::screen::Screen;
use crate::theme::Look;
use dialog::Ask;
use known::{Fetched, Freshness};
use link_state::LinkState;
use list::ListState;
use logs::Logs;
use notice::Notice;
use prompt::Prompt;
use series::Series;
use world::World;

/// What the console was started with and what its user has changed since.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How everything looks.
    pub look: Look,
    /// Which key does what.
    pub keymap: Keymap,
    /// The time zone in which times are shown.
    pub zone: TimeZone,
    /// Whether the mouse is taken.
    pub mouse: bool,
    /// The objective for a restart, in milliseconds: longer ones are marked.
    pub objective_ms: f64,
    /// Whether orders are never given.
    pub read_only: bool,
    /// The lower role that was asked for.
    pub role: Option<Role>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            look: Look::default(),
            keymap: Keymap::default(),
            zone: TimeZone::UTC,
            mouse: false,
            objective_ms: 1000.0,
            read_only: false,
            role: None,
        }
    }
}

/// The server that is looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    /// What it is called: the last part of the project directory.
    pub name: String,
    /// The project directory.
    pub workspace: PathBuf,
}

impl Target {
    /// The server of this project directory.
    pub fn of(workspace: PathBuf) -> Self {
        Self { name: crate::update::name_of(&workspace.to_string_lossy()), workspace }
    }
}

/// The last whole state that was heard, kept up to date.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// It.
    pub view: View,
    /// When something was heard last.
    pub at: Now,
    /// When something was heard of the restart last: its figures are as old as that.
    pub restart_at: Now,
    /// Whether it is of the connection that is up, without a gap since: rows of a server
    /// that is gone are never shown as live.
    pub is_current: bool,
}

/// Something that was asked of the server.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// What for.
    pub purpose: Purpose,
    /// When.
    pub at: Now,
}

/// What an answer is for.
#[derive(Debug, Clone, PartialEq)]
pub enum Purpose {
    /// [`Model::tasks`].
    Tasks,
    /// [`Model::config`].
    Config,
    /// [`Model::audit`].
    Audit,
    /// [`Model::session`].
    Session,
    /// The page that waits for it.
    Page,
    /// The facts of the dialog.
    Facts,
    /// An order that was confirmed.
    Order(Ask),
    /// Something harmless: its name, for the notice.
    Small(&'static Action),
}

/// What the console knows and where its user is.
#[derive(Debug, Clone)]
pub struct Model {
    /// The moment of the last message.
    pub now: Now,
    /// What the console was started with and what was changed since.
    pub settings: Settings,
    /// The server that is looked at.
    pub target: Target,
    /// How the console stands with it.
    pub link: LinkState,
    /// What was heard of it last.
    pub seen: Option<Box<Seen>>,
    /// What is shown instead, while the view is frozen.
    pub frozen: Option<Box<Seen>>,
    /// The figures over time of that moment.
    pub frozen_series: Series,
    /// Figures over time.
    pub series: Series,
    /// The screen.
    pub screen: Screen,
    /// What lies over it.
    pub prompt: Prompt,
    /// Where one is in each list.
    pub lists: BTreeMap<Screen, ListState>,
    /// Whether the details of the chosen row are shown, on a screen that has no room for both.
    pub is_open: bool,
    /// The work in the database.
    pub tasks: Fetched<TaskTree>,
    /// Branches of it that are closed, by their ids. Bounded by [`MAX_CLOSED`]: no more are closed.
    pub closed: BTreeSet<String>,
    /// The configuration.
    pub config: Fetched<Vec<ConfigEntry>>,
    /// The newest records of the audit, where more than the view's are wanted.
    pub audit: Fetched<Vec<AuditRecord>>,
    /// Whether only own denials are shown of it.
    pub own_denials: bool,
    /// The user that the server has taken this console for last.
    pub uid: Option<u32>,
    /// The chosen session.
    pub session: Fetched<SessionDetail>,
    /// Which session was asked for last, by its client's id.
    pub session_asked: Option<String>,
    /// When what is asked anew now and then was asked for last, since the console started.
    pub polled: std::time::Duration,
    /// The log.
    pub logs: Logs,
    /// What waits for an answer. Bounded by [`MAX_ASKED`].
    pub asked: BTreeMap<Tag, Asked>,
    /// The number of the last question.
    pub last_tag: u64,
    /// What came of what one did, newest last.
    pub notices: VecDeque<Notice>,
    /// The size of the terminal.
    pub size: (u16, u16),
    /// Rows that a page of the list or of the prompt has, as last drawn.
    pub page_rows: usize,
    /// Links that were asked for and have not begun: until then, what is heard is of
    /// another server.
    pub opening: u32,
    /// Whether a server is to be started without being asked, once, where none runs.
    pub starts_unasked: bool,
    /// Whether a server is being started.
    pub is_starting: bool,
    /// Whether the console is about to end.
    pub is_over: bool,
    /// Drawn once for each console: no two of them name an intention alike.
    pub nonce: String,
}

/// Most branches that are closed at once.
pub const MAX_CLOSED: usize = 10_000;

/// Most questions that wait for an answer; more are not asked, with a notice.
pub const MAX_ASKED: usize = 32;

impl Model {
    /// Nothing is known yet.
    pub fn new(target: Target, settings: Settings, now: Now) -> Self {
        Self {
            now,
            settings,
            target,
            link: LinkState::Connecting { attempt: 0, last: None },
            seen: None,
            frozen: None,
            frozen_series: Series::default(),
            series: Series::default(),
            screen: Screen::default(),
            prompt: Prompt::None,
            lists: BTreeMap::new(),
            is_open: false,
            tasks: Fetched::Unasked,
            closed: BTreeSet::new(),
            config: Fetched::Unasked,
            audit: Fetched::Unasked,
            own_denials: false,
            uid: None,
            session: Fetched::Unasked,
            session_asked: None,
            polled: now.running,
            logs: Logs::default(),
            asked: BTreeMap::new(),
            last_tag: 0,
            notices: VecDeque::new(),
            size: (0, 0),
            page_rows: 1,
            opening: 0,
            starts_unasked: false,
            is_starting: false,
            is_over: false,
            nonce: String::new(),
        }
    }

    /// What is shown of the server, and how much it can be trusted. A frozen view is
    /// as old as it is, however live the server.
    pub fn view(&self) -> Option<(&View, Freshness)> {
        if let Some(frozen) = &self.frozen {
            return Some((&frozen.view, Freshness::Stale(frozen.at)));
        }
        let seen = self.seen.as_deref()?;
        let freshness = if self.is_live() { Freshness::Live } else { Freshness::Stale(seen.at) };
        Some((&seen.view, freshness))
    }

    /// Whether what was heard last is what is: there is a connection, and its server has
    /// told how it is.
    pub fn is_live(&self) -> bool {
        self.link.is_live() && self.seen.as_ref().is_some_and(|seen| seen.is_current)
    }

    /// The figures over time that are shown.
    pub fn curves(&self) -> &Series {
        if self.frozen.is_some() { &self.frozen_series } else { &self.series }
    }

    /// How much an answer that was asked for can be trusted.
    pub fn freshness_of<T>(&self, held: &known::Held<T>) -> Freshness {
        let is_of_this_server = self.seen.as_ref().is_some_and(|seen| seen.view.boot == held.boot);
        if self.is_live() && is_of_this_server { Freshness::Live } else { Freshness::Stale(held.at) }
    }

    /// The world that a decision would be based on: only while the link is live, and once
    /// its server has told how it is.
    pub fn world(&self) -> Option<World> {
        self.link.takes_orders().then_some(())?;
        self.seen.as_ref().filter(|seen| seen.is_current).map(|seen| World::of(&seen.view))
    }

    /// The role that the server has granted on this connection.
    pub fn role(&self) -> Option<Role> {
        self.link.welcome().map(|welcome| welcome.you.role)
    }

    /// Why an action cannot be done, in a sentence; nothing where it can. The server
    /// decides; this shows what it has said.
    pub fn barred(&self, action: &Action) -> Option<String> {
        let operation = action.operation?;
        let Some(welcome) = self.link.welcome() else {
            return Some("there is no connection to the server".to_owned());
        };
        if self.settings.read_only && action.danger > Danger::Looks {
            return Some("this console was started with --read-only".to_owned());
        }
        if !welcome.you.may.contains(&operation) {
            return Some(self.denial(welcome.you.role, operation));
        }
        match &self.link {
            LinkState::Stale { .. } if action.danger > Danger::Looks => {
                Some("the server is silent: nothing is ordered on what may not be so any more".to_owned())
            }
            LinkState::Incompatible { .. } if action.danger > Danger::Looks => {
                Some("server and console speak different versions: this console may only look".to_owned())
            }
            _ => None,
        }
    }

    fn denial(&self, role: Role, operation: Operation) -> String {
        let least = Role::least_for(operation);
        let granted = self.link.welcome().map_or(role, |welcome| welcome.you.granted);
        if granted >= least {
            return format!("you are {role} here and this needs {least}: start the console without --role");
        }
        format!("you are {role} and this needs {least}: an administrator can grant it (`access.grants`)")
    }

    /// Where one is in the list of this screen.
    pub fn list(&self) -> ListState {
        self.lists.get(&self.screen).cloned().unwrap_or_default()
    }

    /// The same, to be changed.
    pub fn list_mut(&mut self) -> &mut ListState {
        self.lists.entry(self.screen).or_default()
    }

    /// The newest notice, while it is shown.
    pub fn notice(&self) -> Option<&Notice> {
        self.notices.back().filter(|notice| self.now.since(notice.at) < notice::SHOWN_FOR)
    }
}

//! What drawing costs, in this process: the console's own view, the comparison with what
//! the terminal shows, and the bytes of the difference. No terminal takes part.

use std::time::{Duration, Instant};

use anyhow::Result;
use task_orchestrator_console::heard::Heard;
use task_orchestrator_console::key::{Key, Press};
use task_orchestrator_console::model::known::{Fetched, Held};
use task_orchestrator_console::model::list::{Direction, ListState};
use task_orchestrator_console::model::{Model, Now, Settings, Target};
use task_orchestrator_console::msg::Msg;
use task_orchestrator_console::screen::Screen;
use task_orchestrator_console::terminal::screen::Screen as Terminal;
use task_orchestrator_console::update::update;
use task_orchestrator_console::view::{Drawn, view};
use task_orchestrator_shared::admin::view::Delta;

use super::real::Told;
use super::{SIZE, made};
use crate::bench::Scale;
use crate::bench::table::{Figure, Goal, Table};
use crate::fake_server::NOON;
use crate::measure::Sample;

const GOAL: Goal = Goal::Within(Duration::from_millis(1));

/// Lines of the log, as many as a console asks for.
const LINES: u64 = 1000;

/// Sessions that change in one event: many, for a frame shows what several events changed.
const ROWS: u64 = 20;

/// What each frame has cost: the events and keys before it, and itself.
#[derive(Default)]
struct Times {
    event: Vec<Duration>,
    key: Vec<Duration>,
    frame: Vec<Duration>,
}

pub(super) fn measure(scale: &Scale, table: &mut Table, told: Told) -> Result<()> {
    let mut desk = Desk::new(told)?;
    let count = scale.calls / 3;
    let nothing = Sample::of((0..count).map(|_| desk.nothing()).collect());
    let (mut all, mut worst) = (Times::default(), (Duration::ZERO, Screen::Overview));
    for screen in Screen::ALL {
        let times = desk.run(screen, count);
        let frame = Sample::of(times.frame);
        worst = worst.max((frame.percentile(99), screen));
        all.event.extend(times.event);
        all.key.extend(times.key);
        let what = format!("console, in-process: a frame of {}, p99", screen.title());
        table.row(&what, GOAL, Figure::Time(frame.percentile(99)), ("its p50", Figure::Time(frame.median())));
    }
    let control = ("an empty frame", Figure::Time(nothing.percentile(99)));
    let what = format!("console, in-process: a frame, the slowest screen ({}), p99", worst.1.title());
    table.row(&what, GOAL, Figure::Time(worst.0), control);
    for (what, times) in [(format!("an event of {ROWS} sessions"), all.event), ("a key".to_owned(), all.key)]
    {
        let times = Sample::of(times);
        let what = format!("console, in-process: {what} taken in, all screens, p99");
        table.row(
            &what,
            Goal::None,
            Figure::Time(times.percentile(99)),
            ("its p50", Figure::Time(times.median())),
        );
    }
    Ok(())
}

struct Desk {
    model: Model,
    terminal: Terminal,
    began: Instant,
    events: u64,
}

impl Desk {
    fn new(told: Told) -> Result<Self> {
        let now = Now::default();
        let mut desk = Self {
            model: Model::new(Target::default(), Settings::default(), now),
            terminal: Terminal::new(SIZE),
            began: Instant::now(),
            events: 0,
        };
        desk.model.size = SIZE;
        let lines = (0..LINES).map(made::line).collect();
        for heard in [
            Heard::Live { welcome: Box::new(made::welcome()) },
            Heard::View { view: Box::new(made::view(told.view)?) },
            Heard::LogBegins { lines },
        ] {
            desk.take(Msg::Heard(heard));
        }
        let boot = "made".to_owned();
        let held = Held { value: made::tasks(), at: now, boot: boot.clone() };
        desk.model.tasks = Fetched::Have(Box::new(held));
        desk.model.config = Fetched::Have(Box::new(Held { value: told.config, at: now, boot }));
        // The dearest that a list can be.
        let sort = Some(("requests", Direction::Down));
        desk.model.lists.insert(Screen::Connections, ListState { sort, ..ListState::default() });
        Ok(desk)
    }

    fn take(&mut self, msg: Msg) -> Duration {
        let begun = Instant::now();
        let now = Now { running: self.began.elapsed(), ..self.model.now };
        update(&mut self.model, msg, now);
        begun.elapsed()
    }

    /// An event, a key that moves what is chosen, and the frame that shows both.
    fn run(&mut self, screen: Screen, count: usize) -> Times {
        self.model.screen = screen;
        // The first frame on a screen is another one than those that follow.
        self.frame();
        let mut times = Times::default();
        for number in 0..count {
            self.events += 1;
            let changes = made::changes(self.events, ROWS);
            let delta = Delta { seq: self.events + 1, at: NOON.to_owned(), changes };
            times.event.push(self.take(Msg::Heard(Heard::Delta { delta })));
            let key = if number % 40 < 20 { 'j' } else { 'k' };
            let key = key.to_string().parse::<Key>();
            times.key.extend(key.map(|key| self.take(Msg::Key(Press { key, repeats: false }))));
            times.frame.push(self.frame());
        }
        times
    }

    fn frame(&mut self) -> Duration {
        let (model, begun) = (&self.model, Instant::now());
        let (drawn, bytes) = self.terminal.compose(|area, buffer| view(model, area, buffer));
        let took = begun.elapsed();
        drop(bytes);
        self.take(Msg::Drawn { page_rows: drawn.page_rows });
        took
    }

    fn nothing(&mut self) -> Duration {
        let begun = Instant::now();
        let _ = self.terminal.compose(|_, _| Drawn::default());
        begun.elapsed()
    }
}

//! Drawing: when, and what of it is written.

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::{Alarm, Cause, Console, Guard, HitMap, Msg, Output, Pace, Screen, Setup, Wire};
use crate::terminal;
use crate::view::view;

impl Console {
    /// Draws the first frame, and only then begins to connect.
    pub(super) fn begin(
        setup: Setup,
        guard: Guard,
        output: Output,
        tick: Alarm,
        out: mpsc::Sender<Msg>,
    ) -> Self {
        let Setup { mut model, origin, is_remote, is_local_time } = setup;
        let started = Instant::now();
        let mut screen = Screen::new(terminal::size());
        let _ = guard.mouse(model.settings.mouse);
        screen.control(guard.opening().as_bytes());
        model.size = terminal::size();
        let (drawn, bytes) = screen.compose(|area, buffer| view(&model, area, buffer));
        output.submit(bytes);
        let mut pace = if is_remote { Pace::remote() } else { Pace::near() };
        pace.drawn(started.elapsed());
        if is_local_time {
            // The system's files about it are read while the first frame is written.
            model.settings.zone = jiff::tz::TimeZone::system();
        }
        let mut console = Self {
            model,
            wire: Wire::begin(origin, out),
            guard,
            output,
            screen,
            hits: HitMap::default(),
            pace,
            wanted: None,
            tick,
            started,
            is_stopped: false,
            end: None,
        };
        console.shown(drawn);
        console
    }

    /// When the next frame is to be drawn, where one is wanted and can be.
    pub(super) fn draw_at(&self) -> Option<Instant> {
        let cause = self.wanted.filter(|_| !self.is_stopped && !self.output.is_busy())?;
        Some(self.started + self.pace.due(self.started.elapsed(), cause))
    }

    /// Draws, where a frame is wanted and its time has come.
    pub(super) fn draw_if_due(&mut self) {
        if self.draw_at().is_some_and(|at| at <= Instant::now()) {
            self.draw();
        }
    }

    fn draw(&mut self) {
        self.wanted = None;
        let model = &self.model;
        let (drawn, bytes) = self.screen.compose(|area, buffer| view(model, area, buffer));
        self.pace.drawn(self.started.elapsed());
        if !bytes.is_empty() {
            self.output.submit(bytes);
        }
        self.shown(drawn);
    }

    /// Remembers where things are, and how many rows fit.
    fn shown(&mut self, drawn: crate::view::Drawn) {
        self.hits = drawn.hits;
        if drawn.page_rows.max(1) != self.model.page_rows {
            self.take(Msg::Drawn { page_rows: drawn.page_rows }, Cause::Data);
        }
    }

    /// The terminal has another size.
    pub(super) fn resize(&mut self) {
        let (width, height) = terminal::size();
        self.screen.resize((width, height));
        self.take(Msg::Resize(width, height), Cause::Input);
    }
}

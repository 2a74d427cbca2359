//! A client that calls all the time while something happens to the server, and
//! then says whether it noticed anything.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::json;

use crate::{Client, Workspace, observed, wait};

/// See the module.
#[derive(Debug)]
pub struct Caller {
    client: Arc<Client>,
    name: String,
    answered: Arc<AtomicUsize>,
    stopped: Arc<AtomicBool>,
    calling: JoinHandle<Result<usize>>,
}

impl Caller {
    /// Opens a session and plans one task after the other, until [`Caller::finish`].
    ///
    /// # Errors
    ///
    /// When there is no session.
    pub fn start(workspace: &Workspace) -> Result<Self> {
        let client = Arc::new(Client::open(workspace)?);
        let name = format!("caller{}", client.pid());
        let (answered, stopped) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        let calling = {
            let (client, name) = (Arc::clone(&client), name.clone());
            let (answered, stopped) = (Arc::clone(&answered), Arc::clone(&stopped));
            std::thread::spawn(move || {
                let mut number = 0;
                while !stopped.load(Ordering::Relaxed) {
                    let arguments = json!({"title": format!("{name}-{number}"), "description": "d"});
                    client.call("orchestrator_plan_task", arguments)?;
                    number += 1;
                    answered.store(number, Ordering::Relaxed);
                }
                Ok(number)
            })
        };
        let caller = Self { client, name, answered, stopped, calling };
        caller.goes_on()?;
        Ok(caller)
    }

    /// Its client, for more calls in the same session.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Returns when calls that were made from here on have been answered.
    ///
    /// # Errors
    ///
    /// When none are.
    pub fn goes_on(&self) -> Result<()> {
        // The first answer may be to a call from before.
        let enough = self.answered.load(Ordering::Relaxed) + 2;
        let is_over = || self.calling.is_finished() || self.answered.load(Ordering::Relaxed) >= enough;
        wait::until("two answers more", || is_over().then_some(()))?;
        ensure!(!self.calling.is_finished(), "a caller has ended: it saw an error");
        Ok(())
    }

    /// Stops calling; gives how many calls there were.
    ///
    /// # Errors
    ///
    /// When the client saw an error, a disconnect, or anything but messages, and when
    /// its tasks are not in the database once each, in their order.
    pub fn finish(self, workspace: &Workspace) -> Result<usize> {
        let planned = self.leave()?;
        let titles = planned.among(observed::titles_in_order(&workspace.database())?);
        ensure!(
            titles == planned.titles(),
            "{} calls were answered, these are there: {titles:?}",
            planned.calls
        );
        Ok(planned.calls)
    }

    /// Stops calling and ends the session; gives what was planned and acknowledged.
    ///
    /// # Errors
    ///
    /// When the client saw an error, a disconnect, or anything but messages.
    pub fn leave(self) -> Result<Planned> {
        self.stopped.store(true, Ordering::Relaxed);
        let joined = self.calling.join().map_err(|_| anyhow!("a caller panicked"))?;
        let calls = joined.context("a client noticed what happened to the server")?;
        ensure!(!self.client.inbox().look(|received| received.ended), "the client was disconnected");
        self.client.assert_pure()?;
        self.client.quit()?;
        Ok(Planned { name: self.name, calls })
    }
}

/// The tasks whose planning one caller saw acknowledged.
#[derive(Debug)]
pub struct Planned {
    name: String,
    /// How many.
    pub calls: usize,
}

impl Planned {
    /// Their titles, in the order of the calls.
    pub fn titles(&self) -> Vec<String> {
        (0..self.calls).map(|number| format!("{}-{number}", self.name)).collect()
    }

    /// Those of these titles that are this caller's.
    pub fn among(&self, mut titles: Vec<String>) -> Vec<String> {
        let prefix = format!("{}-", self.name);
        titles.retain(|title| title.starts_with(&prefix));
        titles
    }

    /// Checks that each one is in the database once or was written down as lost, and no other is.
    ///
    /// # Errors
    ///
    /// When one is doubled, missing, or was never planned.
    pub fn accounted_for(&self, database: &[String], lost: &[String]) -> Result<()> {
        let (there, lost) = (self.among(database.to_vec()), self.among(lost.to_vec()));
        let (planned, once) = (self.titles(), there.iter().collect::<HashSet<_>>());
        ensure!(once.len() == there.len(), "doubled: {there:?}");
        let missing = planned.iter().find(|title| !there.contains(title) && !lost.contains(title));
        ensure!(missing.is_none(), "{missing:?} is neither there nor written down: {there:?}, {lost:?}");
        let other = there.iter().chain(&lost).find(|title| !planned.contains(title));
        ensure!(other.is_none(), "{other:?} was not acknowledged: {there:?}, {lost:?}");
        Ok(())
    }
}

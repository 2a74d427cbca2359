//! The run behind the history checker: clients that call, a killer that kills,
//! and a comparison at the end.

mod killer;
mod load;
mod place;
mod progress;
mod speaker;
mod unasked;
mod watched;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::history::{self, History, Verdict};
use crate::measure::{Sample, milliseconds};
use crate::{Client, Status, Workspace, observed};

pub use killer::Victim;
use place::Front;
pub use place::config;
use progress::Progress;
use speaker::Speaker;
pub use speaker::Transport;
use watched::Watched;

/// What to run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How many clients.
    pub clients: usize,
    /// How they come.
    pub transport: Transport,
    /// Calls that one client has in flight at once.
    pub window: usize,
    /// How often to kill or restart.
    pub kills: u32,
    /// Replies that there must have been before the run ends, whatever was killed.
    pub replies: u64,
    /// Whom.
    pub victim: Victim,
    /// Repeats the killer's choices.
    pub seed: u64,
    /// Ends the run early, however many kills are left. They are missing in the outcome then.
    pub limit: Duration,
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// What is wrong with what was asked and answered.
    pub verdict: Verdict,
    /// What is wrong besides: too many workers at once, tasks out of order, a front that grows.
    pub problems: Vec<String>,
    /// Kills that hit a living process, and restarts.
    pub kills: u32,
    /// Calls that were made.
    pub calls: usize,
    /// Tasks that the database holds at the end.
    pub tasks: usize,
    /// How long callers waited.
    pub waits: Sample,
    /// The server at the end, before it is gone with its clients.
    pub status: Status,
}

impl Outcome {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.verdict.is_clean() && self.problems.is_empty()
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [p50, p90, p99, longest] = [50, 90, 99, 100].map(|p| milliseconds(self.waits.percentile(p)));
        write!(
            f,
            "{} calls, {} kills, {} tasks: {}; waits p50 {p50}, p90 {p90}, p99 {p99}, longest {longest}",
            self.calls, self.kills, self.tasks, self.verdict
        )?;
        self.problems.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

/// Runs it in the workspace, whose configuration is [`config`]'s, and compares.
///
/// # Errors
///
/// When the run itself cannot go on: a client does not start, nobody can be killed.
/// What the program did wrong is in the [`Outcome`].
pub fn run(workspace: &Workspace, plan: &Plan) -> Result<Outcome> {
    ensure!(plan.clients > 0 && plan.window > 0, "nobody to call");
    let mut front = Front::start(workspace, plan.transport)?;
    let open = |number| Speaker::open(workspace, plan.transport, number, plan.victim.may_be_the_front());
    let clients = (0..plan.clients).map(open).collect::<Result<Vec<_>>>()?;
    let progress = Arc::new(Progress::new(plan.clients * plan.window));
    let watched = Watched::new(workspace)?;
    let (kills, calls) = std::thread::scope(|scope| {
        let watching = scope.spawn(|| watched.watch());
        let mut callers = Vec::new();
        for (number, client) in clients.iter().enumerate() {
            for lane in number * plan.window..(number + 1) * plan.window {
                let progress = Arc::clone(&progress);
                callers.push(scope.spawn(move || load::call_until_told(client, number, lane, &progress)));
            }
        }
        let kills = killer::kill_as_planned(workspace, plan, &progress, &watched, &mut front);
        watched.end();
        progress.stop();
        let calls = callers.into_iter().filter_map(|caller| caller.join().ok()).flatten().collect::<Vec<_>>();
        let _ = watching.join();
        (kills, calls)
    });
    let (mut history, kills) = (History { calls, disconnects: disconnects(&clients) }, kills?);
    for call in &mut history.calls {
        // The inbox counts what came under an id after its first answer was taken.
        let times = clients.get(call.client).map_or(0, |client| client.times_answered(call.id));
        if let Some(first) = call.answers.first().cloned() {
            call.answers.resize(usize::try_from(times)?.max(1), first);
        }
    }
    let mut verdict = Verdict::default();
    let queried = observed::through_query(&Client::open(workspace)?)?;
    verdict.merge(history::check(&history, "query_tasks", &queried));
    let stored = observed::in_database(&workspace.database())?;
    verdict.merge(history::check(&history, "database", &stored));
    let mut problems = watched.problems();
    problems.extend(progress.failures());
    problems.extend(out_of_order(&observed::titles_in_order(&workspace.database())?));
    let status = workspace.status()?;
    let waits = Sample::of(history.calls.iter().map(|call| call.waited).collect());
    Ok(Outcome { verdict, problems, kills, calls: history.calls.len(), tasks: stored.len(), waits, status })
}

/// Plans of a caller that are not in the order in which it made them, one after the other.
fn out_of_order(titles: &[String]) -> Vec<String> {
    let mut rounds: HashMap<&str, u64> = HashMap::new();
    let mut problems = Vec::new();
    for title in titles {
        let Some((caller, round)) = title.rsplit_once("-r") else { continue };
        // Subtasks are named after their plan.
        let Ok(round) = round.parse() else { continue };
        if let Some(before) = rounds.insert(caller, round)
            && before >= round
        {
            problems.push(format!("out of order: {title} was created after round {before}"));
        }
    }
    problems
}

fn disconnects(clients: &[Speaker]) -> Vec<String> {
    let broken = |(number, client): (usize, &Speaker)| {
        client.disconnect().map(|problem| format!("client {number}: {problem}"))
    };
    clients.iter().enumerate().filter_map(broken).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_of_one_caller_that_changed_places_are_seen() {
        let order = |titles: &[&str]| {
            out_of_order(&titles.iter().map(|title| (*title).to_owned()).collect::<Vec<_>>()).len()
        };
        assert_eq!(order(&["c0-l0-r0", "c0-l1-r0", "c0-l0-r0/0", "c0-l0-r1", "c0-l1-r1"]), 0);
        assert_eq!(order(&["c0-l0-r1", "c0-l1-r0", "c0-l0-r0"]), 1);
    }
}

//! `logs`: the newest lines of the server's log, and those that follow. Reads the files
//! where it may, so it needs no server, and a restart of any part does not end it. For
//! who may not, the server reads them.

mod served;
mod show;

use std::io::{self, ErrorKind};

use anyhow::Context;
use clap::Args;
use clap::builder::RangedI64ValueParser;
use task_orchestrator_shared::admin::log::{LogFilter, LogLevel, LogLine, MAX_LOG_LINES};

use super::GlobalArgs;
use super::ask::target;
use super::screen::Screen;
use crate::exit::Exit;
use crate::logging::follow::Follower;
use served::through_server;
use show::Show;

/// Arguments of `logs`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
The lines of front and worker, in the order of their times. Needs no server: the files in
.task_orchestrator/logs are read. Where they are another user's, the server is asked, and
shows them to those who may see them; it follows the server through restarts, too.

Examples:
  task-orchestrator logs                              the newest hundred lines
  task-orchestrator logs --follow                     and all that follow, until Ctrl-C
  task-orchestrator logs --level warn --tail 20
  task-orchestrator logs --follow --session 7         one client: its number or its id
  task-orchestrator logs --grep \"(?i)restart|rolled\"
  task-orchestrator logs --json --tail 1000 | jq -r .text")]
pub struct LogsArgs {
    /// Go on with what is written from now on, until Ctrl-C
    #[arg(long, short)]
    pub follow: bool,
    /// Lines of at least this level: error, warn, info, debug, trace
    #[arg(long, value_name = "LEVEL", value_parser = level)]
    pub level: Option<LogLevel>,
    /// Lines about this client or session, by its number or id
    #[arg(long, value_name = "ID")]
    pub session: Option<String>,
    /// Lines that this regular expression matches
    #[arg(long, value_name = "REGEX")]
    pub grep: Option<String>,
    /// How many of the newest lines come first, at most 1000
    #[arg(long, short = 'n', value_name = "N", default_value = "100", value_parser = tail())]
    pub tail: u32,
    /// Print one JSON object a line, for programs
    #[arg(long)]
    pub json: bool,
}

fn level(name: &str) -> Result<LogLevel, String> {
    LogLevel::named(name).ok_or_else(|| {
        let names = LogLevel::ALL.map(LogLevel::as_str);
        format!("expected one of {}", names.join(", "))
    })
}

fn tail() -> RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(0..=i64::try_from(MAX_LOG_LINES).unwrap_or(i64::MAX))
}

impl LogsArgs {
    /// Prints the lines.
    ///
    /// # Errors
    /// A pattern that makes no sense, files that cannot be read, output that cannot be written.
    pub(super) fn run(&self, global: &GlobalArgs, screen: &mut Screen<'_>) -> anyhow::Result<Exit> {
        let (workspace, _) = global.find_workspace()?;
        let show = Show { json: self.json, paint: screen.paint };
        let ended = match Follower::open(&workspace.logs(), &self.filter()) {
            Ok((lines, follower)) => self.show_files(lines, follower, show, screen),
            Err(error) if error.is_denied() => {
                let target = target(global, &workspace);
                through_server(&target, self.filter(), self.follow, show, screen).context(error)
            }
            Err(error) => Err(error.into()),
        };
        match ended {
            // Whoever read the output has seen enough, as `head` has.
            Err(error) if is_closed_pipe(&error) => Ok(Exit::Done),
            ended => ended.map(|()| Exit::Done),
        }
    }

    fn filter(&self) -> LogFilter {
        LogFilter {
            level: self.level,
            session: self.session.clone(),
            grep: self.grep.clone(),
            tail: self.tail,
        }
    }

    fn show_files(
        &self,
        lines: Vec<LogLine>,
        follower: Follower,
        show: Show,
        screen: &mut Screen<'_>,
    ) -> anyhow::Result<()> {
        show.lines(&lines, screen.out)?;
        if !self.follow {
            return Ok(());
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(follow(follower, show, screen))
    }
}

/// Shows what is written until Ctrl-C.
async fn follow(mut follower: Follower, show: Show, screen: &mut Screen<'_>) -> anyhow::Result<()> {
    let interrupted = tokio::signal::ctrl_c();
    tokio::pin!(interrupted);
    loop {
        let news = tokio::select! {
            interrupted = &mut interrupted => return interrupted.context("Ctrl-C cannot be waited for"),
            news = follower.next() => news,
        };
        show.missed(news.missed, screen.err)?;
        show.lines(&news.lines, screen.out)?;
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let cause = error.downcast_ref::<io::Error>();
    cause.is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests;

//! `logs` for who may not read the files: the server reads them and decides who may
//! see them. Follows it through its restarts; shows no line twice.

use std::time::Duration;

use anyhow::Context;
use task_orchestrator_shared::admin::log::{LogFilter, LogLine, MAX_LOG_LINES};
use task_orchestrator_shared::client::{CallError, Client, LogTail, Target};

use super::Show;
use crate::cli::ask::PROMPT;
use crate::cli::render::text::clean;
use crate::cli::screen::Screen;
use crate::clock::Backoff;

const FIRST_RETRY: Duration = Duration::from_millis(100);
const LONGEST_RETRY: Duration = Duration::from_secs(5);

/// Shows what the server reads; with `follow` until Ctrl-C. Must not be called on a runtime.
///
/// # Errors
/// No server at the beginning, one that refuses, output that cannot be written.
pub(super) fn through_server(
    target: &Target,
    filter: LogFilter,
    follow: bool,
    show: Show,
    screen: &mut Screen<'_>,
) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut served = Served { target, filter, show, last: String::new() };
        let following = served.begin(screen).await?;
        if !follow {
            return Ok(());
        }
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted.context("Ctrl-C cannot be waited for"),
            ended = served.follow(following, screen) => ended,
        }
    })
}

/// What is asked for, and how far it was shown.
struct Served<'a> {
    target: &'a Target,
    filter: LogFilter,
    show: Show,
    /// The time of the newest line that was shown; empty before the first.
    last: String,
}

/// The connection, which must live as long as what comes through it.
type Following = (Client, LogTail);

impl Served<'_> {
    /// Connects and shows what has been written.
    async fn begin(&mut self, screen: &mut Screen<'_>) -> anyhow::Result<Following> {
        let (lines, following) = self.connect(self.filter.clone()).await?;
        self.lines(&lines, screen)?;
        Ok(following)
    }

    async fn connect(&self, filter: LogFilter) -> Result<(Vec<LogLine>, Following), CallError> {
        let Target { socket, hello, options } = self.target.clone();
        let connected = async {
            let client = Client::connect(&socket.path(), hello, options).await?;
            let (lines, tail) = client.follow_logs(filter).await?;
            Ok((lines, (client, tail)))
        };
        tokio::time::timeout(PROMPT, connected).await.map_err(|_| CallError::TimedOut(PROMPT))?
    }

    /// Shows what is written, through as many connections as it takes.
    async fn follow(&mut self, mut following: Following, screen: &mut Screen<'_>) -> anyhow::Result<()> {
        loop {
            while let Some(news) = following.1.next().await {
                self.show.missed(news.missed, screen.err)?;
                self.lines(&news.lines, screen)?;
            }
            let why = following.0.closed().await;
            writeln!(screen.err, "no connection: {}; trying again", clean(&why.to_string()))?;
            following = self.come_back(screen).await?;
        }
    }

    /// Connects anew and shows what was written meanwhile, as far as the server still
    /// tells it. Only a server that is away is waited for.
    async fn come_back(&mut self, screen: &mut Screen<'_>) -> anyhow::Result<Following> {
        let most = u32::try_from(MAX_LOG_LINES).unwrap_or(u32::MAX);
        let filter = LogFilter { tail: most, ..self.filter.clone() };
        let mut backoff = Backoff::new(FIRST_RETRY, LONGEST_RETRY);
        loop {
            match self.connect(filter.clone()).await {
                Ok((lines, following)) => {
                    self.lines(&newer(lines, &self.last), screen)?;
                    return Ok(following);
                }
                Err(CallError::NoServer | CallError::Lost | CallError::TimedOut(_) | CallError::Io(_)) => {
                    pause(backoff.next_delay()).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn lines(&mut self, lines: &[LogLine], screen: &mut Screen<'_>) -> anyhow::Result<()> {
        if let Some(newest) = lines.iter().map(|line| &line.at).max().filter(|at| **at > self.last) {
            self.last.clone_from(newest);
        }
        Ok(self.show.lines(lines, screen.out)?)
    }
}

#[expect(clippy::disallowed_methods, reason = "a server that comes tells nobody who is not connected")]
async fn pause(delay: Duration) {
    tokio::time::sleep(delay).await;
}

/// The lines from the first one on that is newer; times of one form are in the order
/// of their letters.
fn newer(mut lines: Vec<LogLine>, last: &str) -> Vec<LogLine> {
    let known = lines.iter().position(|line| line.at.as_str() > last).unwrap_or(lines.len());
    lines.split_off(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(at: &str) -> LogLine {
        let (process, target, text) = ("front".to_owned(), String::new(), String::new());
        LogLine { at: at.to_owned(), level: None, process, pid: None, target, text }
    }

    #[test]
    fn what_was_shown_is_not_shown_again() {
        let lines: Vec<LogLine> = ["1", "2", "", "3", "", "4"].map(line).to_vec();
        assert_eq!(newer(lines.clone(), "2"), ["3", "", "4"].map(line));
        assert_eq!(newer(lines.clone(), "4"), []);
        assert_eq!(newer(lines.clone(), ""), lines);
    }
}

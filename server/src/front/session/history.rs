//! What happened to a session's connection, for people: nothing is decided by it. A
//! moment is noted when something happens to the connection, never for a message.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;
use task_orchestrator_shared::admin::session_detail::{MAX_SESSION_HISTORY, SessionMoment};

use crate::restart::WorkerId;

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// A client that this server does not know.
    Attached,
    /// A client of this server or an earlier one: after so long, where that is known,
    /// and how often it has come back by now.
    CameBack(Option<Duration>, u64),
    WentAway,
    TakenOver(WorkerId),
    Slow,
    ReadsAgain,
    /// So many requests were answered instead of waiting.
    BufferCleared(u64),
}

/// The newest [`MAX_SESSION_HISTORY`] moments of a session; older ones are dropped.
#[derive(Debug, Default)]
pub(crate) struct History {
    moments: VecDeque<(Timestamp, What)>,
    is_slow: bool,
}

impl History {
    pub(crate) fn note(&mut self, what: What) {
        if self.moments.len() >= MAX_SESSION_HISTORY {
            self.moments.pop_front();
        }
        self.moments.push_back((Timestamp::now(), what));
    }

    /// Whether its client is slow at this moment: noted when that has changed.
    pub(crate) fn is_slow(&mut self, is_slow: bool) {
        if std::mem::replace(&mut self.is_slow, is_slow) != is_slow {
            self.note(if is_slow { What::Slow } else { What::ReadsAgain });
        }
    }

    /// Puts what was noted before in front.
    pub(crate) fn continues(&mut self, before: Self) {
        let later = std::mem::replace(&mut self.moments, before.moments);
        self.moments.extend(later);
        let over = self.moments.len().saturating_sub(MAX_SESSION_HISTORY);
        self.moments.drain(..over);
    }

    /// Oldest first. Workers are known to people by their generations.
    pub(crate) fn tell(&self, generation: impl Fn(WorkerId) -> Option<u64>) -> Vec<SessionMoment> {
        let tell = |(at, what): &(Timestamp, What)| SessionMoment {
            at: at.round(jiff::Unit::Millisecond).unwrap_or(*at).to_string(),
            what: what.name().to_owned(),
            detail: what.detail(&generation),
        };
        self.moments.iter().map(tell).collect()
    }
}

impl What {
    const fn name(self) -> &'static str {
        match self {
            Self::Attached => "attached",
            Self::CameBack(..) => "came_back",
            Self::WentAway => "went_away",
            Self::TakenOver(_) => "taken_over",
            Self::Slow => "slow",
            Self::ReadsAgain => "reads_again",
            Self::BufferCleared(_) => "buffer_cleared",
        }
    }

    fn detail(self, generation: impl Fn(WorkerId) -> Option<u64>) -> String {
        match self {
            Self::Attached => "the client was connected".to_owned(),
            Self::CameBack(Some(away), _) => format!("the client came back after {} ms", away.as_millis()),
            Self::CameBack(None, times) => {
                format!("the client came back from an earlier server, {} by now", often(times))
            }
            Self::WentAway => "the connection ended".to_owned(),
            Self::TakenOver(worker) => match generation(worker) {
                Some(generation) => format!("served by generation {generation} from here on"),
                None => "served by another worker from here on".to_owned(),
            },
            Self::Slow => "the client does not read what it is sent".to_owned(),
            Self::ReadsAgain => "the client reads again".to_owned(),
            Self::BufferCleared(1) => "1 request was answered instead of waiting".to_owned(),
            Self::BufferCleared(count) => format!("{count} requests were answered instead of waiting"),
        }
    }
}

fn often(times: u64) -> String {
    if times == 1 { "once".to_owned() } else { format!("{times} times") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(history: &History) -> Vec<String> {
        history.tell(|_| None).into_iter().map(|moment| moment.what).collect()
    }

    #[test]
    fn the_oldest_moments_go_and_the_newest_stay() {
        let mut history = History::default();
        history.note(What::Attached);
        for count in 0..MAX_SESSION_HISTORY as u64 {
            history.note(What::BufferCleared(count));
        }
        let told = history.tell(|_| None);
        assert_eq!(told.len(), MAX_SESSION_HISTORY);
        assert!(told[0].detail.starts_with("0 requests"), "{:?}", told[0]);
        let mut next = History::default();
        next.note(What::CameBack(Some(Duration::from_millis(1500)), 1));
        next.continues(history);
        let told = next.tell(|_| None);
        assert_eq!(told.len(), MAX_SESSION_HISTORY);
        assert!(told[0].detail.starts_with("1 request was"), "{:?}", told[0]);
        let last = told.last().unwrap();
        assert_eq!(
            (last.what.as_str(), last.detail.as_str()),
            ("came_back", "the client came back after 1500 ms")
        );
        assert!(told.is_sorted_by_key(|moment| moment.at.parse::<Timestamp>().unwrap()));
    }

    #[test]
    fn being_slow_is_noted_when_it_changes() {
        let mut history = History::default();
        for is_slow in [false, true, true, false, false, true] {
            history.is_slow(is_slow);
        }
        assert_eq!(names(&history), ["slow", "reads_again", "slow"]);
    }

    #[test]
    fn workers_are_told_by_their_generation() {
        let mut history = History::default();
        history.note(What::TakenOver(WorkerId(4)));
        let told = history.tell(|worker| (worker == WorkerId(4)).then_some(9));
        assert_eq!(told[0].detail, "served by generation 9 from here on");
    }
}

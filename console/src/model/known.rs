//! What is known of a value: it is so, it was so, it is not known, there is none.

use super::Now;

/// How much a value that is shown can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// It is so.
    Live,
    /// It was so at this moment; nothing was heard since.
    Stale(Now),
}

impl Freshness {
    /// Whether it is so.
    pub fn is_live(self) -> bool {
        self == Self::Live
    }
}

/// A value and what is known of it. Each looks different.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known<T> {
    /// It is so.
    Live(T),
    /// It was so at this moment; nothing was heard since.
    Stale(T, Now),
    /// Nothing is known of it yet, or this role may not see it.
    Unknown,
    /// There is no such thing here.
    NotApplicable,
}

impl<T> Known<T> {
    /// A value of this freshness.
    pub fn of(value: T, freshness: Freshness) -> Self {
        match freshness {
            Freshness::Live => Self::Live(value),
            Freshness::Stale(at) => Self::Stale(value, at),
        }
    }

    /// A value that may be absent because nobody has measured it.
    pub fn measured(value: Option<T>, freshness: Freshness) -> Self {
        value.map_or(Self::Unknown, |value| Self::of(value, freshness))
    }

    /// The same of another value.
    pub fn map<U>(self, with: impl FnOnce(T) -> U) -> Known<U> {
        match self {
            Self::Live(value) => Known::Live(with(value)),
            Self::Stale(value, at) => Known::Stale(with(value), at),
            Self::Unknown => Known::Unknown,
            Self::NotApplicable => Known::NotApplicable,
        }
    }
}

/// Something that has to be asked for.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Fetched<T> {
    /// Nobody has.
    #[default]
    Unasked,
    /// The answer is on its way; what was known before is still shown.
    Asked(Option<Box<Held<T>>>),
    /// Here it is.
    Have(Box<Held<T>>),
    /// It was refused or failed, in a sentence.
    Failed(String),
}

/// An answer, when it came, and from which server.
#[derive(Debug, Clone, PartialEq)]
pub struct Held<T> {
    /// The answer.
    pub value: T,
    /// When it came.
    pub at: Now,
    /// The server's boot id: of another one it is not live any more. Empty once a newer
    /// answer has not come.
    pub boot: String,
}

impl<T> Fetched<T> {
    /// The newest answer.
    pub fn held(&self) -> Option<&Held<T>> {
        match self {
            Self::Have(held) | Self::Asked(Some(held)) => Some(held),
            Self::Unasked | Self::Asked(None) | Self::Failed(_) => None,
        }
    }

    /// The newest answer's value.
    pub fn value(&self) -> Option<&T> {
        self.held().map(|held| &held.value)
    }

    /// Whether an answer is on its way.
    pub fn is_asked(&self) -> bool {
        matches!(self, Self::Asked(_))
    }

    /// The answer has not come: what was known before is old from now on.
    pub fn give_up(&mut self, why: &str) {
        *self = match std::mem::take(self) {
            Self::Asked(Some(mut held)) => {
                held.boot.clear();
                Self::Have(held)
            }
            Self::Asked(None) => Self::Failed(why.to_owned()),
            other => other,
        };
    }

    /// It is asked for now.
    pub fn ask(&mut self) {
        let held = match std::mem::take(self) {
            Self::Have(held) | Self::Asked(Some(held)) => Some(held),
            Self::Unasked | Self::Asked(None) | Self::Failed(_) => None,
        };
        *self = Self::Asked(held);
    }
}

//! Names of signals that can ask for a shutdown.

use super::{Raw, Setting};

macro_rules! signals {
    ($($variant:ident = $name:literal $number:ident,)+) => {
        /// A signal that can ask for a shutdown.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Signal { $(#[doc = $name] $variant,)+ }

        impl Signal {
            const ALL: &[Self] = &[$(Self::$variant,)+];
            const NAMES: &str = concat!($($name, " ",)+);

            /// Its name, as in `SIGTERM`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What the runtime listens for.
            pub fn kind(self) -> tokio::signal::unix::SignalKind {
                use tokio::signal::unix::SignalKind;
                match self { $(Self::$variant => SignalKind::$number(),)+ }
            }
        }
    };
}

signals! {
    Term = "SIGTERM" terminate,
    Int = "SIGINT" interrupt,
    Hup = "SIGHUP" hangup,
    Quit = "SIGQUIT" quit,
    Usr1 = "SIGUSR1" user_defined1,
    Usr2 = "SIGUSR2" user_defined2,
}

impl Signal {
    fn named(text: &str) -> Option<Self> {
        let wanted = text.trim().to_ascii_uppercase();
        Self::ALL
            .iter()
            .copied()
            .find(|signal| signal.name() == wanted || signal.name().strip_prefix("SIG") == Some(&wanted))
    }
}

/// A list of signals, each once.
#[derive(Debug, Clone, PartialEq, PartialOrd)]
pub struct Signals(pub Vec<Signal>);

impl Setting for Signals {
    const ACCEPTS: &'static str =
        "an array of signal names such as [\"SIGTERM\", \"SIGINT\"] (with commas where it is one text)";

    fn read(raw: &Raw<'_>) -> Result<Self, String> {
        let names: Vec<&str> = match raw {
            Raw::Word(text) => text.split(',').collect(),
            Raw::List(items) => items
                .iter()
                .map(|item| item.text().ok_or_else(|| item.not("the name of a signal")))
                .collect::<Result<_, _>>()?,
            Raw::Text(_) | Raw::Integer(_) | Raw::Boolean(_) | Raw::Other(_) => {
                return Err(raw.not(Self::ACCEPTS));
            }
        };
        let mut signals = Vec::new();
        for name in names.into_iter().filter(|name| !name.trim().is_empty()) {
            let signal = Signal::named(name).ok_or_else(|| {
                format!("no signal {name:?} to listen for: known are {}", Signal::NAMES.trim_end())
            })?;
            if !signals.contains(&signal) {
                signals.push(signal);
            }
        }
        // With none, the system's default would end the process at once.
        if signals.is_empty() { Err("expected at least one signal".to_owned()) } else { Ok(Self(signals)) }
    }

    fn show(&self) -> toml::Value {
        let name = |signal: &Signal| toml::Value::String(signal.name().to_owned());
        toml::Value::Array(self.0.iter().map(name).collect())
    }
}

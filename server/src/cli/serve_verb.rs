//! `serve`: the front, in this process.

use std::io::{self, Write};
use std::sync::Arc;

use crate::cli::global::KeyValue;
use crate::cli::{GlobalArgs, ServeArgs};
use crate::config::Process;
use crate::exit::Exit;
use crate::front::{self, FrontLock, Listener, ProbesListener};
use crate::logging;
use crate::shutdown::{ForcedBy, Outcome};

/// Serves the workspace until it is told to end.
///
/// # Errors
///
/// A workspace or configuration that cannot be used, or another server.
pub(super) fn run(global: &GlobalArgs, args: &ServeArgs) -> anyhow::Result<Exit> {
    // As if the key had been set: it stays when the configuration is read again, and
    // `config` says where it comes from.
    let mut global = global.clone();
    let address = args.http.map(|address| ("http.address".to_owned(), address.to_string()));
    global.set.extend(address.map(|(key, value)| KeyValue { key, value }));
    let (mut workspace, surroundings) = global.find_workspace()?;
    let (config, provenance, warnings) = global.load_config(&workspace)?;
    workspace.create(&surroundings)?;
    let lock = FrontLock::take(&workspace, args.detached)?;
    let listener = Listener::bind(&config.http)?;
    let probes = ProbesListener::bind(&config.http)?;
    let logging = logging::start(Process::Front, &workspace, &config.log)?;
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    if !args.detached {
        // Standard output stays empty here too, so that no habit forms of reading it.
        let root = workspace.root().display();
        let http = listener.as_ref().map(|listener| format!(" and {}", listener.url())).unwrap_or_default();
        let probed = probes.as_ref().map(|probes| format!(", probes on {}", probes.address()));
        let http = format!("{http}{}", probed.unwrap_or_default());
        writeln!(io::stderr(), "serving {root}{http} (pid {}); Ctrl-C ends it", std::process::id())?;
    }
    let (again, at) = (global.clone(), workspace.clone());
    let options = front::Options {
        detached: args.detached,
        worker_arguments: global.for_child(&workspace),
        reload: Arc::new(move || match again.load_config(&at) {
            Ok((config, provenance, _)) => Ok(front::Loaded { config, provenance }),
            Err(errors) => Err(errors.to_string()),
        }),
        provenance,
        log: logging.handle(),
        listener,
        probes,
    };
    // One thread: with two processes that pass messages on, more only get in each other's way.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(front::run(lock, &workspace, &config, options))?;
    tracing::info!(reason = %report.reason, statistics = ?report.statistics, "ended");
    runtime.shutdown_background();
    drop(logging);
    Ok(match report.outcome {
        Outcome::Graceful if report.failed_cleanups.is_empty() => Exit::Done,
        Outcome::Graceful | Outcome::Forced(ForcedBy::RequestTimeout | ForcedBy::Demand) => Exit::Failed,
    })
}

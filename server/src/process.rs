//! What the system tells of this process, what it does aside from everything
//! else, and how it ends when it must.

use std::panic;

/// Resident memory in bytes, where the system tells.
pub fn resident_bytes() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}

/// How far work aside stands back: it still gets a tenth of a processor that
/// others want too, so that it comes to its end.
#[cfg(target_os = "linux")]
const ASIDE: i32 = 10;

/// Does work that may block, on a thread of its own that gives way to whoever
/// answers requests: on few processors, they would otherwise wait for their turn.
/// `None` when the work panicked or no thread could be started.
pub async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (tell, told) = tokio::sync::oneshot::channel();
    // Not one of a pool: a thread that stands back cannot come forward again.
    let thread = std::thread::Builder::new().name("aside".to_owned()).spawn(move || {
        stand_back();
        // Whoever asked may have gone.
        let _ = tell.send(work());
    });
    if let Err(error) = thread {
        tracing::error!(%error, "no thread can be started");
    }
    told.await.ok()
}

/// Elsewhere than on Linux this would hold for the whole process.
fn stand_back() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(ASIDE) {
        tracing::debug!(%error, "a thread keeps its priority");
    }
}

/// Makes a panic in any thread or task end the process, after it was logged.
///
/// A runtime catches the panic of a task, and whoever waits for that task would
/// wait for ever; a process that ends is noticed and replaced.
pub fn end_on_panic() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        tracing::error!(%panic, "a defect: the process ends");
        print(panic);
        std::process::abort();
    }));
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    fn priority() -> Option<i32> {
        rustix::process::getpriority_process(None).ok()
    }

    #[tokio::test]
    async fn work_aside_stands_back_and_nobody_else_does() {
        let before = priority();
        let aside = aside(priority).await.flatten();
        assert_eq!(aside, before.map(|before| (before + ASIDE).min(19)));
        assert!(before.is_some());
        assert_eq!(priority(), before);
    }
}

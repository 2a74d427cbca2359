//! What is printed of an operation of which there is nothing to tell but that it is done.

use task_orchestrator_shared::admin::Reply;

use super::ask::WrongReply;
use super::render::text::clean;
use super::screen::Screen;
use crate::exit::Exit;

/// Prints the server's sentence.
///
/// # Errors
/// Another answer than was asked for.
pub(super) fn tell(reply: Reply, json: bool, screen: &mut Screen<'_>) -> anyhow::Result<Exit> {
    let Reply::Done(done) = reply else { return Err(WrongReply.into()) };
    if json {
        screen.print_json(&done)?;
    } else {
        writeln!(screen.out, "{}", clean(&done.message))?;
    }
    Ok(Exit::Done)
}

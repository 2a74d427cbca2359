//! Tokens of clients on the network: an administrator's changes to their file. What the
//! change means for who is connected follows from the file.

use task_orchestrator_shared::admin::{self, Refusal, Reply, Request};
use task_orchestrator_shared::error_code::ErrorCode;

use crate::front::ask::ReplyTo;
use crate::front::event::Event;
use crate::tokens::{self, TokenError};

use super::Hub;

impl Hub {
    pub(super) fn change_tokens(&self, request: Request, to: ReplyTo) {
        let (path, events) = (self.settings.tokens.clone(), self.jobs.events().clone());
        tokio::spawn(async move {
            let changed = tokio::task::spawn_blocking(move || match request {
                Request::AddToken(token) => {
                    let message = format!("the token {} lets its client in as {}", token.name, token.role);
                    tokens::add(&path, *token).map(|()| message)
                }
                Request::RevokeToken { name } => {
                    tokens::revoke(&path, &name).map(|()| format!("the token {name} lets nobody in any more"))
                }
                other => Ok(format!("{} changes no token", other.method())),
            });
            let reply = match changed.await {
                Ok(Ok(message)) => Reply::Done(admin::Done { message }),
                Ok(Err(error)) => refused(&error),
                Err(error) => refused_with(ErrorCode::Internal, &error.to_string()),
            };
            let _ = events.send(Event::Report { to, reply }).await;
        });
    }
}

fn refused(error: &TokenError) -> Reply {
    let code = match error {
        TokenError::File { .. } | TokenError::NotOurs { .. } | TokenError::Broken { .. } => {
            ErrorCode::StorageUnavailable
        }
        _ => ErrorCode::InvalidArgument,
    };
    refused_with(code, &error.to_string())
}

fn refused_with(error_code: ErrorCode, error: &str) -> Reply {
    let hint = "`task-orchestrator token list` shows the tokens that there are".to_owned();
    Reply::Refused(Refusal { error_code, error: error.to_owned(), hint })
}

//! The pages of the codes that a restart can end with.

use super::{Look, Page};
use crate::error_code::ErrorCode;

const STATUS: Look = Look {
    command: "task-orchestrator status",
    shows: "the phase, the worker and why the last one did not start",
};
const HEALTH: Look =
    Look { command: "task-orchestrator health", shows: "every part of the server, measured now" };
const PREPARE: Look = Look { command: "task-orchestrator prepare", shows: "what would block a restart now" };
const HISTORY: Look =
    Look { command: "task-orchestrator history", shows: "earlier restarts with their phases and errors" };
const LOGS: Look =
    Look { command: "ls -t .task_orchestrator/logs", shows: "the log files, the newest first" };

pub(super) static INITIALIZATION_FAILED: Page = Page {
    error_code: ErrorCode::InitializationFailed,
    name: "RESTART_001",
    title: "the restart engine could not start",
    meaning: "The server cannot restart its worker, because what a restart needs could not be set up. Nothing was \
              changed; what serves at present goes on serving.",
    causes: &[
        "The directory .task_orchestrator/server_state cannot be created or written.",
        "The plan or the history of earlier restarts in that directory cannot be read.",
        "The configuration has mistakes.",
    ],
    look_at: &[
        Look { command: "task-orchestrator config check", shows: "every mistake in the configuration" },
        Look {
            command: "ls -la .task_orchestrator/server_state",
            shows: "owner and permissions of the directory",
        },
        LOGS,
    ],
    what_to_do: &[
        "Correct what the log names: owner, permissions, space or configuration.",
        "Stop the server with `task-orchestrator stop`; the next client starts it again.",
    ],
};

pub(super) static RESTART_IN_PROGRESS: Page = Page {
    error_code: ErrorCode::RestartInProgress,
    name: "RESTART_002",
    title: "another restart is in progress",
    meaning: "One restart is done at a time. The error names the one that runs and its phase; what you asked for was \
              not started.",
    causes: &[
        "Somebody else, a tool or the watchdog has begun a restart.",
        "What was asked for differs from the restart that runs, so that it could not simply join it.",
    ],
    look_at: &[STATUS, HISTORY],
    what_to_do: &[
        "Wait until it has ended and look at its outcome: it may be what you wanted.",
        "Ask again afterwards if you still need to.",
        "Where it waits for something that will not come, call it off with `task-orchestrator restart --cancel`.",
    ],
};

pub(super) static NOT_READY: Page = Page {
    error_code: ErrorCode::NotReady,
    name: "RESTART_003",
    title: "the system is not ready for a restart",
    meaning: "The preparation found something that would make the restart fail, so it was not begun. Nothing has \
              changed and requests were not held.",
    causes: &[
        "Too little disk space for the snapshot.",
        "The new program cannot open the database, or needs a schema that this one does not lead to.",
        "The build command failed.",
        "The server is about to end.",
    ],
    look_at: &[PREPARE, HEALTH],
    what_to_do: &[
        "Remove what `task-orchestrator prepare` lists as blocking, one by one.",
        "Restart again.",
        "If the worker does not answer at all, an administrator can use `task-orchestrator restart --emergency`.",
    ],
};

pub(super) static TIMEOUT_EXCEEDED: Page = Page {
    error_code: ErrorCode::TimeoutExceeded,
    name: "RESTART_004",
    title: "a phase took longer than it may",
    meaning: "The restart was given up in the phase that the error names, or what a request waited for did not come in \
              time. Up to state_serialization the old worker serves on, with everything that was held sent to it.",
    causes: &[
        "The new worker takes long to start: a slow disk, a busy machine, a large database.",
        "A drain or a migration waited for work in flight that did not finish.",
        "A request waited in its buffer for longer than buffer.expiry.",
    ],
    look_at: &[
        HISTORY,
        HEALTH,
        Look { command: "task-orchestrator config show", shows: "every limit and its source" },
    ],
    what_to_do: &[
        "See in the history which phase took the time.",
        "Give it more with `task-orchestrator restart --timeout 120`, or for good with restart.timeout.",
        "Leave out --drain, so that work in flight stays with the old worker instead of being waited for.",
    ],
};

pub(super) static STATE_SERIALIZATION_FAILED: Page = Page {
    error_code: ErrorCode::StateSerializationFailed,
    name: "RESTART_005",
    title: "a snapshot could not be written, read or trusted",
    meaning: "The snapshot of the state could not be completed or did not pass its check. The old worker serves on. \
              Tasks are safe in any case: the database is the authority for them, not the snapshot.",
    causes: &[
        "The disk is full or failing.",
        "Permissions of .task_orchestrator/server_state do not allow writing.",
        "A file was changed by somebody else: its hash does not match, and it is set aside as .broken.",
    ],
    look_at: &[
        HEALTH,
        Look { command: "df -h .task_orchestrator", shows: "the free space" },
        Look { command: "ls -la .task_orchestrator/server_state", shows: "the snapshots, and .broken ones" },
    ],
    what_to_do: &[
        "Make space, or correct the permissions (directories 0700, files 0600, owned by the server's user).",
        "Restart again.",
        "An administrator can restart without a snapshot: `task-orchestrator restart --no-snapshot`.",
    ],
};

pub(super) static WORKER_UNAVAILABLE: Page = Page {
    error_code: ErrorCode::WorkerUnavailable,
    name: "RESTART_006",
    title: "the worker process did not start, did not get ready, or died",
    meaning: "The process that runs the tools could not be had. In a restart, the old worker serves on or the previous \
              build is brought back. Requests are kept and sent as soon as there is a worker.",
    causes: &[
        "The new build is broken: it crashes at its start or does not pass its self-test.",
        "The program was moved, is not executable, or was built for another machine.",
        "The configuration or the database cannot be used.",
        "Memory ran out and the system ended the process.",
    ],
    look_at: &[STATUS, HISTORY, LOGS],
    what_to_do: &[
        "Read the worker's last lines in the error or in the log: they name the cause.",
        "Go back with `task-orchestrator restart --rollback`, or correct the build and restart again.",
        "If the log says that the configuration is wrong, `task-orchestrator config check` finds every mistake.",
    ],
};

pub(super) static CONNECTION_FAILED: Page = Page {
    error_code: ErrorCode::ConnectionFailed,
    name: "RESTART_007",
    title: "a client session could not be established again",
    meaning: "The new worker could not take over a client's session. The client's connection itself is kept by the \
              server; what it asked for is answered with an error if it cannot be carried out.",
    causes: &[
        "The client disconnected during the restart.",
        "The new build does not understand the session that the old one left.",
        "The session id does not exist.",
    ],
    look_at: &[
        Look {
            command: "task-orchestrator reconnect-test",
            shows: "which sessions answer and can be taken over",
        },
        STATUS,
    ],
    what_to_do: &[
        "Test the connections; start a client again whose session is not reachable.",
        "If it happens with every session, go back with `task-orchestrator restart --rollback`.",
    ],
};

pub(super) static DATABASE_FAILED: Page = Page {
    error_code: ErrorCode::DatabaseFailed,
    name: "RESTART_008",
    title: "the database failed during a restart",
    meaning: "The database could not be opened, checked, migrated or handed on. A migration is one transaction: it has \
              happened completely or not at all.",
    causes: &[
        "The disk is full or failing.",
        "The database file is damaged or was changed by another program.",
        "The database is newer than the program, or a migration does not fit its content.",
    ],
    look_at: &[
        HEALTH,
        Look {
            command: "task-orchestrator state list --verify",
            shows: "snapshots and database backups, and which of them are sound",
        },
        LOGS,
    ],
    what_to_do: &[
        "See under database in `task-orchestrator health` what the integrity check found.",
        "Make space if the disk is full, and end other programs that have the file open.",
        "Run a program that is at least as new as the database.",
        "If the file is damaged, let `task-orchestrator state restore NAME` put the newest sound one in its place, \
         also while the server runs: it keeps the damaged one. Do not copy files by hand: the log beside the database belongs to it.",
    ],
};

pub(super) static PERMISSION_DENIED: Page = Page {
    error_code: ErrorCode::PermissionDenied,
    name: "RESTART_009",
    title: "the role does not allow the operation",
    meaning: "The caller's role may not do this. The error names the role and the operation. Nothing was done.",
    causes: &[
        "An MCP client asked for an emergency restart or one without a snapshot, which only an admin may.",
        "The configuration gives clients a role that may only look.",
        "The command was run as another user than the one who runs the server.",
    ],
    look_at: &[Look {
        command: "task-orchestrator config show",
        shows: "access.stdio_role, the role of MCP clients",
    }],
    what_to_do: &[
        "Run the command yourself, as the user who runs the server, instead of letting a client do it.",
        "Where clients shall be allowed to, change access.stdio_role and restart with --reason configuration_update.",
    ],
};

pub(super) static RATE_LIMITED: Page = Page {
    error_code: ErrorCode::RateLimited,
    name: "RESTART_010",
    title: "asked too often",
    meaning: "A client has asked for this more often than the limits allow. Nothing was done; `retry_after` in the \
              error says in how many seconds it may ask again. Commands are never limited.",
    causes: &[
        "A client polls in a loop without a pause, or writes faster than its bucket fills again.",
        "An agent repeats a restart that does not do what it hopes for.",
    ],
    look_at: &[HISTORY, Look { command: "task-orchestrator config show", shows: "the keys under limits" }],
    what_to_do: &[
        "Wait for `retry_after` seconds and ask once.",
        "To learn the outcome of a restart, wait for its answer instead of asking for the status.",
        "Where a client really needs more, raise the key under limits.",
    ],
};

pub(super) static SAFE_MODE: Page = Page {
    error_code: ErrorCode::SafeMode,
    name: "RESTART_011",
    title: "safe mode after too many crashes",
    meaning: "The worker has crashed so often that what changes data is refused until somebody has looked. Reading, \
              health, administration and going back to the previous build still work, and no client is disconnected.",
    causes: &[
        "The build that was started last is broken.",
        "One request makes the worker crash; it is put among the dead letters after its second time.",
        "Memory or disk ran out.",
    ],
    look_at: &[
        HEALTH,
        HISTORY,
        Look { command: "task-orchestrator dead-letters list", shows: "requests on which workers ended" },
        LOGS,
    ],
    what_to_do: &[
        "If it began with a new build, go back: `task-orchestrator restart --rollback`.",
        "Remove the cause that the log names.",
        "Leave safe mode with `task-orchestrator restart --reason error_recovery`. A restart by hand is never refused \
         for earlier crashes, and without one safe mode ends by itself after restart.safe_mode_quiet without a crash.",
    ],
};

pub(super) static OUTCOME_UNKNOWN: Page = Page {
    error_code: ErrorCode::OutcomeUnknown,
    name: "RESTART_012",
    title: "the outcome of the request is unknown",
    meaning: "The worker ended while it had the request, and the request may have had an effect that the database does \
              not record. It is therefore not repeated blindly.",
    causes: &[
        "The request was with two workers that ended, one after the other.",
        "It acts on something outside the database and was cut off in the middle.",
    ],
    look_at: &[
        Look { command: "task-orchestrator dead-letters list", shows: "the requests that were set aside" },
        HISTORY,
    ],
    what_to_do: &[
        "Find out whether it took effect: look at the task or the file that it was about.",
        "If it did not, send it again with `task-orchestrator dead-letters retry ID`.",
        "If it did, or is no longer wanted: `task-orchestrator dead-letters discard ID`.",
    ],
};

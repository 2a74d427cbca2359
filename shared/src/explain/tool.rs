//! The pages of the codes that the task tools answer with.

use super::{Look, Page};
use crate::error_code::ErrorCode;

const LOGS: Look =
    Look { command: "ls -t .task_orchestrator/logs", shows: "the log files, the newest first" };
const HEALTH: Look =
    Look { command: "task-orchestrator health", shows: "database, disk and memory, measured now" };
const SPACE: Look = Look { command: "df -h .task_orchestrator", shows: "the free space" };
const TASKS: Look = Look {
    command: "orchestrator_query_tasks (MCP tool)",
    shows: "tasks with their ids, statuses and dependencies",
};
const ANSWER: Look =
    Look { command: "\"details\" in the tool's answer", shows: "the values in question, for programs" };

pub(super) static INVALID_ARGUMENT: Page = Page {
    error_code: ErrorCode::InvalidArgument,
    name: "INVALID_ARGUMENT",
    title: "an argument is not acceptable",
    meaning: "An argument has the right type and still cannot be used; the error names it and what would be accepted. \
              Nothing was changed.",
    causes: &[
        "A text is empty or longer than its limit.",
        "An id has other characters than letters, digits, _ and -, or more than 64 of them.",
        "Arguments contradict each other.",
    ],
    look_at: &[
        ANSWER,
        Look { command: "tools/list (MCP)", shows: "each tool's input schema with its limits" },
    ],
    what_to_do: &["Correct the argument that the error names, and call again."],
};

pub(super) static NOT_FOUND: Page = Page {
    error_code: ErrorCode::NotFound,
    name: "NOT_FOUND",
    title: "nothing has this id",
    meaning: "No task, session, artifact, role or dead letter in this workspace has the id that was given. Nothing was \
              changed.",
    causes: &[
        "The id is misspelt, or was made up by a language model.",
        "It belongs to another workspace.",
        "It was deleted.",
    ],
    look_at: &[
        TASKS,
        Look { command: "task-orchestrator status", shows: "which workspace the server serves" },
    ],
    what_to_do: &[
        "Look the id up and call again.",
        "Check that the client uses the workspace that you mean.",
    ],
};

pub(super) static ALREADY_EXISTS: Page = Page {
    error_code: ErrorCode::AlreadyExists,
    name: "ALREADY_EXISTS",
    title: "the id is taken",
    meaning: "Something with the id that was given exists already, or the call uses the same id twice. Nothing was \
              created.",
    causes: &["The call was made before and succeeded.", "Two subtasks in one call have the same id."],
    look_at: &[TASKS],
    what_to_do: &[
        "Use what exists, or choose another id; without an id the server chooses one.",
        "To make a repeated call harmless, send `_meta.idempotencyKey` with it.",
    ],
};

pub(super) static INVALID_TRANSITION: Page = Page {
    error_code: ErrorCode::InvalidTransition,
    name: "INVALID_TRANSITION",
    title: "the status does not allow this move",
    meaning: "A task can only move between certain statuses, such as pending to active and active to completed. The \
              error names both. Nothing was changed.",
    causes: &[
        "The task was not begun yet, or has ended already.",
        "Somebody else has moved it in the meantime.",
    ],
    look_at: &[TASKS, ANSWER],
    what_to_do: &[
        "Look at the task's present status.",
        "Go by an allowed way: begin it with orchestrator_execute_task, put a failed one back to pending.",
    ],
};

pub(super) static INVALID_DEPENDENCY: Page = Page {
    error_code: ErrorCode::InvalidDependency,
    name: "INVALID_DEPENDENCY",
    title: "the dependency cannot be",
    meaning: "A task cannot depend on something unknown, on itself, or in a circle. Nothing was changed.",
    causes: &[
        "The dependency is misspelt or is in no call before this one.",
        "Two tasks wait for each other, directly or through others.",
    ],
    look_at: &[ANSWER, TASKS],
    what_to_do: &[
        "Name dependencies by the id of an existing task or by a title in the same call.",
        "Break the circle: leave out the dependency that matters least.",
    ],
};

pub(super) static DEPENDENCY_UNFINISHED: Page = Page {
    error_code: ErrorCode::DependencyUnfinished,
    name: "DEPENDENCY_UNFINISHED",
    title: "a task that this one depends on is not finished",
    meaning: "The task cannot be begun, because it needs the result of another one. The error names that one. Nothing \
              was changed.",
    causes: &[
        "The tasks were begun in another order than planned.",
        "The other task failed or was cancelled.",
    ],
    look_at: &[TASKS],
    what_to_do: &[
        "Finish the task that is named first.",
        "Where it is not needed after all, take the dependency away with orchestrator_update_task.",
    ],
};

pub(super) static HAS_DEPENDENTS: Page = Page {
    error_code: ErrorCode::HasDependents,
    name: "HAS_DEPENDENTS",
    title: "other tasks depend on this one",
    meaning: "The task was not deleted, because tasks that need it would be left without it. They are listed in the \
              error.",
    causes: &["The task is part of a plan that is still in use."],
    look_at: &[ANSWER, TASKS],
    what_to_do: &[
        "Delete or change the tasks that depend on it first.",
        "Archive it instead: that keeps its results.",
        "Delete it with force=true if they shall lose it.",
    ],
};

pub(super) static PATH_OUTSIDE_WORKSPACE: Page = Page {
    error_code: ErrorCode::PathOutsideWorkspace,
    name: "PATH_OUTSIDE_WORKSPACE",
    title: "the path leaves the workspace",
    meaning: "Paths are resolved inside the project's directory, links included, and this one leads out of it. Nothing \
              was read or written there.",
    causes: &[
        "The path is absolute or goes up with `..`.",
        "A symbolic link leads out of the project.",
        "The client works in another project than the server.",
    ],
    look_at: &[Look { command: "task-orchestrator status", shows: "which workspace the server serves" }],
    what_to_do: &[
        "Give the path relative to the project's directory.",
        "Start the server for the right project, with --workspace.",
    ],
};

pub(super) static IDEMPOTENCY_CONFLICT: Page = Page {
    error_code: ErrorCode::IdempotencyConflict,
    name: "IDEMPOTENCY_CONFLICT",
    title: "the key was used with other arguments",
    meaning: "A key stands for one call. This one was used for a call with other arguments, so neither its answer can \
              be given again nor the new call be carried out under it. Nothing was changed.",
    causes: &[
        "The client makes the same key for different calls.",
        "The arguments were changed between two attempts.",
    ],
    look_at: &[ANSWER],
    what_to_do: &[
        "Use a new `_meta.idempotencyKey` for each new call.",
        "Repeat a call with exactly the arguments of its first attempt.",
    ],
};

pub(super) static STORAGE_UNAVAILABLE: Page = Page {
    error_code: ErrorCode::StorageUnavailable,
    name: "STORAGE_UNAVAILABLE",
    title: "nothing can be stored at present",
    meaning: "The database or an artifact could not be written. Nothing was changed, and the same call may succeed \
              later.",
    causes: &[
        "The disk is full, or a quota is reached.",
        "The directory has become read-only.",
        "Another program holds the database for long.",
    ],
    look_at: &[SPACE, HEALTH],
    what_to_do: &["Make space or end what holds the database.", "Send the same call again."],
};

pub(super) static STORAGE_FAILED: Page = Page {
    error_code: ErrorCode::StorageFailed,
    name: "STORAGE_FAILED",
    title: "the database refused or is damaged",
    meaning: "The database answered with an error that will not go away by itself. The call was not carried out.",
    causes: &["The disk is failing.", "The database file is damaged, or was changed by another program."],
    look_at: &[HEALTH, LOGS],
    what_to_do: &[
        "See under database in `task-orchestrator health` what the integrity check found.",
        "See with `task-orchestrator state list --verify` which snapshots and backups are sound.",
        "Put the newest of them in its place with `task-orchestrator state restore NAME`: clients stay connected and \
         wait, and it keeps the damaged database.",
    ],
};

pub(super) static OVERLOADED: Page = Page {
    error_code: ErrorCode::Overloaded,
    name: "OVERLOADED",
    title: "a bound is reached",
    meaning: "The server does as much of this at once as it may, or keeps as many requests as it has room for. Nothing \
              was changed, and the same call may succeed later.",
    causes: &[
        "Many requests wait, for example during a restart.",
        "Another call of the same kind takes long.",
        "A client sends faster than it reads.",
        "The build command of a restart could not be run several times in a row and is left alone for a minute.",
    ],
    look_at: &[
        Look { command: "task-orchestrator status", shows: "clients, waiting requests and their bytes" },
        Look { command: "task-orchestrator config show", shows: "the keys under buffer and front" },
    ],
    what_to_do: &[
        "Wait a little and send the same call again.",
        "Raise the bound if it is reached in normal work.",
    ],
};

pub(super) static INTERNAL: Page = Page {
    error_code: ErrorCode::Internal,
    name: "INTERNAL",
    title: "a defect of the server",
    meaning: "The server met something that it was not made for. The call was not carried out, or its transaction was \
              undone. The cause is in the log and not in the answer.",
    causes: &["A defect in the program."],
    look_at: &[LOGS, HEALTH],
    what_to_do: &[
        "Find the line with level ERROR at the time of the call in the log.",
        "Report it with that line and the version, which `task-orchestrator --version` prints.",
        "If it began with a new build, go back: `task-orchestrator restart --rollback`.",
    ],
};

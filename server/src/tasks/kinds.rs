//! The closed vocabularies of the domain, with one spelling each for JSON, SQL
//! and people. Never a place for rules: those are in `status` and the operations.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::TaskError;

/// Declares an enum whose values have one snake_case name everywhere.
macro_rules! vocabulary {
    ($(#[$meta:meta])* $name:ident, $field:literal { $($(#[$doc:meta])* $value:ident = $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $text)] $value,)*
        }

        impl $name {
            /// Every value, in the order of the contract.
            pub const ALL: &[Self] = &[$(Self::$value,)*];

            /// The one spelling of this value.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$value => $text,)*
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = TaskError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text => Ok(Self::$value),)*
                    _ => Err(TaskError::invalid(
                        $field,
                        format!("{text:?} is none of {}", [$($text,)*].join(", ")),
                    )),
                }
            }
        }
    };
}
pub(super) use vocabulary;

vocabulary! {
    /// How hard a task is thought to be.
    #[derive(Default)]
    Complexity, "complexity" {
        /// Minutes.
        Trivial = "trivial",
        /// One clear step.
        Simple = "simple",
        /// The usual case.
        #[default]
        Moderate = "moderate",
        /// Several parts that depend on each other.
        Complex = "complex",
        /// Needs a plan of its own.
        VeryComplex = "very_complex",
    }
}

vocabulary! {
    /// What sort of work a task is.
    #[derive(Default)]
    TaskType, "task_type" {
        /// Work without a special kind.
        #[default]
        Standard = "standard",
        /// A plan: its work is done in its subtasks.
        Breakdown = "breakdown",
        /// A point to be reached.
        Milestone = "milestone",
        /// Somebody's work is looked at.
        Review = "review",
        /// Somebody has to agree.
        Approval = "approval",
        /// Something has to be found out.
        Research = "research",
        /// Something has to be built.
        Implementation = "implementation",
        /// Something has to be tried.
        Testing = "testing",
        /// Something has to be written down.
        Documentation = "documentation",
        /// Something has to be brought into use.
        Deployment = "deployment",
        /// Whatever the client means by it.
        Custom = "custom",
    }
}

vocabulary! {
    /// What an artifact holds.
    #[derive(Default)]
    ArtifactType, "artifact_type" {
        /// Source code.
        Code = "code",
        /// Text for readers.
        Documentation = "documentation",
        /// Findings.
        Analysis = "analysis",
        /// A design.
        Design = "design",
        /// Tests or their results.
        Test = "test",
        /// Configuration.
        Config = "config",
        /// Data.
        Data = "data",
        /// Anything else.
        #[default]
        General = "general",
    }
}

vocabulary! {
    /// What the one who finished a step wants to happen next.
    NextAction, "next_action" {
        /// The task is done; go on with the plan.
        Continue = "continue",
        /// The work is to be done again: back to pending, notes kept.
        NeedsRevision = "needs_revision",
        /// Something outside the task stands in the way.
        Blocked = "blocked",
        /// The task is done.
        Complete = "complete",
    }
}

vocabulary! {
    /// What the maintenance tool is to do.
    MaintenanceAction, "action" {
        /// Find stale and orphaned tasks and incomplete workflows.
        ScanCleanup = "scan_cleanup",
        /// Check that plans and dependencies make sense.
        ValidateStructure = "validate_structure",
        /// Write an overview of the work as it stands.
        UpdateDocumentation = "update_documentation",
        /// Write what the next one needs to go on.
        PrepareHandover = "prepare_handover",
    }
}

vocabulary! {
    /// How far maintenance looks.
    #[derive(Default)]
    MaintenanceScope, "scope" {
        /// The caller's session; everything when it has none.
        #[default]
        CurrentSession = "current_session",
        /// All tasks of the workspace.
        FullProject = "full_project",
        /// One task and what is below it.
        SpecificSubtask = "specific_subtask",
    }
}

vocabulary! {
    /// How closely maintenance looks.
    #[derive(Default)]
    ValidationLevel, "validation_level" {
        /// Stale and orphaned tasks.
        #[default]
        Basic = "basic",
        /// And dependencies that can never be met.
        Comprehensive = "comprehensive",
        /// And overdue dates.
        FullAudit = "full_audit",
    }
}

vocabulary! {
    /// Which sessions a clean-up is about.
    #[derive(Default)]
    CleanupType, "cleanup_type" {
        /// All their tasks are finished.
        #[default]
        Completed = "completed",
        /// They have no task at all.
        Orphaned = "orphaned",
        /// Nothing happened in them for long, whatever is open.
        Old = "old",
        /// Any of these.
        All = "all",
    }
}

vocabulary! {
    /// Where a session stands.
    SessionState, "status" {
        /// It has open tasks, or none yet.
        Active = "active",
        /// It has tasks and all are finished.
        Completed = "completed",
        /// Cleaned up; it may be resumed.
        Archived = "archived",
    }
}

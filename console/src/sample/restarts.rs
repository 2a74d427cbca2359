//! Restarts of the sample server: earlier ones, and one that runs.

use task_orchestrator_shared::admin::view::RestartView;
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::report::PastRestart;
use task_orchestrator_shared::restart::{
    BuildReport, Kind, Outcome, PhaseRecord, Progress, Reason, RestartError, RestartId, RestartReport,
};

use super::at;

fn phases(scale: f64) -> Vec<PhaseRecord> {
    let took = [80.0, 0.3, 0.2, 0.4, 0.1, 1.2, 0.9, 3.1];
    let mut started_ms = 0.0;
    let record = |(phase, took): (&Phase, f64)| {
        let record = PhaseRecord { phase: *phase, started_ms, duration_ms: Some(took * scale) };
        started_ms += took * scale;
        record
    };
    Phase::EIGHT.iter().zip(took).map(record).collect()
}

/// An earlier restart.
pub(crate) fn past(number: u32) -> PastRestart {
    let success = !number.is_multiple_of(3);
    PastRestart {
        restart_id: RestartId(format!("r-{number}")),
        timestamp: at(-3600 * i64::from(number)),
        reason: Reason::ManualRequest,
        kind: [Kind::Graceful, Kind::Emergency, Kind::Crash][number as usize % 3],
        success,
        outcome: if success { Outcome::Complete } else { Outcome::Failed },
        duration: 0.0862 * f64::from(number),
        downtime_ms: 1.5 * f64::from(number),
        requested_by: "admin:uid=1000".to_owned(),
        phases: phases(f64::from(number)),
        error: (!success).then(|| RestartError {
            error_code: ErrorCode::WorkerUnavailable,
            error: "the new worker ended before it was ready".to_owned(),
            phase: Phase::Preparation,
        }),
    }
}

/// The restart that runs, in this phase.
pub(crate) fn running(phase: Phase) -> RestartView {
    let done: Vec<PhaseRecord> = phases(1.0).into_iter().take_while(|record| record.phase <= phase).collect();
    let phases = done
        .into_iter()
        .map(|record| PhaseRecord {
            duration_ms: record.duration_ms.filter(|_| record.phase != phase),
            ..record
        })
        .collect();
    RestartView {
        report: RestartReport {
            restart_id: RestartId("r-now".to_owned()),
            kind: Kind::Graceful,
            reason: Reason::ManualRequest,
            note: Some("new build".to_owned()),
            requested_by: "admin:uid=1000".to_owned(),
            outcome: None,
            phase,
            progress: phase.progress(),
            message: "waiting for two calls to reach a checkpoint".to_owned(),
            errors: Vec::new(),
            graceful: true,
            preserve_state: true,
            timeout: 30,
            started_at: at(-1),
            completed_at: None,
            duration_ms: 840.0,
            downtime_ms: 12.0,
            buffered_requests: 9,
            replayed_requests: 0,
            cleared_requests: 0,
            suspended: 2,
            old_pid: Some(4200),
            new_pid: Some(4300),
            generation: 12,
            state: None,
            migration: None,
            old_build: Some(build("0.1.0")),
            new_build: Some(build("0.1.1")),
            phases,
        },
        progress: Some(Progress {
            restart_id: RestartId("r-now".to_owned()),
            phase,
            progress: phase.progress(),
            message: "waiting for two calls to reach a checkpoint".to_owned(),
            elapsed_ms: 840.0,
            deadline_ms: Some(4160.0),
            held: 9,
            in_flight: 2,
        }),
        build_output: Vec::new(),
    }
}

pub(super) fn build(version: &str) -> BuildReport {
    BuildReport {
        version: version.to_owned(),
        sha256: Some("9f2c".repeat(16)),
        path: "/usr/local/bin/task-orchestrator".to_owned(),
    }
}

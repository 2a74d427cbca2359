//! How the sample server is: its checks and alerts, and its figures over time.

use std::time::Duration;

use task_orchestrator_shared::report::{
    Alert, Checks, ConnectionsCheck, DatabaseCheck, DiskCheck, Health, Level, MemoryCheck, ReadinessDetails,
    RebootReadiness, StateCheck, WorkerCheck,
};

use super::{at, now};
use crate::model::{Model, Now};

/// What a health check has found: something to look at, where `alerts` are wanted.
pub(crate) fn health(alerts: bool) -> Box<Health> {
    let connected = Checks {
        reboot_readiness: Some(RebootReadiness {
            ready: !alerts,
            issues: if alerts { vec!["the snapshot cannot be written".to_owned()] } else { Vec::new() },
            details: ReadinessDetails {
                maintenance_mode: false,
                shutdown_in_progress: false,
                state_manager_initialized: true,
                state_manager_accessible: !alerts,
            },
        }),
        database: Some(DatabaseCheck {
            connected: true,
            status: Level::Healthy,
            integrity: "ok".to_owned(),
            schema_version: Some(3),
            size_bytes: Some(1 << 20),
            wal_bytes: Some(0),
            transactions_pending: Some(0),
            connections_open: Some(4),
            latency_ms: Some(0.2),
            age_ms: Some(400),
        }),
        connections: Some(ConnectionsCheck {
            active_connections: 7,
            by_transport: [("stdio".to_owned(), 7)].into(),
            by_state: [("active".to_owned(), 2), ("idle".to_owned(), 5)].into(),
            status: Level::Healthy,
        }),
        worker: WorkerCheck {
            pid: Some(4200),
            generation: 12,
            rss_bytes: Some(13 << 20),
            last_heartbeat_ms: Some(400),
            in_flight: 2,
            crashes: 1,
            status: Level::Healthy,
        },
        disk: DiskCheck {
            free_bytes: Some(if alerts { 40 << 20 } else { 80 << 30 }),
            status: if alerts { Level::Unhealthy } else { Level::Healthy },
        },
        memory: MemoryCheck {
            front_rss_bytes: Some(14 << 20),
            worker_rss_bytes: Some(13 << 20),
            buffered_bytes: 0,
        },
        state: StateCheck {
            current_state_bytes: Some(4096),
            backups: 8,
            last_verified: Some(at(-60)),
            status: Level::Healthy,
        },
        limits: None,
        breakers: std::collections::BTreeMap::new(),
    };
    let raised = Alert {
        kind: "snapshot_broken".to_owned(),
        detail: "backup_state_03.json cannot be read from end to end".to_owned(),
        raised_at: at(-900),
        times: 2,
    };
    Box::new(Health {
        healthy: !alerts,
        status: if alerts { Level::Unhealthy } else { Level::Healthy },
        timestamp: at(-5),
        server_version: "0.1.0".to_owned(),
        uptime_seconds: 3600,
        safe_mode: None,
        alerts: if alerts { vec![raised] } else { Vec::new() },
        checks: connected,
    })
}

/// Figures of the last minute and a half, with a gap.
pub(crate) fn curves(model: &mut Model) {
    let Some(seen) = model.seen.clone() else { return };
    model.series = crate::model::series::Series::default();
    for second in 0..=90u32 {
        let mut view = seen.view.clone();
        let wave = f64::from(second % 13);
        view.traffic.requests_per_second = 150.0 + 10.0 * wave;
        view.traffic.p50_ms = (!(30..=40).contains(&second)).then_some(0.3 + wave / 50.0);
        view.traffic.p99_ms = (!(30..=40).contains(&second)).then_some(2.0 + wave / 5.0);
        view.traffic.front_rss_bytes = Some((14 << 20) + (u64::from(second) << 14));
        view.server.reconnections = u64::from(second / 30) + 18;
        let ago = Duration::from_secs(u64::from(90 - second));
        let then = Now { running: now().running - ago, ..now() };
        model.series.take(&view, then);
    }
}

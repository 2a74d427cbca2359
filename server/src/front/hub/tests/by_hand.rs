//! What administrators do by hand: sessions, buffers, the log, the configuration.

use super::rig::*;
use crate::config::{KEYS, Level, Overrides};
use crate::front::jobs::{JobOutcome, Loaded};
use crate::link::FrontState;

fn loaded(text: &str) -> Loaded {
    let (config, provenance, _) =
        Config::from_text(Path::new("config.toml"), text, &Overrides::default()).unwrap();
    Loaded { config, provenance }
}

#[test]
fn a_session_that_is_disconnected_is_gone_with_all_it_holds() {
    let mut rig = Rig::serving();
    let clients = [rig.attach(1, None), rig.attach(2, None)];
    rig.call(&clients[0], 1);
    rig.worker_got();
    clients[0].got();
    let session = clients[0].client.to_string();
    let told = rig.ask(Request::DisconnectSession { session: session.clone() }).answer();
    assert!(matches!(told, Some(Reply::Done(_))), "{told:?}");
    assert_eq!(kinds(&clients[0].outbox.take_frames()), [Kind::Goodbye, Kind::Closed]);
    assert_eq!(kinds(&rig.worker_got()), [Kind::Close]);
    assert_eq!((rig.hub.sessions.len(), rig.hub.connections.len()), (1, 1));
    assert!(rig.hub.idle_since.is_none(), "another one is attached");
    // What still comes from there is nobody's.
    rig.call(&clients[0], 2);
    rig.on(Event::Disconnected { connection: clients[0].connection });
    assert_eq!(rig.worker_got(), []);
    assert_eq!(rig.ask(Request::DisconnectSession { session }).refusal(), ErrorCode::NotFound);
    let told = rig.ask(Request::DisconnectSession { session: "2".to_owned() }).answer();
    assert!(matches!(told, Some(Reply::Done(_))));
    assert!(rig.hub.idle_since.is_some() && rig.hub.sessions.is_empty());
}

#[test]
fn the_buffers_of_one_session_are_cleared_or_those_of_all() {
    let mut rig = Rig::new();
    let clients = [rig.attach(1, None), rig.attach(2, None)];
    for client in &clients {
        rig.call(client, 1);
    }
    let session = Some(clients[0].client.to_string());
    rig.ask(Request::ClearBuffers { session });
    assert_eq!((clients[0].got().len(), clients[1].got().len()), (1, 0));
    rig.ask(Request::ClearBuffers { session: None });
    assert_eq!((clients[0].got().len(), clients[1].got().len()), (0, 1));
    let session = Some("nobody".to_owned());
    assert_eq!(rig.ask(Request::ClearBuffers { session }).refusal(), ErrorCode::NotFound);
}

#[test]
fn the_log_level_is_told_to_the_workers_that_there_are_and_to_later_ones() {
    let mut rig = Rig::serving();
    rig.was_told(1);
    rig.ask(Request::LogLevel { level: "debug".to_owned() });
    let told = rig.was_told(1);
    let state = told.iter().rfind(|frame| frame.kind == Kind::FrontState).expect("it is told");
    let state: FrontState = serde_json::from_slice(&state.payload).unwrap();
    assert_eq!(state.log_level.as_deref(), Some("debug"));
    rig.kill();
    rig.later(Duration::from_secs(40));
    let told = rig.was_told(2);
    let activation = told.iter().rfind(|frame| frame.kind == Kind::Activate).expect("it is to serve");
    let activation: Activation = serde_json::from_slice(&activation.payload).unwrap();
    assert_eq!(activation.front.log_level.as_deref(), Some("debug"));
    rig.hub.reconfigure(loaded(""));
    assert_eq!(rig.hub.log_level, Level::Info, "it holds until the configuration is read again");
    let level = "loud".to_owned();
    assert_eq!(rig.ask(Request::LogLevel { level }).refusal(), ErrorCode::InvalidArgument);
}

#[test]
fn what_a_reload_cannot_change_is_named_and_stays() {
    let mut rig = Rig::with("");
    let limits = rig.hub.limits_view();
    let text = "[front]\nmax_sessions = 5\n[buffer]\nmax_requests_per_client = 7\nexpiry = \"7 s\"\n\
                [state]\nbackups = 3\n[store]\nreaders = 3\n";
    let mut reloaded = rig.hub.reconfigure(loaded(text));
    reloaded.applied.sort();
    reloaded.needs_stop.sort();
    assert_eq!(reloaded.applied, ["buffer.expiry", "state.backups"]);
    assert_eq!(reloaded.needs_restart, ["store.readers"]);
    assert_eq!(reloaded.needs_stop, ["buffer.max_requests_per_client", "front.max_sessions"]);
    let after = rig.hub.limits_view();
    assert_eq!((after.buffer_expiry_seconds, after.backups), (7.0, 3));
    assert_eq!(after.max_sessions, limits.max_sessions, "those of the running front hold on");
    assert_eq!(after.max_requests_per_client, limits.max_requests_per_client);
    // Taken back, nothing is left to be done.
    let reloaded = rig.hub.reconfigure(loaded(""));
    assert!(reloaded.needs_stop.is_empty() && reloaded.needs_restart.is_empty());
}

#[test]
fn every_key_takes_what_its_readers_take() {
    use task_orchestrator_shared::admin::config::Takes;
    let takes = |what| {
        let keys = KEYS.iter().map(crate::config::Key::path);
        keys.filter(|key| super::super::by_hand::takes(key) == what).collect::<Vec<_>>()
    };
    let of_worker = |key: &&crate::config::Key| key.read_by == [crate::config::Process::Worker];
    let of_worker: Vec<_> = KEYS.iter().filter(of_worker).map(crate::config::Key::path).collect();
    assert_eq!(takes(Takes::Restart), of_worker);
    let mut stop = takes(Takes::Stop);
    stop.sort();
    let expected = [
        "access.socket_group",
        "audit.files",
        "audit.key_file",
        "audit.max_file_size",
        "buffer.max_bytes",
        "buffer.max_message_bytes",
        "buffer.max_requests_per_client",
        "front.idle_timeout",
        "front.max_sessions",
        "http.address",
        "http.allowed_hosts",
        "http.allowed_origins",
        "http.anonymous_role",
        "http.behind_proxy",
        "http.body_timeout",
        "http.idle_timeout",
        "http.issuer",
        "http.max_connections",
        "http.max_connections_per_client",
        "http.probes_address",
        "http.read_timeout",
        "http.resource",
        "http.resume_bytes",
        "http.resume_events",
        "http.resume_time",
        "http.session_timeout",
        "http.tls_certificate",
        "http.tls_key",
        "http.write_timeout",
        "log.format",
        "log.max_file_size",
        "log.retention_days",
        "log.stderr",
        "shutdown.cleanup_timeout",
        "shutdown.force_after_timeout",
        "shutdown.request_timeout",
        "shutdown.signals",
        "state.dead_letters",
        "state.history",
    ];
    assert_eq!(stop, expected);
}

#[test]
fn backups_are_put_in_order_by_the_clock_and_the_next_time_is_told() {
    let mut rig = Rig::serving();
    let next =
        |rig: &Rig| -> jiff::Timestamp { rig.hub.limits_view().next_rotation.unwrap().parse().unwrap() };
    let first = next(&rig);
    let hour = jiff::SignedDuration::from_hours(1);
    let is_in_an_hour = |moment: jiff::Timestamp, from: jiff::Timestamp| {
        (moment.duration_since(from) - hour).abs() < jiff::SignedDuration::from_mins(1)
    };
    assert!(is_in_an_hour(first, jiff::Timestamp::now()), "{first}");
    rig.later(Duration::from_secs(60));
    assert_eq!(next(&rig), first, "it is not due");
    // Of two that have come of age the newest stays.
    let state = rig.place.path().to_owned();
    let options = crate::store::StoreOptions::new(state.join("tasks.db"), state.join("artifacts"));
    drop(crate::store::Store::open(&options).unwrap());
    let copied = |days: i64| {
        let at = jiff::Timestamp::now() - hour * i32::try_from(24 * days).unwrap();
        state.join(crate::state::back_up(&options, &state, at).unwrap())
    };
    let (older, newer) = (copied(50), copied(40));
    rig.later(Duration::from_secs(3601));
    assert!(is_in_an_hour(next(&rig), first), "{} {first}", next(&rig));
    let is_rotated = |event: &Event| matches!(event, Event::Job { outcome: JobOutcome::Rotated, .. });
    loop {
        let event = rig.next();
        if is_rotated(&event) {
            break;
        }
        rig.on(event);
    }
    assert!(!older.exists());
    let compressed = newer.with_extension("db.gz");
    assert!(newer.exists() || compressed.exists(), "the newest good one stays");
}

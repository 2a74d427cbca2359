//! Those who watch: whoever applies every delta has what the hub has.

use task_orchestrator_shared::admin::view::{Change, RestartView, SessionFigures};
use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::report::Level;
use tokio::sync::broadcast::error::TryRecvError;

use super::rig::*;

/// Later than everything before: the figures' time has come.
struct Clock(Duration);

impl Clock {
    fn tick(&mut self, rig: &mut Rig) {
        rig.pump_what_is_there();
        self.0 += Duration::from_secs(1);
        rig.publish(self.0);
    }
}

fn apply_all(view: &mut View, deltas: &mut Deltas) {
    loop {
        match deltas.try_recv() {
            Ok(told) => view.apply(told.delta().clone()).expect("no number is missing"),
            Err(TryRecvError::Empty) => return,
            Err(error) => panic!("{error}"),
        }
    }
}

/// A restart's id, its phase, and all that there is to say of it once it has ended.
type Seen = (String, Phase, Option<RestartReport>);

/// What does not depend on the moment.
fn still(mut view: View) -> (View, Option<Seen>) {
    let figures = |figures: &mut SessionFigures| figures.oldest_ms = None;
    view.sessions.iter_mut().for_each(|session| figures(&mut session.figures));
    for worker in &mut view.workers {
        (worker.last_heartbeat_ms, worker.rss_bytes) = (None, None);
    }
    if let Some(buffers) = &mut view.buffers {
        // Old requests make it worse by themselves.
        (buffers.oldest_age_seconds, buffers.status) = (None, Level::Healthy);
    }
    // How long it takes so far, and what it counts, is told at its end.
    let restart = view.restart.take().map(|RestartView { report, .. }| {
        (report.restart_id.to_string(), report.phase, report.outcome.is_some().then_some(report))
    });
    let view = View {
        seq: 0,
        at: String::new(),
        traffic: Default::default(),
        history: None,
        health: None,
        audit: None,
        backups: None,
        dead_letters: None,
        ..view
    };
    (view, restart)
}

fn fresh(rig: &mut Rig) -> View {
    let now = Instant::now();
    let mut numbers: Vec<u64> = rig.hub.attached_numbers().collect();
    numbers.sort_unstable();
    let sessions = numbers.iter().filter_map(|number| rig.hub.session_view(*number, now)).collect();
    View {
        boot: "test".to_owned(),
        server: rig.hub.server_view(),
        restart: rig.hub.restart_view(now),
        workers: rig.hub.worker_views(now),
        sessions,
        buffers: Some(rig.hub.buffer_status(now)),
        limits: rig.hub.limits_view(),
        ..View::default()
    }
}

/// One random thing that can happen.
fn something(rig: &mut Rig, clients: &mut Vec<Client>, dice: u64, step: u64) {
    let picked = clients.get(usize::try_from(dice / 16).unwrap() % clients.len().max(1)).cloned();
    match (dice % 13, picked) {
        (0 | 1, _) => clients.push(rig.attach(1000 + step, None)),
        (2, Some(client)) => {
            rig.on(Event::Disconnected { connection: client.connection });
            clients.retain(|other| other.connection != client.connection);
        }
        (3..=6, Some(client)) => rig.call(&client, step),
        (7 | 8, Some(client)) if rig.hub.route.is_some() => {
            let number = rig.hub.connections.get(&client.connection).copied();
            let pending = number
                .and_then(|number| rig.hub.sessions.get(&number))
                .map(|session| session.pending.keys().copied().collect::<Vec<_>>());
            for sequence in pending.into_iter().flatten() {
                rig.answer(number.unwrap(), sequence);
            }
        }
        (9, _) => {
            rig.kill();
            rig.later(Duration::from_secs(40));
        }
        (10, _) if rig.launched() > 0 && rig.hub.route.is_none() => rig.serves(rig.launched()),
        (11, _) => drop(rig.ask(Request::Maintenance { on: dice.is_multiple_of(2) })),
        (12, _) => {
            drop(rig.ask_restart(if dice.is_multiple_of(3) { emergency() } else { plain() }));
            rig.pump_what_is_there();
        }
        _ => {}
    }
}

#[test]
fn whoever_applies_every_delta_has_what_the_hub_has() {
    for seed in 1..=20_u64 {
        let mut dice = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut rig = Rig::serving();
        let mut clock = Clock(Duration::ZERO);
        let mut clients = Vec::new();
        let (mut view, mut deltas) = rig.subscribe(None);
        for step in 1..=60 {
            dice ^= dice << 13;
            dice ^= dice >> 7;
            dice ^= dice << 17;
            something(&mut rig, &mut clients, dice >> 8, step);
            if step % 5 == 0 {
                clock.tick(&mut rig);
                apply_all(&mut view, &mut deltas);
                assert_eq!(still(view.clone()), still(fresh(&mut rig)), "seed {seed}, step {step}");
            }
        }
    }
}

#[test]
fn who_watches_a_server_in_which_nothing_happens_is_told_so_every_two_seconds() {
    let mut rig = Rig::serving();
    rig.pump_what_is_there();
    let (mut view, mut deltas) = rig.subscribe(None);
    rig.publish(Duration::from_secs(1));
    apply_all(&mut view, &mut deltas);
    let (before, mut told) = (view.clone(), Vec::new());
    for tenths in 11..=130 {
        rig.publish(Duration::from_millis(tenths * 100));
        while let Ok(delta) = deltas.try_recv() {
            view.apply(delta.delta().clone()).expect("no number is missing");
            told.push(tenths);
        }
    }
    let pauses = told.windows(2).map(|pair| pair[1] - pair[0]);
    assert!(told.len() >= 4 && pauses.into_iter().all(|pause| pause <= 23), "{told:?}");
    assert_eq!(still(view), still(before));
}

#[test]
fn who_watches_from_the_start_is_told_how_it_is_once_the_first_worker_serves() {
    let mut rig = Rig::new();
    let (_view, _deltas) = rig.subscribe(None);
    rig.publish(Duration::from_secs(1));
    rig.start();
    rig.was_told(rig.launched());
    rig.publish(Duration::from_secs(2));
    let orders = rig.was_told(rig.launched()).into_iter().filter(|frame| frame.kind == Kind::Order);
    let orders: Vec<String> =
        orders.map(|frame| String::from_utf8_lossy(&frame.payload).into_owned()).collect();
    assert!(orders.iter().any(|order| order.contains("nspect")), "{orders:?}");
}

#[test]
fn nothing_is_gathered_while_nobody_watches_and_soon_after_the_last_one_has_gone() {
    let mut rig = Rig::serving();
    rig.attach(1, None);
    rig.publish(Duration::from_secs(1));
    assert_eq!((rig.hub.stream.wakes_at(), rig.subscribe(None).0.seq), (None, 0));
    rig.attach(2, None);
    rig.publish(Duration::from_secs(2));
    assert!(rig.hub.stream.wakes_at().is_none() && !rig.hub.stream.is_watched());
    assert_eq!(rig.subscribe(None).0.sessions.len(), 2, "the next one gets everything");
}

#[test]
fn who_comes_and_goes_at_once_is_told_of_to_nobody() {
    let mut rig = Rig::serving();
    let mut clock = Clock(Duration::ZERO);
    let (mut view, mut deltas) = rig.subscribe(None);
    clock.tick(&mut rig);
    apply_all(&mut view, &mut deltas);
    let client = rig.attach(1, None);
    rig.on(Event::Disconnected { connection: client.connection });
    clock.tick(&mut rig);
    while let Ok(told) = deltas.try_recv() {
        let of_sessions = |change: &&Change| matches!(change, Change::Session(_) | Change::SessionEnded(_));
        assert_eq!(told.delta().changes.iter().filter(of_sessions).count(), 0);
    }
}

#[test]
fn who_is_too_slow_hears_of_it_and_the_whole_state_is_right_again() {
    let mut rig = Rig::serving();
    let mut clock = Clock(Duration::ZERO);
    let (_, mut deltas) = rig.subscribe(None);
    for number in 0..300 {
        rig.attach(number, None);
        clock.tick(&mut rig);
    }
    assert!(matches!(deltas.try_recv(), Err(TryRecvError::Lagged(_))));
    let (view, _deltas) = rig.subscribe(None);
    assert_eq!(still(view), still(fresh(&mut rig)));
}

#[test]
fn a_thousand_busy_sessions_make_a_delta_of_less_than_a_hundred_kibibytes() {
    let mut rig = Rig::serving();
    let mut clock = Clock(Duration::ZERO);
    let clients: Vec<Client> = (0..1000).map(|number| rig.attach(number, None)).collect();
    let (_, mut deltas) = rig.subscribe(None);
    for client in &clients {
        rig.call(client, 1);
    }
    clock.tick(&mut rig);
    let told = deltas.try_recv().expect("figures have changed");
    let line = told.line(Role::Admin).expect("it fits on a line");
    let is_all = |change: &Change| matches!(change, Change::Figures(rows) if rows.len() == 1000);
    assert!(told.delta().changes.iter().any(is_all));
    assert!(line.len() < 100 * 1024, "{}", line.len());
}

#[test]
fn the_audit_is_complete_although_its_records_come_in_batches() {
    let mut rig = Rig::serving();
    let mut clock = Clock(Duration::ZERO);
    for on in [true, false, true] {
        rig.ask(Request::Maintenance { on });
    }
    let (mut view, mut deltas) = rig.subscribe(None);
    // A batch that overtakes the first listing, and one that comes after a lost one.
    for _ in 0..2 {
        rig.ask(Request::Snapshot);
        let newest = rig.audit().pop().expect("a record");
        rig.on(Event::Audited(vec![newest]));
        clock.tick(&mut rig);
        let all = rig.audit().last().map(|record| record.seq);
        while view.audit.as_ref().and_then(|audit| audit.first()).map(|record| record.seq) != all {
            rig.pump();
            clock.tick(&mut rig);
            apply_all(&mut view, &mut deltas);
        }
        let mut audit = view.audit.clone().unwrap();
        audit.reverse();
        assert_eq!(audit, rig.audit());
    }
}

#[test]
fn each_role_sees_its_own_and_no_number_is_missing() {
    let mut rig = Rig::serving();
    let mut clock = Clock(Duration::ZERO);
    let (view, mut deltas) = rig.subscribe(Some(Role::Readonly));
    let mut seen = view.seq;
    let maintenance = Request::Maintenance { on: true };
    rig.ask(maintenance);
    let records = rig.audit();
    rig.on(Event::Audited(records));
    let mut was_hidden = false;
    while !was_hidden {
        clock.tick(&mut rig);
        let Ok(told) = deltas.try_recv() else {
            rig.pump();
            continue;
        };
        let line = told.line(Role::Readonly).expect("it fits on a line");
        let line: Value = serde_json::from_str(&line).unwrap();
        seen += 1;
        assert_eq!(line["params"]["seq"], seen);
        let topics: Vec<_> = line["params"]["changes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|change| change["topic"].clone())
            .collect();
        let hidden = ["audit", "backups", "dead_letters", "health"];
        assert!(topics.iter().all(|topic| !hidden.contains(&topic.as_str().unwrap())), "{topics:?}");
        was_hidden |= told.delta().changes.len() > topics.len();
    }
    assert!(was_hidden);
}

#[test]
fn another_configuration_ends_what_an_earlier_role_had_begun() {
    let mut rig = Rig::serving();
    let (_, mut deltas) = rig.subscribe(None);
    let same = |rig: &Rig| crate::front::jobs::Loaded {
        config: rig.hub.config.clone(),
        provenance: rig.hub.loaded.clone(),
    };
    let unchanged = same(&rig);
    rig.hub.reconfigure(unchanged);
    assert_eq!(deltas.try_recv().unwrap_err(), TryRecvError::Empty);
    let mut other = same(&rig);
    let text = "[access]\ngrants = [\"user:7=monitor\"]";
    let path = std::path::Path::new("config.toml");
    other.config.access =
        crate::config::Config::from_text(path, text, &crate::config::Overrides::default()).unwrap().0.access;
    rig.hub.reconfigure(other);
    while deltas.try_recv().is_ok() {}
    assert_eq!(deltas.try_recv().unwrap_err(), TryRecvError::Closed);
}

/// The deltas of so many seconds, at five looks a second.
fn told_in(rig: &mut Rig, deltas: &mut Deltas, seconds: u64, now: &mut Instant) -> Vec<Vec<Change>> {
    let mut told = Vec::new();
    for _ in 0..seconds * 5 {
        *now += Duration::from_millis(200);
        rig.publish_at(*now);
        while let Ok(delta) = deltas.try_recv() {
            told.push(delta.delta().changes.clone());
        }
    }
    told
}

#[test]
fn what_only_grows_older_wakes_nobody_more_than_once_a_second() {
    let mut rig = Rig::new();
    rig.attach(1, None);
    rig.start();
    let clients: Vec<Client> = (2..=20).map(|number| rig.attach(number, None)).collect();
    let (_, mut deltas) = rig.subscribe(Some(Role::Readonly));
    // Not the time that the test itself takes.
    let mut now = Instant::now();
    // What is measured by itself at the begin comes first.
    told_in(&mut rig, &mut deltas, 2, &mut now);
    let idle = told_in(&mut rig, &mut deltas, 20, &mut now);
    let news = idle.iter().filter(|changes| !changes.is_empty());
    assert!(news.clone().count() <= 4 && news.clone().all(|changes| changes.len() == 1), "{idle:?}");
    // The others say that nothing has happened, every two seconds.
    assert!(idle.len() <= 11, "{idle:?}");
    // Something waits, and its age is told.
    rig.ask(Request::Maintenance { on: true });
    rig.call(&clients[0], 1);
    told_in(&mut rig, &mut deltas, 2, &mut now);
    let held = told_in(&mut rig, &mut deltas, 20, &mut now);
    assert!((10..=24).contains(&held.len()), "{}", held.len());
    let ages = held.iter().flatten().filter(|change| matches!(change, Change::Figures(_)));
    assert!(ages.count() >= 10, "{held:?}");
}

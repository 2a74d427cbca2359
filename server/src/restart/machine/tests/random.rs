//! Random runs: any event at any time, thousands of them.

use proptest::prelude::*;
use task_orchestrator_shared::restart::{Reason, RestartRequest};

use super::faults::Fault;
use super::world::{Flaw, NEW, OLD, World, limits};
use crate::config::Policy;
use crate::restart::WorkerId;
use crate::restart::event::Event;
use crate::restart::state::State;

/// What happens next.
#[derive(Debug, Clone)]
enum Act {
    /// So many answers come back.
    Steps(u8),
    Strikes(Fault),
    /// What was to come first comes last.
    Overtaken,
    /// The former worker or the spare hangs.
    OtherHangs(bool),
    Asks(RestartRequest),
    /// Somebody wants something done while no worker lives.
    AsksApart,
    /// The former worker or the spare dies.
    OtherDies(bool),
    Pass(u16),
    Finds(bool),
    Flawed(Option<Flaw>),
    Idle(bool),
    Answered,
}

fn requests() -> impl Strategy<Value = RestartRequest> {
    let reason = prop_oneof![
        Just(Reason::ManualRequest),
        Just(Reason::ConfigurationUpdate),
        Just(Reason::SchemaMigration),
        Just(Reason::ErrorRecovery)
    ];
    (any::<[bool; 4]>(), reason, prop::bool::weighted(0.2)).prop_map(
        |([graceful, preserve_state, drain, named], reason, rollback)| RestartRequest {
            graceful,
            preserve_state,
            drain,
            reason,
            rollback,
            binary: named.then(|| "program".to_owned()),
            ..RestartRequest::default()
        },
    )
}

fn acts() -> impl Strategy<Value = Act> {
    let flaw = prop_oneof![
        Just(None),
        Just(Some(Flaw::Dies { hopeless: false })),
        Just(Some(Flaw::Dies { hopeless: true })),
        Just(Some(Flaw::DiesWhenActivated)),
        Just(Some(Flaw::Migrates { reversible: true })),
        Just(Some(Flaw::Migrates { reversible: false })),
    ];
    let faults: Vec<Fault> = Fault::ALL.into_iter().filter(|fault| *fault != Fault::Stopped).collect();
    prop_oneof![
        6 => (1u8..12).prop_map(Act::Steps),
        4 => prop::sample::select(faults).prop_map(Act::Strikes),
        2 => requests().prop_map(Act::Asks),
        1 => Just(Act::AsksApart),
        1 => any::<bool>().prop_map(Act::OtherDies),
        1 => any::<bool>().prop_map(Act::OtherHangs),
        2 => Just(Act::Overtaken),
        1 => (0u16..2_000).prop_map(Act::Pass),
        1 => any::<bool>().prop_map(Act::Finds),
        1 => flaw.prop_map(Act::Flawed),
        1 => any::<bool>().prop_map(Act::Idle),
        1 => Just(Act::Answered),
    ]
}

fn other(world: &World, is_former: bool) -> Option<WorkerId> {
    let machine = world.machine();
    if is_former { machine.former() } else { machine.standby() }
}

fn play(world: &mut World, act: Act) {
    match act {
        Act::Steps(count) => world.run(count.into()),
        Act::Strikes(fault) => {
            fault.strike(world);
        }
        Act::Asks(request) => {
            world.ask(request);
        }
        Act::AsksApart => {
            world.ask_apart();
        }
        Act::OtherDies(is_former) => {
            other(world, is_former).into_iter().for_each(|worker| world.crash(worker));
        }
        Act::OtherHangs(is_former) => {
            other(world, is_former).into_iter().for_each(|worker| world.tell(Event::Hung(worker)));
        }
        Act::Overtaken => world.queue.rotate_left(usize::from(!world.queue.is_empty())),
        Act::Pass(tenths) => world.pass(std::time::Duration::from_millis(u64::from(tenths) * 100)),
        Act::Finds(new) => world.found = if new { NEW } else { OLD },
        Act::Flawed(flaw) => {
            world.flaws.clear();
            world.flaws.extend(flaw.map(|flaw| (NEW, flaw)));
        }
        Act::Idle(is_idle) => world.is_idle = is_idle,
        Act::Answered => world.machine_mut().answered(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_rules_hold_and_it_ends_well(
        acts in prop::collection::vec(acts(), 1..60),
        hot in any::<bool>(),
        force in any::<bool>(),
        builds in any::<bool>(),
        stops in prop::bool::weighted(0.2),
    ) {
        let mut limits = limits();
        limits.hot_standby = hot;
        limits.policy = if force { Policy::Force } else { Policy::Abort };
        limits.build = builds.then_some(std::time::Duration::from_secs(100));
        let mut world = World::new(limits, None, false);
        world.ledger.wants_spare = hot;
        for act in acts {
            play(&mut world, act);
        }
        world.flaws.clear();
        world.is_idle = true;
        if stops {
            world.tell(Event::Stop);
        }
        world.settle();
        world.ledger.all_answered();
        let is_well = match world.machine().state() {
            State::Serving(_) => !stops && world.machine().refusal().is_none(),
            State::Stopping { .. } => stops && world.machine().has_stopped(),
            _ => false,
        };
        prop_assert!(is_well, "{:?}", world.machine().state());
    }
}

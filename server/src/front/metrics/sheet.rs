//! Figures of one moment: gathered, encoded, and forgotten.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeMetric;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use super::PREFIX;

/// See the module.
pub(super) struct Sheet(Registry);

impl Sheet {
    pub(super) fn new() -> Self {
        Self(Registry::with_prefix(PREFIX))
    }

    pub(super) fn registry(&self) -> &Registry {
        &self.0
    }

    pub(super) fn gauge(&mut self, name: &str, help: &str, value: f64) {
        self.0.register(name, help, ConstGauge::new(value));
    }

    pub(super) fn seconds(&mut self, name: &str, help: &str, value: f64) {
        self.0.register_with_unit(name, help, Unit::Seconds, ConstGauge::new(value));
    }

    pub(super) fn bytes(&mut self, name: &str, help: &str, value: f64) {
        self.0.register_with_unit(name, help, Unit::Bytes, ConstGauge::new(value));
    }

    pub(super) fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.0.register(name, help, ConstCounter::new(value));
    }

    pub(super) fn info(&mut self, name: &str, help: &str, labels: Vec<(&'static str, String)>) {
        self.0.register(name, help, Info::new(labels));
    }

    /// One figure for each set of labels; nothing is told where there is none.
    pub(super) fn family<const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        figures: impl Iterator<Item = ([(&'static str, &'static str); N], f64)>,
    ) {
        if let Some(family) = gathered(figures) {
            self.0.register(name, help, family);
        }
    }

    /// The same of what only grows.
    pub(super) fn counters<const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        figures: impl Iterator<Item = ([(&'static str, &'static str); N], u64)>,
    ) {
        let family: Family<[(&'static str, &'static str); N], Counter> = Family::default();
        for (labels, figure) in figures {
            family.get_or_create(&labels).inc_by(figure);
        }
        if !family.is_empty() {
            self.0.register(name, help, family);
        }
    }

    /// One figure for each value of a label.
    pub(super) fn of(
        &mut self,
        name: &str,
        help: &str,
        label: &'static str,
        figures: impl Iterator<Item = (&'static str, f64)>,
    ) {
        self.family(name, help, figures.map(|(value, figure)| ([(label, value)], figure)));
    }

    /// The same in seconds.
    pub(super) fn seconds_of(
        &mut self,
        name: &str,
        help: &str,
        label: &'static str,
        figures: impl Iterator<Item = (&'static str, f64)>,
    ) {
        if let Some(family) = gathered(figures.map(|(value, figure)| ([(label, value)], figure))) {
            self.0.register_with_unit(name, help, Unit::Seconds, family);
        }
    }

    /// The same in bytes.
    pub(super) fn bytes_of(
        &mut self,
        name: &str,
        help: &str,
        label: &'static str,
        figures: impl Iterator<Item = (&'static str, f64)>,
    ) {
        if let Some(family) = gathered(figures.map(|(value, figure)| ([(label, value)], figure))) {
            self.0.register_with_unit(name, help, Unit::Bytes, family);
        }
    }

    /// What only grows, in seconds.
    pub(super) fn seconds_total_of(
        &mut self,
        name: &str,
        help: &str,
        label: &'static str,
        figures: impl Iterator<Item = (&'static str, f64)>,
    ) {
        let family: Family<[(&'static str, &'static str); 1], Counter<f64, AtomicU64>> = Family::default();
        for (value, figure) in figures {
            family.get_or_create(&[(label, value)]).inc_by(figure);
        }
        if !family.is_empty() {
            self.0.register_with_unit(name, help, Unit::Seconds, family);
        }
    }
}

type Gauges<const N: usize> = Family<[(&'static str, &'static str); N], Gauge<f64, AtomicU64>>;

fn gathered<const N: usize>(
    figures: impl Iterator<Item = ([(&'static str, &'static str); N], f64)>,
) -> Option<Gauges<N>> {
    let family = Gauges::default();
    for (labels, figure) in figures {
        family.get_or_create(&labels).set(figure);
    }
    (!family.is_empty()).then_some(family)
}

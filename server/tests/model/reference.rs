//! The model: statuses, who is part of what and who needs what, in the most
//! direct form. Shares no code with the domain and knows no store.

use std::collections::{BTreeMap, BTreeSet};

/// What is known of the tasks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Model {
    pub(crate) tasks: BTreeMap<String, Entry>,
    /// Every name that ever was, in order; also those of tasks that are gone.
    pub(crate) names: Vec<String>,
    born: u64,
}

/// A task.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) status: &'static str,
    pub(crate) parent: Option<String>,
    pub(crate) needs: Vec<String>,
    pub(crate) done: bool,
    pub(crate) born: u64,
}

/// A step of a plan: its name, what it needs inside the plan by place, and outside by name.
pub(crate) type Step = (String, Vec<usize>, Vec<String>);

/// The model's word for a refusal.
#[derive(Debug)]
pub(crate) struct Refused;
pub(crate) type Verdict = Result<(), Refused>;

pub(crate) fn require(condition: bool) -> Verdict {
    if condition { Ok(()) } else { Err(Refused) }
}

fn allowed(from: &str, to: &str) -> bool {
    let row = match from {
        "pending" => "active blocked cancelled archived",
        "active" => "completed failed blocked suspended cancelled pending",
        "blocked" => "pending active cancelled",
        "suspended" => "active pending cancelled",
        "failed" => "archived pending",
        "completed" | "cancelled" => "archived",
        _ => "",
    };
    row.split(' ').any(|status| status == to)
}

fn is_open(status: &str) -> bool {
    ["pending", "active", "blocked", "suspended"].contains(&status)
}

fn unique(names: Vec<String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    names.into_iter().filter(|name| seen.insert(name.clone())).collect()
}

impl Model {
    /// A name by number: mostly one that was given, sometimes one that never was.
    pub(crate) fn name(&self, number: u8) -> String {
        let known = self.names.len().max(1);
        let name = self.names.get(usize::from(number) % known).filter(|_| number < 245);
        name.cloned().unwrap_or_else(|| "nobody".into())
    }

    pub(crate) fn is_active(&self, id: &str) -> bool {
        self.tasks.get(id).is_some_and(|entry| entry.status == "active")
    }

    fn get(&self, id: &str) -> Result<&Entry, Refused> {
        self.tasks.get(id).ok_or(Refused)
    }

    fn finished(&self, id: &str) -> bool {
        let task = &self.tasks[id];
        task.status == "completed" || (task.status == "archived" && task.done)
    }

    fn ready(&self, id: &str) -> bool {
        self.tasks[id].needs.iter().all(|need| self.finished(need))
    }

    fn children(&self, id: &str) -> Vec<String> {
        let of = |entry: &Entry| entry.parent.as_deref() == Some(id);
        self.tasks.iter().filter(|(_, entry)| of(entry)).map(|(name, _)| name.clone()).collect()
    }

    fn below(&self, id: &str) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        for child in self.children(id) {
            all.extend(self.below(&child));
            all.insert(child);
        }
        all
    }

    fn above(&self, id: Option<&String>) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        let mut at = id.cloned();
        while let Some(name) = at {
            at = self.tasks[&name].parent.clone();
            all.insert(name);
        }
        all
    }

    /// Whether one of the targets is among what this waits for, near or far.
    fn reaches(&self, from: &str, targets: &BTreeSet<String>, seen: &mut BTreeSet<String>) -> bool {
        if targets.contains(from) {
            return true;
        }
        if !seen.insert(from.to_owned()) {
            return false;
        }
        let next = self.tasks[from].needs.iter().cloned().chain(self.children(from));
        next.into_iter().any(|next| self.reaches(&next, targets, seen))
    }

    fn can_need(&self, id: &str, parent: Option<&String>, needs: &[String]) -> Verdict {
        let mut targets = self.above(parent);
        targets.insert(id.to_owned());
        for need in needs {
            require(need != id)?;
            self.get(need)?;
            require(!self.reaches(need, &targets, &mut BTreeSet::new()))?;
        }
        Ok(())
    }

    fn add(&mut self, id: &str, parent: Option<String>, needs: Vec<String>) {
        self.born += 1;
        let entry = Entry { status: "pending", parent, needs: unique(needs), done: false, born: self.born };
        self.tasks.insert(id.to_owned(), entry);
        self.names.push(id.to_owned());
    }

    pub(crate) fn set(&mut self, id: &str, to: &'static str) {
        let task = self.tasks.get_mut(id).unwrap();
        task.status = to;
        task.done |= to == "completed";
    }

    pub(crate) fn plan(
        &mut self,
        root: &str,
        parent: Option<String>,
        needs: &[String],
        steps: &[Step],
    ) -> Verdict {
        if let Some(parent) = &parent {
            require(is_open(self.get(parent)?.status))?;
        }
        require(!self.tasks.contains_key(root))?;
        self.can_need(root, parent.as_ref(), needs)?;
        for (_, inside, outside) in steps {
            require(inside.iter().all(|index| *index < steps.len()))?;
            self.can_need(root, parent.as_ref(), outside)?;
        }
        // A circle exists where following the steps leads on for longer than there are steps.
        let mut way: BTreeSet<usize> = (0..steps.len()).collect();
        for _ in 0..=steps.len() {
            way = way.iter().flat_map(|index| steps[*index].1.clone()).collect();
        }
        require(way.is_empty())?;
        self.add(root, parent, needs.to_vec());
        for (id, inside, outside) in steps {
            let inside = inside.iter().map(|index| steps[*index].0.clone());
            self.add(id, Some(root.to_owned()), inside.chain(outside.clone()).collect());
        }
        Ok(())
    }

    pub(crate) fn begin(&mut self, id: &str) -> Verdict {
        require(allowed(self.get(id)?.status, "active") && self.ready(id))?;
        self.set(id, "active");
        let mut at = self.tasks[id].parent.clone();
        while let Some(plan) = at.filter(|plan| self.tasks[plan].status == "pending" && self.ready(plan)) {
            self.set(&plan, "active");
            at = self.tasks[&plan].parent.clone();
        }
        Ok(())
    }

    pub(crate) fn finish(&mut self, id: &str) -> Verdict {
        require(self.get(id)?.status == "active")?;
        require(self.children(id).iter().all(|child| !is_open(self.tasks[child].status)))?;
        self.set(id, "completed");
        Ok(())
    }

    /// Blocks everybody outside who could go on and needs one of these.
    fn block_around(&mut self, given_up: &BTreeSet<String>, inside: &BTreeSet<String>) {
        for (name, entry) in &mut self.tasks {
            let waits = entry.needs.iter().any(|need| given_up.contains(need));
            if waits && !inside.contains(name) && ["pending", "active"].contains(&entry.status) {
                entry.status = "blocked";
            }
        }
    }

    pub(crate) fn cancel(&mut self, id: &str) -> Verdict {
        require(allowed(self.get(id)?.status, "cancelled"))?;
        let mut given_up: BTreeSet<String> =
            self.below(id).into_iter().filter(|child| is_open(self.tasks[child].status)).collect();
        given_up.insert(id.to_owned());
        for name in &given_up {
            self.set(name, "cancelled");
        }
        self.block_around(&given_up, &given_up);
        Ok(())
    }

    fn waiting(&self, needed: &BTreeSet<String>, inside: &BTreeSet<String>) -> bool {
        self.tasks.iter().any(|(name, entry)| {
            !inside.contains(name)
                && (is_open(entry.status) || entry.status == "failed")
                && entry.needs.iter().any(|need| needed.contains(need))
        })
    }

    pub(crate) fn archive(&mut self, id: &str, force: bool) -> Verdict {
        let status = self.get(id)?.status;
        require(allowed(status, "archived") || (force && is_open(status)))?;
        let below = self.below(id);
        let mut inside = below.clone();
        inside.insert(id.to_owned());
        let given_up: BTreeSet<String> = inside.iter().filter(|name| !self.finished(name)).cloned().collect();
        let open_below = below.iter().any(|name| is_open(self.tasks[name].status));
        require(force || !(open_below || self.waiting(&given_up, &inside)))?;
        self.block_around(&given_up, &inside);
        for name in &inside {
            self.set(name, "archived");
        }
        Ok(())
    }

    pub(crate) fn remove(&mut self, id: &str, force: bool) -> Verdict {
        let status = self.get(id)?.status;
        let below = self.below(id);
        let mut inside = below.clone();
        inside.insert(id.to_owned());
        let needed = !below.is_empty() || self.waiting(&inside, &inside);
        require(force || !(needed || status == "active"))?;
        self.tasks.retain(|name, _| !inside.contains(name));
        for entry in self.tasks.values_mut() {
            entry.needs.retain(|need| !inside.contains(need));
        }
        Ok(())
    }

    pub(crate) fn set_status(&mut self, id: &str, to: &'static str) -> Verdict {
        let from = self.get(id)?.status;
        match to {
            _ if from == to => Ok(()),
            "active" => self.begin(id),
            "completed" => self.finish(id),
            "cancelled" => self.cancel(id),
            "archived" => self.archive(id, false),
            _ => require(allowed(from, to)).map(|()| self.set(id, to)),
        }
    }

    pub(crate) fn depend(&mut self, id: &str, on: Vec<String>) -> Verdict {
        let before = self.get(id)?.clone();
        let on = unique(on);
        self.can_need(id, before.parent.as_ref(), &on)?;
        let ready = on.iter().all(|need| self.finished(need));
        require(before.needs == on || before.status != "active" || ready)?;
        self.tasks.get_mut(id).unwrap().needs = on;
        Ok(())
    }

    /// Finished and wanted subtasks.
    pub(crate) fn progress(&self, id: &str) -> (u64, u64) {
        let children = self.children(id);
        let done = children.iter().filter(|child| self.finished(child)).count() as u64;
        let given_up = |child: &&String| {
            ["cancelled", "archived"].contains(&self.tasks[*child].status) && !self.finished(child)
        };
        (done, (children.len() - children.iter().filter(given_up).count()) as u64)
    }
}

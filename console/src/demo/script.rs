//! What one client does, call by call, at the rate of somebody who thinks in between.
//! Knows the tools and no process.

use std::time::Duration;

use serde_json::{Value, json};

use super::cast::{GOALS, STEPS};

/// Plans after which a client only looks, so that the database does not grow without end.
const MOST_PLANS: u32 = 150;

/// Steps of the plans that make the long calls long.
const MANY_STEPS: usize = 400;

/// One call of a tool, and how long the client thinks before it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Turn {
    pub(super) after: Duration,
    pub(super) tool: &'static str,
    pub(super) arguments: Value,
}

/// What a client has in mind.
#[derive(Debug)]
pub(super) struct Script {
    dice: Dice,
    is_keeper: bool,
    plans: u32,
    /// Tasks of the plan at hand that are not done, the next one last.
    open: Vec<String>,
    plan: Option<String>,
    begun: Option<String>,
}

impl Script {
    /// Of this client. The keepers look after the whole with long calls.
    pub(super) fn new(number: usize, is_keeper: bool) -> Self {
        let dice = Dice(0x9e37_79b9_7f4a_7c15 ^ (number as u64 + 1).wrapping_mul(0x2545_f491_4f6c_dd1d));
        Self { dice, is_keeper, plans: 0, open: Vec::new(), plan: None, begun: None }
    }

    /// What comes next.
    pub(super) fn next(&mut self) -> Turn {
        if self.is_keeper {
            return self.keep();
        }
        if let Some(task) = self.begun.take() {
            return self.complete(&task);
        }
        if self.dice.below(4) == 0 {
            return self.look();
        }
        if let Some(task) = self.open.pop() {
            self.begun = Some(task.clone());
            return self.turn(550, "orchestrator_execute_task", json!({ "task_id": task }));
        }
        if let Some(plan) = self.plan.take() {
            return self.turn(400, "orchestrator_synthesize_results", json!({ "parent_task_id": plan }));
        }
        if self.plans >= MOST_PLANS { self.look() } else { self.begin() }
    }

    /// What the last one came to, where it was no error.
    pub(super) fn heard(&mut self, turn: &Turn, answer: &Value) {
        if self.is_keeper || turn.tool != "orchestrator_plan_task" {
            return;
        }
        let id = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let subtasks = answer.get("subtasks").and_then(Value::as_array);
        self.open = subtasks.into_iter().flatten().filter_map(|task| id(task, "task_id")).collect();
        self.open.reverse();
        self.plan = id(answer, "parent_task_id").or_else(|| id(answer, "task_id"));
    }

    /// It was an error: the plan at hand is given up.
    pub(super) fn failed(&mut self) {
        (self.open, self.plan, self.begun) = (Vec::new(), None, None);
    }

    fn begin(&mut self) -> Turn {
        self.plans += 1;
        let goal = self.dice.of(&GOALS).copied().unwrap_or_default();
        let most = 2 + self.dice.below(4);
        let arguments = plan(goal, usize::try_from(most).unwrap_or(STEPS.len()));
        self.turn(800, "orchestrator_plan_task", arguments)
    }

    fn complete(&mut self, task: &str) -> Turn {
        let arguments = json!({
            "task_id": task,
            "summary": "Done as planned; nothing stands in the way of what comes next.",
            "detailed_work": "What was found, what was changed, and how it was tried.",
            "next_action": "complete",
        });
        self.turn(700, "orchestrator_complete_task", arguments)
    }

    fn look(&mut self) -> Turn {
        if self.dice.below(2) == 0 {
            return self.turn(200, "orchestrator_get_status", json!({}));
        }
        self.turn(250, "orchestrator_query_tasks", json!({ "status": ["active"], "limit": 20 }))
    }

    fn keep(&mut self) -> Turn {
        self.plans += 1;
        if self.plans <= 3 {
            let goal = self.dice.of(&GOALS).copied().unwrap_or_default();
            return self.turn(300, "orchestrator_plan_task", plan(goal, MANY_STEPS));
        }
        let arguments = json!({
            "action": "validate_structure", "scope": "full_project", "validation_level": "full_audit",
        });
        self.turn(250, "orchestrator_maintenance_coordinator", arguments)
    }

    /// Thinks for about so many milliseconds first: sometimes much less, sometimes more.
    fn turn(&mut self, ms: u64, tool: &'static str, arguments: Value) -> Turn {
        let after = Duration::from_millis(ms / 4 + self.dice.below(ms + ms / 2));
        Turn { after, tool, arguments }
    }
}

/// A plan of so many steps.
fn plan(goal: &str, steps: usize) -> Value {
    let title = |number: usize, what: &str| {
        if number < STEPS.len() {
            what.to_owned()
        } else {
            format!("{what}, part {}", number / STEPS.len() + 1)
        }
    };
    let mut before: Option<String> = None;
    let subtasks = STEPS.iter().cycle().take(steps).enumerate().map(|(number, (what, who))| {
        let title = title(number, what);
        let dependencies: Vec<String> = before.replace(title.clone()).into_iter().collect();
        json!({
            "title": title, "description": format!("{goal}: {what}"), "specialist_type": who,
            "dependencies": dependencies,
        })
    });
    let subtasks: Vec<Value> = subtasks.collect();
    json!({ "title": goal, "description": format!("{goal}, step by step"), "subtasks": subtasks })
}

/// The same for each run: a demonstration needs no better randomness.
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % limit.max(1)
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        let at = usize::try_from(self.below(all.len() as u64)).unwrap_or(0);
        all.get(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_worked_off_in_its_order_and_then_brought_together() {
        let mut script = Script::new(3, false);
        let mut asked = Vec::new();
        let mut thought = Duration::ZERO;
        for _ in 0..400 {
            let turn = script.next();
            thought += turn.after;
            if turn.tool == "orchestrator_plan_task" {
                let subtasks = turn.arguments["subtasks"].as_array().unwrap().len();
                let ids: Vec<Value> =
                    (0..subtasks).map(|id| json!({ "task_id": format!("t{id}") })).collect();
                script.heard(&turn, &json!({ "parent_task_id": "p", "subtasks": ids }));
                asked.push("plan".to_owned());
            } else if let Some(id) = turn.arguments.get("task_id").and_then(Value::as_str) {
                asked.push(format!("{} {id}", if turn.tool.contains("execute") { "do" } else { "done" }));
            } else if turn.tool == "orchestrator_synthesize_results" {
                asked.push("together".to_owned());
            }
        }
        let story = asked.join(", ");
        assert!(story.contains("plan, do t0, done t0, do t1, done t1"), "{story}");
        assert!(story.contains("together, plan"), "{story}");
        let rate = 400.0 / thought.as_secs_f64() * 18.0;
        assert!((20.0..60.0).contains(&rate), "eighteen of them ask {rate} times a second");
    }

    #[test]
    fn an_error_gives_the_plan_up_and_nobody_plans_for_ever() {
        let mut script = Script::new(1, false);
        let mut plans = 0;
        for _ in 0..2000 {
            plans += u32::from(script.next().tool == "orchestrator_plan_task");
            script.failed();
        }
        assert_eq!(plans, MOST_PLANS);
        let mut keeper = Script::new(0, true);
        let first = keeper.next();
        assert_eq!(first.arguments["subtasks"].as_array().unwrap().len(), MANY_STEPS);
        assert!(
            (0..10).map(|_| keeper.next().tool).any(|tool| tool == "orchestrator_maintenance_coordinator")
        );
    }
}

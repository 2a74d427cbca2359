//! Who waits for whom. A task waits for its dependencies before it begins and
//! for its subtasks before it ends; a circle in these would never be resolved.

use std::collections::{BTreeMap, BTreeSet};

use super::error::{DependencyProblem, TaskError};
use super::id::TaskId;
use super::repository::Repository;
use super::task::Task;

/// Most tasks that are looked at to find a circle.
const MAX_WALK: usize = 10_000;
/// Deepest nesting of plans.
pub(super) const MAX_DEPTH: usize = 32;
/// Most tasks below one that a single operation changes.
pub(super) const MAX_SUBTREE: usize = 10_000;

/// Refuses dependencies that are unknown, the task itself, or that wait for
/// the task or for a plan it is part of.
pub(super) fn check_dependencies(
    repository: &dyn Repository,
    task: &TaskId,
    parent: Option<&TaskId>,
    dependencies: &[TaskId],
) -> Result<(), TaskError> {
    let ancestors = ancestors(repository, parent)?;
    for dependency in dependencies {
        let refuse = |problem| TaskError::Dependency {
            task: task.to_string(),
            dependency: dependency.to_string(),
            problem,
        };
        if dependency == task {
            return Err(refuse(DependencyProblem::Itself));
        }
        if ancestors.contains(dependency) {
            return Err(refuse(DependencyProblem::Ancestor));
        }
        if repository.task(dependency)?.is_none() {
            return Err(refuse(DependencyProblem::Unknown));
        }
        if let Some(mut way) = way_back(repository, dependency, task, &ancestors)? {
            way.insert(0, task.to_string());
            return Err(refuse(DependencyProblem::Cycle(way)));
        }
    }
    Ok(())
}

/// The plans that a task with this parent is part of, nearest first.
pub(super) fn ancestors(
    repository: &dyn Repository,
    parent: Option<&TaskId>,
) -> Result<Vec<TaskId>, TaskError> {
    let mut found = Vec::new();
    let mut next = parent.cloned();
    while let Some(id) = next {
        // One more than a plan may have: the steps of the deepest plan.
        if found.len() > MAX_DEPTH {
            return Err(TaskError::invalid("parent_task_id", format!("plans nest at most {MAX_DEPTH} deep")));
        }
        next = repository.task(&id)?.and_then(|task| task.parent_task_id);
        found.push(id);
    }
    Ok(found)
}

/// Everything below a task, parents before their subtasks.
pub(super) fn descendants(repository: &dyn Repository, root: &TaskId) -> Result<Vec<Task>, TaskError> {
    let mut found: Vec<Task> = repository.children(root, MAX_SUBTREE)?;
    let mut next = 0;
    while let Some(id) = found.get(next).map(|task| task.task_id.clone()) {
        found.extend(repository.children(&id, MAX_SUBTREE)?);
        if found.len() > MAX_SUBTREE {
            return Err(too_many_below());
        }
        next += 1;
    }
    Ok(found)
}

/// The refusal of a subtree that is too large.
pub(super) fn too_many_below() -> TaskError {
    TaskError::invalid(
        "task_id",
        format!("has more than {MAX_SUBTREE} tasks below it: deal with its subtasks first"),
    )
}

/// A way from one task to another task or one of its ancestors, along who waits for whom.
fn way_back(
    repository: &dyn Repository,
    from: &TaskId,
    task: &TaskId,
    ancestors: &[TaskId],
) -> Result<Option<Vec<String>>, TaskError> {
    let mut came_from: BTreeMap<TaskId, TaskId> = BTreeMap::new();
    let mut open = vec![from.clone()];
    let mut seen = BTreeSet::from([from.clone()]);
    while let Some(current) = open.pop() {
        for next in repository.waits_for(&current)? {
            if next == *task || ancestors.contains(&next) {
                let mut way = vec![next.to_string(), current.to_string()];
                let mut at = &current;
                while let Some(before) = came_from.get(at) {
                    way.push(before.to_string());
                    at = before;
                }
                way.reverse();
                return Ok(Some(way));
            }
            if seen.insert(next.clone()) {
                if seen.len() > MAX_WALK {
                    return Err(TaskError::invalid(
                        "dependencies",
                        "too many tasks hang together to check this",
                    ));
                }
                came_from.insert(next.clone(), current.clone());
                open.push(next);
            }
        }
    }
    Ok(None)
}

/// A circle among numbered things that wait for each other, as the way round.
pub(super) fn circle(waits_for: &[Vec<usize>]) -> Option<Vec<usize>> {
    // Take away whatever waits for nothing that is left; the rest is circles and what waits for them.
    let mut waiting: Vec<usize> = waits_for.iter().map(Vec::len).collect();
    let mut needed_by = vec![Vec::new(); waits_for.len()];
    for (index, needs) in waits_for.iter().enumerate() {
        for need in needs {
            needed_by.get_mut(*need)?.push(index);
        }
    }
    let mut free: Vec<usize> =
        waiting.iter().enumerate().filter(|(_, count)| **count == 0).map(|(index, _)| index).collect();
    let mut left: BTreeSet<usize> = (0..waits_for.len()).collect();
    while let Some(index) = free.pop() {
        left.remove(&index);
        for other in needed_by.get(index)? {
            let count = waiting.get_mut(*other)?;
            *count = count.saturating_sub(1);
            if *count == 0 {
                free.push(*other);
            }
        }
    }
    let mut way = Vec::new();
    let mut at = *left.first()?;
    loop {
        if let Some(start) = way.iter().position(|index| *index == at) {
            way.push(at);
            return Some(way.split_off(start));
        }
        way.push(at);
        at = *waits_for.get(at)?.iter().find(|need| left.contains(need))?;
    }
}

#[cfg(test)]
mod tests {
    use super::circle;

    #[test]
    fn circles_are_found_and_only_circles() {
        assert_eq!(circle(&[]), None);
        assert_eq!(circle(&[vec![], vec![0], vec![0, 1]]), None);
        assert_eq!(circle(&[vec![0]]), Some(vec![0, 0]));
        assert_eq!(circle(&[vec![1], vec![2], vec![1]]), Some(vec![1, 2, 1]));
        assert_eq!(circle(&[vec![1], vec![2], vec![3], vec![1], vec![]]), Some(vec![1, 2, 3, 1]));
    }
}

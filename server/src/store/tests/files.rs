//! Artifacts: shared, checked, swept, and never swept while somebody needs them.

use std::time::Duration;

use super::*;
use crate::tasks::command::{CompleteTask, ExecuteTask};
use crate::tasks::outcome::TaskCompleted;
use crate::tasks::{
    ArtifactType, NextAction, Repository as _, RepositoryMut as _, Summary, complete_task, execute_task,
};

async fn home() -> Home {
    Home::with(|options| options.orphan_age = Duration::ZERO).await
}

async fn complete(home: &Home, staged: Staged) -> TaskCompleted {
    let task_id = home.plan("work").await.task_id;
    let command = CompleteTask {
        task_id: task_id.clone(),
        summary: Summary::new("done").unwrap(),
        detailed_work: Some(staged.content().clone()),
        files: Vec::new(),
        artifact_type: ArtifactType::Code,
        next_action: NextAction::Complete,
    };
    let work = move |tx: &mut WriteTx<'_>| {
        let mut call = Call { now: Timestamp::now(), ids: &mut RandomIds, roles: &BUILT_IN_ROLES };
        execute_task(tx, &mut call, ExecuteTask { task_id })?;
        complete_task(tx, &mut call, command)
    };
    let execution = Execution::new(home.next(), "complete", b"");
    home.store.execute_with(execution, vec![staged], work).await.unwrap()
}

#[tokio::test]
async fn content_comes_back_as_it_went_and_equal_content_is_one_file() {
    let home = home().await;
    for _ in 0..2 {
        let staged = home.store.stage(b"the work".to_vec()).await.unwrap();
        let done = complete(&home, staged).await;
        let info = done.artifact_info.unwrap();
        assert_eq!((info.size, done.artifact_created), (8, true));
        assert_eq!(home.store.artifact_content(info.sha256).await.unwrap(), b"the work");
        let id = info.artifact_id.clone();
        let row = home.store.read(move |tx| Ok(tx.artifact(&id)?)).await.unwrap().unwrap();
        assert_eq!(row.info(), info);
    }
    let sweep = home.store.sweep_orphans().await.unwrap();
    assert_eq!((sweep.looked_at, sweep.removed_files), (1, 0));
}

#[tokio::test]
async fn the_sweep_takes_orphans_and_leftovers_and_nothing_that_is_needed() {
    let home = home().await;
    let staged = home.store.stage(b"needed".to_vec()).await.unwrap();
    let kept = complete(&home, staged).await.artifact_info.unwrap();
    let in_flight = home.store.stage(b"in flight".to_vec()).await.unwrap();
    drop(home.store.stage(b"given up".to_vec()).await.unwrap());
    let somewhere =
        home.directory.path().join("state/artifacts").join(kept.sha256.to_string().get(..2).unwrap());
    std::fs::write(somewhere.join(".new-half"), "half").unwrap();
    std::fs::write(somewhere.join("README"), "not ours").unwrap();
    let sweep = home.store.sweep_orphans().await.unwrap();
    assert_eq!((sweep.removed_files, sweep.removed_bytes), (2, 8 + 4));
    assert!(somewhere.join("README").exists());
    assert_eq!(home.store.artifact_content(kept.sha256).await.unwrap(), b"needed");
    let late = complete(&home, in_flight).await.artifact_info.unwrap();
    assert_eq!(home.store.artifact_content(late.sha256).await.unwrap(), b"in flight");
    // The row goes, then the file.
    let task = kept.artifact_id.clone();
    let remove = move |tx: &mut WriteTx<'_>| {
        let artifact = tx.artifact(&task)?.unwrap();
        Ok(tx.remove_task(&artifact.task_id)?)
    };
    home.store.execute(Execution::new(home.next(), "remove", b""), remove).await.unwrap();
    assert_eq!(home.store.sweep_orphans().await.unwrap().removed_files, 1);
    assert!(matches!(
        home.store.artifact_content(kept.sha256).await,
        Err(ExecuteError::Refused(TaskError::NotFound { .. }))
    ));
}

#[tokio::test]
async fn the_young_are_left_alone() {
    let home = Home::new().await;
    drop(home.store.stage(b"of another worker".to_vec()).await.unwrap());
    assert_eq!(home.store.sweep_orphans().await.unwrap(), Sweep { looked_at: 1, ..Sweep::default() });
}

#[tokio::test]
async fn damage_is_never_handed_out() {
    let home = home().await;
    let staged = home.store.stage(b"truth".to_vec()).await.unwrap();
    let info = complete(&home, staged).await.artifact_info.unwrap();
    let name = info.sha256.to_string();
    std::fs::write(
        home.directory.path().join("state/artifacts").join(name.get(..2).unwrap()).join(&name),
        "false",
    )
    .unwrap();
    let read = home.store.artifact_content(info.sha256).await;
    assert!(matches!(read, Err(ExecuteError::Store(StoreError::Failed(_)))), "{read:?}");
}

#[tokio::test]
async fn files_of_the_workspace_are_bounded() {
    let home = home().await;
    let workspace = home.directory.path();
    std::fs::write(workspace.join("ok.txt"), "ok").unwrap();
    let staged = home.store.stage_file(workspace, "ok.txt").await.unwrap();
    assert_eq!(staged.content().path.as_deref(), Some("ok.txt"));
    let big = std::fs::File::create(workspace.join("big")).unwrap();
    big.set_len(MAX_FILE_BYTES + 1).unwrap();
    assert!(home.store.stage_file(workspace, "big").await.is_err());
    assert!(home.store.stage_file(workspace, "../../etc/passwd").await.is_err());
}

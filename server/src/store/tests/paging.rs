//! Pages are complete and stable; searches take any text; counts are right.

use super::*;
use crate::tasks::{Specialist, Status, TaskType};

async fn pages(home: &Home, mut query: QueryTasks) -> Vec<String> {
    let mut seen = Vec::new();
    loop {
        let page = home.query(query.clone()).await;
        assert!(page.tasks.len() <= query.limit as usize);
        seen.extend(page.tasks.into_iter().map(|found| found.task.title.to_string()));
        match page.next_cursor {
            Some(cursor) => query.cursor = Some(cursor),
            None => return seen,
        }
    }
}

#[tokio::test]
async fn every_task_comes_once_while_others_come_and_go() {
    let home = Home::new().await;
    for number in 0..25 {
        home.plan(&format!("{number}")).await;
    }
    let expected: Vec<String> = (0..25).rev().map(|number| number.to_string()).collect();
    let query = QueryTasks { limit: 4, ..QueryTasks::default() };
    assert_eq!(pages(&home, query.clone()).await, expected);
    // What is planned after the first page does not move the others.
    let first = home.query(query.clone()).await;
    home.plan("late").await;
    let rest = pages(&home, QueryTasks { cursor: first.next_cursor, ..query }).await;
    assert_eq!(rest, expected[4..]);
}

#[tokio::test]
async fn filters_meet_and_counts_are_exact() {
    let home = Home::new().await;
    let mut expected = Vec::new();
    for number in 0..60 {
        let planned = home.plan(&format!("alpha {number}")).await;
        let mut update = UpdateTask::of(planned.task_id);
        update.status = (number % 3 == 0).then_some(Status::Active);
        update.task_type = (number % 4 == 0).then_some(TaskType::Review);
        update.specialist_type = (number % 5 == 0).then(|| Specialist::new("tester").unwrap());
        home.store.execute(Execution::new(home.next(), "u", b""), updating(update)).await.unwrap();
        expected.push((number, number % 3 == 0, number % 4 == 0, number % 5 == 0));
    }
    for mask in 0..32_u32 {
        let (by_status, by_type, by_role, both, words) =
            (mask & 1 > 0, mask & 2 > 0, mask & 4 > 0, mask & 8 > 0, mask & 16 > 0);
        let query = QueryTasks {
            status: match (by_status, both) {
                (false, _) => vec![],
                (true, false) => vec![Status::Active],
                (true, true) => vec![Status::Active, Status::Pending, Status::Active],
            },
            task_type: if by_type { vec![TaskType::Review] } else { vec![] },
            specialist_type: if by_role { vec![Specialist::new("tester").unwrap()] } else { vec![] },
            search_text: words.then(|| "ALPHA".to_owned()),
            limit: 7,
            ..QueryTasks::default()
        };
        let wanted: Vec<String> = expected
            .iter()
            .rev()
            .filter(|(_, active, review, tester)| {
                (!by_status || both || *active) && (!by_type || *review) && (!by_role || *tester)
            })
            .map(|(number, ..)| format!("alpha {number}"))
            .collect();
        let first = home.query(query.clone()).await;
        assert_eq!(
            (first.total_count as usize, first.total_count_is_exact),
            (wanted.len(), true),
            "{query:?}"
        );
        assert_eq!(pages(&home, query.clone()).await, wanted, "{query:?}");
    }
}

#[tokio::test]
async fn times_are_ranges_of_places() {
    let home = Home::new().await;
    for title in ["a", "b", "c", "d"] {
        home.plan(title).await;
    }
    let all = home.query(QueryTasks::default()).await.tasks;
    let at = |index: usize| Some(all[index].task.created_at);
    let query = QueryTasks { created_after: at(2), created_before: at(0), ..QueryTasks::default() };
    assert_eq!(pages(&home, query).await, ["c", "b"]);
    let never = QueryTasks { created_after: Some(Timestamp::MAX), ..QueryTasks::default() };
    assert_eq!(home.query(never).await.total_count, 0);
}

#[tokio::test]
async fn any_text_can_be_searched_for() {
    let home = Home::new().await;
    home.plan("Überprüfung der re-use policy").await;
    home.plan("other").await;
    let search = |text: &str| QueryTasks { search_text: Some(text.to_owned()), ..QueryTasks::default() };
    for (text, hits) in [
        ("uberprufung", 1),
        ("re-use", 1),
        ("policy der", 1),
        ("poli", 0),
        ("poli*", 1),
        ("policy other", 0),
        ("", 2),
        ("  ", 2),
        ("\"", 0),
        ("!!!", 0),
    ] {
        assert_eq!(home.query(search(text)).await.tasks.len(), hits, "{text:?}");
    }
    let hostile = [
        "\"",
        "'",
        "\"\"\"",
        "a\"b",
        "title:x",
        "NEAR(a b, 2)",
        "a AND",
        "OR",
        "NOT a",
        "-a",
        "^a",
        "a^",
        "{a b}:c",
        "(",
        ")",
        "a + b",
        "*",
        "a*b*",
        "\0",
        "a\0b",
        "'; DROP TABLE tasks; --",
        "\u{ffff}",
        "🦀",
        "a:b:c",
        "%_",
        "rank MATCH x",
        "𝕒 ² ① ª",
        "٣ ०",
        "\u{301}",
        "한국어 日本語",
    ];
    for text in hostile {
        home.query(search(text)).await;
        home.query(search(&format!("{text} policy*"))).await;
    }
    assert_eq!(home.titles().await.len(), 2);
}

#[tokio::test]
async fn the_word_index_follows_the_tasks() {
    let home = Home::new().await;
    let id = home.plan("first words").await.task_id;
    let search = |text: &str| QueryTasks { search_text: Some(text.to_owned()), ..QueryTasks::default() };
    let mut update = UpdateTask::of(id.clone());
    update.title = Some(Title::new("second thoughts").unwrap());
    home.store.execute(Execution::new(home.next(), "u", b""), updating(update)).await.unwrap();
    assert_eq!(home.query(search("first")).await.total_count, 0);
    assert_eq!(home.query(search("thoughts")).await.total_count, 1);
    use crate::tasks::RepositoryMut as _;
    home.store
        .execute(Execution::new(home.next(), "r", b""), move |tx| Ok(tx.remove_task(&id)?))
        .await
        .unwrap();
    assert_eq!(home.query(search("thoughts")).await.total_count, 0);
}

use proptest::prelude::*;

use super::*;

/// What happens to a breaker, as letters: `.` a call that is answered, `x` one that
/// is not, `?` one that nobody waits for, `-` is the pause. Returns for each call
/// whether it was made.
fn made(events: &str) -> String {
    let mut breaker = Breaker::default();
    let mut now = Instant::now();
    let mut made = String::new();
    for event in events.chars() {
        if event == '-' {
            now += PAUSE;
            continue;
        }
        if breaker.ask(now).is_err() {
            made.push('n');
            continue;
        }
        made.push('y');
        match event {
            '.' => breaker.succeeded(),
            'x' => breaker.failed(now),
            _ => breaker.given_up(now),
        }
    }
    made
}

#[test]
fn calls_are_made_until_five_in_a_row_have_failed() {
    for (events, expected) in [
        ("....", "yyyy"),
        ("xxxx.", "yyyyy"),
        ("xxxx.xxxx.", "yyyyyyyyyy"),
        ("xxxxx.", "yyyyyn"),
        ("xxxxx...", "yyyyynnn"),
        // One trial after the pause: its answer closes, its failure opens for another pause.
        ("xxxxx-..", "yyyyyyy"),
        ("xxxxx-x.", "yyyyyyn"),
        ("xxxxx-x-..", "yyyyyyyy"),
        // Closed again, it takes five again.
        ("xxxxx-.xxxx.", "yyyyyyyyyyy"),
        // A trial that nobody waited for does not count, and the next one is made at once.
        ("xxxxx-?.x", "yyyyyyyy"),
        ("xxxxx-?x.", "yyyyyyyn"),
        // Without a failure before, given up calls count for nothing.
        ("??????.", "yyyyyyy"),
        ("xxxx?x.", "yyyyyyn"),
    ] {
        assert_eq!(made(events), expected, "{events}");
    }
}

#[test]
fn only_one_trial_runs_and_one_without_an_end_does_not_block_for_ever() {
    let (mut breaker, now) = (Breaker::default(), Instant::now());
    for _ in 0..FAILURES {
        breaker.failed(now);
    }
    assert_eq!(breaker.ask(now + PAUSE / 4), Err(PAUSE * 3 / 4), "how long is left");
    let later = now + PAUSE;
    assert_eq!(breaker.ask(later), Ok(()));
    assert_eq!(breaker.ask(later), Err(PAUSE), "one at a time");
    assert_eq!(breaker.ask(later + PAUSE), Ok(()), "the first one got lost");
}

#[test]
fn what_it_says_of_itself_is_what_it_does() {
    let (mut breaker, now) = (Breaker::default(), Instant::now());
    let told = |breaker: &Breaker, now| {
        let check = breaker.check(now);
        (check.state, check.failures, check.retry_after_seconds)
    };
    breaker.failed(now);
    assert_eq!(told(&breaker, now), (BreakerState::Closed, 1, 0.0));
    for _ in 1..FAILURES {
        breaker.failed(now);
    }
    assert_eq!(told(&breaker, now), (BreakerState::Open, FAILURES, 60.0));
    assert_eq!(told(&breaker, now + PAUSE), (BreakerState::HalfOpen, FAILURES, 0.0));
    breaker.ask(now + PAUSE).unwrap();
    assert_eq!(told(&breaker, now + PAUSE).0, BreakerState::HalfOpen);
    breaker.succeeded();
    assert_eq!(told(&breaker, now + PAUSE), (BreakerState::Closed, 0, 0.0));
}

proptest! {
    /// Whatever happens: no more than five failures in a row without a pause, never two
    /// calls within the pause after one that failed while trying, and after a pause
    /// without calls the next one is made.
    #[test]
    fn it_never_hammers_and_never_gives_up_for_ever(
        events in proptest::collection::vec((0_u64..90, 0_u8..3), 1..200)
    ) {
        let mut breaker = Breaker::default();
        let mut now = Instant::now();
        let (mut in_a_row, mut opened): (u32, Option<Instant>) = (0, None);
        for (seconds, outcome) in events {
            now += Duration::from_secs(seconds);
            let asked = breaker.ask(now);
            let is_due = opened.is_none_or(|opened| now >= opened + PAUSE);
            prop_assert_eq!(asked.is_ok(), is_due);
            if asked.is_err() {
                continue;
            }
            match outcome {
                0 => {
                    breaker.succeeded();
                    (in_a_row, opened) = (0, None);
                }
                1 => {
                    breaker.failed(now);
                    in_a_row += 1;
                    if in_a_row >= FAILURES {
                        opened = Some(now);
                    }
                }
                _ => breaker.given_up(now),
            }
        }
    }
}

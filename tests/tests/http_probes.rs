//! What programs ask a server: whether it lives, whether it is ready in each of its
//! states, and figures that tell of what really happened.
#![expect(clippy::indexing_slicing, reason = "only JSON objects, by names")]

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use task_orchestrator_tests::http::{HttpClient, Served};
use task_orchestrator_tests::open_metrics::{MEDIA_TYPE, Page};
use task_orchestrator_tests::{Client, Workspace, program, wait};

const PLAN: &str = "orchestrator_plan_task";

/// What a GET comes back with: status, media type, body.
fn get(url: &str) -> Result<(u16, String, String)> {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(30)))
        .build();
    let mut response = ureq::Agent::from(config).get(url).call()?;
    let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default().to_owned();
    Ok((response.status().as_u16(), kind, response.body_mut().read_to_string()?))
}

/// Whether it is ready, and the codes of the reasons why not.
fn readiness(url: &str) -> Result<(bool, Vec<String>)> {
    let (status, _, body) = get(url)?;
    let told: Value = serde_json::from_str(&body).with_context(|| body.clone())?;
    let ready = told["ready"].as_bool().context("ready")?;
    ensure!(status == if ready { 200 } else { 503 }, "{status}: {body}");
    let reasons = told["reasons"].as_array().context("reasons")?;
    let codes: Vec<String> =
        reasons.iter().filter_map(|one| one["code"].as_str().map(str::to_owned)).collect();
    ensure!(ready == codes.is_empty() && codes.len() == reasons.len(), "{body}");
    Ok((ready, codes))
}

/// Waits until these are the reasons.
fn until_reasons(url: &str, wanted: &[&str]) -> Result<()> {
    wait::until(&format!("the reasons to be {wanted:?}"), || {
        readiness(url).ok().filter(|(_, codes)| codes == wanted).map(drop)
    })
    .with_context(|| format!("{:?}", readiness(url)))
}

fn scrape(url: &str) -> Result<Page> {
    let (status, kind, body) = get(url)?;
    ensure!(status == 200 && kind == MEDIA_TYPE, "{status} {kind}: {body}");
    Page::read(&body)
}

/// Nothing that only grows has become less.
fn has_only_grown(before: &Page, after: &Page) -> Result<()> {
    for (sample, value) in before.growing() {
        // A worker that was replaced takes its processor time with it.
        if sample.contains("process_cpu") {
            continue;
        }
        ensure!(after.value(sample)? >= value, "{sample}: {value}, then {:?}", after.value(sample));
    }
    Ok(())
}

fn plan(title: &str) -> Value {
    json!({"title": title, "description": "d"})
}

/// A port that is free at the moment.
fn free_address() -> Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

/// A worker whose long calls take long enough to be looked at.
fn slow_worker(directory: &Path) -> Result<String> {
    let slow = program::behaving("slow700", directory)?;
    Ok(format!("[worker]\nbinary = {:?}\n", slow.display().to_string()))
}

/// Begins a long call; it is with the worker when this returns.
fn long_call(client: &Client) -> Result<u64> {
    let arguments = json!({"action": "scan_cleanup", "scope": "full_project"});
    let call = json!({"name": "orchestrator_maintenance_coordinator", "arguments": arguments});
    let id = client.send("tools/call", call)?;
    client.still_answers()?;
    Ok(id)
}

#[test]
fn a_handover_leaves_the_server_ready_at_every_poll() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let served = Served::start(workspace, &[])?;
        let (ready, is_over) = (served.at("/readyz"), AtomicBool::new(false));
        std::thread::scope(|scope| {
            let poller = scope.spawn(|| {
                let mut polls = 0_u32;
                while !is_over.load(Ordering::Relaxed) {
                    let (is_ready, codes) = readiness(&ready)?;
                    ensure!(is_ready, "poll {polls}: {codes:?}");
                    polls += 1;
                }
                Ok(polls)
            });
            let restarted = (0..5).try_for_each(|_| workspace.restart(&[])?.complete().map(drop));
            is_over.store(true, Ordering::Relaxed);
            let polls = poller.join().map_err(|_| anyhow::anyhow!("the poller panicked"))??;
            restarted?;
            ensure!(polls > 20, "{polls} polls say little");
            Ok(())
        })
    })
}

#[test]
fn a_drain_and_an_operators_hold_take_the_readiness_and_give_it_back() -> Result<()> {
    let builds = tempfile::tempdir()?;
    Workspace::configured(&slow_worker(builds.path())?)?.check(|workspace| {
        let served = Served::start(workspace, &[])?;
        let ready = served.at("/readyz");
        let client = Client::open(workspace)?;
        until_reasons(&ready, &[])?;
        let id = long_call(&client)?;
        let going = workspace.begin_restart(&["--drain", "--timeout", "60"])?;
        until_reasons(&ready, &["drain"])?;
        ensure!(get(&served.at("/healthz"))?.0 == 200, "it lives");
        client.response(&json!(id))?;
        going.end()?.complete()?;
        until_reasons(&ready, &[])?;
        workspace.ask(&["maintenance", "on"])?;
        ensure!(readiness(&ready)?.1 == ["maintenance"]);
        ensure!(scrape(&served.at("/metrics"))?.value("task_orchestrator_maintenance")? == 1.0);
        workspace.ask(&["maintenance", "off"])?;
        ensure!(readiness(&ready)?.0);
        Ok(())
    })
}

#[test]
fn safe_mode_takes_the_readiness_until_somebody_restarts() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let served = Served::start(workspace, &[])?;
        let client = Client::open(workspace)?;
        for _ in 0..4 {
            workspace.kill_worker()?;
            client.still_answers()?;
        }
        until_reasons(&served.at("/readyz"), &["safe_mode"])?;
        let page = scrape(&served.at("/metrics"))?;
        ensure!(page.value("task_orchestrator_safe_mode")? == 1.0);
        ensure!(page.value("task_orchestrator_ready")? == 0.0);
        ensure!(page.value("task_orchestrator_worker_crashes_total")? == 4.0);
        workspace.restart(&[])?.complete()?;
        until_reasons(&served.at("/readyz"), &[])
    })
}

#[test]
fn on_an_address_of_their_own_probes_are_answered_to_the_end_and_nothing_else_is() -> Result<()> {
    let builds = tempfile::tempdir()?;
    let address = free_address()?;
    let config = format!("{}[http]\nprobes_address = \"{address}\"\n", slow_worker(builds.path())?);
    Workspace::configured(&config)?.check(|workspace| {
        let at = |path: &str| format!("http://{address}{path}");
        let mut front = workspace.command("serve");
        let mut front = front.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        wait::until("the server to be ready", || {
            readiness(&at("/readyz")).ok().filter(|(ready, _)| *ready).map(drop)
        })?;
        ensure!(get(&at("/mcp"))?.0 == 404 && get(&at("/"))?.0 == 404, "nothing but probes");
        ensure!(workspace.status()?.http.is_none(), "no clients on the network");
        scrape(&at("/metrics"))?;
        let client = Client::open(workspace)?;
        let id = long_call(&client)?;
        let mut stop = workspace.command("stop");
        let mut stop = stop.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        until_reasons(&at("/readyz"), &["shutdown"])?;
        client.response(&json!(id))?;
        stop.wait()?;
        front.wait()?;
        ensure!(get(&at("/healthz")).is_err(), "it has ended");
        Ok(())
    })
}

/// The statuses of the three under this name.
fn named(port: &str, host: &str) -> Result<Vec<u16>> {
    ["/healthz", "/readyz", "/metrics"]
        .iter()
        .map(|path| {
            let agent = ureq::Agent::from(ureq::Agent::config_builder().http_status_as_error(false).build());
            let request = agent.get(format!("http://127.0.0.1:{port}{path}")).header("Host", host);
            Ok(request.call()?.status().as_u16())
        })
        .collect()
}

#[test]
fn an_address_that_others_reach_is_asked_by_any_name_and_one_of_the_own_machine_is_not() -> Result<()> {
    for (reach, foreign) in [("0.0.0.0", 200), ("127.0.0.1", 403)] {
        let address = free_address()?;
        let port = address.rsplit(':').next().context("a port")?;
        let config = format!("[http]\nprobes_address = \"{reach}:{port}\"\n");
        Workspace::configured(&config)?.check(|workspace| {
            let mut front = workspace.command("serve");
            let mut front = front.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
            wait::until("the server to be ready", || {
                (named(port, "localhost").ok()? == [200; 3]).then_some(())
            })?;
            for host in ["tasks.example", "prometheus-target:9090", "192.0.2.7"] {
                ensure!(named(port, host)? == [foreign; 3], "{reach} as {host}");
            }
            workspace.run("stop", &[])?;
            front.wait()?;
            Ok(())
        })?;
    }
    Ok(())
}

#[test]
fn figures_tell_of_what_really_happened() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let served = Served::start(workspace, &[])?;
        let url = served.at("/metrics");
        let before = scrape(&url)?;
        let answered = "task_orchestrator_requests_total{transport=\"http\",outcome=\"answered\"}";
        let timed = "task_orchestrator_request_duration_seconds_count{transport=\"http\"}";
        ensure!(before.value(answered)? == 0.0 && before.value(timed)? == 0.0);
        let legacy = HttpClient::open(&served.url)?;
        let modern = HttpClient::new(&served.url);
        for round in 1..=3_u64 {
            legacy.call(round, PLAN, &plan(&format!("legacy {round}")))?;
            let call = json!({"name": PLAN, "arguments": plan(&format!("modern {round}"))});
            ensure!(modern.ask(1, "tools/call", call)?.status == 200);
        }
        let stream = legacy.stream(None)?;
        let during = scrape(&url)?;
        has_only_grown(&before, &during)?;
        // One initialize, and three calls of each era.
        ensure!(during.value(answered)? == 7.0 && during.value(timed)? == 7.0, "{during:?}");
        ensure!(during.value("task_orchestrator_http_open_streams")? == 1.0);
        ensure!(during.value("task_orchestrator_http_open_connections")? >= 2.0);
        ensure!(during.value("task_orchestrator_sessions{transport=\"http\",state=\"idle\"}")? == 1.0);
        ensure!(during.value("task_orchestrator_http_responses_total{class=\"2xx\"}")? >= 9.0);
        drop(stream);

        let generation = during.value("task_orchestrator_generation")?;
        let report = workspace.restart(&[])?.complete()?;
        workspace.kill_worker()?;
        legacy.call(50, PLAN, &plan("after the crash"))?;
        let refused = legacy.post_with(b"{}", &[("Mcp-Session-Id", "nobody's")])?;
        ensure!(refused.status == 404, "{refused:?}");
        let after = wait::until("the recovery to be counted", || {
            let page = scrape(&url).ok()?;
            let crashed = "task_orchestrator_restarts_total{kind=\"crash\",outcome=\"complete\"}";
            page.value(crashed).ok().filter(|count| *count == 1.0).map(|_| page)
        })?;
        has_only_grown(&during, &after)?;
        let graceful = "task_orchestrator_restarts_total{kind=\"graceful\",outcome=\"complete\"}";
        ensure!(
            after.value(graceful)? == 1.0 && after.value("task_orchestrator_worker_crashes_total")? == 1.0
        );
        let downtime = after.value("task_orchestrator_downtime_seconds_sum{kind=\"graceful\"}")?;
        ensure!((downtime * 1000.0 - report.downtime_ms).abs() < 0.001, "{downtime} s and {report:?}");
        ensure!(after.value("task_orchestrator_generation")? > generation);
        ensure!(after.value("task_orchestrator_http_responses_total{class=\"4xx\"}")? == 1.0);
        ensure!(after.value("task_orchestrator_http_open_streams")? == 0.0);
        let phase = "task_orchestrator_restart_phase_seconds_count{phase=\"state_restoration\"}";
        ensure!(after.value(phase)? >= 1.0);
        Ok(())
    })
}

#[test]
fn the_dashboard_and_the_alerts_name_only_figures_that_exist() -> Result<()> {
    // Whatever is absent as long as nothing has happened.
    let conditional = ["task_orchestrator_oldest_buffered_request_seconds"];
    Workspace::configured("[http]\nanonymous_role = \"readonly\"\n")?.check(|workspace| {
        let served = Served::start(workspace, &[])?;
        let client = Client::open(workspace)?;
        client.call(PLAN, plan("something to keep"))?;
        workspace.restart(&[])?.complete()?;
        // The second one makes a backup of the first one's snapshot.
        workspace.restart(&[])?.complete()?;
        // The first page does not wait for long for what is measured beside it.
        let page = wait::until("everything to be measured", || {
            let page = scrape(&served.at("/metrics")).ok()?;
            // A worker that has just begun gives its first sign of life within seconds.
            let sign = page.value("task_orchestrator_worker_heartbeat_age_seconds{role=\"active\"}");
            let survey = page.value("task_orchestrator_survey_age_seconds");
            (sign.is_ok() && survey.is_ok()).then_some(page)
        })?;
        let exists = page.names();
        for name in ["grafana-dashboard.json", "prometheus-alerts.yml"] {
            let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets").join(name);
            let text = fs::read_to_string(&file)?;
            let named = named_in(&text);
            ensure!(named.len() > 15, "{name} names {named:?}");
            for figure in named.iter().filter(|figure| !conditional.contains(figure)) {
                ensure!(exists.contains(figure), "{name} names {figure}, which does not exist: {exists:?}");
            }
        }
        let docs = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/metrics.md"))?;
        let documented = named_in(&docs);
        for family in page.families.keys() {
            let is_told = documented.iter().any(|name| name.starts_with(family.as_str()));
            ensure!(is_told, "metrics.md does not tell of {family}");
        }
        Ok(())
    })
}

/// Every figure that a text names.
fn named_in(text: &str) -> BTreeSet<&str> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    words.filter(|word| word.starts_with("task_orchestrator_")).collect()
}

#[test]
fn the_dashboard_is_what_the_program_expects() -> Result<()> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/grafana-dashboard.json");
    let dashboard: Value = serde_json::from_str(&fs::read_to_string(file)?)?;
    ensure!(dashboard["schemaVersion"].as_u64().is_some_and(|version| version >= 36));
    let panels = dashboard["panels"].as_array().context("panels")?;
    let ids: BTreeSet<_> = panels.iter().filter_map(|panel| panel["id"].as_u64()).collect();
    ensure!(ids.len() == panels.len(), "each panel has an id of its own");
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        let place = &panel["gridPos"];
        let (x, w) = (place["x"].as_u64().context("x")?, place["w"].as_u64().context("w")?);
        ensure!(x + w <= 24 && place["h"].as_u64().is_some_and(|h| h > 0), "{panel}");
        let targets = panel["targets"].as_array().context("targets")?;
        ensure!(targets.iter().all(|target| target["expr"].is_string()), "{panel}");
    }
    Ok(())
}

//! What the demonstration is made of, as far as it needs no process.

use super::*;

#[test]
fn the_configuration_is_well_formed_whatever_the_program_is_called() {
    let text = configuration(Path::new("/opt/it's \"here\"/task-orchestrator"));
    let table: toml::Table = text.parse().unwrap();
    let build = table["restart"]["build_command"].as_str().unwrap();
    assert!(build.contains(r#"'/opt/it'\''s "here"/task-orchestrator' --version"#), "{build}");
}

#[test]
fn nothing_is_removed_but_a_demonstrations_directory() {
    let scratch = tempfile::tempdir().unwrap();
    let workspace = scratch.path().join("precious");
    fs::create_dir(&workspace).unwrap();
    let ended = run_clients(Path::new("/no/such"), &workspace, io::empty());
    assert!(matches!(ended, Err(DemoEnd::Foreign(_))), "{ended:?}");
    assert!(workspace.exists());
}

#[test]
fn a_server_that_cannot_be_started_leaves_nothing_behind() {
    let directory = tempfile::Builder::new().prefix(PREFIX).tempdir().unwrap();
    let workspace = directory.path().join(PROJECT);
    let program = Path::new("/no/such");
    prepare(&workspace, program).unwrap();
    let ended = run_clients(program, &workspace, io::empty()).unwrap_err();
    assert!(ended.to_string().contains("cannot run /no/such"), "{ended}");
    assert!(!directory.path().exists());
}

//! Each promise about roles has one test.

use super::*;

const BUILTIN_NAMES: [&str; 11] = [
    "analyst",
    "architect",
    "coordinator",
    "debugger",
    "devops",
    "documenter",
    "generic",
    "implementer",
    "researcher",
    "reviewer",
    "tester",
];

fn load(files: &[(&str, &str)]) -> Roles {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(directory.path().join(name), text).unwrap();
    }
    Roles::load(directory.path())
}

#[test]
fn every_builtin_role_is_complete() {
    let roles = Roles::builtin();
    assert_eq!(roles.problems(), []);
    assert_eq!(roles.names(), BUILTIN_NAMES);
    let mut promised = crate::tasks::BUILT_IN_ROLES;
    promised.sort_unstable();
    assert_eq!(promised, BUILTIN_NAMES, "what the domain knows without any configuration");
    for role in roles.iter() {
        assert!(role.role_definition.len() > 50, "{}", role.name);
        assert!(role.expertise.len() >= 3 && role.approach.len() >= 4, "{}", role.name);
        assert!(!role.output_format.is_empty(), "{}", role.name);
    }
}

#[test]
fn a_missing_directory_means_the_builtin_roles() {
    let roles = Roles::load(Path::new("/nonexistent/roles"));
    assert_eq!(roles.names(), BUILTIN_NAMES);
    assert_eq!(roles.problems(), []);
}

#[test]
fn a_workspace_role_replaces_only_the_fields_it_names() {
    let roles = load(&[("mine.yaml", "tester:\n  output_format: a table\n")]);
    assert_eq!(roles.problems(), []);
    let tester = roles.get("tester").unwrap();
    assert_eq!(tester.output_format, "a table");
    assert_eq!(tester.expertise, Roles::builtin().get("tester").unwrap().expertise);
    assert_ne!(roles.digest(), Roles::builtin().digest());
}

#[test]
fn custom_roles_are_added_by_mapping_or_by_file_name() {
    let roles = load(&[
        ("a.yaml", "poet:\n  role_definition: You rhyme.\n  expertise: [metre]\n"),
        ("chemist.yml", "role_definition: You mix.\napproach: carefully\n"),
        ("notes.txt", "not: read"),
        ("empty.yaml", "# nothing yet\n"),
    ]);
    assert_eq!(roles.problems(), []);
    assert_eq!(roles.get("poet").unwrap().expertise, ["metre"]);
    assert_eq!(roles.get("chemist").unwrap().approach, ["carefully"]);
    assert_eq!(roles.iter().count(), BUILTIN_NAMES.len() + 2);
}

#[test]
fn a_broken_file_is_reported_with_its_line_and_the_rest_stays() {
    for (text, line) in [
        ("poet:\n  role_definition: x\n  expertice: [a]\n", Some(3)),
        ("poet:\n  role_definition: [x\n", Some(3)),
        ("poet:\n  role_definition: x\n  expertise:\n    - {a: b}\n", Some(4)),
        ("poet:\n  expertise: [a]\n", None),
        ("Not A Name:\n  role_definition: x\n", None),
        ("- a\n- b\n", Some(1)),
    ] {
        let roles = load(&[("broken.yaml", text), ("good.yaml", "cook:\n  role_definition: You cook.\n")]);
        let [problem] = roles.problems() else { panic!("{text}: {:?}", roles.problems()) };
        assert_eq!(problem.file, "broken.yaml");
        if line.is_some() {
            assert!(
                problem.line.is_some_and(|found| found.abs_diff(line.unwrap()) <= 1),
                "{text}: {problem}"
            );
        }
        assert!(roles.get("poet").is_none());
        assert!(roles.get("cook").is_some(), "the other file counts");
        assert_eq!(roles.iter().count(), BUILTIN_NAMES.len() + 1);
    }
}

#[test]
fn size_number_and_links_are_bounded() {
    let huge = format!("# {}\n", "x".repeat(usize::try_from(MAX_FILE_BYTES).unwrap()));
    let roles = load(&[("huge.yaml", &huge)]);
    assert!(roles.problems()[0].message.contains("larger"));

    let many: String = (0..MAX_ROLES).map(|n| format!("r{n}:\n  role_definition: x\n")).collect();
    let roles = load(&[("many.yaml", &many)]);
    assert!(roles.problems()[0].message.contains("at most"));

    let directory = tempfile::tempdir().unwrap();
    let secret = directory.path().join("secret");
    std::fs::write(&secret, "spy:\n  role_definition: x\n").unwrap();
    let inside = directory.path().join("roles");
    std::fs::create_dir(&inside).unwrap();
    std::os::unix::fs::symlink(&secret, inside.join("link.yaml")).unwrap();
    let roles = Roles::load(&inside);
    assert!(roles.get("spy").is_none());
    assert!(roles.problems()[0].message.contains("regular file"));
}

#[test]
fn aliases_cannot_blow_up_memory() {
    let mut text = String::from("a: &a [x,x,x,x,x,x,x,x,x]\n");
    for (this, last) in ('b'..='j').zip('a'..='i') {
        text.push_str(&format!("{this}: &{this} [{}]\n", vec![format!("*{last}"); 9].join(",")));
    }
    let roles = load(&[("bomb.yaml", &text)]);
    assert_eq!(roles.problems().len(), 1);
    assert_eq!(roles.names(), BUILTIN_NAMES);
}

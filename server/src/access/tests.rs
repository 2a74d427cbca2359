//! Who has which role, as a table.

use super::*;
use crate::config::{ConfigErrors, FlagSetting, Overrides, RoleGrant};

const OWNER: u32 = 1000;

fn look_up(principal: &Principal) -> Result<u32, String> {
    match principal.name() {
        "owner" => Ok(OWNER),
        "root" | "wheel" => Ok(0),
        "alice" | "staff" => Ok(1001),
        "bob" | "ops" => Ok(1002),
        name => name.parse().map_err(|_| format!("no {name}")),
    }
}

fn user(name: &str, role: Role) -> RoleGrant {
    RoleGrant { to: Principal::User(name.to_owned()), role }
}

fn group(name: &str, role: Role) -> RoleGrant {
    RoleGrant { to: Principal::Group(name.to_owned()), role }
}

fn access(owner: u32, grants: &[RoleGrant]) -> Access {
    let grants = known(&Grants(grants.to_vec()), &look_up).unwrap();
    Access { owner, grants, socket_group: None }
}

/// Grants, a user, its groups, and the role with where it comes from.
type Case<'a> = (&'a [RoleGrant], u32, &'a [u32], Option<(Role, &'a str)>);

#[test]
fn the_best_grant_counts_and_who_has_none_has_no_role() {
    use Role::{Admin, Monitor, Operator, Readonly};
    let none: &[RoleGrant] = &[];
    let groups: &[RoleGrant] = &[group("ops", Monitor), group("staff", Operator), group("wheel", Readonly)];
    let mixed: &[RoleGrant] = &[group("ops", Admin), user("bob", Readonly), user("1003", Monitor)];
    let changed: &[RoleGrant] = &[user("owner", Operator), user("root", Monitor)];
    let table: &[Case<'_>] = &[
        (none, OWNER, &[], Some((Admin, "owner"))),
        (none, 0, &[], Some((Admin, "root"))),
        (none, 1001, &[0, 1000, 1001], None),
        (groups, 1001, &[], None),
        (groups, 1001, &[1002], Some((Monitor, "group:ops"))),
        (groups, 1001, &[1002, 1001], Some((Operator, "group:staff"))),
        (groups, 1001, &[1001, 1002], Some((Operator, "group:staff"))),
        (groups, 1001, &[0], Some((Readonly, "group:wheel"))),
        // A user's number is not a group's.
        (groups, 1002, &[7], None),
        // The owner is in the group that others come in by; that must lock nobody out.
        (groups, OWNER, &[1002], Some((Admin, "owner"))),
        (groups, 0, &[1002], Some((Admin, "root"))),
        (mixed, 1002, &[1002], Some((Readonly, "user:bob"))),
        (mixed, 1001, &[1002], Some((Admin, "group:ops"))),
        (mixed, 1003, &[1002], Some((Monitor, "user:1003"))),
        (changed, OWNER, &[], Some((Operator, "user:owner"))),
        (changed, 0, &[], Some((Monitor, "user:root"))),
    ];
    for (grants, uid, of_groups, expected) in table {
        let found = access(OWNER, grants).role_of(*uid, of_groups);
        let expected = expected.map(|(role, by)| Granted { role, by: by.to_owned() });
        assert_eq!(found, expected, "{grants:?} {uid} {of_groups:?}");
    }
}

#[test]
fn the_list_has_what_holds_without_grants_too() {
    let listed = |owner, grants: &[RoleGrant]| -> Vec<String> {
        let list = access(owner, grants).list();
        list.into_iter().map(|grant| format!("{} {} {}", grant.to, grant.id, grant.role)).collect()
    };
    assert_eq!(listed(OWNER, &[]), ["owner 1000 admin", "root 0 admin"]);
    assert_eq!(listed(0, &[]), ["owner 0 admin"]);
    assert_eq!(
        listed(OWNER, &[group("ops", Role::Monitor), user("root", Role::Readonly)]),
        ["owner 1000 admin", "group:ops 1002 monitor", "user:root 0 readonly"]
    );
}

#[test]
fn unknown_names_and_two_names_of_one_are_mistakes_and_all_are_named() {
    let grants = [
        user("nobody-here", Role::Admin),
        user("alice", Role::Admin),
        user("1001", Role::Readonly),
        group("1001", Role::Monitor),
        group("nowhere", Role::Monitor),
    ];
    let mistakes = known(&Grants(grants.to_vec()), &look_up).unwrap_err();
    assert_eq!(mistakes, ["no nobody-here", "user:alice and user:1001 are the same", "no nowhere"]);
}

fn load(grants: &str, group: &str) -> Result<Config, ConfigErrors> {
    let flag = |path: &str, value: &str| FlagSetting {
        path: path.to_owned(),
        value: value.to_owned(),
        flag: "--set".to_owned(),
    };
    let flags = vec![flag("access.grants", grants), flag("access.socket_group", group)];
    let overrides = Overrides { environment: Vec::new(), flags };
    Config::from_text(std::path::Path::new("/p/config.toml"), "", &overrides).map(|(config, ..)| config)
}

#[test]
fn a_configuration_is_loaded_with_names_that_the_system_knows_only() {
    let access = Access::of(&load("user:root=monitor, group:4242=Operator", "root").unwrap()).unwrap();
    assert_eq!(access.role_of(0, &[]).unwrap().by, "user:root");
    assert_eq!(access.role_of(77, &[4242]).unwrap().role, Role::Operator);
    assert_eq!(access.socket_group(), Some(&SocketGroup { id: 0, name: "root".to_owned() }));

    let errors = load("user:no-such-user=admin,group:no-such-group=admin", "no-such-group").unwrap_err();
    let shown: Vec<String> = errors.0.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "flag --set: access.grants: no user \"no-such-user\" is known to this system",
            "flag --set: access.grants: no group \"no-such-group\" is known to this system",
            "flag --set: access.socket_group: no group \"no-such-group\" is known to this system",
        ]
    );
}

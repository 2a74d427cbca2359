//! Tokens from making to revoking, and files that are not to be trusted.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use task_orchestrator_shared::role::Role;

use super::*;

struct Scene {
    _directory: tempfile::TempDir,
    path: PathBuf,
}

fn scene() -> Scene {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.json");
    Scene { _directory: directory, path }
}

fn made(name: &str, role: Role) -> Made {
    make(name, role, None, Timestamp::now()).unwrap()
}

#[test]
fn a_token_is_known_until_it_is_revoked() {
    let scene = scene();
    let keyring = Keyring::new(scene.path.clone());
    let (one, other) = (made("ci", Role::Operator), made("other", Role::Monitor));
    assert!(keyring.known(&one.text, Timestamp::now()).is_none());
    add(&scene.path, one.sealed.clone()).unwrap();
    add(&scene.path, other.sealed.clone()).unwrap();
    let known = keyring.known(&one.text, Timestamp::now()).unwrap();
    assert_eq!((known.name.as_str(), known.role), ("ci", Role::Operator));
    assert!(matches!(add(&scene.path, made("ci", Role::Admin).sealed), Err(TokenError::Exists(_))));
    let kept = keyring.known(&other.text, Timestamp::now()).unwrap();
    revoke(&scene.path, "ci").unwrap();
    assert!(keyring.known(&one.text, Timestamp::now()).is_none());
    assert!(known.ended.is_cancelled() && !kept.ended.is_cancelled());
    assert!(matches!(revoke(&scene.path, "ci"), Err(TokenError::Missing(_))));
}

#[test]
fn a_wrong_text_is_no_token() {
    let scene = scene();
    let keyring = Keyring::new(scene.path.clone());
    let token = made("ci", Role::Admin);
    add(&scene.path, token.sealed.clone()).unwrap();
    let now = Timestamp::now();
    for position in 0..token.text.len() {
        let mut wrong: Vec<u8> = token.text.bytes().collect();
        wrong[position] = if wrong[position] == b'A' { b'B' } else { b'A' };
        assert!(keyring.known(std::str::from_utf8(&wrong).unwrap(), now).is_none(), "at {position}");
    }
    for wrong in [
        "",
        "mto_",
        "mto_AAAA",
        token.text.get(4..).unwrap(),
        &format!("{}A", token.text),
        &token.sealed.hash,
    ] {
        assert!(keyring.known(wrong, now).is_none(), "{wrong}");
    }
    let of_another = made("other", Role::Admin).text;
    assert!(keyring.known(&of_another, now).is_none());
    assert!(keyring.known(&token.text, now).is_some());
}

#[test]
fn an_expired_token_is_refused_and_told() {
    let scene = scene();
    let keyring = Keyring::new(scene.path.clone());
    let now = Timestamp::now();
    let token = make("ci", Role::Operator, Some(Duration::from_secs(60)), now).unwrap();
    add(&scene.path, token.sealed.clone()).unwrap();
    let known = keyring.known(&token.text, now).unwrap();
    keyring.sweep(now);
    assert!(!known.ended.is_cancelled());
    let later = now + Duration::from_secs(61);
    assert!(keyring.known(&token.text, later).is_none());
    keyring.sweep(later);
    assert!(known.ended.is_cancelled());
}

#[test]
fn what_is_kept_does_not_have_the_secret() {
    let scene = scene();
    let token = made("ci", Role::Operator);
    add(&scene.path, token.sealed.clone()).unwrap();
    let kept = std::fs::read_to_string(&scene.path).unwrap();
    assert!(!kept.contains(token.text.get(PREFIX.len() + 11..).unwrap()), "{kept}");
    assert!(!format!("{token:?}").contains(&token.text));
    assert_eq!(std::fs::metadata(&scene.path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_ne!(made("ci", Role::Operator).sealed.salt, token.sealed.salt);
}

#[test]
fn a_file_that_is_not_to_be_trusted_lets_nobody_in() {
    let scene = scene();
    let keyring = Keyring::new(scene.path.clone());
    let token = made("ci", Role::Operator);
    add(&scene.path, token.sealed).unwrap();
    let now = Timestamp::now();
    let known = keyring.known(&token.text, now).unwrap();
    std::fs::set_permissions(&scene.path, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert!(keyring.known(&token.text, now).is_none());
    assert!(known.ended.is_cancelled());
    assert!(matches!(read(&scene.path), Err(TokenError::NotOurs { .. })));
    std::fs::set_permissions(&scene.path, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert!(keyring.known(&token.text, now).is_some());
    for text in ["", "{}", "{\"version\":2,\"tokens\":[]}", &" ".repeat(2 << 20)] {
        std::fs::write(&scene.path, text).unwrap();
        assert!(matches!(read(&scene.path), Err(TokenError::Broken { .. })), "{:.20}", text);
        assert!(keyring.known(&token.text, now).is_none());
    }
}

#[test]
fn names_are_plain_and_tokens_bounded() {
    for name in ["", "a b", "a/b", "ä", &"x".repeat(65)] {
        assert!(
            matches!(make(name, Role::Admin, None, Timestamp::now()), Err(TokenError::Name(_))),
            "{name}"
        );
    }
    let scene = scene();
    let tokens: Vec<_> = (0..MAX_TOKENS).map(|n| made(&format!("t{n}"), Role::Readonly).sealed).collect();
    let text = serde_json::json!({ "version": 1, "tokens": tokens }).to_string();
    assert!((text.len() as u64) < MAX_FILE_BYTES);
    std::fs::write(&scene.path, text).unwrap();
    std::fs::set_permissions(&scene.path, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert!(matches!(add(&scene.path, made("more", Role::Readonly).sealed), Err(TokenError::Full(_))));
}

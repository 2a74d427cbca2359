//! The text of a token: a prefix by which people and scanners recognise it, and in
//! base64url an id by which it is found and 256 random bits that nobody else knows.
//!
//! Kept is SHA-256 over a salt and those bits. A slow hash would add nothing: it makes
//! guessing words dear, and no one guesses 256 random bits however cheap a guess is.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use task_orchestrator_shared::admin::token::SealedToken;
use task_orchestrator_shared::role::Role;

use super::error::TokenError;

/// What every token begins with.
pub const PREFIX: &str = "mto_";

const ID: usize = 8;
const SECRET: usize = 32;
const SALT: usize = 16;
const SHOWN: usize = 4;

/// A token's id.
pub(super) type TokenId = [u8; ID];

/// A token that has just been made.
#[derive(Clone)]
pub struct Made {
    /// What its client shows: known only here.
    pub text: String,
    /// What is kept.
    pub sealed: SealedToken,
}

impl std::fmt::Debug for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Made").field("sealed", &self.sealed).finish_non_exhaustive()
    }
}

/// Draws a token.
///
/// # Errors
/// No name, or no randomness.
pub fn make(name: &str, role: Role, lifetime: Option<Duration>, now: Timestamp) -> Result<Made, TokenError> {
    check_name(name)?;
    let mut random = [0; ID + SECRET];
    let mut salt = [0; SALT];
    let failed = |error: getrandom::Error| TokenError::Random(error.to_string());
    getrandom::fill(&mut random).map_err(failed)?;
    getrandom::fill(&mut salt).map_err(failed)?;
    let shown = Shown::of(random);
    let text = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random));
    let expires = lifetime.map(|lifetime| now.checked_add(lifetime).unwrap_or(Timestamp::MAX));
    let sealed = SealedToken {
        name: name.to_owned(),
        role,
        created: whole_seconds(now),
        expires: expires.map(whole_seconds),
        ends_with: text.chars().skip(text.len() - SHOWN).collect(),
        id: URL_SAFE_NO_PAD.encode(shown.id),
        salt: URL_SAFE_NO_PAD.encode(salt),
        hash: URL_SAFE_NO_PAD.encode(hash(&salt, &shown.secret)),
    };
    Ok(Made { text, sealed })
}

fn whole_seconds(time: Timestamp) -> String {
    Timestamp::from_second(time.as_second()).unwrap_or(time).to_string()
}

/// Whether that can be a token's name.
pub(super) fn check_name(name: &str) -> Result<(), TokenError> {
    let is_name = (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
    if is_name { Ok(()) } else { Err(TokenError::Name(name.chars().take(80).collect())) }
}

fn hash(salt: &[u8; SALT], secret: &[u8; SECRET]) -> [u8; 32] {
    Sha256::new().chain_update(salt).chain_update(secret).finalize().into()
}

/// What a client shows, read.
pub(super) struct Shown {
    pub(super) id: TokenId,
    secret: [u8; SECRET],
}

impl Shown {
    fn of(bytes: [u8; ID + SECRET]) -> Self {
        let (mut id, mut secret) = ([0; ID], [0; SECRET]);
        let (first, rest) = bytes.split_at(ID);
        id.copy_from_slice(first);
        secret.copy_from_slice(rest);
        Self { id, secret }
    }

    /// `None` for what is not of this form.
    pub(super) fn read(text: &str) -> Option<Self> {
        bytes(text.strip_prefix(PREFIX)?).map(Self::of)
    }
}

/// What is kept of a token, ready to be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lock {
    salt: [u8; SALT],
    hash: [u8; 32],
}

impl Lock {
    /// One that nothing opens: its hash is none of SHA-256 that anybody knows.
    pub(super) const DUMMY: Self = Self { salt: [0; SALT], hash: [0; 32] };

    /// Whether it is the secret of this token, in a time that does not tell how much of it is.
    pub(super) fn is_opened_by(&self, shown: &Shown) -> bool {
        hash(&self.salt, &shown.secret).ct_eq(&self.hash).into()
    }
}

/// The parts of a token that this program compares.
pub(super) fn lock_of(sealed: &SealedToken) -> Result<(TokenId, Lock), TokenError> {
    let id = bytes(&sealed.id).ok_or(TokenError::Field("id"))?;
    let salt = bytes(&sealed.salt).ok_or(TokenError::Field("salt"))?;
    let hash = bytes(&sealed.hash).ok_or(TokenError::Field("hash"))?;
    Ok((id, Lock { salt, hash }))
}

/// When it expires.
pub(super) fn expiry_of(sealed: &SealedToken) -> Result<Option<Timestamp>, TokenError> {
    let read = |text: &String| text.parse().map_err(|_| TokenError::Field("time of expiry"));
    sealed.expires.as_ref().map(read).transpose()
}

fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

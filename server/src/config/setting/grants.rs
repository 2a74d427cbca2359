//! Roles for users and groups, and the name of a group, as they are typed. Whether
//! the system knows the names is not asked here.

use std::fmt;

use task_orchestrator_shared::role::Role;

use super::{Raw, Setting};

/// Grants that a configuration may have; more are refused.
const MAX_GRANTS: usize = 1000;

/// Longest name of a user or group, in bytes.
const MAX_NAME_BYTES: usize = 256;

/// A user or a group, by name or by number. What has digits only is a number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Principal {
    /// `user:NAME`.
    User(String),
    /// `group:NAME`.
    Group(String),
}

impl Principal {
    /// The name or number.
    pub fn name(&self) -> &str {
        match self {
            Self::User(name) | Self::Group(name) => name,
        }
    }

    fn read(text: &str) -> Result<Self, String> {
        let (kind, name) = text.split_once(':').unwrap_or_default();
        match kind.trim() {
            "user" => Ok(Self::User(name_of(name)?)),
            "group" => Ok(Self::Group(name_of(name)?)),
            _ => Err(format!("{text:?} is neither user:NAME nor group:NAME")),
        }
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(name) => write!(formatter, "user:{name}"),
            Self::Group(name) => write!(formatter, "group:{name}"),
        }
    }
}

/// The name without what surrounds it. The highest number means "nobody" to the
/// system's own calls, and is no id.
fn name_of(text: &str) -> Result<String, String> {
    let name = text.trim();
    let is_number = name.bytes().all(|byte| byte.is_ascii_digit());
    let is_bad = name.is_empty()
        || name.len() > MAX_NAME_BYTES
        || name.contains(|letter: char| {
            letter.is_whitespace() || letter.is_control() || matches!(letter, ':' | '=' | ',')
        })
        || is_number && !name.parse::<u32>().is_ok_and(|id| id != u32::MAX);
    if is_bad {
        Err(format!("{text:?} is no name and no number of a user or group"))
    } else {
        Ok(name.to_owned())
    }
}

/// A role for somebody.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd)]
pub struct RoleGrant {
    /// Who gets it.
    pub to: Principal,
    /// What they get.
    pub role: Role,
}

impl RoleGrant {
    fn read(text: &str) -> Result<Self, String> {
        let (to, role) =
            text.rsplit_once('=').ok_or_else(|| format!("{text:?} is not of the form user:NAME=ROLE"))?;
        let to = Principal::read(to.trim());
        let role = Role::named(&role.trim().to_ascii_lowercase()).ok_or_else(|| {
            format!("no role {:?}: known are {}", role.trim(), Role::ALL.map(Role::as_str).join(", "))
        });
        match (to, role) {
            (Ok(to), Ok(role)) => Ok(Self { to, role }),
            (Err(one), Err(other)) => Err(format!("{one}; {other}")),
            (Err(one), Ok(_)) | (Ok(_), Err(one)) => Err(one),
        }
    }
}

impl fmt::Display for RoleGrant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}={}", self.to, self.role)
    }
}

/// Roles for users and groups, at most 1000, nobody twice.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd)]
pub struct Grants(pub Vec<RoleGrant>);

impl Grants {
    /// All that is wrong is said at once.
    fn of<'a>(texts: impl Iterator<Item = &'a str>) -> Result<Self, String> {
        let (mut grants, mut mistakes) = (Vec::<RoleGrant>::new(), Vec::new());
        for text in texts.map(str::trim).filter(|text| !text.is_empty()) {
            match RoleGrant::read(text) {
                Ok(grant) if grants.iter().any(|earlier| earlier.to == grant.to) => {
                    mistakes.push(format!("{} has a role already", grant.to));
                }
                Ok(_) if grants.len() == MAX_GRANTS => {
                    return Err(format!("more than {MAX_GRANTS} grants: give roles to groups instead"));
                }
                Ok(grant) => grants.push(grant),
                Err(mistake) => mistakes.push(mistake),
            }
        }
        if mistakes.is_empty() { Ok(Self(grants)) } else { Err(mistakes.join("; ")) }
    }
}

impl Setting for Grants {
    const ACCEPTS: &'static str = "an array of grants such as [\"user:alice=operator\", \"group:ops=monitor\"] \
        (with commas where it is one text), or \"\" for none";

    fn read(raw: &Raw<'_>) -> Result<Self, String> {
        match raw {
            Raw::Word(text) | Raw::Text(text) => Self::of(text.split(',')),
            Raw::List(items) => {
                let texts = items
                    .iter()
                    .map(|item| {
                        item.text().ok_or_else(|| item.not("a grant such as \"user:alice=operator\""))
                    })
                    .collect::<Result<Vec<_>, _>>()?;
                Self::of(texts.into_iter())
            }
            Raw::Integer(_) | Raw::Boolean(_) | Raw::Other(_) => Err(raw.not(Self::ACCEPTS)),
        }
    }

    fn show(&self) -> toml::Value {
        toml::Value::Array(self.0.iter().map(|grant| toml::Value::String(grant.to_string())).collect())
    }
}

/// The name or number of a group; empty for none.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd)]
pub struct GroupName(pub Option<Principal>);

impl Setting for GroupName {
    const ACCEPTS: &'static str = "the name or number of a group, or \"\" for none";

    fn read(raw: &Raw<'_>) -> Result<Self, String> {
        let number;
        let text = match raw {
            Raw::Integer(integer) => {
                number = integer.to_string();
                &number
            }
            other => other.text().ok_or_else(|| raw.not(Self::ACCEPTS))?,
        };
        if text.trim().is_empty() {
            return Ok(Self(None));
        }
        Ok(Self(Some(Principal::Group(name_of(text)?))))
    }

    fn show(&self) -> toml::Value {
        toml::Value::String(self.0.as_ref().map(|group| group.name().to_owned()).unwrap_or_default())
    }
}

//! Failures that are known, each with its written reason: `SUITE SCENARIO:CHECK REASON` on a
//! line of its own. `#` begins a remark.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};

use super::{Check, Suite};

/// What may fail.
#[derive(Debug, Default)]
pub struct Expected(BTreeMap<(String, String), String>);

impl Expected {
    /// Reads a list.
    ///
    /// # Errors
    ///
    /// A line that lacks a part, above all its reason.
    pub fn parse(text: &str) -> Result<Self> {
        let mut expected = BTreeMap::new();
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        for line in lines {
            let mut parts = line.splitn(3, ' ');
            let (suite, check) = (parts.next().context("a suite")?, parts.next().context("a check")?);
            let reason = parts.next().unwrap_or_default().trim();
            ensure!(!reason.is_empty() && check.contains(':'), "no check with a reason: {line}");
            expected.insert((suite.to_owned(), check.to_owned()), reason.to_owned());
        }
        Ok(Self(expected))
    }

    /// The failures that are not among them.
    pub(super) fn others(&self, suite: Suite, checks: &[Check]) -> Vec<String> {
        let suite = clap::ValueEnum::to_possible_value(&suite);
        let suite = suite.map(|value| value.get_name().to_owned()).unwrap_or_default();
        let failed = checks.iter().filter(|check| check.status == "FAILURE");
        let others = failed.filter(|check| !self.0.contains_key(&(suite.clone(), check.key())));
        others.map(Check::to_string).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: &str) -> Check {
        let text = format!(r#"[{{"id": "c", "name": "C", "status": "{status}"}}]"#);
        serde_json::from_str::<Vec<Check>>(&text).unwrap().remove(0)
    }

    #[test]
    fn only_a_failure_with_a_reason_for_its_suite_is_expected() {
        let expected = Expected::parse("# known\n2025-11-25 :c it is so\n").unwrap();
        assert!(expected.others(Suite::Sessions, &[check("FAILURE"), check("SUCCESS")]).is_empty());
        assert_eq!(expected.others(Suite::Stateless, &[check("FAILURE")]).len(), 1);
        assert!(Expected::parse("2025-11-25 s:c").is_err(), "no reason");
    }
}

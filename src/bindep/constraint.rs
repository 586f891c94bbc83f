//! `>=1.2`: what the installed version of a package must satisfy.

use std::cmp::Ordering;
use std::fmt;

use super::version::{InvalidVersion, Version};

/// How an installed version must compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `>=`
    GreaterOrEqual,
    /// `>`
    Greater,
}

impl Operator {
    /// All operators, a longer one before its own beginning.
    pub const ALL: [Self; 6] = [
        Self::LessOrEqual,
        Self::Less,
        Self::NotEqual,
        Self::Equal,
        Self::GreaterOrEqual,
        Self::Greater,
    ];

    /// The operator as it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::GreaterOrEqual => ">=",
            Self::Greater => ">",
        }
    }
}

/// An operator and a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    /// How to compare.
    pub operator: Operator,
    /// With what.
    pub version: Version,
}

impl Constraint {
    /// Whether `installed` satisfies this.
    ///
    /// `==` and `!=` compare texts, so `1.0-1` is not `==1.0`; only the others
    /// need `installed` to be a Debian version, which an RPM's `1.0-1.el9_4`
    /// is not.
    pub fn admits(&self, installed: &str) -> Result<bool, InvalidVersion> {
        let ordering = || Ok(installed.parse::<Version>()?.cmp(&self.version));
        match self.operator {
            Operator::Equal => Ok(installed == self.version.as_str()),
            Operator::NotEqual => Ok(installed != self.version.as_str()),
            Operator::Less => ordering().map(Ordering::is_lt),
            Operator::LessOrEqual => ordering().map(Ordering::is_le),
            Operator::GreaterOrEqual => ordering().map(Ordering::is_ge),
            Operator::Greater => ordering().map(Ordering::is_gt),
        }
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.operator.as_str(), self.version)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::File;
    use super::*;

    fn admits(constraint: &str, installed: &str) -> Result<bool, InvalidVersion> {
        let file = File::parse(&format!("pkg {constraint}")).unwrap();
        file.rules()[0].constraints[0].admits(installed)
    }

    #[test]
    fn ordering_is_debians_and_equality_is_of_texts() {
        assert_eq!(admits(">=1.2", "1.2-0"), Ok(true));
        assert_eq!(admits(">1.2", "1.2-0"), Ok(false));
        assert_eq!(admits("<2", "2~rc1"), Ok(true));
        assert_eq!(admits("<=2", "2+b1"), Ok(false));
        assert_eq!(admits("==1.2", "1.2-0"), Ok(false));
        assert_eq!(admits("!=1.2", "1.2-0"), Ok(true));
    }

    #[test]
    fn an_installed_version_outside_the_grammar_has_no_order() {
        assert_eq!(admits(">=1", "4.0-1.el9_4"), Err(InvalidVersion));
        assert_eq!(admits("!=1", "4.0-1.el9_4"), Ok(true));
    }
}

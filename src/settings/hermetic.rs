//! `HERMETIC`: whether children are kept from the network.

use std::fmt;
use std::str::FromStr;

use super::Refused;
use super::values::boolean;

/// How much the user wants it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Hermetic {
    /// Not at all.
    #[default]
    No,
    /// Where the kernel allows it.
    Yes,
    /// Or nothing is built.
    Required,
}

impl FromStr for Hermetic {
    type Err = Refused;

    fn from_str(text: &str) -> Result<Self, Refused> {
        match boolean(text) {
            Ok(false) => Ok(Self::No),
            Ok(true) => Ok(Self::Yes),
            Err(_) if text.eq_ignore_ascii_case("required") => Ok(Self::Required),
            Err(Refused(why)) => Err(Refused(format!("{why}; or required"))),
        }
    }
}

impl fmt::Display for Hermetic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::No => "no",
            Self::Yes => "yes",
            Self::Required => "required",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boolean_or_one_word_more() {
        for (text, wanted) in [
            ("False", Hermetic::No),
            ("1", Hermetic::Yes),
            ("Required", Hermetic::Required),
        ] {
            assert_eq!(text.parse(), Ok(wanted));
        }
        let Err(Refused(why)) = "perhaps".parse::<Hermetic>() else {
            panic!("taken");
        };
        assert_eq!(
            why,
            "not a boolean; True, yes, 1 or on, or False, no, 0 or off; or required"
        );
    }
}

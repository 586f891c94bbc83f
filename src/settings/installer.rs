//! `INSTALLER`: what installs into the virtualenv.

use std::fmt;
use std::str::FromStr;

use super::Refused;

/// What the user wants to be installed with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum InstallerWish {
    /// uv where there is one that understands all that pip is told, else pip.
    #[default]
    Auto,
    /// pip.
    Pip,
    /// uv and nothing else.
    Uv,
}

impl FromStr for InstallerWish {
    type Err = Refused;

    fn from_str(text: &str) -> Result<Self, Refused> {
        match text {
            "auto" => Ok(Self::Auto),
            "pip" => Ok(Self::Pip),
            "uv" => Ok(Self::Uv),
            _ => Err(Refused("not an installer; pip, uv or auto".to_owned())),
        }
    }
}

impl fmt::Display for InstallerWish {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Auto => "auto",
            Self::Pip => "pip",
            Self::Uv => "uv",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_words_are_installers() {
        for word in ["auto", "pip", "uv"] {
            let wish: InstallerWish = word.parse().expect("an installer");
            assert_eq!(wish.to_string(), word);
        }
        assert!("poetry".parse::<InstallerWish>().is_err());
    }
}

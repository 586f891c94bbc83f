//! The command line of `cargo xtask image`.

use std::path::PathBuf;

use crate::base::Suite;
use crate::catalogue;
use crate::error::{Error, Result};

/// How `image` is called.
pub const USAGE: &str = "\
Usage: cargo xtask image SERVICE [OPTION...]

Builds localhost/loci-SERVICE on a Debian base and tries what came out.

  --base trixie|bookworm  the Debian release (trixie)
  --profiles \"NAME...\"    bindep profiles
  --pip-extras NAME,...   extras of the service
  --constraints FILE      upper-constraints for its wheels (constraints/SERVICE.txt)
  --binary FILE           a loci-install to use in the place of a release build
";

/// What was asked for, the service's defaults filled in.
#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    /// The service, as PROJECT names it.
    pub service: String,
    /// The Debian release below it.
    pub suite: Suite,
    /// PROFILES.
    pub profiles: String,
    /// `PROJECT_PIP_EXTRAS`.
    pub extras: String,
    /// Another file than the repository's.
    pub constraints: Option<PathBuf>,
    /// A program that exists already.
    pub binary: Option<PathBuf>,
}

impl Options {
    /// Everything by default.
    pub fn of(service: &str) -> Self {
        let defaults = catalogue::defaults(service);
        Self {
            service: service.to_owned(),
            suite: Suite::Trixie,
            profiles: defaults.profiles.to_owned(),
            extras: defaults.extras.to_owned(),
            constraints: None,
            binary: None,
        }
    }

    /// From the words after `image`.
    pub fn parse(arguments: &[String]) -> Result<Self> {
        let wrong = |what: String| Error::usage(what, USAGE);
        let mut words = arguments.iter();
        let service = words
            .next()
            .filter(|name| !name.starts_with('-'))
            .ok_or_else(|| wrong("SERVICE comes first".to_owned()))?;
        if !is_name(service) {
            return Err(wrong(format!("{service:?} is no name of a service")));
        }
        let mut options = Self::of(service);
        while let Some(word) = words.next() {
            let (flag, inline) = match word.split_once('=') {
                Some((flag, value)) => (flag, Some(value.to_owned())),
                None => (word.as_str(), None),
            };
            let mut value = || {
                let value = inline.clone().or_else(|| words.next().cloned());
                value.ok_or_else(|| wrong(format!("{flag} needs a value")))
            };
            match flag {
                "--base" => options.suite = Suite::parse(&value()?).map_err(wrong)?,
                "--profiles" => options.profiles = value()?,
                "--pip-extras" => options.extras = value()?,
                "--constraints" => options.constraints = Some(value()?.into()),
                "--binary" => options.binary = Some(value()?.into()),
                _ => return Err(wrong(format!("{word:?} is unknown"))),
            }
        }
        Ok(options)
    }
}

/// The name becomes part of paths and of image names.
fn is_name(service: &str) -> bool {
    let mut characters = service.chars();
    characters.next().is_some_and(|c| c.is_ascii_lowercase())
        && characters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &[&str]) -> Result<Options> {
        let words: Vec<String> = line.iter().map(ToString::to_string).collect();
        Options::parse(&words)
    }

    fn refusal(line: &[&str]) -> String {
        let text = parse(line).unwrap_err().to_string();
        text.lines().next().unwrap_or_default().to_owned()
    }

    #[test]
    fn keystone_alone_has_the_defaults_of_keystone() {
        let options = parse(&["keystone"]).unwrap();
        assert_eq!(options, Options::of("keystone"));
        assert_eq!(options.profiles, "apache ldap");
    }

    #[test]
    fn both_spellings_of_a_flag() {
        let options = parse(&["nova", "--base=bookworm", "--profiles", "qemu ceph"]).unwrap();
        assert_eq!(options.suite, Suite::Bookworm);
        assert_eq!(options.profiles, "qemu ceph");
    }

    #[test]
    fn wrong_lines_are_told() {
        assert_eq!(refusal(&[]), "SERVICE comes first");
        assert_eq!(refusal(&["--base", "trixie"]), "SERVICE comes first");
        assert_eq!(refusal(&["../x"]), "\"../x\" is no name of a service");
        assert_eq!(refusal(&["nova", "--base"]), "--base needs a value");
        assert_eq!(refusal(&["nova", "--bas"]), "\"--bas\" is unknown");
        assert_eq!(
            refusal(&["nova", "--base", "sid"]),
            "--base sid: it is trixie or bookworm"
        );
    }
}

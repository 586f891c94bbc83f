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
  --wheels IMAGE          an image with wheels at its root, in the place of that
  --version VERSION       of the service (the one of the constraints; else the one
                          that the chores know; else the newest)
  --plugin-of SERVICE     what is built is a plugin, on top of localhost/loci-SERVICE,
                          which is tried again with it
  --binary FILE           a loci-install to use in the place of a release build
  --fetch                 no wheels are mounted: the build fetches them from a
                          registry on this machine
";

/// What was asked for, the service's defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// An image of wheels that exists already.
    pub wheels: Option<String>,
    /// The service's own.
    pub version: Option<String>,
    /// The service whose image gets this as a plugin.
    pub plugin_of: Option<String>,
    /// A program that exists already.
    pub binary: Option<PathBuf>,
    /// Whether the build fetches its wheels.
    pub fetch: bool,
}

impl Options {
    /// Everything by default.
    pub fn of(service: &str) -> Self {
        let known = catalogue::find(service);
        Self {
            service: service.to_owned(),
            suite: Suite::Trixie,
            profiles: known.map_or("", |known| known.profiles).to_owned(),
            extras: known.map_or("", |known| known.extras).to_owned(),
            constraints: None,
            wheels: None,
            version: None,
            plugin_of: None,
            binary: None,
            fetch: false,
        }
    }

    /// From the words after `image`.
    pub fn parse(arguments: &[String]) -> Result<Self> {
        let mut options = Self::first(arguments, USAGE)?;
        let mut flags = Flags::of(&arguments[1..], USAGE);
        while let Some(flag) = flags.next() {
            if !options.take_of_image(flag, &mut flags)? {
                return Err(flags.unknown());
            }
        }
        options.check(&flags)?;
        Ok(options)
    }

    /// The service, which is the first of the words, and everything by default.
    pub fn first(arguments: &[String], usage: &'static str) -> Result<Self> {
        let wrong = |what: String| Error::usage(what, usage);
        let service = arguments
            .first()
            .filter(|name| !name.starts_with('-'))
            .ok_or_else(|| wrong("SERVICE comes first".to_owned()))?;
        if !is_name(service) {
            return Err(wrong(format!("{service:?} is no name of a service")));
        }
        Ok(Self::of(service))
    }

    /// Takes up a flag of `image` with its value; false when it is none of these.
    pub fn take_of_image(&mut self, flag: &str, flags: &mut Flags) -> Result<bool> {
        match flag {
            "--fetch" => self.fetch = true,
            "--version" => self.version = Some(flags.value()?),
            "--plugin-of" => self.plugin_of = Some(flags.value()?),
            flag => return self.take(flag, flags),
        }
        Ok(true)
    }

    /// The same of those that other chores have, too.
    pub fn take(&mut self, flag: &str, flags: &mut Flags) -> Result<bool> {
        match flag {
            "--base" => self.suite = flags.suite()?,
            "--profiles" => self.profiles = flags.value()?,
            "--pip-extras" => self.extras = flags.value()?,
            "--wheels" => self.wheels = Some(flags.value()?),
            "--constraints" => self.constraints = Some(flags.value()?.into()),
            "--binary" => self.binary = Some(flags.value()?.into()),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The image that is built.
    pub fn image(&self) -> String {
        format!("localhost/loci-{}", self.service)
    }

    /// The image that it is built on.
    pub fn below(&self) -> String {
        match &self.plugin_of {
            Some(service) => format!("localhost/loci-{service}"),
            None => self.suite.image(),
        }
    }

    /// The service that runs in the image.
    pub fn tried(&self) -> &str {
        self.plugin_of.as_deref().unwrap_or(&self.service)
    }

    /// Refuses what contradicts itself.
    pub fn check(&self, flags: &Flags) -> Result<()> {
        if self.wheels.is_some() && self.constraints.is_some() {
            return Err(flags.wrong("--wheels and --constraints: it is the one or the other"));
        }
        Ok(())
    }
}

/// Whether the words ask how a chore is called.
pub fn asks_for_help(words: &[String]) -> bool {
    words.iter().any(|word| word == "--help" || word == "-h")
}

/// The flags of a command line, each with its value if it takes one.
pub struct Flags<'a> {
    words: std::slice::Iter<'a, String>,
    /// The one that is being read.
    word: &'a str,
    usage: &'static str,
}

impl<'a> Flags<'a> {
    /// From the words, and how the chore is called.
    pub fn of(words: &'a [String], usage: &'static str) -> Self {
        Self {
            words: words.iter(),
            word: "",
            usage,
        }
    }

    /// The next flag, as in `--base`.
    pub fn next(&mut self) -> Option<&'a str> {
        self.word = self.words.next()?;
        Some(self.flag())
    }

    /// Its value, written `--base trixie` or `--base=trixie`.
    pub fn value(&mut self) -> Result<String> {
        if let Some((_, value)) = self.word.split_once('=') {
            return Ok(value.to_owned());
        }
        let value = self.words.next().cloned();
        value.ok_or_else(|| self.wrong(&format!("{} needs a value", self.flag())))
    }

    /// Its value as a number above nought.
    pub fn number(&mut self) -> Result<usize> {
        let value = self.value()?;
        let number = value.parse().ok().filter(|number| *number > 0);
        number
            .ok_or_else(|| self.wrong(&format!("{} {value}: it is a number above 0", self.flag())))
    }

    /// Its value as a Debian release.
    pub fn suite(&mut self) -> Result<Suite> {
        Suite::parse(&self.value()?).map_err(|what| self.wrong(&what))
    }

    /// An error about it.
    pub fn wrong(&self, what: &str) -> Error {
        Error::usage(what, self.usage)
    }

    /// That there is no such flag.
    pub fn unknown(&self) -> Error {
        self.wrong(&format!("{:?} is unknown", self.word))
    }

    fn flag(&self) -> &'a str {
        self.word.split('=').next().unwrap_or_default()
    }
}

/// The name becomes part of paths and of image names.
fn is_name(service: &str) -> bool {
    let mut characters = service.chars();
    characters.next().is_some_and(|c| c.is_ascii_lowercase())
        && characters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// What tests of command lines have in common.
#[cfg(test)]
pub mod testing {
    use super::Result;

    /// The words of a command line.
    pub fn words(line: &[&str]) -> Vec<String> {
        line.iter().map(ToString::to_string).collect()
    }

    /// The first line of what is said against it.
    pub fn first_line<T>(parsed: Result<T>) -> String {
        let text = parsed.err().map(|error| error.to_string());
        let text = text.unwrap_or_default();
        text.lines().next().unwrap_or_default().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{first_line, words};
    use super::*;

    fn parse(line: &[&str]) -> Result<Options> {
        Options::parse(&words(line))
    }

    fn refusal(line: &[&str]) -> String {
        first_line(parse(line))
    }

    #[test]
    fn keystone_alone_has_the_defaults_of_keystone() {
        let options = parse(&["keystone"]).unwrap();
        assert_eq!(options, Options::of("keystone"));
        assert_eq!(options.profiles, "apache ldap");
    }

    #[test]
    fn a_plugin_is_on_top_of_a_service() {
        let options = parse(&["neutron-vpnaas", "--plugin-of", "neutron"]).unwrap();
        assert_eq!(options.below(), "localhost/loci-neutron");
        assert_eq!(options.tried(), "neutron");
        let options = Options::of("neutron");
        assert_eq!(options.below(), options.suite.image());
        assert_eq!(options.tried(), "neutron");
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
            refusal(&["nova", "--wheels=w", "--constraints=c"]),
            "--wheels and --constraints: it is the one or the other"
        );
        assert_eq!(
            refusal(&["nova", "--base", "sid"]),
            "--base sid: it is trixie or bookworm"
        );
    }
}

//! Options that several chores have.

use std::path::PathBuf;

use clap::Args;

use crate::base::Suite;
use crate::catalogue;

/// What the image of a service is made of.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Image {
    #[command(flatten)]
    pub service: Service,
    /// Version of the service [default: that of the constraints; else the one that the
    /// chores know; else the newest].
    #[arg(long)]
    pub version: Option<String>,
    /// Builds SERVICE as a plugin on top of localhost/loci-PLUGIN_OF, which is tried again
    /// with it.
    #[arg(long)]
    pub plugin_of: Option<String>,
    /// Mounts no wheels: the build fetches them from a registry on this machine.
    #[arg(long)]
    pub fetch: bool,
}

/// A service and what it is installed from.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Service {
    /// The service, as PROJECT names it.
    #[arg(value_name = "SERVICE", value_parser = service_name)]
    pub name: String,
    /// Profiles of bindep.txt, apart by spaces [default: those that the chores know].
    #[arg(long)]
    pub profiles: Option<String>,
    /// Extras of the service, apart by commas [default: those that the chores know].
    #[arg(long = "pip-extras")]
    pub extras: Option<String>,
    #[command(flatten)]
    pub wheels: Wheels,
    #[command(flatten)]
    pub base: Base,
    #[command(flatten)]
    pub binary: Binary,
}

/// Where wheels come from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[group(multiple = false)]
pub struct Wheels {
    /// An image with wheels at its root, in the place of --constraints.
    #[arg(long = "wheels", value_name = "IMAGE")]
    pub image: Option<String>,
    /// upper-constraints.txt to make wheels of [default, for one service:
    /// constraints/SERVICE.txt].
    #[arg(long, value_name = "FILE")]
    pub constraints: Option<PathBuf>,
}

/// What images are based on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Args)]
pub struct Base {
    /// The Debian release below.
    #[arg(long = "base", value_enum, default_value_t = Suite::Trixie)]
    pub suite: Suite,
}

/// Which program is measured or makes images.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct Binary {
    /// A loci-install to use in the place of a release build.
    #[arg(long = "binary", value_name = "FILE")]
    pub path: Option<PathBuf>,
}

impl Image {
    /// Everything by default.
    pub fn of(service: &str) -> Self {
        Self {
            service: Service::of(service),
            version: None,
            plugin_of: None,
            fetch: false,
        }
    }

    /// The image that is built.
    pub fn image(&self) -> String {
        format!("localhost/loci-{}", self.service.name)
    }

    /// The image that it is built on.
    pub fn below(&self) -> String {
        match &self.plugin_of {
            Some(service) => format!("localhost/loci-{service}"),
            None => self.service.base.suite.image(),
        }
    }

    /// The service that runs in the image.
    pub fn tried(&self) -> &str {
        self.plugin_of.as_deref().unwrap_or(&self.service.name)
    }
}

impl Service {
    /// Everything by default.
    pub fn of(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            profiles: None,
            extras: None,
            wheels: Wheels::default(),
            base: Base {
                suite: Suite::Trixie,
            },
            binary: Binary::default(),
        }
    }

    /// PROFILES.
    pub fn profiles(&self) -> &str {
        let known = || catalogue::find(&self.name).map_or("", |known| known.profiles);
        self.profiles.as_deref().unwrap_or_else(known)
    }

    /// `PROJECT_PIP_EXTRAS`.
    pub fn extras(&self) -> &str {
        let known = || catalogue::find(&self.name).map_or("", |known| known.extras);
        self.extras.as_deref().unwrap_or_else(known)
    }
}

/// The name becomes part of paths and of image names.
fn service_name(name: &str) -> Result<String, &'static str> {
    let mut characters = name.chars();
    let is_name = characters.next().is_some_and(|c| c.is_ascii_lowercase())
        && characters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    let wrong = "small letters, digits and - make the name of a service, a letter first";
    is_name.then(|| name.to_owned()).ok_or(wrong)
}

/// What tests of command lines have in common.
#[cfg(test)]
pub mod testing {
    use clap::error::ErrorKind;
    use clap::{Args, Parser};

    #[derive(Parser)]
    struct Line<T: Args> {
        #[command(flatten)]
        options: T,
    }

    /// The options of a chore, from the words after its name.
    pub fn parse<T: Args>(words: &[&str]) -> T {
        try_parse(words).unwrap()
    }

    /// Why these words are refused.
    pub fn refusal<T: Args>(words: &[&str]) -> ErrorKind {
        try_parse::<T>(words).map(drop).unwrap_err().kind()
    }

    fn try_parse<T: Args>(words: &[&str]) -> clap::error::Result<T> {
        let line = Line::try_parse_from([&["chore"], words].concat())?;
        Ok(line.options)
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{parse, refusal};
    use super::*;
    use clap::error::ErrorKind;

    #[test]
    fn a_service_alone_has_its_defaults() {
        let options: Image = parse(&["keystone"]);
        assert_eq!(options, Image::of("keystone"));
        assert_eq!(options.service.profiles(), "apache ldap");
        assert_eq!(options.service.extras(), "ldap");
        let options: Image = parse(&["keystone", "--profiles=", "--pip-extras", "memcache"]);
        assert_eq!(options.service.profiles(), "");
        assert_eq!(options.service.extras(), "memcache");
    }

    #[test]
    fn a_plugin_is_on_top_of_a_service() {
        let options: Image = parse(&["neutron-vpnaas", "--plugin-of", "neutron"]);
        assert_eq!(options.below(), "localhost/loci-neutron");
        assert_eq!(options.tried(), "neutron");
        let options = Image::of("neutron");
        assert_eq!(options.below(), "localhost/loci-base-trixie");
        assert_eq!(options.tried(), "neutron");
    }

    #[test]
    fn a_service_has_a_name() {
        let kind = refusal::<Image>(&[]);
        assert_eq!(kind, ErrorKind::MissingRequiredArgument);
        for name in ["../x", "Nova", "", "2nova", "nova:1"] {
            let kind = refusal::<Image>(&[name]);
            assert_eq!(kind, ErrorKind::ValueValidation, "{name}");
        }
    }

    #[test]
    fn wheels_come_from_one_place() {
        let kind = refusal::<Image>(&["nova", "--wheels=w", "--constraints=c"]);
        assert_eq!(kind, ErrorKind::ArgumentConflict);
    }
}

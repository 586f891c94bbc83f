//! `cargo xtask matrix`: the images of all services, and a table of what came out.

use std::fmt::Write;
use std::path::PathBuf;
use std::thread;

use crate::base::{self, Suite};
use crate::catalogue::{self, SERVICES};
use crate::error::{Error, Result};
use crate::image::{self, Built};
use crate::options::{self, Flags, asks_for_help};
use crate::requirements::Release;
use crate::{wheels, workspace};

const USAGE: &str = "\
Usage: cargo xtask matrix [OPTION...]

Builds and tries the images of all services that are known, one after another, from
one image of wheels, and goes on when one fails. A table of all of them is written
to docs/services.md.

  --constraints FILE      upper-constraints.txt of a release, to make wheels of
  --wheels IMAGE          an image with wheels at its root, in the place of that
  --only SERVICE,...      some of the services; nothing is written then
  --base trixie|bookworm  the Debian release (trixie)
  --binary FILE           a loci-install to use in the place of a release build
";

/// Where the table goes.
const PAGE: &str = "docs/services.md";

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    constraints: Option<PathBuf>,
    wheels: Option<String>,
    /// Names of the catalogue.
    services: Vec<&'static str>,
    suite: Suite,
    binary: Option<PathBuf>,
}

/// A service and what came of it.
type Row = (&'static str, Result<Built>);

/// The chore, from the words after `matrix`.
pub fn main(arguments: &[String]) -> Result<()> {
    if asks_for_help(arguments) {
        print!("{USAGE}");
        return Ok(());
    }
    let options = Options::parse(arguments)?;
    let wheels = wheels(&options)?;
    let mut rows = Vec::new();
    for service in &options.services {
        let row = (*service, build(service, &wheels, &options));
        if let Err(error) = &row.1 {
            eprintln!("error: {service}: {error}");
        }
        rows.push(row);
    }
    let table = table(&rows);
    print!("{table}");
    if rows.len() == SERVICES.len() {
        workspace::write(&workspace::root().join(PAGE), &page(&table, options.suite))?;
    }
    let failed: Vec<&str> = rows
        .iter()
        .filter(|(_, built)| built.is_err())
        .map(|(service, _)| *service)
        .collect();
    if failed.is_empty() {
        return Ok(());
    }
    Err(Error::refused(format!(
        "{} of {} failed: {}",
        failed.len(),
        rows.len(),
        failed.join(" ")
    )))
}

/// The image of the wheels.
fn wheels(options: &Options) -> Result<String> {
    if let Some(image) = &options.wheels {
        return Ok(image.clone());
    }
    let release = Release::load(options.constraints.as_deref(), None)?;
    let (engine, binary) = image::tools(options.binary.as_deref())?;
    base::ensure(engine, options.suite)?;
    let image = format!("localhost/loci-wheels:matrix-{}", options.suite.name());
    wheels::of_release(engine, &binary, &release, options.suite, &image)?;
    Ok(image)
}

fn build(service: &str, wheels: &str, options: &Options) -> Result<Built> {
    let options = options::Options {
        suite: options.suite,
        wheels: Some(wheels.to_owned()),
        binary: options.binary.clone(),
        ..options::Options::of(service)
    };
    image::build(&options, &image::prepare(&options)?)
}

impl Options {
    fn parse(arguments: &[String]) -> Result<Self> {
        let mut options = Self {
            constraints: None,
            wheels: None,
            services: SERVICES.iter().map(|service| service.name).collect(),
            suite: Suite::Trixie,
            binary: None,
        };
        let mut flags = Flags::of(arguments, USAGE);
        while let Some(flag) = flags.next() {
            match flag {
                "--constraints" => options.constraints = Some(flags.value()?.into()),
                "--wheels" => options.wheels = Some(flags.value()?),
                "--only" => options.services = only(&flags.value()?, &flags)?,
                "--base" => options.suite = flags.suite()?,
                "--binary" => options.binary = Some(flags.value()?.into()),
                _ => return Err(flags.unknown()),
            }
        }
        match (&options.wheels, &options.constraints) {
            (None, None) => Err(flags.wrong("--constraints or --wheels is needed")),
            (Some(_), Some(_)) => {
                Err(flags.wrong("--wheels and --constraints: it is the one or the other"))
            }
            _ => Ok(options),
        }
    }
}

/// The services of a list.
fn only(list: &str, flags: &Flags) -> Result<Vec<&'static str>> {
    list.split(',')
        .map(|name| {
            let known = catalogue::find(name).map(|service| service.name);
            known.ok_or_else(|| {
                let names: Vec<&str> = SERVICES.iter().map(|service| service.name).collect();
                flags.wrong(&format!(
                    "--only {name}: the services are {}",
                    names.join(", ")
                ))
            })
        })
        .collect()
}

fn table(rows: &[Row]) -> String {
    let mut table = "\
| service | version | packages | wheels | seconds | MB | seen |
| --- | --- | ---: | ---: | ---: | ---: | --- |
"
    .to_owned();
    for (service, built) in rows {
        let line = match built {
            Ok(Built { figures, seen }) => format!(
                "{} | {} | {} | {:.1} | {} | {}",
                figures.version,
                figures.packages,
                figures.wheels,
                figures.seconds,
                figures.megabytes,
                seen.join("; ")
            ),
            Err(error) => {
                let text = error.to_string();
                let first = text.lines().next().unwrap_or_default();
                format!("| | | | | failed: {}", first.replace('|', "\\|"))
            }
        };
        writeln!(table, "| {service} | {line} |").ok();
    }
    table
}

fn page(table: &str, suite: Suite) -> String {
    let processors = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!(
        "\
# Services

Written by `cargo xtask matrix`, which builds the image of each service from its sdist
and one image of wheels, and tries it: {base}, {processors} processors.

{table}
Packages are those of the distribution beside the base's, wheels the distributions in the
virtualenv, seconds those inside RUN, MB the difference of the image and its base.

Of every image: `pip check` finds nothing; the commands of the service say `--help`, but
for a few that know no such option and only have to be there; its account owns its
directories; another build, in a container of it and `FROM` it, says that there is nothing
to do. Then, as that account and on SQLite, what serves HTTP answers by the status that is
told, with JSON or the page that belongs there, and what needs the message bus comes to
where it asks for it. `xtask/src/smoke/trials.rs` has the requests, the programs, and the
commands that do not say `--help`, with the reason.
",
        base = match suite {
            Suite::Bookworm => "Debian 12",
            Suite::Trixie => "Debian 13",
        }
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::Figures;
    use crate::options::testing::{first_line, words};

    fn parse(line: &[&str]) -> Result<Options> {
        Options::parse(&words(line))
    }

    fn refusal(line: &[&str]) -> String {
        first_line(parse(line))
    }

    #[test]
    fn all_services_or_some() {
        let options = parse(&["--wheels=w"]).unwrap();
        assert_eq!(options.services.len(), 9);
        let options = parse(&["--wheels=w", "--only", "nova,heat"]).unwrap();
        assert_eq!(options.services, ["nova", "heat"]);
    }

    #[test]
    fn wrong_lines_are_told() {
        assert_eq!(refusal(&[]), "--constraints or --wheels is needed");
        assert_eq!(
            refusal(&["--wheels=w", "--constraints=c"]),
            "--wheels and --constraints: it is the one or the other"
        );
        assert_eq!(
            refusal(&["--wheels=w", "--only=nova,swift"]),
            "--only swift: the services are cinder, glance, heat, horizon, ironic, keystone, \
             neutron, nova, octavia"
        );
        assert_eq!(refusal(&["nova"]), "\"nova\" is unknown");
    }

    #[test]
    fn a_row_tells_figures_or_why_there_are_none() {
        let built = Built {
            figures: Figures {
                version: "33.0.2".to_owned(),
                packages: 12,
                wheels: 150,
                seconds: 21.25,
                megabytes: 210,
            },
            seen: vec!["/ 200".to_owned(), "nova-conductor asks".to_owned()],
        };
        let failed = Error::refused("a | b\nc");
        assert_eq!(
            table(&[("nova", Ok(built)), ("heat", Err(failed))]),
            "\
| service | version | packages | wheels | seconds | MB | seen |
| --- | --- | ---: | ---: | ---: | ---: | --- |
| nova | 33.0.2 | 12 | 150 | 21.2 | 210 | / 200; nova-conductor asks |
| heat | | | | | | failed: a \\| b |
"
        );
    }
}

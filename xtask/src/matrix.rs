//! `cargo xtask matrix`: the images of all services, and a table of what came out.

use std::fmt::Write;
use std::thread;

use clap::builder::PossibleValuesParser;

use crate::base::{self, Suite};
use crate::catalogue::SERVICES;
use crate::error::{Error, Result};
use crate::image::{self, Built};
use crate::options;
use crate::requirements::Release;
use crate::{wheels, workspace};

/// Where the table goes.
const PAGE: &str = "docs/services.md";

/// Builds and tries the images of all services that are known.
///
/// One after another, from one image of wheels, and it goes on when one fails. A table of
/// all of them is written to docs/services.md.
#[derive(Debug, clap::Args)]
// What is in constraints/ does not pin what all of them require.
#[command(mut_group("Wheels", |group| group.required(true)))]
pub struct Options {
    #[command(flatten)]
    wheels: options::Wheels,
    /// Some of the services, apart by commas; nothing is written then.
    #[arg(
        long,
        value_name = "SERVICE",
        value_delimiter = ',',
        value_parser = PossibleValuesParser::new(SERVICES.iter().map(|service| service.name))
    )]
    only: Vec<String>,
    #[command(flatten)]
    base: options::Base,
    #[command(flatten)]
    binary: options::Binary,
}

/// A service and what came of it.
type Row<'a> = (&'a str, Result<Built>);

/// The chore.
pub fn main(options: &Options) -> Result<()> {
    let wheels = wheels(options)?;
    let mut rows = Vec::new();
    for service in options.services() {
        let row = (service, build(service, &wheels, options));
        if let Err(error) = &row.1 {
            eprintln!("error: {service}: {error}");
        }
        rows.push(row);
    }
    let table = table(&rows);
    print!("{table}");
    if options.only.is_empty() {
        let page = page(&table, options.base.suite);
        workspace::write(&workspace::root().join(PAGE), &page)?;
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
    let suite = options.base.suite;
    if let Some(image) = &options.wheels.image {
        return Ok(image.clone());
    }
    let release = Release::load(options.wheels.constraints.as_deref(), None)?;
    let (engine, binary) = image::tools(options.binary.path.as_deref())?;
    base::ensure(engine, suite)?;
    let image = format!("localhost/loci-wheels:matrix-{}", suite.name());
    wheels::of_release(engine, &binary, &release, suite, &image)?;
    Ok(image)
}

fn build(service: &str, wheels: &str, options: &Options) -> Result<Built> {
    let mut asked = options::Image::of(service);
    asked.service.base = options.base;
    asked.service.binary = options.binary.clone();
    asked.service.wheels.image = Some(wheels.to_owned());
    image::build(&asked, &image::prepare(&asked)?)
}

impl Options {
    fn services(&self) -> Vec<&str> {
        if self.only.is_empty() {
            return SERVICES.iter().map(|service| service.name).collect();
        }
        self.only.iter().map(String::as_str).collect()
    }
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
    use crate::options::testing::{parse, refusal};
    use clap::error::ErrorKind;

    #[test]
    fn all_services_or_some() {
        let options: Options = parse(&["--wheels=w"]);
        assert_eq!(options.services().len(), 9);
        let options: Options = parse(&["--wheels=w", "--only", "nova,heat"]);
        assert_eq!(options.services(), ["nova", "heat"]);
        let kind = refusal::<Options>(&["--wheels=w", "--only=nova,swift"]);
        assert_eq!(kind, ErrorKind::InvalidValue);
    }

    #[test]
    fn wheels_come_from_somewhere() {
        let kind = refusal::<Options>(&[]);
        assert_eq!(kind, ErrorKind::MissingRequiredArgument);
        let kind = refusal::<Options>(&["--wheels=w", "--constraints=c"]);
        assert_eq!(kind, ErrorKind::ArgumentConflict);
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

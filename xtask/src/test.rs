//! `cargo xtask test`: every test there is, on a machine where nothing is set up.

use crate::builder;
use crate::error::Result;
use crate::explain;
use crate::fuzz;
use crate::image;
use crate::options::Image;
use crate::process::{self, command};
use crate::reproduce;
use crate::setup;
use crate::workspace;

/// The part of the matrix that is built with keystone's wheels: constraints/ pins
/// what these services require.
const MATRIX: &[&str] = &["glance", "ironic"];

/// Sets everything up and runs every test.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// For the programs that cargo makes of the tests: names of tests, options such as
    /// --nocapture.
    #[arg(
        value_name = "WORD",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub words: Vec<String>,
}

/// The chore.
pub fn main(options: &Options) -> Result<()> {
    // In one transaction with what images need.
    let packages = [
        setup::BASE,
        setup::BUILDAH,
        setup::REGISTRY,
        setup::TEST,
        setup::FUZZ,
    ];
    setup::packages(&packages.concat())?;
    let keystone = Image::of("keystone");
    let suite = keystone.service.base.suite;
    let assets = image::prepare(&keystone)?;
    let rpm = builder::rpm(assets.engine, suite)?;

    let mut cargo = command(
        "cargo",
        [
            "test",
            "--workspace",
            "--locked",
            "--no-fail-fast",
            "--",
            "--include-ignored",
        ],
    );
    cargo.args(&options.words).current_dir(workspace::root());
    // Where the tests that build images find what they build from.
    cargo.env("LOCI_TEST_BINARY", &assets.binary.path);
    cargo.env("LOCI_TEST_BASE", suite.image());
    cargo.env("LOCI_TEST_RPM", rpm);
    cargo.env("LOCI_TEST_WHEELS", &assets.wheels.directory);
    cargo.env("LOCI_TEST_SOURCE", &assets.source);
    process::inherit(cargo)?;

    fuzz::all()?;

    image::build(&keystone, &assets)?;
    explain::prove(assets.engine, &keystone.image(), &keystone.below())?;
    reproduce::check(&keystone, &assets, true)?;
    let fetching = Image {
        fetch: true,
        ..keystone
    };
    image::build(&fetching, &assets)?;
    explain::check(assets.engine, &fetching.image(), &fetching.below())?;

    for service in MATRIX {
        let mut image = Image::of(service);
        image.service.wheels.image = Some(assets.wheels.image.clone());
        image.service.binary.path = Some(assets.binary.path.clone());
        image::build(&image, &image::prepare(&image)?)?;
        explain::check(assets.engine, &image.image(), &image.below())?;
    }
    Ok(())
}

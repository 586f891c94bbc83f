//! `cargo xtask test`: every test there is, on a machine where nothing is set up.

use crate::builder;
use crate::error::Result;
use crate::explain;
use crate::fuzz;
use crate::image;
use crate::options::Options;
use crate::process::{self, command};
use crate::reproduce;
use crate::setup;
use crate::workspace;

/// The part of the matrix that is built with keystone's wheels: constraints/ pins
/// what these services require.
const MATRIX: &[&str] = &["glance", "ironic"];

/// How long each fuzz target runs.
const FUZZ_SECONDS: usize = 5;

/// The chore, from the words after `test`, which go to `cargo test`.
pub fn main(arguments: &[String]) -> Result<()> {
    // In one transaction with what images need.
    let packages = [
        setup::BASE,
        setup::BUILDAH,
        setup::REGISTRY,
        setup::TEST,
        setup::FUZZ,
    ];
    setup::packages(&packages.concat())?;
    let options = Options::of("keystone");
    let assets = image::prepare(&options)?;
    let rpm = builder::rpm(assets.engine, options.suite)?;

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
    cargo.args(arguments).current_dir(workspace::root());
    // Where the tests that build images find what they build from.
    cargo.env("LOCI_TEST_BINARY", &assets.binary.path);
    cargo.env("LOCI_TEST_BASE", options.suite.image());
    cargo.env("LOCI_TEST_RPM", rpm);
    cargo.env("LOCI_TEST_WHEELS", &assets.wheels.directory);
    cargo.env("LOCI_TEST_SOURCE", &assets.source);
    process::inherit(cargo)?;

    fuzz::all(FUZZ_SECONDS)?;

    image::build(&options, &assets)?;
    explain::prove(assets.engine, &options.image(), &options.below())?;
    reproduce::check(&options, &assets, true)?;
    let fetching = Options {
        fetch: true,
        ..options
    };
    image::build(&fetching, &assets)?;
    explain::check(assets.engine, &fetching.image(), &fetching.below())?;

    for service in MATRIX {
        let options = Options {
            wheels: Some(assets.wheels.image.clone()),
            binary: Some(assets.binary.path.clone()),
            ..Options::of(service)
        };
        image::build(&options, &image::prepare(&options)?)?;
        explain::check(assets.engine, &options.image(), &options.below())?;
    }
    Ok(())
}

//! The pure cores that a whole build runs through, each with as much as a
//! release has: 600 constraints, 600 wheels. loci-install may spend a second of
//! its own on a build; all of these together must stay under a tenth of that.

// The macros at the end make public functions.
#![allow(missing_docs)]

use std::fmt::Write;
use std::fs;
use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use loci_install::command::System;
use loci_install::findings::Problem;
use loci_install::plan::Aim;
use loci_install::python::constraints::{self, Edit};
use loci_install::python::{Name, WheelName, wheels_in};
use loci_install::root::Root;
use loci_install::secrets::Secrets;
use loci_install::settings::{Given, Settings};
use loci_install::steps;

/// As many as a release of `OpenStack` has.
const PACKAGES: usize = 600;

fn files(criterion: &mut Criterion) {
    let text = upper_constraints();
    let edits = [Edit {
        name: Name::new("some-package-300"),
        line: None,
        why: "it is built from source".to_owned(),
    }];
    criterion.bench_function("600 constraints less one", |bencher| {
        bencher.iter(|| constraints::edited("", black_box(&text), &edits));
    });

    let names: Vec<String> = (0..PACKAGES).map(wheel).collect();
    criterion.bench_function("600 names of wheels parsed", |bencher| {
        bencher.iter(|| {
            let wheels = names.iter().map(|name| WheelName::parse(black_box(name)));
            wheels.flatten().count()
        });
    });

    let directory = tempfile::tempdir().expect("a directory");
    wheels_below(directory.path());
    criterion.bench_function("600 wheels found in a directory", |bencher| {
        bencher.iter(|| wheels_in(black_box(directory.path())).len());
    });
}

fn plan(criterion: &mut Criterion) {
    let directory = tempfile::tempdir().expect("a directory");
    prepare(directory.path());
    let root = Root::new(directory.path());
    let environment: Vec<(String, String)> = [
        ("PROJECT", "keystone"),
        ("PROFILES", "apache ldap"),
        ("PROJECT_PIP_EXTRAS", "ldap"),
        ("KEEP_ALL_WHEELS", "True"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let given = Given::new(environment.clone(), [], 0, |_| false);
    let settings = Settings::parse(&given, &environment).expect("valid settings");
    let runner = System::new(&environment);
    let plan = || steps::plan(&settings, &root, &environment, &runner, Aim::Look).expect("a plan");
    // A plan that is given up early would be fast.
    let problems = plan().problems;
    let is_machine = |problem: &Problem| matches!(problem, Problem::Machine(_));
    assert!(problems.iter().all(is_machine), "{problems:?}");
    criterion.bench_function("plan of keystone", |bencher| {
        bencher.iter(|| black_box(plan()).steps.len());
    });
}

fn secrets(criterion: &mut Criterion) {
    let url = "https://builder:s3cret@index.example.org/simple";
    let secrets = Secrets::gather([url]);
    let mut log = String::new();
    for number in 0..1000 {
        let line = match number % 10 {
            0 => format!("Looking in indexes: {url}"),
            1 => format!(
                "Downloading https://files.example.org/{} (1 kB)",
                wheel(number)
            ),
            _ => format!("Get:{number} some-library{number} amd64 1.2-3 [12 kB]"),
        };
        writeln!(log, "{line}").expect("a string takes all");
    }
    criterion.bench_function("1000 lines of a log masked", |bencher| {
        bencher.iter(|| -> usize {
            let lines = black_box(&log).lines();
            lines.map(|line| secrets.mask(line).len()).sum()
        });
    });
}

/// An image before its build: a distribution, the inputs of this repository, the
/// wheels of a release.
fn prepare(root: &Path) {
    let write = |path: &str, text: &str| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, text).expect("written");
    };
    write(
        "etc/os-release",
        "ID=debian\nVERSION_ID=13\nVERSION_CODENAME=trixie\n",
    );
    write("etc/passwd", "root:x:0:0:root:/root:/bin/bash\n");
    write("etc/group", "root:x:0:\n");
    let mut status = String::new();
    for number in 0..PACKAGES {
        writeln!(
            status,
            "Package: library{number}\nStatus: install ok installed\n\
             Architecture: amd64\nVersion: 1.{number}-1\n"
        )
        .expect("a string takes all");
    }
    write("var/lib/dpkg/status", &status);
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["bindep.txt", "pydep.txt"] {
        let text = fs::read_to_string(repository.join(name)).expect("an input");
        write(&format!("opt/loci/{name}"), &text);
    }
    write("wheels/upper-constraints.txt", &upper_constraints());
    write("wheels/global-requirements.txt", "");
    wheels_below(&root.join("wheels"));
}

fn wheels_below(directory: &Path) {
    for number in 0..PACKAGES {
        fs::write(directory.join(wheel(number)), "").expect("written");
    }
}

fn wheel(number: usize) -> String {
    match number % 4 {
        0 => format!(
            "some_package_{number}-1.{number}.0-cp313-cp313-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"
        ),
        1 => format!("some_package_{number}-1.{number}.0-py2.py3-none-any.whl"),
        _ => format!("some_package_{number}-1.{number}.0-py3-none-any.whl"),
    }
}

fn upper_constraints() -> String {
    let mut text = String::new();
    for number in 0..PACKAGES {
        let marker = match number % 20 {
            0 => ";python_version>='3.11'",
            _ => "",
        };
        writeln!(text, "some-package-{number}===1.{number}.0{marker}").expect("a string takes all");
    }
    text
}

criterion_group!(benches, files, plan, secrets);
criterion_main!(benches);

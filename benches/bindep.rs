//! 120 lines, parsed and evaluated. The reference needs two seconds for as
//! many, on every call; here it must stay under a millisecond.

// The macros at the end make public functions.
#![allow(missing_docs)]

use std::fmt::Write;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use loci_install::bindep::{Active, Distribution, File};

fn bindep(criterion: &mut Criterion) {
    let text = text();
    let atoms = Distribution::named("ubuntu-noble")
        .expect("a known name")
        .atoms();
    let select = |text: &str| -> usize {
        let file = File::parse(text).expect("a valid file");
        let active = Active::new(["nova", "libvirt", "noble"], &atoms);
        file.active(&active).map(|rule| rule.name.len()).sum()
    };
    criterion.bench_function("120 lines parsed and evaluated", |bencher| {
        bencher.iter(|| select(black_box(&text)));
    });
}

fn text() -> String {
    let selectors = [
        "",
        " [platform:dpkg]",
        " [platform:rpm (nova libvirt)] # a comment on why this is here",
        " [platform:dpkg nova cinder !slim]",
        " [(platform:ubuntu-noble nova) (platform:debian !nova) glance] >=1:2.3-4,<3",
        " [platform:centos-9 platform:rocky-9]",
    ];
    let mut text = String::new();
    for number in 0..120 {
        let selector = selectors[number % selectors.len()];
        writeln!(text, "lib-some-package{number}-dev{selector}").expect("a string takes all");
    }
    text
}

criterion_group!(benches, bindep);
criterion_main!(benches);

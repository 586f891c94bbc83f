//! Releases: the wheels of constraints, made in containers from an index on this machine.

mod bad;
mod faults;
mod good;
mod hermetic;
mod packages;
mod served;
mod sources;
mod usable;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use loci_install::python::WheelName;
use serde_json::Value;

use crate::assets::{assets, made_once};
use crate::container::Container;
use crate::files::digest_of;
use packages::BUILDS;
use served::Served;

/// Where wheels are published.
const WHEELS: &str = "/wheels";

/// The base with what a release's build needs, and with its virtualenv of tools:
/// a release of nothing was made in it.
fn tools() -> &'static str {
    static IMAGE: OnceLock<String> = OnceLock::new();
    IMAGE.get_or_init(|| {
        made_once("release", &assets().base, |container| {
            let index = Served::new();
            let mut container = container;
            settings(&mut container, &index);
            constraints(&container, "");
            // For sources with a history.
            container.set("DIST_PACKAGES", "git");
            container
                .steps(&["bootstrap", "packages", "constraints"])
                .succeeded();
            container.shell(
                "cd /var/lib/loci-install/requirements && mv tools .. && rm -r * /var/cache/loci-install \
                 && mv ../tools . && rm -f ../*.json",
            );
            container
        })
    })
}

/// A container that is to make a release of these constraints from this index.
fn release(index: &Served, text: &str) -> Container {
    let mut container = Container::of(tools());
    settings(&mut container, index);
    constraints(&container, text);
    container
}

fn settings(container: &mut Container, index: &Served) {
    container.input("bindep.txt", "");
    container.set("PROJECT", "requirements");
    container.set("PIP_INDEX_URL", &index.url);
    // A question that fails on this machine fails at once.
    container.set("PIP_RETRIES", "0");
}

fn constraints(container: &Container, text: &str) {
    container.input("data/requirements/upper-constraints.txt", text);
}

impl Container {
    /// The published wheels by file name.
    fn wheels(&self) -> Vec<String> {
        let mut names = self.names_in(WHEELS);
        names.retain(|name| WheelName::parse(name).is_some());
        names.sort();
        names
    }

    /// The published versions, one by one.
    fn pins(&self) -> BTreeMap<String, String> {
        let text = self.read("/wheels/upper-constraints.txt");
        let lines = text.lines().map(|line| {
            let (name, version) = line.split_once("===").expect("a pin");
            (name.to_owned(), version.to_owned())
        });
        lines.collect()
    }

    /// The published digests, by file name of the wheel that has it.
    fn digests(&self) -> BTreeMap<String, String> {
        let wheels = self.wheels().into_iter().map(|wheel| {
            let digest = digest_of(&self.path(&format!("{WHEELS}/{wheel}")));
            (wheel, digest)
        });
        wheels.collect()
    }

    /// The builds that ran since the last call, in their order.
    fn builds(&self) -> Vec<String> {
        if !self.has(BUILDS) {
            return Vec::new();
        }
        let builds = self.read(BUILDS);
        self.remove(BUILDS);
        builds.lines().map(str::to_owned).collect()
    }

    /// The published record.
    fn published_record(&self) -> Value {
        self.json("/wheels/build.json")
    }
}

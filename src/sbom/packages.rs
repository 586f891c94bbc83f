//! Packages of the distribution.

use std::collections::BTreeMap;

use super::cyclonedx::{Component, Dependency, Licence};
use super::purl::Purl;
use super::{Image, System, because, dependency, licences};
use crate::platform::Family;
use crate::platform::package_manager::Facts;
use crate::record::{Package, PackageReason};

/// Every package.
pub fn components(image: &Image<'_>, system: &System) -> Vec<Component> {
    let component = |package: &Facts| {
        let purl = purl(image, system, package);
        let recorded = image.record.packages.iter().find(|one| is(one, package));
        Component {
            reference: purl.clone(),
            name: package.name.clone(),
            version: package.version.clone(),
            licenses: licences_of(image, package),
            purl: Some(purl),
            properties: recorded
                .map(|package| because(&package.because))
                .unwrap_or_default(),
            ..Component::default()
        }
    };
    image.packages.iter().map(component).collect()
}

/// Those that were asked for, as the bill refers to them.
pub fn asked_for<'a>(image: &'a Image<'_>, system: &'a System) -> impl Iterator<Item = String> {
    there_for(image, system, PackageReason::AskedFor)
}

/// Those of the base image.
pub fn of_base<'a>(image: &'a Image<'_>, system: &'a System) -> impl Iterator<Item = String> {
    there_for(image, system, PackageReason::Base)
}

fn there_for(
    image: &Image<'_>,
    system: &System,
    reason: PackageReason,
) -> impl Iterator<Item = String> {
    image.packages.iter().filter_map(move |package| {
        let recorded = image.record.packages.iter().find(|one| is(one, package))?;
        (recorded.because == reason).then(|| purl(image, system, package))
    })
}

fn is(recorded: &Package, package: &Facts) -> bool {
    recorded.name == package.name
        && recorded.architecture == package.architecture
        && recorded.version == package.version
}

/// What packages need, where the database says it in packages.
pub fn dependencies(image: &Image<'_>, system: &System) -> Vec<Dependency> {
    if image.platform.family != Family::Debian {
        return Vec::new();
    }
    let purls: Vec<String> = image
        .packages
        .iter()
        .map(|package| purl(image, system, package))
        .collect();
    let mut by_name: BTreeMap<&str, &String> = BTreeMap::new();
    // What a package is called counts for more than what others provide.
    for (package, purl) in image.packages.iter().zip(&purls) {
        by_name.entry(&package.name).or_insert(purl);
    }
    for (package, purl) in image.packages.iter().zip(&purls) {
        for provided in &package.provides {
            by_name.entry(provided).or_insert(purl);
        }
    }
    let needs = |package: &Facts| -> Vec<String> {
        let needs = package.depends.iter().filter_map(|alternatives| {
            let mut there = alternatives.iter().filter_map(|name| by_name.get(&**name));
            Some((*there.next()?).clone())
        });
        needs.collect()
    };
    image
        .packages
        .iter()
        .zip(&purls)
        .map(|(package, purl)| dependency(purl, needs(package)))
        .collect()
}

fn licences_of(image: &Image<'_>, package: &Facts) -> Vec<Licence> {
    if let Some(licence) = &package.licence {
        return licences::named(licence);
    }
    let copyright = format!("/usr/share/doc/{}/copyright", package.name);
    let text = image.root.read(copyright).unwrap_or_default();
    licences::of_copyright(&text)
}

/// `pkg:deb/debian/...`, `pkg:rpm/fedora/...`; what a package was built of is told as scanners
/// expect it, because advisories of distributions are of source packages.
fn purl(image: &Image<'_>, system: &System, package: &Facts) -> String {
    let distro = match &*system.version {
        "" => system.id.clone(),
        version => format!("{}-{version}", system.id),
    };
    let is_debian = image.platform.family == Family::Debian;
    // Debian's versions keep their epoch.
    let (epoch, version) = match package.version.split_once(':') {
        Some((epoch, version)) if !is_debian => (epoch, version),
        _ => ("", &*package.version),
    };
    Purl {
        kind: if is_debian { "deb" } else { "rpm" },
        namespace: Some(vendor(&system.id)),
        name: &package.name,
        version,
        qualifiers: &[
            ("arch", &package.architecture),
            ("distro", &distro),
            ("epoch", epoch),
            ("upstream", package.source.as_deref().unwrap_or_default()),
        ],
    }
    .to_string()
}

/// What a distribution is called there, by its `ID`.
fn vendor(id: &str) -> &str {
    match id {
        "rhel" => "redhat",
        id if id.starts_with("opensuse") => "opensuse",
        id => id,
    }
}

use std::fs;

use serde_json::{Value, json};

use super::*;
use crate::platform::DistributionOverride;
use crate::record::{
    AppliedPatch, Distribution, DistributionReason, Package, PackageReason, Source, Wheel,
    WheelSource,
};

const DEBIAN: &str = "NAME=\"Debian GNU/Linux\"\nID=debian\nVERSION_ID=\"13\"\n";
const CENTOS: &str =
    "NAME=\"CentOS Stream\"\nID=centos\nID_LIKE=\"rhel fedora\"\nVERSION_ID=\"9\"\n";

/// An image below a directory.
struct Made {
    directory: tempfile::TempDir,
    record: Record,
    packages: Vec<Facts>,
}

impl Made {
    fn of(os_release: &str) -> Self {
        let made = Self {
            directory: tempfile::tempdir().expect("a directory"),
            record: Record {
                project: "tiny".to_owned(),
                ..Record::default()
            },
            packages: Vec::new(),
        };
        made.file("etc/os-release", os_release);
        made.file("var/lib/openstack/pyvenv.cfg", "version = 3.13.5\n");
        made
    }

    fn file(&self, path: &str, text: &str) {
        let path = self.directory.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, text).expect("written");
    }

    /// A distribution, installed for this reason.
    fn installed(
        &mut self,
        name: &str,
        header: &str,
        because: DistributionReason,
        from: WheelSource,
    ) {
        let module = name.replace(['.', '-'], "_");
        let path = format!(
            "var/lib/openstack/lib/python3.13/site-packages/{module}-1.0.dist-info/METADATA"
        );
        self.file(
            &path,
            &format!("Name: {name}\nVersion: 1.0\n{header}\nOf it.\n"),
        );
        self.record.distributions.push(Distribution {
            name: name.to_owned(),
            version: "1.0".to_owned(),
            because,
            wheel: Some(Wheel {
                file: format!("{module}-1.0-py3-none-any.whl"),
                sha256: "ab".repeat(32),
                from,
            }),
            record_sha256: None,
        });
    }

    fn package(
        &mut self,
        name: &str,
        version: &str,
        because: PackageReason,
        more: impl Fn(&mut Facts),
    ) {
        let mut facts = Facts {
            name: name.to_owned(),
            architecture: "amd64".to_owned(),
            version: version.to_owned(),
            source: None,
            licence: None,
            depends: Vec::new(),
            provides: Vec::new(),
        };
        more(&mut facts);
        self.packages.push(facts);
        self.record.packages.push(Package {
            name: name.to_owned(),
            version: version.to_owned(),
            architecture: "amd64".to_owned(),
            because,
        });
    }

    fn bill(&self, epoch: Option<u64>) -> Value {
        let root = Root::new(self.directory.path());
        let platform =
            Platform::detect(&root, &DistributionOverride::default()).expect("a platform");
        let image = Image {
            root: &root,
            platform: &platform,
            record: &self.record,
            packages: &self.packages,
            extras: &["cache".to_owned()],
            epoch,
        };
        let text = of(&image);
        serde_json::from_str(&text).expect("JSON")
    }
}

/// The component of this name.
fn component(bill: &Value, name: &str) -> Value {
    let mut all = bill["components"].as_array().expect("an array").iter();
    let one = all.find(|one| one["name"] == name);
    one.unwrap_or_else(|| panic!("no {name} in {bill:#}"))
        .clone()
}

/// What this depends on.
fn needs(bill: &Value, reference: &str) -> Value {
    let mut all = bill["dependencies"].as_array().expect("an array").iter();
    let one = all.find(|one| one["ref"] == reference);
    one.unwrap_or_else(|| panic!("no {reference} in {bill:#}"))["dependsOn"].clone()
}

#[test]
fn packages_are_told_with_what_they_are_built_of_and_need() {
    let mut made = Made::of(DEBIAN);
    made.package("libc6", "2.41-12", PackageReason::Base, |package| {
        package.source = Some("glibc".to_owned());
        package.provides = vec!["libc6-2.41".to_owned()];
    });
    made.package(
        "libstdc++6",
        "1:14.2+b1",
        PackageReason::AskedFor,
        |package| {
            package.source = Some("gcc-14@1:14.2".to_owned());
            package.depends = vec![
                vec!["none".to_owned(), "libc6-2.41".to_owned()],
                vec!["gone".to_owned()],
            ];
        },
    );
    made.file(
        "usr/share/doc/libc6/copyright",
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nLicense: LGPL-2.1+\n",
    );
    let bill = made.bill(None);
    let libc = "pkg:deb/debian/libc6@2.41-12?arch=amd64&distro=debian-13&upstream=glibc";
    assert_eq!(
        component(&bill, "libc6"),
        json!({
            "type": "library",
            "bom-ref": libc,
            "name": "libc6",
            "version": "2.41-12",
            "purl": libc,
            "licenses": [{"license": {"id": "LGPL-2.1-or-later"}}],
            "properties": [{"name": "loci-install:because", "value": "base"}],
        })
    );
    let library = component(&bill, "libstdc++6");
    assert_eq!(library["licenses"], Value::Null);
    let library = library["purl"].as_str().expect("a purl");
    assert_eq!(
        library,
        "pkg:deb/debian/libstdc%2B%2B6@1:14.2%2Bb1?arch=amd64&distro=debian-13&upstream=gcc-14%401:14.2"
    );
    assert_eq!(needs(&bill, library), json!([libc]));
    assert_eq!(needs(&bill, "operating-system"), json!([libc]));
    assert_eq!(needs(&bill, "image"), json!(["operating-system", library]));
    assert_eq!(component(&bill, "debian")["version"], "13");
    assert_eq!(bill["metadata"]["component"]["type"], "container");
}

#[test]
fn an_epoch_of_rpm_is_a_qualifier() {
    let mut made = Made::of(CENTOS);
    made.package(
        "git-core",
        "1:2.47-1.el9",
        PackageReason::Required,
        |package| {
            package.source = Some("git-2.47-1.el9.src.rpm".to_owned());
            package.licence = Some("GPLv2".to_owned());
        },
    );
    let git = component(&made.bill(None), "git-core");
    assert_eq!(
        git["purl"],
        "pkg:rpm/centos/git-core@2.47-1.el9?arch=amd64&distro=centos-9&epoch=1&upstream=git-2.47-1.el9.src.rpm"
    );
    assert_eq!(git["version"], "1:2.47-1.el9");
    assert_eq!(git["licenses"], json!([{"license": {"name": "GPLv2"}}]));
}

#[test]
fn distributions_are_told_with_their_files_and_sources() {
    let mut made = Made::of(DEBIAN);
    made.installed(
        "tiny",
        "License-Expression: Apache-2.0\nRequires-Dist: oslo_config[yaml]>=1\n\
         Requires-Dist: six; extra == 'cache'\nRequires-Dist: tz; python_version < '3'\n",
        DistributionReason::Source,
        WheelSource::Built("tiny".to_owned()),
    );
    made.installed(
        "oslo.config",
        "Requires-Dist: PyYAML; extra == 'yaml'\n",
        DistributionReason::Required,
        WheelSource::Index("https://ci:hunter22@h/oslo.config-1.0-py3-none-any.whl".to_owned()),
    );
    for name in ["PyYAML", "six", "tz"] {
        let from = WheelSource::Wheels("/wheels".to_owned());
        made.installed(name, "", DistributionReason::Required, from);
    }
    let source = |repository: &str| Source {
        repository: Some(repository.to_owned()),
        commit: Some("c0ffee".to_owned()),
        reference: Some("v1.2".to_owned()),
        ..Source::default()
    };
    let mut tiny = source("https://****@h/tiny");
    tiny.patches.push(AppliedPatch {
        file: "/opt/loci/patches/tiny/1.patch".to_owned(),
        sha256: "cd".repeat(32),
    });
    made.record.sources.insert("tiny".to_owned(), tiny);
    let console = source("https://h/novnc");
    made.record.sources.insert("novnc".to_owned(), console);

    let bill = made.bill(Some(1_735_689_599));
    let purl = "pkg:pypi/tiny@1.0?vcs_url=git%2Bhttps:%2F%2Fh%2Ftiny%40c0ffee";
    assert_eq!(
        component(&bill, "tiny"),
        json!({
            "type": "library",
            "bom-ref": purl,
            "name": "tiny",
            "version": "1.0",
            "purl": purl,
            "hashes": [{"alg": "SHA-256", "content": "ab".repeat(32)}],
            "licenses": [{"expression": "Apache-2.0"}],
            "externalReferences": [
                {
                    "type": "distribution",
                    "url": "tiny-1.0-py3-none-any.whl",
                    "comment": "built of tiny",
                },
                {"type": "vcs", "url": "https://h/tiny", "comment": "commit c0ffee"},
            ],
            "pedigree": {
                "ancestors": [{"type": "library", "name": "tiny", "version": "1.0", "purl": purl}],
                "commits": [{"uid": "c0ffee", "url": "https://h/tiny"}],
                "patches": [{
                    "type": "unofficial",
                    "diff": {
                        "url": format!("/opt/loci/patches/tiny/1.patch#sha256={}", "cd".repeat(32)),
                    },
                }],
            },
            "properties": [
                {"name": "loci-install:because", "value": "source"},
                {"name": "loci-install:commit", "value": "c0ffee"},
            ],
        })
    );
    let oslo = component(&bill, "oslo.config");
    assert_eq!(oslo["purl"], "pkg:pypi/oslo-config@1.0");
    assert_eq!(oslo["pedigree"], Value::Null);
    assert_eq!(
        oslo["externalReferences"][0]["url"],
        "https://****@h/oslo.config-1.0-py3-none-any.whl"
    );
    assert_eq!(
        component(&bill, "novnc")["purl"],
        "pkg:generic/novnc@v1.2?vcs_url=git%2Bhttps:%2F%2Fh%2Fnovnc%40c0ffee"
    );
    assert_eq!(
        needs(&bill, purl),
        json!(["pkg:pypi/oslo-config@1.0", "pkg:pypi/six@1.0"])
    );
    assert_eq!(
        needs(&bill, "pkg:pypi/oslo-config@1.0"),
        json!(["pkg:pypi/pyyaml@1.0"])
    );
    // Nobody requires tz here, but it is there.
    assert_eq!(
        needs(&bill, "image"),
        json!(["operating-system", purl, "pkg:pypi/tz@1.0"])
    );
    let metadata = &bill["metadata"];
    assert_eq!(metadata["timestamp"], "2024-12-31T23:59:59Z");
    assert_eq!(
        metadata["component"],
        json!({"type": "application", "bom-ref": "image", "name": "tiny", "version": "1.0", "purl": purl})
    );
}

#[test]
fn a_source_without_an_address_is_told_from_another() {
    let mut made = Made::of(DEBIAN);
    let mounted = Source {
        sha256: Some("ef".repeat(32)),
        ..Source::default()
    };
    made.record.sources.insert("addon".to_owned(), mounted);
    assert_eq!(
        component(&made.bill(None), "addon")["properties"],
        json!([{"name": "loci-install:source-sha256", "value": "ef".repeat(32)}])
    );
}

#[test]
fn the_same_contents_have_the_same_number() {
    let mut made = Made::of(DEBIAN);
    let first = made.bill(None);
    assert_eq!(first, made.bill(None));
    assert_eq!(first["metadata"]["timestamp"], Value::Null);
    made.package("libc6", "2.41-12", PackageReason::Base, |_| {});
    let second = made.bill(None);
    assert_ne!(first["serialNumber"], second["serialNumber"]);
    let number = second["serialNumber"].as_str().expect("a number");
    let number = number.strip_prefix("urn:uuid:").expect("a UUID");
    let parts: Vec<&str> = number.split('-').collect();
    assert_eq!(
        parts.iter().map(|part| part.len()).collect::<Vec<_>>(),
        [8, 4, 4, 4, 12]
    );
    assert!(parts[2].starts_with('8'), "{number}");
}

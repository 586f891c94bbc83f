//! Images with more than the base: tools that make wheels and sdists, and what
//! builds of services expect.

use crate::base::{self, Suite};
use crate::binary::Binary;
use crate::engine::{Build, Engine};
use crate::error::Result;
use crate::process::stage;
use crate::workspace;

/// Python and its virtualenvs.
const PYTHON: &[&str] = &["python3", "python3-venv"];

/// What the base image of LOCI has that services are built on.
const PREPARED: &[&str] = &[
    "bind9-host",
    "ca-certificates",
    "git",
    "gnupg",
    "lsb-release",
    "netbase",
    "patch",
    "sudo",
    "wget",
];

/// The package managers of the other families, and the git that their packages lead to.
const RPM: &[&str] = &["dnf", "git", "zypper"];

/// Nothing of Debian's own answers there. What a test's packages are to bring has been
/// moved to where they find it. The plugins' macros are not on EL and SUSE, where plugins
/// are packages of their own; `unshare` fails in containers, and every scriptlet with it.
const WITHOUT_DEBIAN: &str = " \
    && mkdir /usr/lib/hidden \
    && mv /usr/bin/git /usr/sbin/groupadd /usr/sbin/groupmod /usr/sbin/useradd /usr/sbin/usermod /usr/lib/hidden \
    && rm -rf /usr/lib/rpm/macros.d/macros.transaction_* /etc/dnf/dnf.conf /var/log/* \
    && rm -rf /usr/bin/apt* /usr/bin/dpkg* /etc/apt /etc/dpkg /var/lib/apt /var/lib/dpkg /var/cache/apt";

/// As that base image is left: without lists.
const CLEANED: &str = " && apt-get clean && rm -rf /var/lib/apt/lists/*";

/// The name of an image with all that compiles wheels.
pub fn compiler(engine: Engine, binary: &Binary, suite: Suite) -> Result<String> {
    let packages = binary.bindep("bindep.txt", &["requirements"], suite)?;
    let packages: Vec<&str> = packages.iter().map(String::as_str).collect();
    ensure(engine, suite, "builder", &[&packages, PYTHON].concat(), "")
}

/// The name of an image with Python.
pub fn python(engine: Engine, suite: Suite) -> Result<String> {
    ensure(engine, suite, "python", PYTHON, "")
}

/// The name of an image as LOCI prepares one for its services.
pub fn prepared(engine: Engine, suite: Suite) -> Result<String> {
    let library = format!("libpython{}", suite.python());
    let packages = [PREPARED, PYTHON, &[&library]].concat();
    ensure(engine, suite, "prepared", &packages, CLEANED)
}

/// The name of an image with dnf, zypper and rpm, and without apt and dpkg: what the tests
/// make systems of the other families from.
pub fn rpm(engine: Engine, suite: Suite) -> Result<String> {
    let library = format!("libpython{}", suite.python());
    let packages = [RPM, PYTHON, &[&library]].concat();
    ensure(engine, suite, "rpm", &packages, WITHOUT_DEBIAN)
}

fn ensure(
    engine: Engine,
    suite: Suite,
    name: &str,
    packages: &[&str],
    then: &str,
) -> Result<String> {
    let base_key = base::ensure(engine, suite)?;
    let packages = packages.join(" ");
    let containerfile = format!(
        "FROM {}\n\
         RUN apt-get update -q \
         && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends {packages}{then}\n",
        suite.image()
    );
    let key = workspace::key(&[&base_key, &containerfile]);
    let image = format!("localhost/loci-{name}-{}", suite.name());
    if !engine.has(&image, &key) {
        stage(&format!("making {image}"), || {
            let context = workspace::fresh("empty")?;
            let file = workspace::work("containerfiles")?.join(&key);
            workspace::write(&file, &containerfile)?;
            engine.build(&Build {
                key: &key,
                ..Build::new(&image, &context, &file)
            })
        })?;
    }
    Ok(image)
}

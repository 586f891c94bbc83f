//! The image with all that compiles wheels.

use crate::base::{self, Suite};
use crate::binary::Binary;
use crate::engine::{Build, Engine};
use crate::error::Result;
use crate::process::stage;
use crate::workspace;

/// Makes it, and tells its name and what it was made from.
pub fn ensure(engine: Engine, binary: &Binary, suite: Suite) -> Result<(String, String)> {
    let base_key = base::ensure(engine, suite)?;
    let mut packages = binary.bindep("bindep.txt", &["requirements"], suite)?;
    packages.extend(["python3", "python3-venv"].map(ToOwned::to_owned));
    let packages = packages.join(" ");
    let containerfile = format!(
        "FROM {}\n\
         RUN apt-get update -q \
         && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends {packages}\n",
        suite.image()
    );
    let key = workspace::key(&[&base_key, &containerfile]);
    let image = format!("localhost/loci-builder-{}", suite.name());
    if !engine.has(&image, &key) {
        stage(&format!("making {image}, which compiles wheels"), || {
            let context = workspace::fresh("empty")?;
            let file = workspace::work("containerfiles")?.join(&key);
            workspace::write(&file, &containerfile)?;
            engine.build(&Build {
                key: &key,
                ..Build::new(&image, &context, &file)
            })
        })?;
    }
    Ok((image, key))
}

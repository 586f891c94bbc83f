//! The pages of nova's consoles. Upstream they are in git only, which builds do
//! without; Debian's archive is there for every build.

use std::path::PathBuf;

use crate::base::Suite;
use crate::builder;
use crate::engine::Engine;
use crate::error::Result;
use crate::process::{self, stage};
use crate::workspace;

/// Part of the key: another script may fetch something else.
const SCRIPT: &str = include_str!("../scripts/consoles.sh");

/// The sources that a service has beside its own, by their names below `data`.
pub fn sources(
    engine: Engine,
    suite: Suite,
    service: &str,
) -> Result<Vec<(&'static str, PathBuf)>> {
    if service != "nova" {
        return Ok(Vec::new());
    }
    let key = workspace::key(&[SCRIPT, suite.name()]);
    let directory = workspace::kept(&format!("consoles/{}", suite.name()), &key, |output| {
        let python = builder::python(engine, suite)?;
        stage("fetching novnc and spice-html5", || {
            let container = engine.container(&python)?;
            process::run(container.script("root", &[(output, "/out")], "consoles.sh", &[]))
        })
    })?;
    let names = ["novnc", "spice-html5"];
    Ok(names.map(|name| (name, directory.join(name))).into())
}

//! A registry on this machine, and the image of wheels in it.

use std::fs::File;
use std::path::Path;
use std::process::Child;

use loci_install::wheels::image::{Descriptor, Document, read};

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::process::{self, command};
use crate::{network, workspace};

/// What the image is called there.
const REPOSITORY: &str = "loci/wheels";
const TAG: &str = "latest";

/// The names of an image's parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Docker's schema 2.
    Docker,
    /// OCI's image specification.
    Oci,
}

impl Format {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Oci => "oci",
        }
    }

    /// As skopeo calls it.
    fn of_skopeo(self) -> &'static str {
        match self {
            Self::Docker => "v2s2",
            Self::Oci => "oci",
        }
    }
}

/// How layers are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Compression {
    /// By gzip, as everywhere.
    Gzip,
    /// By zstd, which formats before OCI's do not have.
    Zstd,
}

impl Compression {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// A server with one image, ended when this is dropped.
pub struct Registry {
    server: Child,
    /// HOST:PORT
    address: String,
}

impl Registry {
    /// Serves images that are kept below `directory`.
    pub fn serve(directory: &Path) -> Result<Self> {
        let port = network::free_port()?;
        let address = format!("127.0.0.1:{port}");
        let file = directory.join("registry.yml");
        workspace::write(&file, &configuration(&directory.join("storage"), &address))?;
        let log = directory.join("registry.log");
        let said = File::create(&log).map_err(Error::io("make", &log))?;
        let spoken = said.try_clone().map_err(Error::io("open", &log))?;
        let mut server = command("docker-registry", ["serve"]);
        server.arg(&file).stdout(said).stderr(spoken);
        let line = process::literal(&server);
        let server = server
            .spawn()
            .map_err(|error| Error::Io(format!("cannot run {line}"), error))?;
        let registry = Self { server, address };
        if network::answers(port) {
            return Ok(registry);
        }
        let said = workspace::read(&log)?;
        Err(Error::refused(format!("nobody answers: {line}\n{said}")))
    }

    /// Copies an image of the engine's into it.
    pub fn push(
        &self,
        engine: Engine,
        image: &str,
        format: Format,
        compression: Compression,
    ) -> Result<()> {
        let mut skopeo = engine.copy(image)?;
        skopeo.arg(format!("docker://{}", self.reference()));
        skopeo.args(["--dest-tls-verify=false", "--quiet"]);
        skopeo.args(["--format", format.of_skopeo()]);
        skopeo.args(["--dest-compress-format", compression.name()]);
        process::run(skopeo)
    }

    /// What the image is called.
    pub fn reference(&self) -> String {
        format!("{}/{REPOSITORY}:{TAG}", self.address)
    }

    /// Where a layer is.
    pub fn url(&self, layer: &Descriptor) -> String {
        format!(
            "http://{}/v2/{REPOSITORY}/blobs/{}",
            self.address, layer.digest
        )
    }

    /// The layers of the image, the lowest one first.
    pub fn layers(&self) -> Result<Vec<Descriptor>> {
        let mut skopeo = command("skopeo", ["inspect", "--raw", "--tls-verify=false"]);
        skopeo.arg(format!("docker://{}", self.reference()));
        let manifest = process::read(skopeo)?;
        match read(manifest.as_bytes(), None) {
            Ok(Document::Manifest(layers)) => Ok(layers),
            Ok(Document::Index(_)) => Err(Error::refused("what was pushed is no single image")),
            Err(why) => Err(Error::refused(format!("the manifest: {why}"))),
        }
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.server.kill().ok();
        self.server.wait().ok();
    }
}

/// In JSON, which is YAML as well and has rules for every path.
fn configuration(storage: &Path, address: &str) -> String {
    serde_json::json!({
        "version": 0.1,
        "log": {"level": "error", "accesslog": {"disabled": true}},
        "storage": {"filesystem": {"rootdirectory": storage}},
        "http": {"addr": address},
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_is_told_where_it_is() {
        let told = configuration(Path::new("/a \"b\""), "127.0.0.1:5");
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        assert_eq!(told["storage"]["filesystem"]["rootdirectory"], "/a \"b\"");
        assert_eq!(told["http"]["addr"], "127.0.0.1:5");
    }
}

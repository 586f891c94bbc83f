//! A registry that wants the login, with an image of wheels in it.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;
use tempfile::TempDir;

use super::search::{CANARY, USER};
use crate::assets::buildah;
use crate::daemon::Daemon;
use crate::said::run;

/// The login as htpasswd(1) keeps it; the only kind that the registry reads is bcrypt.
const HTPASSWD: &str = "ci:$2y$05$abcdefghijklmnopqrstuuyX0.vVtmpvaM5KK0vb/QPJijX65oyne\n";

/// docker-registry; it ends with this.
pub struct Registry {
    /// `127.0.0.1:PORT`.
    pub host: String,
    _daemon: Daemon,
    _kept: TempDir,
}

impl Registry {
    /// One with an image `wheels` of these files.
    pub fn with(files: &[&Path]) -> Self {
        let kept = tempfile::tempdir().expect("a directory");
        let passwords = kept.path().join("htpasswd");
        fs::write(&passwords, HTPASSWD).expect("written");
        let file = kept.path().join("configuration.yml");
        let daemon = Daemon::start(|address| {
            // Every text in JSON is one in YAML.
            let configuration = json!({
                "version": "0.1",
                "log": {"level": "error", "accesslog": {"disabled": true}},
                "storage": {"filesystem": {"rootdirectory": kept.path().join("kept")}},
                "http": {"addr": address, "relativeurls": true},
                "auth": {"htpasswd": {"realm": "A registry", "path": passwords}},
            });
            fs::write(&file, configuration.to_string()).expect("written");
            let mut command = Command::new("docker-registry");
            command.arg("serve").arg(&file).env_clear();
            command
        });
        let registry = Self {
            host: daemon.address.to_string(),
            _daemon: daemon,
            _kept: kept,
        };
        registry.push(files);
        registry
    }

    fn push(&self, files: &[&Path]) {
        let container = run(buildah().args(["from", "scratch"]));
        let container = container.trim();
        run(buildah()
            .args(["copy", "--quiet", container])
            .args(files)
            .arg("/"));
        // Tests that run at once have ports of their own.
        let port = self.host.rsplit(':').next().unwrap_or_default();
        let image = format!("localhost/loci-test-canary-{port}-{}", std::process::id());
        run(buildah().args(["commit", "--quiet", "--rm", container, &image]));
        let login = format!("{USER}:{CANARY}");
        let place = format!("docker://{}/wheels:latest", self.host);
        run(buildah()
            .args(["push", "--quiet", "--tls-verify=false", "--creds", &login])
            .args([&image, &place]));
        run(buildah().args(["rmi", &image]));
    }
}

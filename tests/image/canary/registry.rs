//! A registry that wants the login, with an image of wheels in it.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;

use super::search::{CANARY, USER};
use crate::assets::buildah;
use crate::said::run;

/// The login as htpasswd(1) keeps it; the only kind that the registry reads is bcrypt.
const HTPASSWD: &str = "ci:$2y$05$abcdefghijklmnopqrstuuyX0.vVtmpvaM5KK0vb/QPJijX65oyne\n";

/// docker-registry; it ends with this.
pub struct Registry {
    /// `127.0.0.1:PORT`.
    pub host: String,
    child: Child,
    _kept: TempDir,
}

impl Registry {
    /// One with an image `wheels` of these files.
    pub fn with(files: &[&Path]) -> Self {
        let kept = tempfile::tempdir().expect("a directory");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let host = listener.local_addr().expect("an address").to_string();
        drop(listener);
        let passwords = kept.path().join("htpasswd");
        fs::write(&passwords, HTPASSWD).expect("written");
        // Every text in JSON is one in YAML.
        let configuration = json!({
            "version": "0.1",
            "log": {"level": "error", "accesslog": {"disabled": true}},
            "storage": {"filesystem": {"rootdirectory": kept.path().join("kept")}},
            "http": {"addr": host, "relativeurls": true},
            "auth": {"htpasswd": {"realm": "A registry", "path": passwords}},
        });
        let file = kept.path().join("configuration.yml");
        fs::write(&file, configuration.to_string()).expect("written");
        let child = Command::new("docker-registry")
            .arg("serve")
            .arg(&file)
            .env_clear()
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("docker-registry");
        let registry = Self {
            host,
            child,
            _kept: kept,
        };
        while TcpStream::connect(&registry.host).is_err() {
            thread::sleep(Duration::from_millis(20));
        }
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

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

//! A real registry, and what it keeps.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::certificates::Certificate;
use crate::image::{Image, Index};
use crate::push;
use crate::tokens::{self, Tokens};

/// Who may read a registry that asks.
pub const USER: &str = "reader";
/// The password.
pub const PASSWORD: &str = "s3cret-word";
/// The two as htpasswd keeps them; the only kind that the registry reads is bcrypt.
const HTPASSWD: &str = "reader:$2y$05$abcdefghijklmnopqrstuuEpHRRKIlpAGo.iP7Bpa.htQEJMAAnRe\n";

/// What registries keep, on disk: several may serve it, one after another.
pub struct Storage {
    directory: TempDir,
}

impl Storage {
    /// With these images in it, by name and tag.
    pub fn of<'a>(images: impl IntoIterator<Item = (&'a str, &'a Image)>) -> Self {
        let registry = Registry::plain();
        for (name, image) in images {
            registry.push(name, image);
        }
        registry.stop()
    }

    fn empty() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        Self { directory }
    }
}

/// A registry; it ends with this.
pub struct Registry {
    /// Its port of 127.0.0.1.
    pub port: u16,
    child: Child,
    storage: Option<Storage>,
}

impl Registry {
    /// One that talks HTTP and asks nobody who he is.
    pub fn plain() -> Self {
        Self::start(Storage::empty(), &json!({}), &json!({}))
    }

    /// The same, with what is there.
    pub fn plain_with(storage: Storage) -> Self {
        Self::start(storage, &json!({}), &json!({}))
    }

    /// One that talks TLS.
    pub fn tls(storage: Storage, certificate: &Certificate) -> Self {
        Self::start(storage, &tls(certificate), &json!({}))
    }

    /// One that wants [`USER`] and [`PASSWORD`].
    pub fn with_password(storage: Storage) -> Self {
        let auth = password(&storage);
        Self::start(storage, &json!({}), &auth)
    }

    /// The same over TLS.
    pub fn tls_with_password(storage: Storage, certificate: &Certificate) -> Self {
        let auth = password(&storage);
        Self::start(storage, &tls(certificate), &auth)
    }

    /// One that wants a token of this server.
    pub fn with_tokens(storage: Storage, tokens: &Tokens) -> Self {
        let auth = json!({"token": {
            "realm": tokens.realm(),
            "service": tokens::SERVICE,
            "issuer": tokens::ISSUER,
            "rootcertbundle": tokens.certificate(),
        }});
        Self::start(storage, &json!({}), &auth)
    }

    /// Host and port.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// A reference of an image here.
    pub fn reference(&self, name: &str) -> String {
        format!("{}/{name}", self.host())
    }

    /// Brings an image, named `name:tag`, and gives its digest.
    pub fn push(&self, name: &str, image: &Image) -> String {
        push::image(&self.host(), name, image)
    }

    /// Brings an index and its images.
    pub fn push_index(&self, name: &str, index: &Index) -> String {
        push::index(&self.host(), name, index)
    }

    /// Ends it and gives what it kept.
    pub fn stop(mut self) -> Storage {
        self.storage.take().expect("it has one until its end")
    }

    fn start(storage: Storage, http: &Value, auth: &Value) -> Self {
        // The port that was free may be taken by then.
        for _ in 0..5 {
            let port = free_port();
            if let Some(child) = serve(&storage, port, http, auth) {
                let storage = Some(storage);
                return Self {
                    port,
                    child,
                    storage,
                };
            }
        }
        panic!("docker-registry does not start, with {http} and {auth}");
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn tls(certificate: &Certificate) -> Value {
    json!({
        "certificate": certificate.path("server.pem"),
        "key": certificate.path("server-key.pem"),
    })
}

fn password(storage: &Storage) -> Value {
    let path = storage.directory.path().join("htpasswd");
    fs::write(&path, HTPASSWD).expect("written");
    json!({"htpasswd": {"realm": "A registry", "path": path}})
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// A registry that answers, if it does.
fn serve(storage: &Storage, port: u16, tls: &Value, auth: &Value) -> Option<Child> {
    let mut http = json!({"addr": format!("127.0.0.1:{port}"), "relativeurls": true});
    if tls.as_object().is_some_and(|tls| !tls.is_empty()) {
        http["tls"] = tls.clone();
    }
    let mut configuration = json!({
        "version": "0.1",
        "log": {"level": "error", "accesslog": {"disabled": true}},
        "storage": {"filesystem": {"rootdirectory": storage.directory.path().join("kept")}},
        "http": http,
    });
    if auth.as_object().is_some_and(|auth| !auth.is_empty()) {
        configuration["auth"] = auth.clone();
    }
    // Every text in JSON is one in YAML.
    let path = storage.directory.path().join("configuration.yml");
    fs::write(&path, configuration.to_string()).expect("written");
    let mut child = Command::new("docker-registry")
        .arg("serve")
        .arg(&path)
        // It takes every REGISTRY_... for a part of its configuration, and buildah's
        // users have a REGISTRY_AUTH_FILE.
        .env_clear()
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("docker-registry");
    let deadline = Instant::now() + Duration::from_secs(20);
    while Instant::now() < deadline {
        if child.try_wait().expect("a child").is_some() {
            return None;
        }
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Some(child);
        }
        thread::sleep(Duration::from_millis(20));
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

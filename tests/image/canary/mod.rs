//! One password stands everywhere in the inputs of a build: in the repository's URL, in
//! those of wheels and indexes, in files of logins, in the proxy's. It is used, and then
//! it is nowhere: not in the image, not in what was said, on no command line.

mod registry;
mod search;
mod server;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use self::registry::Registry;
use self::search::{CANARY, ENCODED, USER, forms, in_image, in_text, in_tree};
use self::server::Guarded;
use crate::archive::{Archive, Package};
use crate::assets::{assets, buildah, tools};
use crate::container::{Container, PROGRAM, tiny_project};
use crate::files::name_of;
use crate::git_server::{GitServer, Manners};
use crate::repository::Repository;
use crate::said::{Said, run};

/// Servers that all want the password, and the files that have it.
struct World {
    server: Guarded,
    registry: Registry,
    git: GitServer,
    archive: Archive,
    /// Mounted as /run/secrets.
    logins: TempDir,
    _files: TempDir,
}

/// What comes from where.
const SIMPLE: &str = "idna";
const EXTRA: &str = "certifi";
const NETRC: &str = "PasteDeploy";

impl World {
    fn new() -> Self {
        let files = tempfile::tempdir().expect("a directory");
        let root = files.path();
        for (index, name) in [("simple", SIMPLE), ("extra", EXTRA), ("netrc", NETRC)] {
            let directory = root.join(index).join(name.to_lowercase());
            fs::create_dir_all(&directory).expect("made");
            let wheel = wheel(name);
            let file = name_of(&wheel);
            fs::copy(&wheel, directory.join(&file)).expect("copied");
            let page =
                format!("<!DOCTYPE html><html><body><a href=\"{file}\">{file}</a></body></html>");
            fs::write(directory.join("index.html"), page).expect("written");
        }
        let mut tar = Command::new("tar");
        tar.arg("-C")
            .arg(&assets().wheels)
            .arg("-cf")
            .arg(root.join("wheels.tar"));
        tar.args(["upper-constraints.txt", "global-requirements.txt"]);
        for name in ["pip", "setuptools", "wheel", "uv"] {
            tar.arg(name_of(&wheel(name)));
        }
        run(&mut tar);
        let package = |name| Package {
            name,
            fields: "",
            postinst: "",
        };
        let archive = Archive::of(&[package("small")]);
        symlink(archive.path(), root.join("debian")).expect("linked");
        let dependencies = format!("'six', '{SIMPLE}', '{EXTRA}', '{NETRC}'");
        let project = tiny_project(&dependencies);
        let source = Repository::holding(
            &[("pyproject.toml", &project), ("tiny.py", "answer = 42\n")],
            "1.0",
        );
        let manners = Manners {
            login: Some((USER, CANARY)),
            ..Manners::default()
        };
        let registry = Registry::with(&[&wheel("six")]);
        let logins = tempfile::tempdir().expect("a directory");
        let netrc = format!("machine localhost login {USER} password {CANARY}\n");
        fs::write(logins.path().join("netrc"), netrc).expect("written");
        let auth = &forms()[4];
        let docker = format!(
            "{{\"auths\": {{\"{}\": {{\"auth\": \"{auth}\"}}}}}}",
            registry.host
        );
        fs::write(logins.path().join("config.json"), docker).expect("written");
        Self {
            server: Guarded::of(root),
            git: GitServer::lasting(source, manners),
            registry,
            archive,
            logins,
            _files: files,
        }
    }

    /// A container that is told the password in every way.
    fn container(&self, installer: &str) -> Container {
        let mut container = Container::of(tools()).tiny();
        container.unmount("/wheels");
        container
            .shell("rm -rf /etc/apt/sources.list* /var/lib/apt/lists/*_* /var/lib/loci-install");
        container.write("/etc/apt/keyrings/test.asc", &self.archive.key());
        container.write(
            "/etc/apt/sources.list.d/test.list",
            "deb [signed-by=/etc/apt/keyrings/test.asc] http://archive.test/debian trixie main\n",
        );
        // Nobody knows before they come that pip is among the wheels.
        container.write("/usr/lib/python3/ensurepip/__init__.py", "");
        container.mount(self.logins.path(), "/run/logins");
        let (server, registry) = (&self.server, &self.registry.host);
        let arguments = format!("--extra-index-url {}", server.url("/extra"));
        let wheels = format!("{} {registry}/wheels:latest", server.url("/wheels.tar"));
        let netrc = format!("http://localhost:{}/netrc", server.port);
        for (name, value) in [
            ("INSTALLER", installer),
            ("KEEP_ALL_WHEELS", "False"),
            ("DIST_PACKAGES", "small"),
            (
                "PROJECT_REPO",
                &self.git.url_of(&format!("{USER}:{ENCODED}")),
            ),
            ("WHEELS", &wheels),
            ("WHEELS_DEST", "/var/lib/loci-install/wheels"),
            ("PIP_ARGS", &arguments),
            ("PIP_INDEX_URL", &server.url("/simple")),
            ("PIP_EXTRA_INDEX_URL", &netrc),
            ("PIP_RETRIES", "0"),
            ("NETRC", "/run/logins/netrc"),
            ("DOCKER_CONFIG", "/run/logins"),
            ("http_proxy", &server.url("")),
            ("https_proxy", &server.url("")),
            ("no_proxy", "127.0.0.1,localhost"),
        ] {
            container.set(name, value);
        }
        container
    }
}

/// The wheel of a distribution among those of Keystone.
fn wheel(name: &str) -> PathBuf {
    let start = format!("{name}-").to_lowercase();
    let wheels = fs::read_dir(&assets().wheels).expect("wheels").flatten();
    let mut found = wheels.map(|entry| entry.path()).filter(|path| {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        file.to_lowercase().starts_with(&start) && file.ends_with(".whl")
    });
    found.next().unwrap_or_else(|| panic!("no wheel of {name}"))
}

/// The command lines that have it, of all that a command started.
fn on_command_lines(trace: &Path) -> Vec<String> {
    let text = fs::read_to_string(trace).expect("a trace");
    assert!(text.contains("execve(\"/bin/sh\""), "nothing was traced");
    let mut lines = in_text(&text);
    // buildah, which hands this test's variables to the container; and the pip that pip
    // starts for a build's environment and tells of indexes in no other way: a warning.
    let others = [
        "/buildah\", [",
        "\"/proc/self/exe\", [",
        "/pip/__pip-runner__.py\", \"install\"",
    ];
    lines.retain(|line| !others.iter().any(|other| line.contains(other)));
    lines
}

/// Runs a command, and insists that it tells nobody.
fn discreet(container: &mut Container, arguments: &[&str]) -> Said {
    let trace = tempfile::NamedTempFile::new().expect("a file");
    container.trace(Some(trace.path()));
    let said = container.run(arguments);
    container.trace(None);
    assert_eq!(in_text(&said.stdout), Vec::<String>::new());
    assert_eq!(in_text(&said.stderr), Vec::<String>::new());
    if !arguments.contains(&"plan") {
        assert_eq!(
            on_command_lines(trace.path()),
            Vec::<String>::new(),
            "{}",
            said.stderr
        );
    }
    assert_eq!(in_tree(&container.path("/")), Vec::<String>::new());
    said
}

fn builds(installer: &str, flag: Option<&str>) {
    let world = World::new();
    let mut container = world.container(installer);
    for format in ["text", "json", "dot"] {
        discreet(&mut container, &[PROGRAM, "plan", "--format", format]).succeeded();
    }
    let run: Vec<&str> = [PROGRAM].into_iter().chain(flag).collect();
    let said = discreet(&mut container, &run);
    said.succeeded();
    let warned = said
        .stderr
        .contains("warning: an index has a password in its address, ");
    assert_eq!(warned, installer == "pip", "{}", said.stderr);
    let freeze = container.read("/etc/image_info/pip.txt");
    for name in ["six", SIMPLE, EXTRA, NETRC] {
        assert!(freeze.contains(&format!("{name}==")), "{freeze}");
    }
    assert!(container.packages().contains_key("small"));
    // Nobody got anything without the password.
    let given = world.server.given();
    for path in [
        "/wheels.tar",
        "/simple/idna/",
        "/extra/certifi/",
        "/netrc/pastedeploy/",
        "/debian/pool/",
    ] {
        assert!(
            given.iter().any(|given| given.starts_with(path)),
            "{path}: {given:?}"
        );
    }
    let record = container.read("/etc/image_info/build.json");
    assert!(record.contains("http://****@127.0.0.1"), "{record}");
    let image = format!(
        "localhost/loci-test-canary-{installer}-{}",
        std::process::id()
    );
    container.commit(&image);
    let found = in_image(&image);
    let _ = buildah().args(["rmi", &image]).output();
    assert_eq!(found, Vec::<String>::new());
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_build_with_uv_leaves_no_password_anywhere() {
    builds("uv", None);
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_build_with_pip_leaves_no_password_anywhere() {
    builds("pip", Some("--verbose"));
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_build_that_fails_leaves_none_either() {
    let world = World::new();
    let other = GitServer::lasting(
        Repository::holding(&[("setup.py", "")], "1.0"),
        Manners {
            login: Some((USER, "another one")),
            ..Manners::default()
        },
    );
    for (installer, refused, step) in [
        ("uv", "/wheels.tar", "wheels"),
        ("uv", "/debian", "packages"),
        ("uv", "git", "source"),
        ("uv", "registry", "wheels"),
        ("uv", "/simple", "pip"),
        ("pip", "/simple", "pip"),
        ("pip", "/extra", "pip"),
    ] {
        let mut container = world.container(installer);
        match refused {
            "git" => {
                let url = other.url_of(&format!("{USER}:{ENCODED}"));
                container.set("PROJECT_REPO", &url);
            }
            "registry" => {
                let wheels = format!("{}/absent:latest", world.registry.host);
                container.set("WHEELS", &wheels);
            }
            path => world.server.refuse(path),
        }
        container.one_by_one();
        let said = discreet(&mut container, &[PROGRAM]);
        assert_eq!(said.status, Some(1), "{refused}: {}", said.stderr);
        assert!(
            said.stderr.contains(&format!("\nerror: {step}: ")),
            "{refused}: {}",
            said.stderr
        );
        let said = discreet(&mut container, &[PROGRAM, "--verbose"]);
        assert_eq!(said.status, Some(1), "{refused}: {}", said.stderr);
        discreet(&mut container, &[PROGRAM, "plan", "--format", "json"]);
        world.server.refuse("/nothing");
    }
}

/// Who looks for the password finds it, wherever it is.
#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_password_that_is_there_is_found() {
    for form in forms() {
        assert_eq!(
            in_text(&format!("a\nx {form} y\nb")),
            [format!("x {form} y")]
        );
    }
    // Nothing is in it, so that an image of it is made at once.
    let image = format!("localhost/loci-test-canary-{}", std::process::id());
    let layer = |plant: &dyn Fn(&Path)| {
        let container = Container::of("scratch");
        plant(&container.path("/"));
        container.commit(&image);
        let found = (in_image(&image).len(), in_tree(&container.path("/")).len());
        let _ = buildah().args(["rmi", &image]).output();
        found
    };
    let host = format!("http://{USER}:{ENCODED}@host");
    assert_eq!(
        layer(&|root| fs::write(root.join("file"), "harmless").expect("written")),
        (0, 0)
    );
    let contents = format!("a\0{CANARY}");
    assert_eq!(
        layer(&|root| fs::write(root.join("file"), &contents).expect("written")),
        (1, 1)
    );
    assert_eq!(
        layer(&|root| fs::write(root.join(ENCODED), "").expect("written")),
        (1, 1)
    );
    assert_eq!(
        layer(&|root| symlink(&host, root.join("link")).expect("linked")),
        (1, 1)
    );
    let attribute = |root: &Path| {
        let script = "import os, sys; open(sys.argv[1], 'w'); \
                      os.setxattr(sys.argv[1], 'user.key', sys.argv[2].encode())";
        let file = root.join("file");
        run(Command::new("python3")
            .args(["-c", script])
            .arg(file)
            .arg(CANARY));
    };
    // Of attributes only layers are searched.
    assert_eq!(layer(&attribute), (1, 0));

    let container = Container::of("scratch");
    let history = format!("RUN PIP_INDEX_URL={host} loci-install");
    container.configure(&["--history-comment", &history]);
    container.commit(&image);
    let found = in_image(&image);
    let _ = buildah().args(["rmi", &image]).output();
    assert_eq!(found.len(), 1, "{found:?}");

    let mut container = Container::of(tools());
    let trace = tempfile::NamedTempFile::new().expect("a file");
    container.set("HIDDEN", CANARY);
    container.trace(Some(trace.path()));
    container.run(&[
        "sh",
        "-c",
        &format!("git --version; git version '{CANARY}'"),
    ]);
    let found = on_command_lines(trace.path());
    assert!(
        found.iter().any(|line| line.contains("\"version\"")),
        "{found:?}"
    );
    container.run(&["git", "--version"]);
    assert_eq!(on_command_lines(trace.path()), Vec::<String>::new());
}

//! `HERMETIC`: what runs in a build and has no business on the network does not reach it.

use std::collections::BTreeMap;
use std::io::Read;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use serde_json::Value;

use crate::archive::{Archive, Mirror, Package};
use crate::container::{Container, PROGRAM};
use crate::said::Said;

/// A listener on this machine's loopback, which a container shares, and who called.
pub struct Listener {
    pub port: u16,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Listener {
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let heard: Arc<Mutex<Vec<String>>> = Arc::default();
        let all = Arc::clone(&heard);
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut name = String::new();
                let _ = stream.read_to_string(&mut name);
                all.lock().expect("a list").push(name);
            }
        });
        Self { port, heard }
    }

    /// Those who called, in the order of their names.
    pub fn heard(&self) -> Vec<String> {
        let heard = self.heard.lock();
        let mut heard = heard.unwrap_or_else(PoisonError::into_inner).clone();
        heard.sort();
        heard.dedup();
        heard
    }
}

/// Calls the listener and a machine outside (RFC 5737), and writes down how that ended.
pub const PROBE: &str = r#"
import socket, sys

def call(name, port):
    ends = []
    for address in [("127.0.0.1", port), ("198.51.100.1", 80)]:
        try:
            with socket.create_connection(address, timeout=0.5) as stream:
                stream.sendall(name.encode())
            ends.append("reached")
        except OSError as error:
            ends.append(error.strerror or str(error))
    with open("/probed", "a") as file:
        print(name, *ends, sep=": ", file=file)

if __name__ == "__main__":
    call(sys.argv[1], int(sys.argv[2]))
"#;

/// A build of `tiny` in which a package's script, setup.py and hooks call.
struct Build {
    container: Container,
    listener: Listener,
    _archive: Archive,
}

impl Build {
    fn new() -> Self {
        let listener = Listener::new();
        let port = listener.port;
        let probe = |name: &str| format!("/usr/bin/python3 /probe.py {name} {port}");
        let archive = Archive::of(&[Package {
            name: "caller",
            fields: "",
            postinst: &probe("postinst"),
        }]);
        let mirror = Mirror::of(&archive);
        let mut container = Container::with_tools();
        container.write("/probe.py", PROBE);
        container.tiny_source("");
        let setup = format!(
            "import sys; sys.path.insert(0, '/')\nimport probe\nprobe.call('setup.py', {port})\n\
             from setuptools import setup\nsetup()\n"
        );
        container.write("/tmp/tiny/setup.py", &setup);
        container.shell("rm -rf /etc/apt/sources.list* /var/lib/apt/lists/*_*");
        container.write("/etc/apt/keyrings/test.asc", &archive.key());
        let sources = format!(
            "deb [signed-by=/etc/apt/keyrings/test.asc] http://{}/debian trixie main\n",
            mirror.host
        );
        container.write("/etc/apt/sources.list.d/test.list", &sources);
        container.set("no_proxy", "127.0.0.1");
        container.set("DIST_PACKAGES", "caller");
        container.hook("before-pip/10_early.sh", &probe("before-pip"));
        container.hook("10_plain.sh", &probe("hook"));
        Self {
            container,
            listener,
            _archive: archive,
        }
    }

    /// How each caller's calls ended.
    fn probed(&self) -> BTreeMap<String, String> {
        let text = self.container.read("/probed");
        let lines = text.lines().filter_map(|line| line.split_once(": "));
        lines
            .map(|(name, ends)| (name.to_owned(), ends.to_owned()))
            .collect()
    }
}

const CALLERS: [&str; 4] = ["before-pip", "hook", "postinst", "setup.py"];

/// What the record says of each step that ran.
fn reach(container: &Container) -> Vec<(String, String)> {
    let record = container.record();
    let steps = record["steps"].as_array().expect("steps");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let mut steps: Vec<_> = steps
        .iter()
        .map(|step| (text(&step["name"]), text(&step["network"])))
        .collect();
    steps.sort();
    steps
}

fn reaching(container: &Container) -> Vec<String> {
    let steps = reach(container).into_iter();
    let reachable = steps.filter(|(_, network)| network == "reachable");
    reachable.map(|(name, _)| name).collect()
}

/// The same of a build in a container that has tools: these came before, from the network.
fn reaching_now(container: &Container) -> Vec<String> {
    let mut steps = reaching(container);
    steps.retain(|step| !["bootstrap", "venv"].contains(&step.as_str()));
    steps
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn nothing_reaches_the_network_that_does_not_need_it() {
    let mut build = Build::new();
    build.container.allow_namespaces();
    build.container.set("HERMETIC", "yes");
    build.container.install().succeeded();
    let nowhere = "Network is unreachable: Network is unreachable";
    let expected = CALLERS.map(|name| (name.to_owned(), nowhere.to_owned()));
    assert_eq!(build.probed(), BTreeMap::from(expected));
    assert_eq!(build.listener.heard(), Vec::<String>::new());
    // The packages came from the archive.
    assert_eq!(reaching_now(&build.container), ["packages"]);
    assert!(build.container.packages().contains_key("caller"));
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn all_of_it_reaches_the_network_in_another_build() {
    let build = Build::new();
    build.container.install().succeeded();
    assert_eq!(build.listener.heard(), CALLERS);
    let reaching = reaching(&build.container);
    for step in ["build", "cleanup", "hooks", "packages", "pip", "user"] {
        assert!(reaching.contains(&step.to_owned()), "{step}: {reaching:?}");
    }
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_hook_reaches_the_network_that_says_so() {
    let mut build = Build::new();
    let port = build.listener.port;
    let asks = format!("# loci-install: network\n/usr/bin/python3 /probe.py asking {port}");
    build.container.hook("20_asking.sh", &asks);
    build.container.allow_namespaces();
    build.container.set("HERMETIC", "required");
    build.container.install().succeeded();
    assert_eq!(build.listener.heard(), ["asking"]);
    assert_eq!(reaching_now(&build.container), ["hooks", "packages"]);
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn the_plan_says_which_steps_have_the_network() {
    let mut build = Build::new();
    build.container.set("HERMETIC", "yes");
    let plan = build.container.run(&[PROGRAM, "plan"]);
    let online = |step: &str| {
        let (_, rest) = plan.stdout.split_once(&format!("\n{step}: ")).expect(step);
        let part = rest.split("\n\n").next().expect("a part");
        let line = part.lines().find(|line| line.starts_with("    online "));
        line.expect("a line").to_owned()
    };
    for (step, wanted) in [
        ("packages", "yes"),
        ("user", "no"),
        ("build", "no"),
        ("pip", "no"),
        ("hooks", "no"),
        ("cleanup", "no"),
    ] {
        assert_eq!(online(step), format!("    online {wanted}"), "{step}");
    }
    assert!(
        plan.stdout.contains(" install --download-only --yes "),
        "{}",
        plan.stdout
    );
    let json = build.container.run(&[PROGRAM, "plan", "--format", "json"]);
    let json: Value = serde_json::from_str(&json.stdout).expect("JSON");
    let steps = json["steps"].as_array().expect("steps");
    let packages = steps.iter().find(|step| step["name"] == "packages");
    assert_eq!(packages.expect("the step")["online"], true);
}

const REFUSED: &str = "the kernel gives no network namespaces (EPERM: Operation not permitted): \
     it takes CAP_SYS_ADMIN: `buildah build --cap-add=CAP_SYS_ADMIN`, \
     or `RUN --security=insecure` with BuildKit; \
     or `RUN --network=none`, where nothing is to be fetched; ";

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_build_that_may_not_make_namespaces_goes_on_and_says_so() {
    let mut build = Build::new();
    build.container.set("HERMETIC", "yes");
    let said = build.container.install();
    said.succeeded();
    let warning = format!(
        "warning: HERMETIC=yes: {REFUSED}every child can reach the network, and build.json says so\n"
    );
    assert_eq!(said.stderr.matches(&warning).count(), 1, "{}", said.stderr);
    assert_eq!(build.listener.heard(), CALLERS);
    let none: Vec<_> = reach(&build.container)
        .into_iter()
        .filter(|(_, network)| network == "none")
        .map(|(name, _)| name)
        .collect();
    // They start nothing.
    assert!(
        !none.contains(&"build".to_owned()) && !none.contains(&"hooks".to_owned()),
        "{none:?}"
    );
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_build_that_has_to_be_hermetic_and_cannot_be_is_refused() {
    let mut build = Build::new();
    build.container.set("HERMETIC", "required");
    let said: Said = build.container.install();
    assert_eq!(said.status, Some(2));
    let error = format!("  HERMETIC=required: {REFUSED}nothing was done\n");
    said.says(&error);
    assert!(!build.container.has("/probed"));
    assert!(!build.container.has("/etc/tiny"));
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn what_is_left_of_a_build_has_to_be_hermetic_too() {
    let mut container = crate::smoke::broken();
    container.set("HERMETIC", "required");
    container.allow_namespaces();
    container.install().failed_in("smoke");
    container.forbid_namespaces();
    let said = container.install();
    assert_eq!(said.status, Some(2));
    said.says("tiny: the image is built; what is left is smoke\n")
        .says(&format!("  HERMETIC=required: {REFUSED}nothing was done\n"));
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn without_any_network_there_is_nothing_to_keep_from_it() {
    let mut build = Build::new();
    build.container.set("HERMETIC", "required");
    build.container.set("DIST_PACKAGES", "");
    build.container.cut_off();
    build.container.install().succeeded();
    assert_eq!(reaching_now(&build.container), Vec::<String>::new());
    assert_eq!(build.listener.heard(), Vec::<String>::new());
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn keystone_is_built_without_a_network() {
    let mut container = Container::keystone().with_source();
    container.allow_namespaces();
    container.set("HERMETIC", "required");
    container.install().succeeded();
    // The distribution's archive is asked, and nobody else.
    assert_eq!(reaching(&container), ["bootstrap", "packages"]);
}

//! What is published, in the hands of pip and uv; and what is not in it.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::packages::Sdist;
use super::release;
use super::served::Served;

const TOOLS: &str = "/var/lib/loci-install/requirements/tools/bin";

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn pip_and_uv_install_from_the_set_by_digest() {
    let index = Served::new();
    index.wheel("apple", "1.0", &["pear"]);
    index.sdist(&Sdist::new("pear", "1.0"));
    index.sdist(&Sdist::of_setuptools("quince", "1.0", ""));
    let mut container = release(&index, "apple===1.0\npear===1.0\nquince===1.0\n");
    container.set("KEEP_ALL_WHEELS", "True");
    container.install().succeeded();
    let hashes = container.read("/wheels/hashes.txt");
    let of_pear = hashes.find("pear==").expect("a line");
    let end = hashes[of_pear..]
        .match_indices('\n')
        .nth(1)
        .expect("two lines")
        .0;
    container.write("/tmp/pear.txt", &hashes[of_pear..=of_pear + end]);

    let pip = format!("{TOOLS}/python -m pip install --no-index --find-links /wheels");
    let uv =
        format!("{TOOLS}/uv pip install --no-index --find-links /wheels --python {TOOLS}/python");
    for (command, target) in [(&pip, "/tmp/by-pip"), (&uv, "/tmp/by-uv")] {
        container.shell(&format!(
            "{command} --target {target} --require-hashes -r /tmp/pear.txt"
        ));
        assert!(container.has(&format!("{target}/module_pear.py")));
        container.shell(&format!(
            "{command} --dry-run --target {target} --require-hashes -r /wheels/hashes.txt"
        ));
    }
    // As LOCI's scripts install.
    container.shell(&format!(
        "{pip} --only-binary :all: -c /wheels/global-requirements.txt \
         -c /wheels/upper-constraints.txt --ignore-installed --target /tmp/as-loci apple quince"
    ));
    for module in ["module_apple.py", "module_pear.py", "module.py"] {
        assert!(container.has(&format!("/tmp/as-loci/{module}")), "{module}");
    }
    assert_eq!(index.requests().get("pear-1.0.tar.gz"), Some(&1));
}

/// No other test's: all command lines of the machine are searched for it.
const SECRET: &str = "W4tchedPassw0rd";

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn the_password_of_the_index_is_used_and_kept_to_itself() {
    // ci:W4tchedPassw0rd
    let index = Served::guarded("Basic Y2k6VzR0Y2hlZFBhc3N3MHJk");
    index.wheel("apple", "1.0", &["pear"]);
    index.sdist(&Sdist::new("pear", "1.0"));
    index.sdist(&Sdist::of_setuptools("quince", "1.0", ""));
    let url = index.url.replace("://", &format!("://ci:{SECRET}@"));
    let mut container = release(&index, "apple===1.0\nquince===1.0\n");
    container.shell("rm -r /var/lib/loci-install/requirements");
    container.set("PIP_INDEX_URL", &url);
    container.set("KEEP_ALL_WHEELS", "True");
    let over = AtomicBool::new(false);
    let said = thread::scope(|scope| {
        let watching = scope.spawn(|| {
            let mut told = Vec::new();
            while !over.load(Ordering::Relaxed) {
                told.extend(command_lines().filter(|line| line.contains(SECRET)));
                thread::sleep(Duration::from_millis(2));
            }
            told
        });
        let said = container.steps(&["constraints", "wheels-build", "publish"]);
        over.store(true, Ordering::Relaxed);
        let told = watching.join().expect("watched");
        assert_eq!(told, Vec::<String>::new());
        said
    });
    said.succeeded();
    assert!(
        !said.stdout.contains(SECRET) && !said.stderr.contains(SECRET),
        "{}",
        said.stderr
    );
    container.holds_nowhere(SECRET);
}

/// Of everything that runs, but for buildah, which hands the settings on.
fn command_lines() -> impl Iterator<Item = String> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|process| fs::read(process.path().join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| !line.contains("buildah"))
}

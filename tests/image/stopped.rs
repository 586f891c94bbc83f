//! Faults while several steps run: the build ends with the step's error, and no
//! process of it is left.

use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::container::{Container, PROGRAM};
use crate::disk::Disk;
use crate::processes;
use crate::repository::Repository;
use crate::said::Said;

/// A build whose step `packages` hangs in dpkg, which has told so by a file, and
/// which has a child that left its process group.
struct Hanging {
    container: Container,
    /// In the environment of every process of the build.
    mark: String,
}

impl Hanging {
    fn new(name: &str) -> Self {
        let mut container = Container::with_tools();
        let mark = format!("{name}-{}", std::process::id());
        container.set("TEST_MARK", &mark);
        container.tiny_source("");
        container.input("bindep.txt", "hello\n");
        container.rename("/usr/bin/dpkg", "/usr/bin/dpkg.real");
        container.program(
            "/usr/bin/dpkg",
            "case \"$*\" in\n*--unpack*) setsid sleep 600 & touch /hangs; sleep 600;;\n\
             *) exec /usr/bin/dpkg.real \"$@\";;\nesac",
        );
        Self { container, mark }
    }

    /// What another step does in the meantime: this, once `packages` hangs.
    fn meanwhile(&self, program: &str, then: &str) {
        let script = format!("while ! test -e /hangs; do sleep 0.1; done\n{then}");
        // It may be a link to what others use.
        self.container.remove(program);
        self.container.program(program, &script);
    }

    /// The processes of the build, by their programs.
    fn processes(&self) -> Vec<(PathBuf, String)> {
        processes::with(&format!("TEST_MARK={}", self.mark))
    }

    fn ended(&self, said: &Said) {
        assert_eq!(said.status, Some(1), "{}", said.stderr);
        said.says("\npackages: stopped after ");
        assert_eq!(self.processes(), []);
    }
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_killed_child_ends_the_build_with_the_error_of_its_step() {
    let mut build = Hanging::new("killed");
    let repository = Repository::tiny();
    build.container.shell("rm -r /tmp/tiny");
    build.container.mount(repository.path(), "/repository");
    build.container.set("PROJECT_REPO", "/repository");
    build.meanwhile("/usr/bin/git", "kill -KILL $$");
    let said = build.container.install();
    build.ended(&said);
    said.failed_in("source")
        .says("killed by signal 9 (SIGKILL)");
    let last = said.stderr.rfind("\nerror: ").expect("an error");
    assert!(
        said.stderr[last..].starts_with("\nerror: source: "),
        "{}",
        said.stderr
    );
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_full_disk_ends_the_build_with_the_error_of_its_step() {
    let build = Hanging::new("full");
    let disk = Disk::of(&build.container, "/var/lib/openstack", "4m");
    let real = build.container.shell("readlink -f /usr/bin/python3");
    build.meanwhile("/usr/bin/python3", &format!("exec {real} \"$@\""));
    let said = build.container.install();
    drop(disk);
    build.ended(&said);
    said.failed_in("venv").says("No space left on device");
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_signal_ends_every_step_and_names_them() {
    end_by_signal(&Hanging::new("signal"));
}

/// Its children are started by threads that are gone by then.
#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_signal_ends_a_hermetic_build_as_well() {
    let mut build = Hanging::new("hermetic");
    build.container.allow_namespaces();
    build.container.set("HERMETIC", "required");
    end_by_signal(&build);
}

fn end_by_signal(build: &Hanging) {
    build.container.shell("rm -r /var/lib/openstack");
    build.meanwhile("/usr/bin/python3", "trap '' TERM; sleep 600");
    let said = thread::scope(|scope| {
        let run = scope.spawn(|| build.container.install());
        let patience = Instant::now() + Duration::from_mins(2);
        while !build.container.has("/hangs") && !run.is_finished() {
            assert!(Instant::now() < patience, "{:?}", build.processes());
            thread::sleep(Duration::from_millis(100));
        }
        let start = Instant::now();
        let ours = |(_, line): &&(PathBuf, String)| line.starts_with(PROGRAM);
        let processes = build.processes();
        let (process, _) = processes.iter().find(ours).expect("the program");
        let id = process.file_name().expect("a number");
        let sent = Command::new("kill").arg("-TERM").arg(id).status();
        assert!(sent.expect("kill").success());
        let said = run.join().expect("a run");
        // As long as a container engine waits before it kills.
        assert!(start.elapsed() < Duration::from_secs(10));
        said
    });
    build.ended(&said);
    let end = "error: stopped by SIGTERM during packages, venv; no child is left running\n\
               What is done is kept. The build from there: loci-install\n";
    assert!(said.stderr.ends_with(end), "{}", said.stderr);
}

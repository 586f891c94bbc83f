//! Builds that come to grief at each of their children, and are run again.

mod build;
mod tree;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use build::Inputs;
use tree::{Tree, is_of_engine};

use crate::container::{Container, PROGRAM};
use crate::processes;
use crate::said::{Said, run};

/// What becomes of a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// It ends at once, with status 1.
    Refuses,
    /// It is killed before it does anything.
    Killed,
    /// It is killed in the middle.
    Cut,
    /// It does all that it has to, and then ends with status 1.
    Fails,
    /// In the middle of it the program is told to stop.
    Stopped,
    /// In the middle of it everything is killed.
    Power,
}

impl Fault {
    const ALL: [Self; 6] = [
        Self::Refuses,
        Self::Killed,
        Self::Cut,
        Self::Fails,
        Self::Stopped,
        Self::Power,
    ];
}

/// A child of an undisturbed build.
#[derive(Debug, Clone)]
struct Child {
    number: usize,
    took: Duration,
    words: String,
}

/// An undisturbed build.
pub struct Undisturbed {
    inputs: Inputs,
    took: Duration,
    children: Vec<Child>,
    tree: Tree,
}

impl Undisturbed {
    /// A container in which nothing is done yet.
    pub fn container(&self) -> Container {
        self.inputs.container()
    }

    /// Insists that a finished build has made the same.
    pub fn is_like(&self, container: &Container) {
        let difference = self.tree.difference(&Tree::of(container));
        assert!(difference.is_empty(), "{}", difference.join("\n"));
    }
}

/// The one undisturbed build of these tests.
pub fn undisturbed() -> &'static Undisturbed {
    static UNDISTURBED: OnceLock<Undisturbed> = OnceLock::new();
    UNDISTURBED.get_or_init(|| {
        let inputs = Inputs::new();
        let container = watched(&inputs);
        let start = Instant::now();
        container.install().succeeded();
        let took = start.elapsed();
        let children = children(&container.read(LOG));
        for child in &children {
            println!("{} {:?} {}", child.number, child.took, child.words);
        }
        let tree = Tree::of(&container);
        Undisturbed {
            inputs,
            took,
            children,
            tree,
        }
    })
}

/// The variable that the processes of one container have in common.
const MARK: &str = "FAULT_MARK";

static MARKS: AtomicUsize = AtomicUsize::new(0);

const LIBRARY: &str = "/faults/faults.so";
const LOG: &str = "/faults/log";

/// A container whose builds' children are numbered.
fn watched(inputs: &Inputs) -> Container {
    let mut container = inputs.container();
    fs::create_dir_all(container.path("/faults")).expect("made");
    fs::copy(library(), container.path(LIBRARY)).expect("copied");
    container.set("LD_PRELOAD", LIBRARY);
    container.set("FAULT_LOG", LOG);
    container
}

/// A process that outlives all others in a container is ended with it, but by an engine
/// that has no process namespaces.
fn end_of(mark: &str) {
    let mut again = true;
    while again {
        let left = processes::with(&format!("{MARK}={mark}"));
        again = !left.is_empty();
        for (process, _) in left {
            let id = process.file_name().expect("a number");
            let _ = Command::new("kill").arg("-KILL").arg(id).status();
        }
    }
}

/// Marks all processes of a container from now on.
fn marked(container: &mut Container) -> String {
    let number = MARKS.fetch_add(1, Ordering::Relaxed);
    let mark = format!("{}-{number}", std::process::id());
    container.set(MARK, &mark);
    mark
}

fn library() -> &'static Path {
    static COMPILED: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, library) = COMPILED.get_or_init(|| {
        let directory = tempfile::tempdir().expect("a directory");
        let library = directory.path().join("faults.so");
        let source = "/tests/image/interrupted/faults.c";
        run(Command::new("cc")
            .args(["-shared", "-fPIC", "-Wall", "-Werror", "-o"])
            .arg(&library)
            .arg(format!("{}{source}", env!("CARGO_MANIFEST_DIR"))));
        (directory, library)
    });
    library
}

fn children(log: &str) -> Vec<Child> {
    let mut children: BTreeMap<usize, Child> = BTreeMap::new();
    for line in log.lines() {
        let [what, number, milliseconds, words] = line.splitn(4, ' ').collect::<Vec<_>>()[..]
        else {
            panic!("{line}");
        };
        let number = number.parse().expect("a number");
        let took = Duration::from_millis(milliseconds.parse().expect("milliseconds"));
        let words = words.to_owned();
        if what == "begun" || children.contains_key(&number) {
            children.insert(
                number,
                Child {
                    number,
                    took,
                    words,
                },
            );
        }
    }
    children.into_values().collect()
}

/// What came of a fault.
#[derive(Debug)]
struct Outcome {
    fault: Fault,
    child: Child,
    happened: bool,
    /// What the disturbed build said at last.
    said: String,
    /// What is wrong with it, or with the build after it.
    wrong: Vec<String>,
}

impl Outcome {
    /// Writes it down, to be read: into the directory `LOCI_TEST_SAID`.
    fn keep(&self) {
        if let Ok(directory) = env::var("LOCI_TEST_SAID") {
            let file = format!("{directory}/{:02}-{:?}", self.child.number, self.fault);
            let text = format!("{:#?}\n\n{}", self.wrong, self.said);
            fs::write(file, text).expect("written");
        }
    }
}

fn disturbed(fault: Fault, child: &Child) -> Outcome {
    let undisturbed = undisturbed();
    let mut container = watched(&undisturbed.inputs);
    let mark = marked(&mut container);
    container.set("FAULT_CHILD", &child.number.to_string());
    container.set("FAULT_KIND", &format!("{fault:?}").to_lowercase());
    let middle = child.took.as_millis() / 2;
    container.set("FAULT_AFTER", &middle.to_string());
    let said = container.install();
    let strays = processes::with(&format!("{MARK}={mark}"));
    end_of(&mark);
    let happened = container.has(&format!("{LOG}.happened"));
    let mut wrong = Vec::new();
    if fault != Fault::Power && !strays.is_empty() {
        wrong.push(format!("it left processes behind: {strays:?}"));
    }
    if happened {
        wrong.extend(complaints(fault, &said));
    } else if said.status != Some(0) {
        wrong.push(format!("failed without a fault: {}", said.stderr));
    }
    container.set("FAULT_CHILD", "0");
    let again = container.install();
    if again.status == Some(0) {
        let mut differences = undisturbed.tree.difference(&Tree::of(&container));
        // A uv that does not say its version gives way to pip.
        if said.stderr.contains(" does not run here\n") {
            differences.retain(|difference| !is_of_engine(difference));
        }
        wrong.extend(differences);
    } else {
        wrong.push(format!("the next build failed: {}", again.stderr));
    }
    Outcome {
        fault,
        child: child.clone(),
        happened,
        said: said.stderr,
        wrong,
    }
}

/// What an operator would miss in what a disturbed build says.
fn complaints(fault: Fault, said: &Said) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut insists = |is: bool, what: &str| {
        if !is {
            wrong.push(what.to_owned());
        }
    };
    match fault {
        // Nobody is left to say anything.
        Fault::Power => {}
        // What it was told at its end does not matter any more.
        Fault::Stopped if said.status == Some(0) => {}
        Fault::Stopped => {
            insists(said.status == Some(1), "its status is not 1");
            // During which step it does not say when the child was its last and has ended.
            insists(
                said.stderr.contains("\nerror: stopped by SIGTERM"),
                "it does not say that it was stopped",
            );
        }
        Fault::Refuses | Fault::Killed | Fault::Cut | Fault::Fails => {
            // Some children are only asked for what can also be done without.
            if said.status == Some(0) {
                return wrong;
            }
            insists(said.status == Some(1), "its status is not 1");
            insists(said.stderr.contains("\nerror: "), "it has no error");
            insists(
                said.stderr
                    .contains("\nThis step alone: loci-install step "),
                "it does not say how to go on",
            );
            insists(!said.stderr.contains("panicked"), "it panicked");
        }
    }
    wrong
}

/// Every fault of a kind; one child in six, or all by `LOCI_TEST_INTERRUPT=all`.
fn try_every(fault: Fault) {
    let own = Fault::ALL.iter().position(|other| *other == fault);
    let children = undisturbed().children.iter();
    let chosen = children.filter(|child| all() || Some(child.number % Fault::ALL.len()) == own);
    let outcomes: Vec<Outcome> = chosen
        .map(|child| {
            let outcome = disturbed(fault, child);
            outcome.keep();
            outcome
        })
        .collect();
    let wrong = outcomes.iter().filter(|outcome| !outcome.wrong.is_empty());
    let wrong: Vec<String> = wrong
        .map(|outcome| {
            format!(
                "{:?} of {}: {}\n{}\nit said:\n{}",
                outcome.fault,
                outcome.child.number,
                outcome.child.words,
                outcome.wrong.join("\n"),
                outcome.said
            )
        })
        .collect();
    let happened = outcomes.iter().filter(|outcome| outcome.happened).count();
    // A child may end before its fault; were it so of most, nothing would be tested.
    assert!(
        happened > 0 && 2 * happened >= outcomes.len(),
        "{fault:?}: {happened} of {} happened",
        outcomes.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Moments of a build, in parts of what it takes; each of the numbers is another one.
fn moment(number: u32) -> Duration {
    // The golden ratio: none is near to the ones before (https://en.wikipedia.org/wiki/Low-discrepancy_sequence).
    let part = (f64::from(number) * 0.618_034).fract();
    undisturbed().took.mul_f64(part)
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn a_build_that_is_ended_at_any_moment() {
    let moments = if all() { 20 } else { 3 };
    for number in 1..=moments {
        let signal = ["INT", "KILL", "TERM"][number as usize % 3];
        let mut container = undisturbed().container();
        let mark = marked(&mut container);
        let moment = format!("{:.3}", moment(number).as_secs_f64());
        let said = container.run(&[
            "timeout",
            "--preserve-status",
            "-s",
            signal,
            &moment,
            PROGRAM,
        ]);
        end_of(&mark);
        println!(
            "{signal} after {moment} s: {:?}, {:?}",
            said.status,
            said.stderr.lines().last()
        );
        if signal != "KILL" && said.status != Some(0) {
            said.says(&format!("\nerror: stopped by SIG{signal}"));
            said.says("\nWhat is done is kept. The build from there: loci-install\n");
        }
        container.install().succeeded();
        undisturbed().is_like(&container);
    }
}

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn an_installation_for_the_build_that_is_cut_off() {
    let container = undisturbed().container();
    container.write("/srv/git-fails", "");
    container.install().failed_in("bootstrap");
    container.install().succeeded();
    undisturbed().is_like(&container);
}

fn all() -> bool {
    env::var("LOCI_TEST_INTERRUPT").is_ok_and(|which| which == "all")
}

macro_rules! every {
    ($($name:ident $fault:ident,)*) => {$(
        #[test]
        #[ignore = "builds real images: cargo xtask test"]
        fn $name() {
            try_every(Fault::$fault);
        }
    )*};
}

every! {
    a_child_that_refuses Refuses,
    a_child_that_is_killed Killed,
    a_child_that_is_cut_off Cut,
    a_child_that_fails_after_its_work Fails,
    a_build_that_is_stopped Stopped,
    a_build_of_which_nothing_is_left Power,
}

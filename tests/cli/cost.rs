//! What a plan costs: a user asks for many of them.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::test::{PROGRAM, Test};

/// With the lists that come with the program, which are longer than a test's.
fn test() -> Test {
    Test::debian()
        .file("opt/loci/bindep.txt", include_str!("../../bindep.txt"))
        .file("opt/loci/pydep.txt", include_str!("../../pydep.txt"))
}

/// Half a hundredth of a second for a released program; one that is built to
/// be debugged is slower.
const LIMIT: Duration = Duration::from_millis(if cfg!(debug_assertions) { 500 } else { 50 });

#[test]
fn a_plan_is_there_at_once() {
    let test = test();
    let mut times: Vec<Duration> = (0..11)
        .map(|_| {
            let start = Instant::now();
            let output = Command::new(PROGRAM)
                .args(["plan", "--project", "keystone", "--root"])
                .arg(test.root())
                .env_clear()
                .output()
                .expect("the program can be started");
            assert!(output.status.success(), "{output:?}");
            start.elapsed()
        })
        .collect();
    times.sort();
    assert!(
        times[5] < LIMIT,
        "the median of {times:?} is not below {LIMIT:?}"
    );
}

/// A limit on the address space is one on memory, too: nothing can be used that is not mapped.
#[test]
fn a_plan_needs_little_memory() {
    let test = test();
    let output = Command::new("/bin/sh")
        .args([
            "-c",
            "ulimit -v 32768 && exec \"$0\" plan --project keystone --root \"$1\"",
            PROGRAM,
        ])
        .arg(test.root())
        .env_clear()
        .output()
        .expect("a shell");
    assert!(output.status.success(), "{output:?}");
}

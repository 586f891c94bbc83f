//! What of a build can reach the network: in a hermetic one only what has to.
//!
//! unshare(2) moves the calling thread, and no other, into a network namespace of its
//! own, whose only interface is a loopback that is down (`network_namespaces(7)`). What a
//! thread starts begins where the thread is, so that a thread that lives for one child
//! keeps that child from the network, and this program has it as before.

use std::fmt;
use std::fs;
use std::io;
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use nix::errno::Errno;
use nix::sched::{CloneFlags, unshare};
use serde::{Deserialize, Serialize};

use crate::command::{Command, Output, Runner};
use crate::settings::Hermetic;

/// What keeps children from the network that do not need it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Isolation {
    /// Nothing does.
    #[default]
    None,
    /// Each of them has a network namespace of its own.
    Namespaces,
    /// This program itself has no network, and so nobody has.
    Whole,
}

impl Isolation {
    /// What there is for a hermetic build, here and now.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn here() -> Result<Self, Refused> {
        // First: what the record says must not depend on what the builder may do besides.
        if has_none() {
            return Ok(Self::Whole);
        }
        match without(|| ()) {
            Ok(()) => Ok(Self::Namespaces),
            Err(error) => Err(Refused(error)),
        }
    }

    /// Whether something could reach the network that needs it, or does not.
    #[must_use]
    pub fn reaches(self, online: bool) -> bool {
        match self {
            Self::None => true,
            Self::Namespaces => online,
            Self::Whole => false,
        }
    }
}

/// Why there are no network namespaces.
#[derive(Debug)]
pub struct Refused(io::Error);

impl Refused {
    /// The same as a warning, or as an error, of what was wanted.
    #[must_use]
    pub fn told(&self, wanted: Hermetic) -> String {
        let end = match wanted {
            Hermetic::Required => "nothing was done",
            Hermetic::No | Hermetic::Yes => {
                "every child can reach the network, and build.json says so"
            }
        };
        format!("HERMETIC={wanted}: {self}; {end}")
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, text) = match self.0.raw_os_error().map(Errno::from_raw) {
            Some(errno) => (format!("{errno:?}: "), errno.desc().to_owned()),
            None => (String::new(), self.0.to_string()),
        };
        let advice = match self.0.raw_os_error().map(Errno::from_raw) {
            Some(Errno::EPERM) => {
                "it takes CAP_SYS_ADMIN: `buildah build --cap-add=CAP_SYS_ADMIN`, \
                 or `RUN --security=insecure` with BuildKit; \
                 or `RUN --network=none`, where nothing is to be fetched"
            }
            Some(Errno::ENOSPC) => "see user.max_net_namespaces in sysctl(8)",
            _ => {
                "it takes a kernel with CONFIG_NET_NS; or `RUN --network=none`, where nothing is to be fetched"
            }
        };
        write!(
            formatter,
            "the kernel gives no network namespaces ({number}{text}): {advice}"
        )
    }
}

/// Whether this process has no interface but the loopback; what cannot be read may have.
fn has_none() -> bool {
    fs::read_to_string("/proc/thread-self/net/dev").is_ok_and(|text| has_only_loopback(&text))
}

/// Reads `/proc/net/dev`, proc(5): two lines of headings, then a line for each interface.
fn has_only_loopback(devices: &str) -> bool {
    let mut names = devices
        .lines()
        .skip(2)
        .filter_map(|line| line.split(':').next());
    names.all(|name| name.trim() == "lo")
}

/// Does something where there is no network; what it starts has none either.
///
/// # Errors
/// What the kernel says when it gives no namespace.
pub fn without<T: Send>(work: impl FnOnce() -> T + Send) -> io::Result<T> {
    thread::scope(|scope| {
        let apart = || {
            unshare(CloneFlags::CLONE_NEWNET)?;
            Ok(work())
        };
        let thread = thread::Builder::new().spawn_scoped(scope, apart)?;
        thread
            .join()
            .unwrap_or_else(|fault| panic::resume_unwind(fault))
    })
}

/// Whether a step could reach the network, as its record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// No child of it had a network, and this program fetched nothing for it.
    None,
    /// A child of it had, or this program fetched something.
    Reachable,
}

/// Runs the children of one step and keeps in mind whether one could reach the network.
#[derive(Debug)]
pub struct Watch<'a> {
    runner: &'a dyn Runner,
    reached: AtomicBool,
}

impl<'a> Watch<'a> {
    /// Nothing was started yet.
    #[must_use]
    pub fn new(runner: &'a dyn Runner) -> Self {
        Self {
            runner,
            reached: AtomicBool::new(false),
        }
    }

    /// What was seen.
    #[must_use]
    pub fn reach(&self) -> Reach {
        if self.reached.load(Ordering::Relaxed) {
            Reach::Reachable
        } else {
            Reach::None
        }
    }

    fn note(&self, online: bool) {
        let reached = self.runner.isolation().reaches(online);
        self.reached.fetch_or(reached, Ordering::Relaxed);
    }
}

impl Runner for Watch<'_> {
    fn run(&self, command: &Command, line: &mut dyn FnMut(&str)) -> Output {
        self.note(command.online);
        self.runner.run(command, line)
    }

    fn ask(&self, command: &Command) -> Output {
        self.note(command.online);
        self.runner.ask(command)
    }

    fn stopping(&self) -> bool {
        self.runner.stopping()
    }

    fn isolation(&self) -> Isolation {
        self.runner.isolation()
    }

    fn fetches(&self) {
        self.note(true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interfaces_are_told_from_headings() {
        let headings = "Inter-|   Receive     |  Transmit\n face |bytes    packets|bytes\n";
        assert!(has_only_loopback(headings));
        assert!(has_only_loopback(&format!("{headings}    lo: 1 2 3\n")));
        let two = format!("{headings}    lo: 1 2 3\n  eth0: 1 2 3\n");
        assert!(!has_only_loopback(&two));
    }

    #[test]
    fn a_refusal_says_what_would_help() {
        let refused = |errno: Errno| Refused(io::Error::from(errno));
        assert_eq!(
            refused(Errno::EPERM).told(Hermetic::Yes),
            "HERMETIC=yes: the kernel gives no network namespaces (EPERM: Operation not permitted): \
             it takes CAP_SYS_ADMIN: `buildah build --cap-add=CAP_SYS_ADMIN`, \
             or `RUN --security=insecure` with BuildKit; \
             or `RUN --network=none`, where nothing is to be fetched; \
             every child can reach the network, and build.json says so"
        );
        assert_eq!(
            refused(Errno::ENOSPC).told(Hermetic::Required),
            "HERMETIC=required: the kernel gives no network namespaces \
             (ENOSPC: No space left on device): see user.max_net_namespaces in sysctl(8); \
             nothing was done"
        );
        assert_eq!(
            refused(Errno::EINVAL).to_string(),
            "the kernel gives no network namespaces (EINVAL: Invalid argument): \
             it takes a kernel with CONFIG_NET_NS; or `RUN --network=none`, \
             where nothing is to be fetched"
        );
    }

    #[test]
    fn what_could_reach_the_network_is_what_is_let() {
        for (isolation, online, reaches) in [
            (Isolation::None, false, true),
            (Isolation::Namespaces, false, false),
            (Isolation::Namespaces, true, true),
            (Isolation::Whole, true, false),
        ] {
            assert_eq!(isolation.reaches(online), reaches);
        }
    }
}

//! The running children, all of which can be ended together: when a step fails
//! or this program is told to stop, nothing may be left behind that still writes.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::prctl::set_child_subreaper;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::network;

/// The children that run now, each the leader of a process group of its own.
#[derive(Debug, Default)]
pub struct Children(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    groups: Vec<Pid>,
    stopping: bool,
    adopting: bool,
}

/// A child that is told as running until this is dropped.
#[derive(Debug)]
pub(crate) struct Running<'a> {
    children: &'a Children,
    group: Pid,
}

impl Children {
    /// Makes this process the one that orphans of its children come to, so that
    /// [`Children::kill`] finds those that left their group (prctl(2),
    /// `PR_SET_CHILD_SUBREAPER`). All that descends from this process counts as its
    /// children then.
    pub fn adopt_orphans(&self) {
        // Where the kernel refuses, those of a group are still found.
        self.state().adopting = set_child_subreaper(true).is_ok();
    }

    /// Starts a child, without a network if it is to be `cut_off`, and keeps its group in mind.
    ///
    /// # Errors
    /// It cannot be started, or everything is being stopped.
    pub(crate) fn start(
        &self,
        expression: &duct::Expression,
        cut_off: bool,
    ) -> io::Result<(duct::Handle, Running<'_>)> {
        let expression = expression.before_spawn(|command| {
            command.process_group(0);
            Ok(())
        });
        let mut tries = BUSY_TRIES;
        loop {
            // Held while it starts: a child is either kept in mind or not there at all.
            let mut state = self.state();
            if state.stopping {
                return Err(io::Error::other("the build is being stopped"));
            }
            let started = if cut_off {
                network::without(|| expression.start()).flatten()
            } else {
                expression.start()
            };
            match started {
                Ok(handle) => {
                    let id = handle.pids().first().copied().unwrap_or_default();
                    let group = Pid::from_raw(i32::try_from(id).unwrap_or_default());
                    state.groups.push(group);
                    drop(state);
                    let children = self;
                    return Ok((handle, Running { children, group }));
                }
                // A child of another step that has not come to its exec yet holds what
                // this step has just written (https://github.com/golang/go/issues/22315).
                Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy && tries > 0 => {
                    tries -= 1;
                    drop(state);
                    thread::sleep(BUSY_PAUSE);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Whether everything is being stopped.
    #[must_use]
    pub fn stopping(&self) -> bool {
        self.state().stopping
    }

    fn refuse(&self) {
        self.state().stopping = true;
    }

    /// Asks every child to end, and starts none any more.
    pub fn terminate(&self) {
        self.refuse();
        self.signal(Signal::SIGTERM);
    }

    /// Kills every child and all of their descendants, those that left their group included.
    pub fn kill(&self) {
        self.refuse();
        self.signal(Signal::SIGKILL);
        let patience = Instant::now() + REAPED_WITHIN;
        while self.state().adopting {
            let left = descendants();
            for process in &left {
                let _ = kill(*process, Signal::SIGKILL);
            }
            if left.is_empty() || Instant::now() > patience {
                return;
            }
            thread::sleep(BUSY_PAUSE);
        }
    }

    fn signal(&self, signal: Signal) {
        for group in &self.state().groups {
            // One that has just ended is no longer there, which is what was wanted.
            let _ = killpg(*group, signal);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.children
            .state()
            .groups
            .retain(|group| *group != self.group);
    }
}

const BUSY_TRIES: u32 = 200;

const BUSY_PAUSE: Duration = Duration::from_millis(10);

/// A killed process is gone as soon as the kernel gets round to it.
const REAPED_WITHIN: Duration = Duration::from_secs(2);

/// Every process that descends from this one and still runs.
fn descendants() -> Vec<Pid> {
    let mut parents: BTreeMap<i32, i32> = BTreeMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let process = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok());
        let status = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        if let (Some(process), Some(parent)) = (process, parent(&status)) {
            parents.insert(process, parent);
        }
    }
    let own = std::process::id().cast_signed();
    let descends = |process: i32| {
        let mut at = Some(&process);
        // Longer than any chain: a process that ends in mid-reading may close a circle.
        for _ in 0..parents.len() {
            match at.and_then(|process| parents.get(process)) {
                Some(parent) if *parent == own => return true,
                parent => at = parent,
            }
        }
        false
    };
    let found = parents.keys().copied().filter(|process| descends(*process));
    found.map(Pid::from_raw).collect()
}

/// The parent in a line of `/proc/PID/stat` (proc(5)); none of a process that has
/// ended and only waits to be asked how. The name before it may hold anything.
fn parent(stat: &str) -> Option<i32> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    let state = fields.next().filter(|state| !matches!(*state, "Z" | "X"));
    state.and(fields.next()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parent_is_read_and_the_dead_have_none() {
        assert_eq!(parent("7 (a) b (c)) S 1 7 7 0"), Some(1));
        assert_eq!(parent("7 (sh) Z 1 7 7 0"), None);
        assert_eq!(parent(""), None);
    }

    #[test]
    fn no_child_starts_once_everything_stops() {
        let children = Children::default();
        children.terminate();
        assert!(children.stopping());
        let error = children
            .start(&duct::cmd("true", [""; 0]), false)
            .expect_err("refused");
        assert_eq!(error.to_string(), "the build is being stopped");
    }
}

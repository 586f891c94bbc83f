//! How many builds this machine can run at once.

use std::num::NonZeroUsize;
use std::path::Path;
use std::thread;

use crate::root::Root;

/// Bytes of memory for one build. A C++ compiler takes more than one GiB for a
/// large translation unit (grpcio, scipy), and when memory ends the kernel kills
/// it, which looks like any other failed build.
const MEMORY_OF_A_BUILD: u64 = 3 << 29;

/// From here on a limit is none: cgroup v1 says the largest multiple of a page
/// in 63 bits for "no limit".
/// <https://docs.kernel.org/admin-guide/cgroup-v1/memory.html>
const NO_LIMIT: u64 = 1 << 60;

/// What a build may use of the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// CPUs.
    pub cpus: usize,
    /// Bytes of memory that may be used; none when it cannot be told.
    pub memory: Option<u64>,
}

impl Machine {
    /// Looks at the machine, and at the limits of the container on it.
    #[must_use]
    pub fn look(root: &Root) -> Self {
        let cgroups = root.read("/proc/self/cgroup").unwrap_or_default();
        let limits = directories(&cgroups)
            .into_iter()
            .filter_map(|(directory, files)| left_in(root, &directory, files));
        let available = root
            .read("/proc/meminfo")
            .ok()
            .and_then(|text| available_in(&text));
        Self {
            // Honours the affinity mask and the quotas of cgroups:
            // https://doc.rust-lang.org/std/thread/fn.available_parallelism.html
            cpus: thread::available_parallelism().map_or(1, NonZeroUsize::get),
            memory: limits.chain(available).min(),
        }
    }

    /// How many builds run at once: as many as were `asked` for, or as CPUs and
    /// memory allow, at least one.
    #[must_use]
    pub fn jobs(&self, asked: Option<NonZeroUsize>) -> usize {
        asked.map_or_else(
            || self.by_memory().unwrap_or(self.cpus).min(self.cpus).max(1),
            NonZeroUsize::get,
        )
    }

    /// `2 at once: 2 CPUs, 22.9 GiB of memory; as many as CPUs`.
    #[must_use]
    pub fn describe(&self, asked: Option<NonZeroUsize>) -> String {
        let plural = if self.cpus == 1 { "" } else { "s" };
        let memory = self.memory.map_or_else(
            || "memory unknown".to_owned(),
            |bytes| format!("{} of memory", gibibytes(bytes)),
        );
        let why = if asked.is_some() {
            "asked for by JOBS".to_owned()
        } else if self.by_memory().is_some_and(|jobs| jobs < self.cpus) {
            format!("limited by memory, {} each", gibibytes(MEMORY_OF_A_BUILD))
        } else {
            "as many as CPUs".to_owned()
        };
        let (jobs, cpus) = (self.jobs(asked), self.cpus);
        format!("{jobs} at once: {cpus} CPU{plural}, {memory}; {why}")
    }

    fn by_memory(&self) -> Option<usize> {
        let jobs = self.memory? / MEMORY_OF_A_BUILD;
        Some(usize::try_from(jobs).unwrap_or(usize::MAX))
    }
}

/// `22.9 GiB`, rounded down to a tenth.
fn gibibytes(bytes: u64) -> String {
    let tenths = (u128::from(bytes) * 10) >> 30;
    format!("{}.{} GiB", tenths / 10, tenths % 10)
}

/// `MemAvailable` of `/proc/meminfo`, in bytes.
/// <https://man7.org/linux/man-pages/man5/proc_meminfo.5.html>
fn available_in(meminfo: &str) -> Option<u64> {
    field(meminfo, "MemAvailable:")?.checked_mul(1024)
}

/// The number after a word at the start of a line.
fn field(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| {
        let mut words = line.split_ascii_whitespace();
        (words.next() == Some(name)).then(|| words.next()?.parse().ok())?
    })
}

/// Files of a cgroup: its limit, what is used of it, and in `memory.stat` the
/// name of what of that is only cache.
type Files = [&'static str; 3];

/// <https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files>
const VERSION_2: Files = ["memory.max", "memory.current", "inactive_file"];

/// <https://docs.kernel.org/admin-guide/cgroup-v1/memory.html>
const VERSION_1: Files = [
    "memory.limit_in_bytes",
    "memory.usage_in_bytes",
    "total_inactive_file",
];

/// The directories in which this process's memory is limited: its own cgroup's
/// and those of all above it. One that is not visible in a container's own mount
/// does not exist, and the container's own is then the topmost.
///
/// The table is `/proc/self/cgroup`, lines of `ID:CONTROLLERS:PATH`; version 2
/// has the line without controllers.
/// <https://man7.org/linux/man-pages/man7/cgroups.7.html>
fn directories(table: &str) -> Vec<(String, Files)> {
    let mut found = Vec::new();
    for line in table.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else {
            continue;
        };
        let (mount, files) = if controllers.is_empty() {
            ("/sys/fs/cgroup", VERSION_2)
        } else if controllers.split(',').any(|name| name == "memory") {
            ("/sys/fs/cgroup/memory", VERSION_1)
        } else {
            continue;
        };
        found.extend(Path::new(path).ancestors().map(|above| {
            let inside = above.to_string_lossy();
            (format!("{mount}{}", inside.trim_end_matches('/')), files)
        }));
    }
    found
}

/// Bytes that a cgroup still allows; none when it has no limit.
fn left_in(root: &Root, directory: &str, [limit, usage, cache]: Files) -> Option<u64> {
    let read = |file: &str| root.read(format!("{directory}/{file}")).ok();
    // `max` is no number.
    let limit: u64 = read(limit)?.trim().parse().ok()?;
    if limit >= NO_LIMIT {
        return None;
    }
    let usage = read(usage).and_then(|text| text.trim().parse().ok());
    // The kernel gives cache back when somebody wants the memory.
    let cache = read("memory.stat").and_then(|text| field(&text, cache));
    let used = usage.unwrap_or(0_u64).saturating_sub(cache.unwrap_or(0));
    Some(limit.saturating_sub(used))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const GIB: u64 = 1 << 30;
    const MEMINFO: &str =
        "MemTotal:       24576000 kB\nMemFree:         1000000 kB\nMemAvailable:   23760608 kB\n";

    fn machine(cpus: usize, memory: Option<u64>) -> Machine {
        Machine { cpus, memory }
    }

    /// The memory of a machine with these files.
    fn memory(files: &[(&str, &str)]) -> Option<u64> {
        let directory = tempfile::tempdir().unwrap();
        let root = Root::new(directory.path());
        for (path, text) in files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Machine::look(&root).memory
    }

    #[test]
    fn the_scarcer_of_cpus_and_memory_limits() {
        for (cpus, gib, expected) in [(2, 23, 2), (8, 6, 4), (8, 1, 1), (0, 4, 1), (4, 0, 1)] {
            assert_eq!(machine(cpus, Some(gib * GIB)).jobs(None), expected);
        }
        assert_eq!(machine(16, None).jobs(None), 16);
        assert_eq!(machine(2, Some(GIB)).jobs(NonZeroUsize::new(5)), 5);
    }

    #[test]
    fn the_log_says_which() {
        assert_eq!(
            machine(2, available_in(MEMINFO)).describe(None),
            "2 at once: 2 CPUs, 22.6 GiB of memory; as many as CPUs"
        );
        assert_eq!(
            machine(8, Some(5 * GIB)).describe(None),
            "3 at once: 8 CPUs, 5.0 GiB of memory; limited by memory, 1.5 GiB each"
        );
        assert_eq!(
            machine(1, None).describe(NonZeroUsize::new(4)),
            "4 at once: 1 CPU, memory unknown; asked for by JOBS"
        );
    }

    #[test]
    fn memory_is_what_is_available_and_not_what_is_free() {
        assert_eq!(available_in(MEMINFO), Some(23_760_608 * 1024));
        assert_eq!(available_in("MemFree: 1 kB\n"), None);
        assert_eq!(memory(&[]), None);
        assert!(Machine::look(&Root::default()).cpus >= 1);
    }

    #[test]
    fn the_directories_go_up_to_the_mount() {
        let paths = |table| -> Vec<String> {
            let found = directories(table).into_iter();
            found.map(|(directory, _)| directory).collect()
        };
        assert_eq!(
            paths("0::/system.slice/docker.scope\n"),
            [
                "/sys/fs/cgroup/system.slice/docker.scope",
                "/sys/fs/cgroup/system.slice",
                "/sys/fs/cgroup"
            ]
        );
        assert_eq!(
            paths("5:cpu,cpuacct:/a\n4:hugetlb,memory:/b:c\nnonsense\n"),
            ["/sys/fs/cgroup/memory/b:c", "/sys/fs/cgroup/memory"]
        );
    }

    #[test]
    fn version_2_is_limited_by_the_tightest_of_its_parents() {
        let cgroup = ("/proc/self/cgroup", "0::/pod/build\n");
        let own = ("/sys/fs/cgroup/pod/build/memory.max", "max\n");
        let pod = ("/sys/fs/cgroup/pod/memory.max", "4294967296\n");
        let used = ("/sys/fs/cgroup/pod/memory.current", "1073741824\n");
        let cache = (
            "/sys/fs/cgroup/pod/memory.stat",
            "anon 536870912\ninactive_file 536870912\n",
        );
        let meminfo = ("/proc/meminfo", MEMINFO);
        assert_eq!(memory(&[cgroup, own, pod, meminfo]), Some(4 * GIB));
        assert_eq!(memory(&[cgroup, own, pod, used]), Some(3 * GIB));
        assert_eq!(
            memory(&[cgroup, pod, used, cache, meminfo]),
            Some(3 * GIB + GIB / 2)
        );
        assert_eq!(memory(&[cgroup, own]), None);
    }

    #[test]
    fn version_1_says_a_giant_number_for_no_limit() {
        let cgroup = ("/proc/self/cgroup", "4:memory:/docker/abc\n0::/\n");
        let none = (
            "/sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes",
            "9223372036854771712\n",
        );
        // A container sees its own cgroup as the mount, whatever its path is outside.
        let limit = (
            "/sys/fs/cgroup/memory/memory.limit_in_bytes",
            "2147483648\n",
        );
        let used = (
            "/sys/fs/cgroup/memory/memory.usage_in_bytes",
            "1073741824\n",
        );
        assert_eq!(memory(&[cgroup, none]), None);
        assert_eq!(memory(&[cgroup, none, limit, used]), Some(GIB));
    }
}

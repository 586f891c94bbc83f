//! What is in no package's list of files and yet there because of it: a documented
//! list of what maintainer scripts make, each with what its package does it for. And
//! what is there, or not there, because of how images are built.

/// A path that the scripts of a package make or change.
#[derive(Debug)]
pub struct Made {
    /// The path; a star stands for any characters.
    pattern: &'static str,
    /// The package, which has to come with the image; a star as in the path.
    package: &'static str,
    /// Mode and owner, where they are not 0644 or 0755 and root's.
    pub special: Option<(u32, &'static str)>,
    /// Whether it has a capability, capabilities(7).
    pub capable: bool,
    /// What for.
    pub why: &'static str,
}

const fn made(pattern: &'static str, package: &'static str, why: &'static str) -> Made {
    Made {
        pattern,
        package,
        special: None,
        capable: false,
        why,
    }
}

const fn special(
    pattern: &'static str,
    package: &'static str,
    (mode, owner): (u32, &'static str),
    why: &'static str,
) -> Made {
    Made {
        special: Some((mode, owner)),
        ..made(pattern, package, why)
    }
}

const fn capable(pattern: &'static str, package: &'static str, why: &'static str) -> Made {
    Made {
        capable: true,
        ..made(pattern, package, why)
    }
}

impl Made {
    /// Whether it is made by a package of this name.
    pub fn is_by(&self, package: &str) -> bool {
        matches(self.package, package)
    }
}

/// Sorted by package. The scripts are those of Debian 12 and 13.
const MADE: &[Made] = &[
    made("/run/adduser", "adduser", "adduser(8) locks it"),
    made(
        "/etc/apache2/*-enabled/*",
        "apache2",
        "a2enmod, a2enconf and a2ensite link what is enabled",
    ),
    made(
        "/var/lib/apache2/*/enabled_by_*/*",
        "apache2",
        "a2enmod and its like note who enabled what",
    ),
    special(
        "/var/log/apache2/*.log",
        "apache2",
        (0o640, "root:adm"),
        "postinst makes empty logs",
    ),
    special(
        "/var/log/apache2",
        "apache2",
        (0o750, "root:adm"),
        "postinst gives its logs to adm",
    ),
    special(
        "/var/cache/apache2/mod_cache_disk",
        "apache2",
        (0o755, "www-data:www-data"),
        "postinst gives the cache to the server",
    ),
    special(
        "/run/apache2/socks",
        "apache2",
        (0o755, "www-data:root"),
        "apache2ctl makes it where the configuration is tested",
    ),
    special(
        "/run/lock/apache2",
        "apache2",
        (0o755, "www-data:root"),
        "apache2ctl makes it where the configuration is tested",
    ),
    made(
        "/var/www/html/index.html",
        "apache2",
        "postinst copies the page that says it works",
    ),
    capable(
        "/usr/bin/arping",
        "iputils-arping",
        "postinst lets everybody use it",
    ),
    made(
        "/etc/apparmor.d/local/*",
        "isc-dhcp-client",
        "dh_apparmor(1) makes an empty file for additions",
    ),
    made("/etc/hosts.*", "libwrap0", "postinst writes the first ones"),
    special(
        "/usr/bin/mount",
        "mount",
        (0o4755, "root:root"),
        "the package has it so",
    ),
    special(
        "/usr/bin/umount",
        "mount",
        (0o4755, "root:root"),
        "the package has it so",
    ),
    made("/etc/networks", "netbase", "postinst writes the first one"),
    made(
        "/var/lib/python/python3*_installed",
        "python3.*-minimal",
        "preinst notes that the interpreter is there",
    ),
    made(
        "/etc/python3/debian_config",
        "python3",
        "postinst writes the settings of py3compile",
    ),
    made(
        "/usr/local/lib/python3.*/dist-packages",
        "python3.*-minimal",
        "postinst makes it for modules of the administrator's",
    ),
    made(
        "/etc/inputrc",
        "readline-common",
        "postinst copies the first one",
    ),
    special(
        "/etc/sudoers",
        "sudo",
        (0o440, "root:root"),
        "the package has it so",
    ),
    special(
        "/etc/sudoers.d/README",
        "sudo",
        (0o440, "root:root"),
        "the package has it so",
    ),
    special(
        "/usr/bin/sudo",
        "sudo",
        (0o4755, "root:root"),
        "the package has it so",
    ),
    made(
        "/etc/systemd/system/getty.target.wants/getty@tty1.service",
        "systemd",
        "postinst enables the first terminal",
    ),
    made(
        "/var/lib/systemd/catalog/database",
        "systemd",
        "journalctl(1) compiles the texts of messages",
    ),
    made("/etc/localtime", "tzdata", "postinst links the time zone"),
    made("/etc/timezone", "tzdata", "postinst writes the time zone"),
];

/// Those that a path may be by.
pub fn by_scripts(path: &str) -> impl Iterator<Item = &'static Made> {
    MADE.iter().filter(move |made| matches(made.pattern, path))
}

/// Accounts that packages make: the account, the package.
const ACCOUNTS: &[(&str, &str)] = &[
    ("dnsmasq", "dnsmasq-base"),
    ("haproxy", "haproxy"),
    ("radvd", "radvd"),
    ("systemd-journal", "systemd"),
    ("systemd-network", "systemd"),
    ("uuidd", "uuid-runtime"),
];

/// The package that makes an account.
pub fn account(name: &str) -> Option<&'static str> {
    let found = ACCOUNTS.iter().find(|(account, _)| *account == name);
    found.map(|(_, package)| *package)
}

/// What `cleanup` takes from the base as well, because it is made again or differs from
/// build to build: the path and why.
const REMOVED: &[(&str, &str)] = &[
    (
        "/var/lib/apt/lists/*",
        "apt makes them with the next update",
    ),
    ("/var/cache/apt/*.bin*", "apt makes them from its lists"),
    (
        "/var/cache/debconf/*-old",
        "debconf's copies of what was before",
    ),
    (
        "/var/cache/ldconfig/aux-cache",
        "ldconfig makes it, with inodes in it",
    ),
    ("/var/lib/dpkg/*-old", "dpkg's copies of what was before"),
    ("/var/log/apt/*", "of the base's own installation"),
    (
        "/var/log/alternatives.log",
        "of the base's own installation",
    ),
    ("/var/log/bootstrap.log", "of the base's own installation"),
    ("/var/log/dpkg.log", "of the base's own installation"),
    ("/etc/passwd-", "shadow's copy of what was before"),
    ("/etc/group-", "shadow's copy of what was before"),
    ("/etc/shadow-", "shadow's copy of what was before"),
    ("/etc/gshadow-", "shadow's copy of what was before"),
    ("/etc/subuid-", "shadow's copy of what was before"),
    ("/etc/subgid-", "shadow's copy of what was before"),
];

/// Why that is not in a finished image.
pub fn removed(path: &str) -> Option<&'static str> {
    find(REMOVED, path)
}

/// What the programs that build images put there.
const BUILDERS: &[(&str, &str)] = &[
    ("/etc/hosts", "on which the host's is mounted in RUN"),
    ("/etc/resolv.conf", "on which the host's is mounted in RUN"),
];

/// Why a builder makes an empty file.
pub fn by_builder(path: &str) -> Option<&'static str> {
    find(BUILDERS, path)
}

/// Directories in which something was made and removed again, so that their times changed.
const PASSED: &[(&str, &str)] = &[
    ("/var/cache/apt", "apt makes its index there"),
    ("/var/cache/apt/archives", "apt fetches packages to it"),
    (
        "/var/cache/apt/archives/partial",
        "apt fetches packages to it",
    ),
    (
        "/var/cache/debconf/tmp.ci",
        "dpkg-preconfigure(8) unpacks to it",
    ),
    (
        "/var/cache/ldconfig",
        "ldconfig's auxiliary cache was in it",
    ),
    (
        "/var/lib/dpkg/updates",
        "dpkg's journal, which is empty at its end",
    ),
    ("/var/log/apt", "apt logged to it"),
    ("/opt", "the inputs were mounted in it"),
    ("/usr/local/bin", "the program was mounted in it"),
    ("/run", "the builder mounts the secrets in it"),
    ("/tmp", "the source was copied to it"),
    ("/usr/sbin", "policy-rc.d was in it"),
];

/// Why a directory's time changed, with nothing new in it.
pub fn passed(path: &str) -> Option<&'static str> {
    find(PASSED, path)
}

fn find(table: &[(&str, &'static str)], path: &str) -> Option<&'static str> {
    let found = table.iter().find(|(pattern, _)| matches(pattern, path));
    found.map(|(_, why)| *why)
}

/// Whether a path is like a pattern, in which a star stands for any characters but a slash.
fn matches(pattern: &str, path: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == path,
        Some((before, after)) => path.strip_prefix(before).is_some_and(|rest| {
            let ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
            let mut ends = ends.take_while(|end| !rest[..*end].contains('/'));
            ends.any(|end| matches(after, &rest[end..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stays_in_its_directory() {
        assert!(matches("/a/*.log", "/a/b.c.log"));
        assert!(matches("/a/*-enabled/*", "/a/mods-enabled/x.load"));
        assert!(!matches("/a/*", "/a/b/c"));
        assert!(!matches("/a/*.log", "/a/b.logs"));
        assert!(matches("/a", "/a"));
        assert!(!matches("/a", "/a/b"));
    }
}

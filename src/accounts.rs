//! The image's accounts, read from its files.
//!
//! Not by getpwnam(3), the way of the crate `uzers`: a static glibc would load
//! NSS modules of the image it runs in, and what counts here is what the
//! image's own files say, not what a directory service behind them does.

use serde::{Deserialize, Serialize};

use crate::root::Root;

/// The files of accounts that useradd and its like change.
pub const FILES: [&str; 6] = [
    "/etc/group",
    "/etc/gshadow",
    "/etc/passwd",
    "/etc/shadow",
    "/etc/subgid",
    "/etc/subuid",
];

/// What they leave beside these, shadow's `lib/commonio.c`: `-` is what was there before their
/// last change, a state that nobody has seen, with a date in it; when they are killed also
/// `+`, `.lock` and a number, that of the process.
#[must_use]
pub fn leftovers(root: &Root) -> Vec<String> {
    let beside = FILES.iter().flat_map(|file| {
        let found = root.glob(&format!("{file}?*")).into_iter();
        found.filter(move |path| is_leftover(path.strip_prefix(*file).unwrap_or_default()))
    });
    beside.collect()
}

fn is_leftover(end: &str) -> bool {
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    match end.strip_prefix('.') {
        Some(end) => end == "lock" || (!end.is_empty() && is_number(end)),
        None => ["-", "+"].contains(&end),
    }
}

/// A line of passwd(5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Its name.
    pub name: String,
    /// Its id.
    pub uid: u32,
    /// The id of its primary group.
    pub gid: u32,
    /// Its home directory.
    pub home: String,
    /// Its shell.
    pub shell: String,
}

/// A line of group(5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its id.
    pub gid: u32,
    /// The users that it is a further group of.
    pub members: Vec<String>,
}

/// The users and groups of an image.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accounts {
    /// Those of passwd(5), in the order of the file.
    pub users: Vec<User>,
    /// Those of group(5), in the order of the file.
    pub groups: Vec<Group>,
}

/// What useradd(8) and its like will do here, and what they will meet.
#[derive(Debug, Clone, Default)]
pub struct Useradd {
    /// Whether programs that look an account up ask a directory service, too, which
    /// takes its time where there is none: as LDAP does in a build.
    pub asks_elsewhere: bool,
    /// Whether useradd(8) makes a mailbox even for who gets no home, as Enterprise Linux and
    /// openSUSE have it set.
    pub makes_mailbox: bool,
    /// The locks that are there. In a build nobody holds one while it is planned: useradd was
    /// killed, and takes its number for that of a process that runs.
    pub locks: Vec<String>,
}

impl Useradd {
    /// Reads `/etc/nsswitch.conf` and useradd's own settings.
    #[must_use]
    pub fn read(root: &Root) -> Self {
        let text = |path| root.read(path).unwrap_or_default();
        Self {
            // Enterprise Linux names sssd also where it is not installed; its module then
            // answers at once.
            asks_elsewhere: asks_elsewhere(
                &text("/etc/nsswitch.conf"),
                root.is_directory("/var/lib/sss/pipes"),
            ),
            makes_mailbox: text("/etc/default/useradd")
                .lines()
                .any(|line| line.trim() == "CREATE_MAIL_SPOOL=yes"),
            locks: FILES
                .iter()
                .map(|file| format!("{file}.lock"))
                .filter(|lock| root.exists(lock))
                .collect(),
        }
    }
}

impl Accounts {
    /// Reads `/etc/passwd` and `/etc/group`; an image without them has no accounts.
    #[must_use]
    pub fn read(root: &Root) -> Self {
        let text = |path| root.read(path).unwrap_or_default();
        Self::parse(&text("/etc/passwd"), &text("/etc/group"))
    }

    fn parse(passwd: &str, group: &str) -> Self {
        let users = passwd.lines().filter_map(|line| {
            let mut fields = line.split(':');
            Some(User {
                name: fields.next()?.to_owned(),
                uid: fields.nth(1)?.parse().ok()?,
                gid: fields.next()?.parse().ok()?,
                home: fields.nth(1)?.to_owned(),
                shell: fields.next()?.to_owned(),
            })
        });
        let groups = group.lines().filter_map(|line| {
            let mut fields = line.split(':');
            Some(Group {
                name: fields.next()?.to_owned(),
                gid: fields.nth(1)?.parse().ok()?,
                members: {
                    let members = fields.next().unwrap_or_default().split(',');
                    let members = members.filter(|member| !member.is_empty());
                    members.map(str::to_owned).collect()
                },
            })
        });
        Self {
            users: users.collect(),
            groups: groups.collect(),
        }
    }

    /// The user of this name.
    #[must_use]
    pub fn user(&self, name: &str) -> Option<&User> {
        self.users.iter().find(|user| user.name == name)
    }

    /// The first user with this id.
    #[must_use]
    pub fn user_of(&self, uid: u32) -> Option<&User> {
        self.users.iter().find(|user| user.uid == uid)
    }

    /// The group of this name.
    #[must_use]
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.name == name)
    }

    /// The first group with this id.
    #[must_use]
    pub fn group_of(&self, gid: u32) -> Option<&Group> {
        self.groups.iter().find(|group| group.gid == gid)
    }
}

/// Whether nsswitch.conf(5) names a service for accounts that is neither a file nor made
/// up on the machine. What is in brackets says when the next one is asked.
fn asks_elsewhere(nsswitch: &str, has_sssd: bool) -> bool {
    let databases = ["passwd", "group", "shadow", "gshadow", "initgroups"];
    nsswitch
        .lines()
        .filter_map(|line| line.split('#').next()?.split_once(':'))
        .filter(|(database, _)| databases.contains(&database.trim()))
        .flat_map(|(_, services)| services.split(['[', ']']).step_by(2))
        .flat_map(str::split_whitespace)
        .any(|service| !LOCAL.contains(&service) && (has_sssd || service != "sss"))
}

/// Services that answer from the machine's own files and from systemd.
const LOCAL: &[&str] = &["altfiles", "compat", "db", "files", "systemd"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_of_a_killed_useradd_is_there() {
        let directory = tempfile::tempdir().unwrap();
        let root = Root::new(directory.path());
        std::fs::create_dir(root.join("/etc")).unwrap();
        for name in [
            "passwd",
            "passwd-",
            "passwd.30551",
            "passwd.lock",
            "group.locks",
        ] {
            std::fs::write(root.join("/etc").join(name), "").unwrap();
        }
        assert_eq!(Useradd::read(&root).locks, ["/etc/passwd.lock"]);
        let all = ["/etc/passwd-", "/etc/passwd.30551", "/etc/passwd.lock"];
        assert_eq!(leftovers(&root), all);
    }

    #[test]
    fn what_useradd_leaves_is_told_from_what_others_keep() {
        let left = ["-", "+", ".lock", ".8872"];
        assert!(left.into_iter().all(is_leftover));
        let kept = ["", ".", ".old", ".8872.old", "-old", "ed", ".2024-03"];
        assert!(!kept.into_iter().any(is_leftover));
    }

    #[test]
    fn directories_are_told_from_files() {
        for (nsswitch, elsewhere) in [
            ("", false),
            (
                "passwd: files\ngroup: files systemd\nhosts: files dns\n",
                false,
            ),
            ("passwd:\tcompat\n", false),
            ("passwd: files # ldap\n# group: ldap\n", false),
            (
                "passwd: files [NOTFOUND=return UNAVAIL=continue] systemd\n",
                false,
            ),
            ("passwd: files ldap\n", true),
            (
                "group: files [SUCCESS=merge] sss [NOTFOUND=return] systemd\n",
                true,
            ),
            ("initgroups:files winbind\n", true),
        ] {
            assert_eq!(asks_elsewhere(nsswitch, true), elsewhere, "{nsswitch:?}");
        }
        assert!(!asks_elsewhere("passwd: sss files systemd\n", false));
        assert!(asks_elsewhere("passwd: sss files ldap\n", false));
    }

    #[test]
    fn lines_are_read_and_broken_ones_passed_over() {
        let accounts = Accounts::parse(
            "root:x:0:0:root:/root:/bin/bash\n+::::::\nnova:x:42424:42424:nova user:/var/lib/nova:/bin/bash\n",
            "root:x:0:\nnova:x:42424:\n",
        );
        assert_eq!(
            accounts
                .user("nova")
                .map(|user| (user.uid, user.gid, user.shell.as_str())),
            Some((42424, 42424, "/bin/bash"))
        );
        assert_eq!(
            accounts.user_of(0).map(|user| user.name.as_str()),
            Some("root")
        );
        assert_eq!(
            accounts.group_of(42424).map(|group| group.name.as_str()),
            Some("nova")
        );
        assert_eq!(accounts.group("none"), None);
    }
}

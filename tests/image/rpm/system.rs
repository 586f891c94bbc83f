//! Systems of the two families: os-release, the configuration and the few packages that
//! decide how dnf and zypper behave there.

use std::collections::BTreeMap;

use super::package::Package;
use super::repository::Repository;
use crate::assets::rpm_base;
use crate::container::Container;

/// A distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// Stream 9 of it.
    CentOs,
    /// Oracle Linux 9.
    Oracle,
    /// openSUSE Leap 15.6.
    Leap,
}

/// One of each family.
pub const FAMILIES: [System; 2] = [System::CentOs, System::Leap];

/// Where the repository is in a container.
const PLACE: &str = "/repository";

/// dnf.conf(5) as EL 9 has it, which is not as Debian has it.
const DNF: &str = "[main]\ngpgcheck=1\ninstallonly_limit=3\nclean_requirements_on_remove=True\n\
                   best=True\nskip_if_unavailable=False\n";

impl System {
    /// A container of it with a repository of what every build here needs, and of these packages.
    /// Set up for the project `tiny`.
    pub fn with(self, packages: &[Package]) -> (Container, Repository) {
        let repository = Repository::of(&[&self.packages(), packages].concat());
        let mut container = Container::of(&rpm_base()).tiny();
        container.remove("/etc/os-release");
        container.write("/etc/os-release", self.os_release());
        container.mount(repository.path(), PLACE);
        match self {
            Self::CentOs | Self::Oracle => container.write("/etc/dnf/dnf.conf", DNF),
            Self::Leap => {
                // As openSUSE has it: the database is an ndb beside the read-only part.
                let macros = "%_dbpath /usr/lib/sysimage/rpm\n%_db_backend ndb\n";
                container.write("/usr/lib/rpm/macros.d/macros.suse", macros);
                container.shell(
                    "mkdir -p /usr/lib/sysimage/rpm && rm -rf /var/lib/rpm \
                     && ln -s ../../usr/lib/sysimage/rpm /var/lib/rpm",
                );
            }
        }
        self.repository(&container, "base", "baseurl=file:///repository\ngpgcheck=0");
        let base: Vec<String> = self
            .base()
            .iter()
            .map(|package| format!("{PLACE}/{}", package.file_name()))
            .collect();
        container.shell(&format!("rpm --install {}", base.join(" ")));
        // Leap's is too old, and another one would be installed.
        container.set("PYTHON_PROGRAM", "python3");
        container.one_by_one();
        (container, repository)
    }

    /// Writes the file of a repository.
    pub fn repository(self, container: &Container, name: &str, lines: &str) {
        let directory = match self {
            Self::CentOs | Self::Oracle => "/etc/yum.repos.d",
            Self::Leap => "/etc/zypp/repos.d",
        };
        let head = format!("[{name}]\nname={name} of the test\nenabled=1\n");
        container.write(
            &format!("{directory}/{name}.repo"),
            &format!("{head}{lines}\n"),
        );
    }

    /// The package manager, called as hooks and people call it.
    pub fn install(self) -> &'static str {
        match self {
            Self::CentOs | Self::Oracle => "dnf -q -y install",
            Self::Leap => "zypper -q -n install",
        }
    }

    /// The package of useradd(8) and its like.
    pub fn accounts(self) -> &'static str {
        match self {
            Self::CentOs | Self::Oracle => "shadow-utils",
            Self::Leap => "shadow",
        }
    }

    fn os_release(self) -> &'static str {
        match self {
            Self::CentOs => {
                "NAME=\"CentOS Stream\"\nID=\"centos\"\nID_LIKE=\"rhel fedora\"\nVERSION=\"9\"\nVERSION_ID=\"9\"\n"
            }
            Self::Oracle => {
                "NAME=\"Oracle Linux Server\"\nID=\"ol\"\nID_LIKE=\"fedora\"\nVERSION=\"9.6\"\nVERSION_ID=\"9.6\"\n"
            }
            Self::Leap => {
                "NAME=\"openSUSE Leap\"\nID=\"opensuse-leap\"\nID_LIKE=\"suse opensuse\"\nVERSION=\"15.6\"\nVERSION_ID=\"15.6\"\n"
            }
        }
    }

    /// What its image has. rpm's packages know nothing of the files that are Debian's.
    fn base(self) -> Vec<Package> {
        let shell = Package::new("bash").tag("Provides", "/bin/sh");
        let release = match self {
            Self::CentOs => Package::new("centos-stream-release"),
            Self::Oracle => Package::new("oraclelinux-release"),
            Self::Leap => Package::new("openSUSE-release"),
        };
        let release = release
            .tag("Provides", "system-release = 9")
            .tag("Provides", "system-release(releasever) = 9");
        // What nobody needs, and is the base's.
        vec![shell, release, Package::new("nobodys")]
    }

    /// All that a build asks for by itself, and what that brings.
    fn packages(self) -> Vec<Package> {
        let programs = ["groupadd", "groupmod", "useradd", "usermod"];
        let accounts = programs
            .iter()
            .fold(Package::new(self.accounts()), |package, name| {
                package.link(
                    &format!("/usr/sbin/{name}"),
                    &format!("/usr/lib/hidden/{name}"),
                )
            });
        let git = Package::new("git-core")
            .version("1.2")
            .requires("less")
            .requires("perl-Git = 1.2")
            .tag("Recommends", "git-manuals")
            .link("/usr/bin/git", "/usr/lib/hidden/git");
        let needed = vec![
            accounts.requires("libsemanage"),
            git,
            Package::new("git-manuals"),
            Package::new("less"),
            Package::new("libsemanage"),
            Package::new("perl-Git")
                .version("1.2")
                .requires("perl(Carp)"),
            Package::new("perl-libs").tag("Provides", "perl(Carp)"),
        ];
        // Debian's, under the name that is looked for there: that of another version.
        let python = Package::new("python311").link("/usr/bin/python3.11", "python3");
        [self.base(), needed, vec![python]].concat()
    }
}

/// Every installed package with its version.
pub fn installed(container: &Container) -> BTreeMap<String, String> {
    let answer = container.shell("rpm --query --all --queryformat '%{NAME} %{VERSION}\\n'");
    answer
        .lines()
        .map(|line| line.split_once(' ').expect("two words"))
        .map(|(name, version)| (name.to_owned(), version.to_owned()))
        .collect()
}

/// The names of what is installed now and was not before.
pub fn added(container: &Container, before: &BTreeMap<String, String>) -> Vec<String> {
    let now = installed(container).into_keys();
    now.filter(|name| !before.contains_key(name)).collect()
}

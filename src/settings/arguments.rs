//! Every build argument by name: the one place where names, defaults and their
//! explanations live. Flags, environment variables, `--help` and the README's
//! table are all made from this list.
//!
//! The names are LOCI's: its Dockerfiles of 2025 (seed) and 2026 (head), and of
//! the forks that served other distributions.

/// A build argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argument {
    /// The name of the environment variable; the flag is the same in lower case with hyphens.
    pub name: &'static str,
    /// The value when it is unset or empty, as the user would write it.
    pub default: &'static str,
    /// What stands for the value in `--help`.
    pub value: &'static str,
    /// One sentence for `--help` and the README.
    pub help: &'static str,
}

impl Argument {
    /// The flag's name without its two hyphens.
    #[must_use]
    pub fn flag(&self) -> String {
        self.name.to_ascii_lowercase().replace('_', "-")
    }
}

/// Looks an argument up by its name in capitals.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static Argument> {
    ARGUMENTS.iter().find(|argument| argument.name == name)
}

const fn argument(
    name: &'static str,
    default: &'static str,
    value: &'static str,
    help: &'static str,
) -> Argument {
    Argument {
        name,
        default,
        value,
        help,
    }
}

/// The arguments, grouped as in the README.
pub const ARGUMENTS: &[Argument] = &[
    argument(
        "PROJECT",
        "",
        "NAME",
        "Service to install; required. `requirements` builds the wheels image instead, `base` the image below the others",
    ),
    argument(
        "PROJECT_REPO",
        "https://opendev.org/openstack/PROJECT",
        "URL",
        "Git repository of the service, any URL that git knows, or a local path",
    ),
    argument(
        "PROJECT_REF",
        "master",
        "REF",
        "Branch, tag, commit or `refs/changes/NN/N/N` to install",
    ),
    argument(
        "PROJECT_RELEASE",
        "master",
        "NAME",
        "Extra profile for pydep files; recorded in project.txt",
    ),
    argument(
        "PROJECT_PIP_EXTRAS",
        "",
        "LIST",
        "Extras of the project, comma separated: `ldap,memcache`",
    ),
    argument(
        "EXTRA_PROJECTS",
        "",
        "LIST",
        "Further directories of SOURCES_DIR, built and installed with the project",
    ),
    argument(
        "SOURCES_DIR",
        "/tmp",
        "DIR",
        "Where sources are: SOURCES_DIR/PROJECT is used when it exists and cloned there when not",
    ),
    argument(
        "INPUTS_DIR",
        "",
        "DIR",
        "A second directory of bindep, pydep and hook files, read after /opt/loci",
    ),
    argument(
        "PATCHES",
        "",
        "DIR",
        "Patches of sources, `PATCHES/PROJECT/*.patch`: a path, or the name of a directory of inputs; the inputs' `patches` when not given",
    ),
    argument(
        "GIT_CREDENTIALS_FILE",
        "",
        "FILE",
        "Logins of git servers, a URL with user and password in each line; the secret `git-credentials` when not given",
    ),
    argument("UID", "42424", "ID", "User id of the service's account"),
    argument("GID", "42424", "ID", "Group id of the service's account"),
    argument(
        "UPDATE_SYSTEM_ACCOUNT",
        "False",
        "BOOL",
        "Change an existing account of the same name to the wanted ids instead of refusing it",
    ),
    argument(
        "NON_UNIQUE_SYSTEM_ACCOUNT",
        "False",
        "BOOL",
        "Allow an id that another account already has",
    ),
    argument(
        "WHEELS",
        "",
        "SOURCES",
        "Wheels to fetch, of each the first that there is: paths of tarballs, directories and OCI layouts, URLs of tarballs, image references; the directory WHEELS_PATH when not given",
    ),
    argument(
        "WHEELS_PATH",
        "/wheels",
        "DIR",
        "Where the wheels are mounted",
    ),
    argument("WHEELS_DEST", "/wheels", "DIR", "Where fetched wheels go"),
    argument(
        "KEEP_ALL_WHEELS",
        "False",
        "BOOL",
        "The wheels are complete: use no package index in any step; for `requirements`: keep every wheel, not only the compiled ones",
    ),
    argument(
        "LOCK",
        "",
        "FILE",
        "For `requirements`: the pylock.toml of an earlier build, to make the same set of the same files again",
    ),
    argument(
        "HERMETIC",
        "no",
        "BOOL",
        "Keep children from the network that do not need it, where the kernel allows that; `required`: or build nothing",
    ),
    argument(
        "JOBS",
        "",
        "NUMBER",
        "How much is done at once: steps, four when not given; or builds of `requirements`, as many as CPUs and memory allow. 1 is one after another",
    ),
    argument(
        "DISTRO",
        "",
        "ID",
        "Distribution to take this for, instead of what os-release says: `DISTRO=ubuntu` on a derivative",
    ),
    argument(
        "DISTRO_VERSION",
        "",
        "VERSION",
        "Version or codename that goes with DISTRO: `24.04` or `noble`",
    ),
    argument("PROFILES", "", "LIST", "bindep profiles, space separated"),
    argument("DIST_PACKAGES", "", "LIST", "Further distribution packages"),
    argument(
        "EXTRA_BINDEP",
        "",
        "GLOBS",
        "Further bindep files; relative names are looked up in the input directories",
    ),
    argument("EXTRA_PYDEP", "", "GLOBS", "Further pydep files, likewise"),
    argument(
        "PIP_PACKAGES",
        "",
        "LIST",
        "Further Python requirements; quote those with spaces as in a shell",
    ),
    argument(
        "INSTALLER",
        "auto",
        "NAME",
        "What installs the service: pip, uv, or auto, which is uv where it is on PATH or among the wheels and knows all that pip is told",
    ),
    argument(
        "PIP_ARGS",
        "",
        "ARGS",
        "Further arguments of `pip install`, quoted as in a shell",
    ),
    argument(
        "PIP_WHEEL_ARGS",
        "PIP_ARGS",
        "ARGS",
        "Further arguments of `pip wheel`",
    ),
    argument(
        "CONSTRAINT_OVERRIDES",
        "",
        "LIST",
        "Changes of the release's constraints: `NAME===VERSION`, `-NAME` to drop one, or a file of such lines",
    ),
    argument(
        "PYTHON_PROGRAM",
        "",
        "NAME",
        "The distribution's interpreter to use, as in `python3.12`: python3, or python3.11 on SUSE 15",
    ),
    argument(
        "PIP_VERSION_CONSTRAINT",
        "",
        "SPEC",
        "Version of pip, as in `<26`",
    ),
    argument(
        "SETUPTOOL_CONSTRAINT",
        "",
        "SPEC",
        "Version of setuptools, as in `<81`",
    ),
    argument("WHEEL_CONSTRAINT", "", "SPEC", "Version of wheel"),
    argument(
        "UPGRADE_PIP_PACKAGES",
        "",
        "LIST",
        "Toolchain packages to upgrade before anything is installed",
    ),
    argument(
        "BYTECODE",
        "none",
        "KIND",
        "Python bytecode in the image: `none`; `checked` against its source at every import; `unchecked`, which spares that",
    ),
    argument(
        "SOURCE_DATE_EPOCH",
        "",
        "SECONDS",
        "The time that the image says where it says one, in seconds since 1970. Builds of the same inputs are then equal; build.json has no times",
    ),
    argument(
        "SMOKE",
        "yes",
        "BOOL",
        "Test the finished image: requirements, programs, imports, shared libraries",
    ),
    argument(
        "COPY_DEFAULT_CONFIG_FILES",
        "no",
        "BOOL",
        "Copy the configuration files that the project ships to /etc/PROJECT",
    ),
    argument(
        "PLUGIN",
        "no",
        "BOOL",
        "Install into a finished image of the service",
    ),
    argument(
        "REGISTRY_PROTOCOL",
        "detect",
        "NAME",
        "Protocol of the wheels' registry: https, http, or detect, which is https, and http where a neighbour talks nothing else",
    ),
    argument(
        "REGISTRY_INSECURE",
        "False",
        "BOOL",
        "Accept any certificate of the wheels' server",
    ),
    argument(
        "REGISTRY_CA",
        "",
        "FILE",
        "Certificates of the authority of the wheels' server, beside those that the system trusts",
    ),
    argument(
        "REGISTRY_AUTH_FILE",
        "",
        "FILE",
        "Logins of the wheels' registry, as docker and podman write them; the secret `registry-auth` or their own files when not given",
    ),
    argument(
        "MOD_OAUTH2_PACKAGES",
        "",
        "FILES",
        "Debian packages of Apache's module for OAuth 2.0, for keystone with `PROFILES=mod_oauth2`: URLs, paths or names in the input directories, each with `#sha256=...`",
    ),
    argument(
        "HORIZON_EXTRA_PANELS",
        "",
        "LIST",
        "Horizon panels to enable, by the names of their modules; those installed of the known ones when not given",
    ),
    argument("NOVA_TSS_USER", "tss", "NAME", "Account that swtpm runs as"),
    argument("NOVA_TSS_UID", "42434", "ID", "User id of that account"),
    argument("NOVA_TSS_GID", "42434", "ID", "Group id of that account"),
    argument(
        "NOVNC_REPO",
        "https://github.com/novnc/novnc",
        "URL",
        "Repository of the noVNC console",
    ),
    argument("NOVNC_REF", "v1.0.0", "REF", "Version of the noVNC console"),
    argument(
        "SPICE_REPO",
        "https://gitlab.freedesktop.org/spice/spice-html5.git",
        "URL",
        "Repository of the SPICE console",
    ),
    argument(
        "SPICE_REF",
        "spice-html5-0.1.6",
        "REF",
        "Version of the SPICE console",
    ),
    argument(
        "SKYLINE_CONSOLE_REPO",
        "https://opendev.org/openstack/skyline-console",
        "URL",
        "Repository of Skyline's console",
    ),
    argument(
        "SKYLINE_CONSOLE_REF",
        "master",
        "REF",
        "Version of Skyline's console",
    ),
    argument(
        "CEPH_REPO",
        "",
        "LINE",
        "Base image: Ceph's archive, a line as in sources.list; with dnf and zypper its URL",
    ),
    argument(
        "CEPH_KEY",
        "https://download.ceph.com/keys/release.asc",
        "FILE",
        "Base image: key of that archive, a URL, a path or a name in the input directories, `#sha256=...` behind it or not",
    ),
    argument(
        "ALLOW_UNAUTHENTICATED",
        "False",
        "BOOL",
        "Base image, apt: take packages whose signatures are missing or wrong, in the image and in all that is made of it",
    ),
    argument(
        "APT_MIRROR",
        "",
        "URL",
        "The same as APT_MIRROR_HOST, with the archive's directory: `http://host/ubuntu/`",
    ),
    argument(
        "APT_MIRROR_HOST",
        "",
        "HOST",
        "Mirror of Ubuntu's or Debian's archive during the build: `host`, `host:port` or `host/prefix`, `http://` before it or not",
    ),
    argument(
        "PACKAGE_MIRROR",
        "",
        "HOST",
        "The same for every distribution; with apt APT_MIRROR_HOST comes first",
    ),
    argument(
        "DIST_REPOS",
        "",
        "LIST",
        "Repositories to enable, `NAME` or `+NAME`, or disable, `-NAME`, during the build; in the base image for good",
    ),
];

/// Old spellings and the names that took their place.
///
/// `PIP_CONSTRAINT` is pip's own variable too; it is LOCI's only when it does not name a file.
pub const OLD_SPELLINGS: &[(&str, &str)] = &[
    ("PIP_CONSTRAINT", "PIP_VERSION_CONSTRAINT"),
    ("WHEEL_CONSTRAIN", "WHEEL_CONSTRAINT"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_make_flags() {
        for (index, argument) in ARGUMENTS.iter().enumerate() {
            assert!(
                !ARGUMENTS[..index]
                    .iter()
                    .any(|earlier| earlier.name == argument.name),
                "{} stands twice",
                argument.name
            );
        }
        assert_eq!(
            by_name("PIP_WHEEL_ARGS").map(Argument::flag).as_deref(),
            Some("pip-wheel-args")
        );
    }
}

//! A working container with the program under test, removed at its end.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::assets::{assets, buildah, buildah_traced, buildah_without_network, tools};
use crate::said::{Said, run};

/// Where the program is mounted. buildah 1.28 sometimes looks a bare name up
/// before it has mounted the file.
pub const PROGRAM: &str = "/usr/local/bin/loci-install";

/// Where commands write what they say.
const SAID: &str = "/run/said";

/// A container. Its files are reached from outside, through [`Container::path`].
pub struct Container {
    name: String,
    root: PathBuf,
    /// Mounted as /opt/loci.
    inputs: TempDir,
    mounts: Vec<(PathBuf, String)>,
    variables: BTreeMap<String, String>,
    /// Whether commands have no network.
    cut_off: bool,
    /// Where what commands start is written down, if anywhere.
    trace: Option<PathBuf>,
    /// What commands may do beyond what buildah allows.
    capabilities: Vec<&'static str>,
}

impl Container {
    /// A container of an image, with the program in it and no settings.
    pub fn of(image: &str) -> Self {
        let name = words(&["from", "--pull-never", image]);
        let root = PathBuf::from(words(&["mount", &name]));
        let inputs = tempfile::tempdir().expect("a directory");
        let mounts = vec![
            (assets().binary.clone(), PROGRAM.to_owned()),
            (inputs.path().to_owned(), "/opt/loci".to_owned()),
        ];
        Self {
            name,
            root,
            inputs,
            mounts,
            variables: BTreeMap::new(),
            cut_off: false,
            trace: None,
            capabilities: Vec::new(),
        }
    }

    /// The bare base, to install Keystone on with this repository's files.
    pub fn keystone() -> Self {
        let mut container = Self::of(&assets().base);
        for file in ["bindep.txt", "pydep.txt", "python-custom-name-mapping.txt"] {
            let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
            fs::copy(&from, container.inputs.path().join(file)).expect("copied");
        }
        container.mount(&assets().wheels, "/wheels");
        for (name, value) in [
            ("PROJECT", "keystone"),
            ("PROFILES", "ldap apache"),
            ("PROJECT_PIP_EXTRAS", "ldap,memcache"),
            ("KEEP_ALL_WHEELS", "True"),
            ("SETUPTOOL_CONSTRAINT", "<81"),
        ] {
            container.set(name, value);
        }
        container
    }

    /// Keystone's source among the inputs, as LOCI's `data` directory has it.
    pub fn with_source(mut self) -> Self {
        self.mount(&assets().source, "/in/data/keystone");
        self.set("INPUTS_DIR", "/in");
        self
    }

    /// A container with tools and a virtualenv, set up for the project `tiny`.
    pub fn with_tools() -> Self {
        Self::of(tools()).tiny()
    }

    /// Settings for `tiny`, a project that no file knows and that needs nothing.
    pub fn tiny(mut self) -> Self {
        self.input("bindep.txt", "");
        self.mount(&assets().wheels, "/wheels");
        self.set("PROJECT", "tiny");
        self.set("KEEP_ALL_WHEELS", "True");
        self
    }

    /// Puts the source of `tiny` where sources are.
    pub fn tiny_source(&self, dependencies: &str) {
        self.write("/tmp/tiny/pyproject.toml", &tiny_project(dependencies));
        self.write("/tmp/tiny/tiny.py", "answer = 42\n");
    }

    /// Mounts something to be read only, in every command from now on.
    pub fn mount(&mut self, from: &Path, to: &str) {
        self.mounts.retain(|(_, mounted)| mounted != to);
        self.mounts.push((from.to_owned(), to.to_owned()));
    }

    /// Does not mount this any more.
    pub fn unmount(&mut self, to: &str) {
        self.mounts.retain(|(_, mounted)| mounted != to);
    }

    /// Takes the network away from every command from now on.
    pub fn cut_off(&mut self) {
        self.cut_off = true;
    }

    /// Writes down every program that a command starts, with its arguments, or does not.
    pub fn trace(&mut self, into: Option<&Path>) {
        self.trace = into.map(Path::to_owned);
    }

    /// Changes the configuration of the image that it becomes.
    pub fn configure(&self, options: &[&str]) {
        words(&[&["config"], options, &[&self.name]].concat());
    }

    /// Lets every command from now on make namespaces.
    pub fn allow_namespaces(&mut self) {
        self.capabilities.push("CAP_SYS_ADMIN");
    }

    /// Lets no command make them any more.
    pub fn forbid_namespaces(&mut self) {
        self.capabilities.retain(|name| *name != "CAP_SYS_ADMIN");
    }

    /// Sets a variable of every command from now on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    /// Writes a file of /opt/loci.
    pub fn input(&self, name: &str, text: &str) {
        write(&self.inputs.path().join(name), text);
    }

    /// A directory of /opt/loci, to be filled.
    pub fn input_directory(&self, name: &str) -> PathBuf {
        self.inputs.path().join(name)
    }

    /// Writes a hook script of the project.
    pub fn hook(&self, name: &str, text: &str) {
        let project = &self.variables["PROJECT"];
        let path = format!("scripts/project_specific/{project}/{name}");
        let path = self.inputs.path().join(path);
        write(&path, &format!("#!/bin/sh\n{text}\n"));
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("made executable");
    }

    /// Runs steps one after another, so that what they say has one order.
    pub fn one_by_one(&mut self) {
        self.set("JOBS", "1");
    }

    /// The whole build.
    pub fn install(&self) -> Said {
        self.run(&[PROGRAM])
    }

    /// One step.
    pub fn step(&self, name: &str) -> Said {
        self.steps(&[name])
    }

    /// Some steps.
    pub fn steps(&self, names: &[&str]) -> Said {
        self.run(&[&[PROGRAM, "step"], names].concat())
    }

    /// What the plan says of a step.
    pub fn planned(&self, step: &str) -> String {
        let plan = self.run(&[PROGRAM, "plan"]).stdout;
        let (_, part) = plan.split_once(&format!("\n{step}: ")).expect("the step");
        part.split("\n\n").next().expect("its part").to_owned()
    }

    /// A shell's answer to a command that has to succeed.
    pub fn shell(&self, script: &str) -> String {
        let said = self.run(&["sh", "-c", script]);
        said.succeeded();
        said.stdout.trim_end().to_owned()
    }

    /// A command.
    pub fn run(&self, arguments: &[&str]) -> Said {
        self.run_as("0", arguments)
    }

    /// A command of another user.
    pub fn run_as(&self, user: &str, arguments: &[&str]) -> Said {
        let mut command = match &self.trace {
            Some(into) => buildah_traced(into),
            None if self.cut_off => buildah_without_network(),
            None => buildah(),
        };
        command.args(["run", "--user", user]);
        for (from, to) in &self.mounts {
            command.args(["--volume", &format!("{}:{to}:ro", from.display())]);
        }
        for capability in &self.capabilities {
            command.args(["--cap-add", capability]);
        }
        for (name, value) in &self.variables {
            command.args(["--env", &format!("{name}={value}")]);
        }
        // buildah 1.28 now and then loses the last of what a command says, so
        // that goes to files.
        let said = tempfile::tempdir().expect("a directory");
        fs::set_permissions(said.path(), fs::Permissions::from_mode(0o777)).expect("opened up");
        command.args(["--volume", &format!("{}:{SAID}", said.path().display())]);
        let redirect = format!("exec \"$@\" >{SAID}/stdout 2>{SAID}/stderr");
        command.arg(&self.name);
        command.args(["--", "/bin/sh", "-c", &redirect, "sh"]);
        let output = command.args(arguments).output().expect("buildah");
        let read = |name| {
            fs::read(said.path().join(name)).unwrap_or_else(|_| panic!("not run: {output:?}"))
        };
        Said::new(output.status, &read("stdout"), &read("stderr"))
    }

    /// Where a file of the container is for this test.
    pub fn path(&self, inside: &str) -> PathBuf {
        self.root.join(inside.trim_start_matches('/'))
    }

    /// Reads a file.
    pub fn read(&self, inside: &str) -> String {
        fs::read_to_string(self.path(inside)).unwrap_or_else(|error| panic!("{inside}: {error}"))
    }

    /// Writes a file.
    pub fn write(&self, inside: &str, text: &str) {
        write(&self.path(inside), text);
    }

    /// Writes a program, in the place of whatever is there.
    pub fn program(&self, inside: &str, text: &str) {
        self.write(inside, &format!("#!/bin/sh\n{text}\n"));
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(self.path(inside), mode).expect("made executable");
    }

    /// Whether something is there.
    pub fn has(&self, inside: &str) -> bool {
        self.path(inside).symlink_metadata().is_ok()
    }

    /// Removes a file.
    pub fn remove(&self, inside: &str) {
        fs::remove_file(self.path(inside)).unwrap_or_else(|error| panic!("{inside}: {error}"));
    }

    /// Moves a file away, or back.
    pub fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to))
            .unwrap_or_else(|error| panic!("{from}: {error}"));
    }

    /// Makes an image of this container.
    pub fn commit(&self, image: &str) {
        words(&["commit", "--quiet", &self.name, image]);
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let _ = buildah().args(["rm", &self.name]).output();
    }
}

/// The pyproject.toml of `tiny`; dependencies as in a TOML list.
pub fn tiny_project(dependencies: &str) -> String {
    format!(
        "[build-system]\nrequires = ['setuptools']\nbuild-backend = 'setuptools.build_meta'\n\
         [project]\nname = 'tiny'\nversion = '1.0'\ndependencies = [{dependencies}]\n"
    )
}

fn write(path: &Path, text: &str) {
    let directory = path.parent().expect("a file in a directory");
    fs::create_dir_all(directory).expect("made");
    fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// What buildah answers to a command that has to succeed.
fn words(arguments: &[&str]) -> String {
    run(buildah().args(arguments)).trim().to_owned()
}

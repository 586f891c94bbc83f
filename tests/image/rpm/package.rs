//! A small package, as rpmbuild(1) reads it.

use std::fmt::Write as _;

/// A package with one file of its own, `/usr/share/NAME.txt`.
#[derive(Debug, Clone)]
pub struct Package {
    /// Its name.
    pub name: String,
    version: String,
    /// Tags of the preamble.
    tags: String,
    /// Commands of `%install`.
    install: String,
    /// Lines of `%files`.
    files: String,
    /// Whole sections of scripts.
    scripts: String,
}

impl Package {
    /// Version 1 of a package that needs nothing.
    pub fn new(name: &str) -> Self {
        let package = Self {
            name: name.to_owned(),
            version: "1".to_owned(),
            tags: String::new(),
            install: String::new(),
            files: String::new(),
            scripts: String::new(),
        };
        package.file(&format!("/usr/share/{name}.txt"), name)
    }

    /// Of this version.
    pub fn version(mut self, version: &str) -> Self {
        version.clone_into(&mut self.version);
        self
    }

    /// With a tag, as in `Requires`.
    pub fn tag(mut self, tag: &str, value: &str) -> Self {
        writeln!(self.tags, "{tag}: {value}").expect("a string takes everything");
        self
    }

    /// Needs another one.
    pub fn requires(self, capability: &str) -> Self {
        self.tag("Requires", capability)
    }

    /// With a file.
    pub fn file(self, path: &str, text: &str) -> Self {
        self.made(path, &format!("echo '{text}' > %{{buildroot}}{path}"))
    }

    /// With a symbolic link.
    pub fn link(self, path: &str, target: &str) -> Self {
        self.made(path, &format!("ln -s {target} %{{buildroot}}{path}"))
    }

    fn made(mut self, path: &str, command: &str) -> Self {
        let (directory, _) = path.rsplit_once('/').expect("an absolute path");
        let install = format!("mkdir -p %{{buildroot}}{directory}\n{command}\n");
        self.install.push_str(&install);
        self.files.push_str(path);
        self.files.push('\n');
        self
    }

    /// With a script, as in `post`.
    pub fn script(mut self, when: &str, commands: &str) -> Self {
        let section = format!("%{when} -n {}\n{commands}\n", self.name);
        self.scripts.push_str(&section);
        self
    }

    /// The file that it becomes.
    pub fn file_name(&self) -> String {
        format!("{}-{}-1.noarch.rpm", self.name, self.version)
    }
}

impl Package {
    fn head(&self) -> String {
        let Self {
            name,
            version,
            tags,
            ..
        } = self;
        format!(
            "%package -n {name}\nVersion: {version}\nSummary: {name}\nAutoReqProv: no\n{tags}\
             %description -n {name}\n{name}\n"
        )
    }

    fn contents(&self) -> String {
        format!("%files -n {}\n{}{}", self.name, self.files, self.scripts)
    }
}

/// The spec file of several packages, which rpmbuild makes all at once.
pub fn spec(packages: &[Package]) -> String {
    let of_each = |part: fn(&Package) -> String| -> String { packages.iter().map(part).collect() };
    let head = "Name: source\nVersion: 1\nRelease: 1\nSummary: Packages of a test\n\
                License: Apache-2.0\nBuildArch: noarch\n%description\nPackages of a test\n";
    [
        head,
        &of_each(Package::head),
        "%install\n",
        &of_each(|package| package.install.clone()),
        &of_each(Package::contents),
    ]
    .concat()
}

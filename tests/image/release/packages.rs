//! Tiny packages, whose builds need nothing but Python and say that they ran.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{Cursor, Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// Where every build writes its name.
pub const BUILDS: &str = "/var/tmp/builds";

/// A project and its sdist.
#[derive(Debug, Clone, Default)]
pub struct Sdist {
    name: String,
    version: String,
    requires: Vec<String>,
    build_requires: Vec<String>,
    asks: String,
    first: String,
    setup: Option<String>,
}

impl Sdist {
    /// A project whose backend is among its own files.
    pub fn new(name: &str, version: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            asks: "[]".to_owned(),
            first: "pass".to_owned(),
            ..Self::default()
        }
    }

    /// A project of setuptools, with further arguments of `setup()`.
    pub fn of_setuptools(name: &str, version: &str, arguments: &str) -> Self {
        let mut sdist = Self::new(name, version);
        sdist.setup = Some(arguments.to_owned());
        sdist
    }

    /// What its wheel requires.
    pub fn requires(mut self, requirement: &str) -> Self {
        self.requires.push(requirement.to_owned());
        self
    }

    /// What its build requires.
    pub fn build_requires(mut self, requirement: &str) -> Self {
        self.build_requires.push(requirement.to_owned());
        self
    }

    /// What its backend says only when it runs: a Python expression.
    pub fn asks(mut self, expression: &str) -> Self {
        expression.clone_into(&mut self.asks);
        self
    }

    /// What its build does first: a Python statement.
    pub fn first(mut self, statement: &str) -> Self {
        statement.clone_into(&mut self.first);
        self
    }

    /// Its file's name.
    pub fn file_name(&self) -> String {
        format!("{}-{}.tar.gz", self.name, self.version)
    }

    /// Its sdist.
    pub fn bytes(&self) -> Vec<u8> {
        let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (file, text) in self.files() {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            let path = format!("{}-{}/{file}", self.name, self.version);
            archive
                .append_data(&mut header, path, text.as_bytes())
                .expect("appended");
        }
        let packed = archive.into_inner().and_then(GzEncoder::finish);
        packed.expect("packed")
    }

    /// Its source tree.
    pub fn unpack(&self, directory: &Path) {
        fs::create_dir_all(directory).expect("made");
        for (file, text) in self.files() {
            fs::write(directory.join(file), text).expect("written");
        }
    }

    fn files(&self) -> Vec<(&'static str, String)> {
        let Self {
            name,
            version,
            first,
            asks,
            ..
        } = self;
        let metadata = metadata(name, version, &self.requires);
        let module = (
            "module.py",
            format!("name = {name:?}\nversion = {version:?}\n"),
        );
        if let Some(arguments) = &self.setup {
            let setup = format!(
                "import sys\nfrom setuptools import setup\n{first}\n\
                 if 'bdist_wheel' in sys.argv: open({BUILDS:?}, 'a').write('{name}\\n')\n\
                 setup(name={name:?}, version={version:?}, py_modules=['module'], {arguments})\n"
            );
            return vec![("PKG-INFO", metadata), ("setup.py", setup), module];
        }
        let pyproject = format!(
            "[build-system]\nrequires = {:?}\nbuild-backend = 'backend'\nbackend-path = ['.']\n\
             [project]\nname = {name:?}\nversion = {version:?}\n",
            self.build_requires
        );
        let backend = BACKEND
            .replace("@ASKS@", asks)
            .replace("@FIRST@", first)
            .replace("@NAME@", &name.replace('-', "_"))
            .replace("@VERSION@", version)
            .replace("@BUILDS@", BUILDS)
            .replace("@METADATA@", &metadata);
        vec![
            ("PKG-INFO", metadata),
            ("pyproject.toml", pyproject),
            ("backend.py", backend),
            module,
        ]
    }
}

const BACKEND: &str = r"import os, zipfile

def get_requires_for_build_wheel(config_settings=None):
    return @ASKS@

def build_wheel(directory, config_settings=None, metadata_directory=None):
    @FIRST@
    settings = ''.join(f' {key}={value}' for key, value in (config_settings or {}).items())
    with open('@BUILDS@', 'a') as builds:
        builds.write('@NAME@' + settings + '\n')
    # A build may write into its source.
    open('litter', 'w').close()
    info = '@NAME@-@VERSION@.dist-info/'
    files = {
        'module_@NAME@.py': open('module.py').read(),
        info + 'METADATA': '''@METADATA@''',
        info + 'WHEEL': 'Wheel-Version: 1.0\nGenerator: backend\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    }
    files[info + 'RECORD'] = ''.join(f'{file},,\n' for file in [*files, info + 'RECORD'])
    name = '@NAME@-@VERSION@-py3-none-any.whl'
    with zipfile.ZipFile(os.path.join(directory, name), 'w') as wheel:
        for file, text in files.items():
            wheel.writestr(file, text)
    return name
";

fn metadata<T: AsRef<str>>(name: &str, version: &str, requires: &[T]) -> String {
    let mut text = format!("Metadata-Version: 2.2\nName: {name}\nVersion: {version}\n");
    for requirement in requires {
        writeln!(text, "Requires-Dist: {}", requirement.as_ref()).expect("a string");
    }
    text
}

/// A wheel for every machine; `name` as in its file name.
pub fn wheel(name: &str, version: &str, requires: &[&str]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let info = format!("{name}-{version}.dist-info");
    let mut record = String::new();
    for (file, text) in [
        (
            format!("module_{name}.py"),
            format!("version = {version:?}\n"),
        ),
        (
            format!("{info}/METADATA"),
            metadata(name, version, requires),
        ),
        (
            format!("{info}/WHEEL"),
            "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
                .to_owned(),
        ),
        (format!("{info}/RECORD"), String::new()),
    ] {
        writeln!(record, "{file},,").expect("a string");
        let text = if text.is_empty() { &record } else { &text };
        archive
            .start_file(file, SimpleFileOptions::default())
            .and_then(|()| Ok(archive.write_all(text.as_bytes())?))
            .expect("written");
    }
    archive.finish().expect("finished").into_inner()
}

/// The METADATA of a wheel.
pub fn metadata_of(wheel: &Path) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(File::open(wheel).expect("a wheel")).expect("a zip");
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).expect("a file");
        if file
            .name()
            .is_ok_and(|name| name.ends_with(".dist-info/METADATA"))
        {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).expect("read");
            return bytes;
        }
    }
    panic!("{}: no METADATA", wheel.display());
}

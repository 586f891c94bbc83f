//! uv itself: where there is one, and the environment that every call of it gets.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use nix::sys::signal::Signal;

use crate::command::{Command, Ending};
use crate::context::{Context, file};
use crate::failure::{FailedChild, Failure};
use crate::layout::{STATE, VIRTUALENV};
use crate::python::{WheelName, numbers};
use crate::root::Root;
use crate::variables::variable;
use crate::wheels::Directory;

/// The program's name, and its distribution's.
const UV: &str = "uv";

/// A version with all that it is asked for here; 0.9.0 has no `uv build` without a
/// `.gitignore` in the directory of wheels.
const OLDEST: [u32; 3] = [0, 9, 17];

/// Where there is a uv.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Its wheel, by its path inside the image, is among the wheels.
    Wheel {
        /// The wheel.
        wheel: String,
        /// Its version.
        version: String,
    },
    /// It is on `PATH`.
    Program(String),
}

impl Place {
    /// The program's path, once [`Place::prepare`] was called.
    #[must_use]
    pub fn program(&self) -> String {
        match self {
            Self::Wheel { version, .. } => format!("{}/{version}/{UV}", home()),
            Self::Program(path) => path.clone(),
        }
    }

    /// Where it comes from, for people.
    #[must_use]
    pub fn origin(&self) -> String {
        match self {
            Self::Wheel { wheel, .. } => wheel.clone(),
            Self::Program(path) => path.clone(),
        }
    }

    /// Makes it ready and asks it for its version.
    ///
    /// # Errors
    /// Why it cannot be used, as a subordinate clause.
    fn prepare(&self, context: &Context<'_>) -> Result<Result<String, String>, Failure> {
        let program = self.program();
        if let Self::Wheel { wheel, .. } = self
            && !context.root.exists(&program)
        {
            let directory = program.trim_end_matches(UV);
            context.make_directory(directory, None)?;
            let (from, to) = (context.root.join(wheel), context.root.join(&program));
            if let Err(error) = unpack(&from, &to) {
                return match error.kind() {
                    io::ErrorKind::InvalidData => Ok(Err(format!("{wheel}: {error}"))),
                    _ => Err(file("unpack uv to", &to, &error)),
                };
            }
        }
        let Some(version) = version(context, &program)? else {
            if matches!(self, Self::Wheel { .. }) {
                // Another wheel of this version, for another libc, has the same place.
                context.remove(&program)?;
            }
            return Ok(Err(format!("{} does not run here", self.origin())));
        };
        if numbers(&version) < OLDEST.to_vec() {
            let [major, minor, patch] = OLDEST;
            return Ok(Err(format!(
                "{} is uv {version}, older than {major}.{minor}.{patch}",
                self.origin()
            )));
        }
        Ok(Ok(version))
    }
}

/// The directory of what belongs to uv; `cleanup` removes it with the rest of [`STATE`].
fn home() -> String {
    format!("{STATE}/uv")
}

/// The places where a uv is, the one to prefer first: the wheels', which is an input
/// of the build like any other wheel, before whichever the base image has.
#[must_use]
pub fn places(root: &Root, environment: &[(String, String)], wheels: &Directory) -> Vec<Place> {
    let machine = nix::sys::utsname::uname()
        .map(|name| name.machine().to_string_lossy().into_owned())
        .unwrap_or_default();
    let mut fitting: Vec<(bool, Vec<u32>, Place)> = wheels
        .of(UV)
        .filter_map(|wheel| {
            let name = WheelName::parse(wheel.rsplit('/').next()?)?;
            let glibc = libc(&name, &machine)?;
            let (numbers, version) = (numbers(&name.version), name.version);
            Some((glibc, numbers, Place::Wheel { wheel, version }))
        })
        .collect();
    fitting.sort_by(|left, right| (right.0, &right.1).cmp(&(left.0, &left.1)));
    let path = variable(environment, "PATH").unwrap_or("/usr/local/bin:/usr/bin:/bin");
    let program = path
        .split(':')
        // The virtualenv's is what is being installed.
        .filter(|directory| directory.starts_with('/') && !directory.starts_with(VIRTUALENV))
        .map(|directory| format!("{}/{UV}", directory.trim_end_matches('/')))
        .find(|path| root.is_file(path));
    let wheels = fitting.into_iter().map(|(.., place)| place);
    wheels.chain(program.map(Place::Program)).collect()
}

/// Whether a wheel is made for glibc and not for musl; none when it is for another machine.
/// uv for musl is static and runs anywhere.
fn libc(wheel: &WheelName, machine: &str) -> Option<bool> {
    let of = |start: &str| {
        wheel.tags.iter().any(|tag| {
            let platform = tag.rsplit('-').next().unwrap_or_default();
            platform.starts_with(start) && platform.ends_with(&format!("_{machine}"))
        })
    };
    let glibc = of("manylinux") || of("linux");
    (glibc || of("musllinux")).then_some(glibc)
}

/// The first uv that works, with its version; else why none of them does.
///
/// # Errors
/// What went wrong with a file.
pub fn first(
    context: &Context<'_>,
    places: Vec<Place>,
) -> Result<Result<(Place, String), Vec<String>>, Failure> {
    let mut faults = Vec::new();
    for place in places {
        match place.prepare(context)? {
            Ok(version) => return Ok(Ok((place, version))),
            Err(fault) => faults.push(fault),
        }
    }
    Ok(Err(faults))
}

/// The version of a uv that works: `uv 0.13.9 (...)`.
///
/// # Errors
/// Somebody ended it: that says nothing of whether it works.
pub fn version(context: &Context<'_>, uv: &str) -> Result<Option<String>, Failure> {
    let command = Command::new(uv).arg("--version");
    let output = context.runner.ask(&command);
    // A machine that it is not made for ends it by SIGILL, a libc by SIGSEGV.
    let from_outside = [
        Signal::SIGKILL,
        Signal::SIGTERM,
        Signal::SIGINT,
        Signal::SIGHUP,
    ];
    if let Ending::Killed(number) = output.ending
        && from_outside.iter().any(|signal| *signal as i32 == number)
    {
        let child = FailedChild::new(&command, &output);
        return Err(Failure::command("ask uv for its version")(child));
    }
    let said = output.ending.success().then_some(output.stdout);
    let word = said.and_then(|said| Some(said.split_whitespace().nth(1)?.to_owned()));
    Ok(word)
}

/// Takes the program out of uv's wheel, where it is `uv-*.data/scripts/uv` (PEP 427).
pub fn unpack(wheel: &Path, to: &Path) -> io::Result<()> {
    let wrong = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);
    let zipped = |error: zip::result::ZipError| wrong(error.to_string());
    let mut archive = zip::ZipArchive::new(fs::File::open(wheel)?).map_err(zipped)?;
    let member = archive
        .file_names()
        .filter_map(Result::ok)
        .find(|name| name.ends_with(".data/scripts/uv"))
        .map(std::borrow::Cow::into_owned)
        .ok_or_else(|| wrong("it holds no program uv".to_owned()))?;
    let mut program = archive.by_name(&member).map_err(zipped)?;
    // One that was cut off looks whole.
    let directory = to.parent().unwrap_or(Path::new("/"));
    let mut out = tempfile::NamedTempFile::new_in(directory)?;
    io::copy(&mut program, &mut out)?;
    fs::set_permissions(out.path(), fs::Permissions::from_mode(0o755))?;
    out.persist(to)?;
    Ok(())
}

/// A command with the environment that uv gets. Without a `cache` it unpacks wheels to
/// its temporary directory, which is on the virtualenv's filesystem: a file of the
/// virtualenv is a link to one there, written once, and uv itself removes the other name.
///
/// Variables of uv's own in the base image are not handed on: what users say of
/// installing, they say to pip, and the result must not depend on the engine.
pub fn prepared(
    context: &Context<'_>,
    command: Command,
    cache: Option<&str>,
) -> Result<Command, Failure> {
    let set = |name: &str| context.variable(name);
    let mut command = command;
    // pip reads these where it has no bundle of its own; uv does not.
    let bundle = set("REQUESTS_CA_BUNDLE").or_else(|| set("CURL_CA_BUNDLE"));
    if let Some(bundle) = bundle
        && set("SSL_CERT_FILE").is_none()
        && !command.variables.contains_key("SSL_CERT_FILE")
    {
        command = command.variable("SSL_CERT_FILE", bundle);
    }
    for (name, _) in context.environment {
        if name.starts_with("UV_") {
            command = command.without(name);
        }
    }
    let command = match cache {
        Some(directory) => command.variable("UV_CACHE_DIR", directory),
        None => command.variable("UV_NO_CACHE", "1"),
    };
    Ok(command
        .variable("UV_LINK_MODE", "hardlink")
        // The system's certificates, as pip uses them.
        .variable("UV_SYSTEM_CERTS", "1")
        .variable("UV_NATIVE_TLS", "1")
        .variable("UV_NO_CONFIG", "1")
        .variable("UV_NO_PROGRESS", "1")
        .variable("UV_PYTHON_DOWNLOADS", "never")
        .variable("NO_COLOR", "1")
        .variable("TMPDIR", context.temporary()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wheel_of_this_machine_is_found() {
        let fits = |file: &str| {
            let wheel = WheelName::parse(file).expect("a wheel");
            libc(&wheel, "x86_64")
        };
        assert_eq!(
            fits("uv-0.13.9-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"),
            Some(true)
        );
        assert_eq!(
            fits("uv-0.13.9-py3-none-musllinux_1_1_x86_64.whl"),
            Some(false)
        );
        for other in ["manylinux_2_17_aarch64", "macosx_10_12_x86_64", "win_amd64"] {
            assert_eq!(fits(&format!("uv-0.13.9-py3-none-{other}.whl")), None);
        }
    }

    #[test]
    fn the_wheels_come_before_the_images_own() {
        let directory = tempfile::tempdir().expect("a directory");
        let root = Root::new(directory.path());
        let machine = nix::sys::utsname::uname().expect("a machine");
        let machine = machine.machine().to_string_lossy();
        let names = [
            format!("wheels/uv-0.13.9-py3-none-musllinux_1_1_{machine}.whl"),
            format!("wheels/uv-0.9.11-py3-none-manylinux2014_{machine}.whl"),
            format!("wheels/uv-0.13.9-py3-none-manylinux2014_{machine}.whl"),
            "usr/bin/uv".to_owned(),
            "var/lib/openstack/bin/uv".to_owned(),
        ];
        for name in &names {
            let path = root.join(name);
            fs::create_dir_all(path.parent().expect("a directory")).expect("made");
            fs::write(path, "").expect("written");
        }
        let path = "/var/lib/openstack/bin:/usr/local/bin:/usr/bin".to_owned();
        let environment = [("PATH".to_owned(), path)];
        let wheels = Directory::new(&root, "/wheels");
        let found: Vec<String> = places(&root, &environment, &wheels)
            .iter()
            .map(Place::origin)
            .collect();
        assert_eq!(
            found,
            [
                format!("/{}", names[2]),
                format!("/{}", names[1]),
                format!("/{}", names[0]),
                "/usr/bin/uv".to_owned(),
            ]
        );
        let first = &places(&root, &environment, &wheels)[0];
        assert_eq!(first.program(), "/var/lib/loci-install/uv/0.13.9/uv");
    }
}

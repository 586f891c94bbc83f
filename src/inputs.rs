//! The image author's files: bindep, pydep and hook scripts, found and evaluated.

mod patches;
mod scripts;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::bindep::{Active, File, Rule, render, universal_newlines};
use crate::findings::Findings;
use crate::fingerprint::{Fingerprint, sha256_of};
use crate::platform::Platform;
use crate::root::Root;
use crate::settings::{Settings, Word};
use crate::step::Mode;
use crate::words::did_you_mean;

/// Where build inputs are: LOCI's directory, and the one that its scripts have below it.
const DIRECTORIES: [&str; 2] = ["/opt/loci", "/opt/loci/scripts"];

pub use scripts::{asks_for_network, interpreter};

/// What the files say for this project on this platform.
#[derive(Debug, Default)]
pub struct Inputs {
    /// Distribution packages, in the order of the files, each once.
    pub packages: Vec<Wanted>,
    /// Python requirements of pydep files, likewise.
    pub pydeps: Vec<Wanted>,
    /// Scripts of the project, in name order: LOCI's, which run after pip.
    pub hooks: Vec<String>,
    /// Those that run before anything of the project is built or installed, likewise.
    pub before_pip: Vec<String>,
    /// The profiles that selected the packages.
    pub profiles: Vec<String>,
    /// What came with the inputs' `data` directories, by name: sources of projects, and
    /// whatever else hooks and requirements name.
    pub sources: BTreeMap<String, String>,
    /// The patches of each project that is built, in name order.
    pub patches: BTreeMap<String, Vec<String>>,
    /// What tells these files from others; none when there are none.
    pub fingerprint: Option<String>,
    /// Whether there is a bindep file at all.
    has_bindep: bool,
}

/// Something a file asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its name.
    pub name: String,
    /// `bindep.txt:12`.
    pub origin: String,
}

impl Inputs {
    /// Finds and evaluates the files; what is wrong with them goes to `findings`.
    pub fn find(
        settings: &Settings,
        platform: &Platform,
        root: &Root,
        findings: &mut Findings,
    ) -> Self {
        let project = settings.project.as_str();
        let mut profiles = vec![project.to_owned()];
        profiles.extend(settings.profiles.iter().cloned());
        let mut with_codename = profiles.clone();
        with_codename.extend(platform.codenames().map(str::to_owned));
        let mut with_release = profiles;
        with_release.insert(1, settings.release.clone());

        let before = findings.problems.len();
        if let Some(path) = &settings.inputs_dir
            && !root.is_directory(path)
        {
            findings.input(format!("INPUTS_DIR={path}: there is no such directory"));
        }
        let bindep = load(&Family::BINDEP, settings, root, findings);
        let pydep = load(&Family::PYDEP, settings, root, findings);
        // With a file that could not be read, what it knows would seem unknown.
        let complete = findings.problems.len() == before;
        let hooks = scripts::after_pip(settings, root, findings);
        let before_pip = scripts::before_pip(settings, root, findings);
        scripts::warn_of_others(settings, root, findings);
        if complete {
            refuse_unknown_profiles(
                settings,
                bindep.iter().chain(&pydep),
                !hooks.is_empty() || !before_pip.is_empty(),
                findings,
            );
        }
        for (path, file) in &bindep {
            for warning in file.warnings() {
                findings.warn(format!("{path}:{warning}"));
            }
        }
        let patches = patches::find(settings, root, findings);
        let files = bindep.iter().chain(&pydep).map(|(path, _)| path);
        let files = files.chain(&hooks).chain(&before_pip);
        let files = files.chain(patches.values().flatten());
        let overrides = overrides(settings, root);
        let files = files.chain(&overrides);
        Self {
            fingerprint: fingerprint(root, files),
            packages: select(&bindep, platform, &with_codename),
            pydeps: match settings.mode {
                Mode::Project | Mode::Infra => select(&pydep, platform, &with_release),
                // Whatever a project's build may ask for has to be among the wheels.
                Mode::Requirements => every(&pydep, platform),
                Mode::Base => Vec::new(),
            },
            hooks,
            before_pip,
            profiles: with_codename,
            sources: sources(settings, root),
            patches,
            has_bindep: !bindep.is_empty()
                || patterns(settings, "bindep*")
                    .iter()
                    .any(|pattern| !matches(root, pattern).is_empty()),
        }
    }

    /// Notes that there is no bindep file, for the steps that cannot do without.
    pub fn check(&self, settings: &Settings, findings: &mut Findings) {
        if !self.has_bindep {
            findings.machine(format!(
                "there is no bindep file: looked for {}; the stock Dockerfile mounts them there",
                patterns(settings, "bindep*").join(", ")
            ));
        }
    }
}

/// The files of this name in the input directories, LOCI's scripts' included.
#[must_use]
pub fn files(settings: &Settings, root: &Root, name: &str) -> Vec<String> {
    let mut paths: Vec<String> = directories(settings)
        .into_iter()
        .map(|directory| format!("{directory}/{name}"))
        .collect();
    paths.retain(|path| root.is_file(path));
    paths
}

/// A file that the user names: by its path, or as it is called in an input directory.
#[must_use]
pub fn file(settings: &Settings, root: &Root, name: &str) -> Option<String> {
    if name.starts_with('/') {
        return Some(name.to_owned()).filter(|path| root.is_file(path));
    }
    files(settings, root, name).into_iter().next()
}

/// A file that the user names together with its digest, or without one, if it is there
/// and what it has to be.
pub fn pinned(
    settings: &Settings,
    root: &Root,
    argument: &str,
    name: &str,
    sha256: Option<&str>,
    findings: &mut Findings,
) -> Option<String> {
    let Some(path) = file(settings, root, name) else {
        findings.input(no_such_file(settings, argument, name));
        return None;
    };
    let Some(wanted) = sha256 else {
        return Some(path);
    };
    match sha256_of(&root.join(&path)) {
        Ok(digest) if digest == wanted => return Some(path),
        Ok(digest) => findings.input(format!(
            "{argument}={name}: {path} has the digest sha256={digest}, and sha256={wanted} is wanted; \
             give the right file, or its digest"
        )),
        Err(error) => findings.input(format!("{argument}={name}: {path}: {error}")),
    }
    None
}

/// What is said of a file that an argument names and that is not there.
#[must_use]
pub fn no_such_file(settings: &Settings, argument: &str, name: &str) -> String {
    let place = if name.starts_with('/') {
        String::new()
    } else {
        format!(" in {}", input_directories(settings).join(", "))
    };
    format!("{argument}={name}: no such file{place}")
}

/// The files that `CONSTRAINT_OVERRIDES` names.
fn overrides(settings: &Settings, root: &Root) -> Vec<String> {
    let words = settings.constraint_overrides.iter();
    let files = words.filter_map(|word| match word {
        Word::File(name) => file(settings, root, name),
        Word::Change(_) => None,
    });
    files.collect()
}

/// Where sources come with the inputs: LOCI's `data` directory.
#[must_use]
pub fn data_directories(settings: &Settings) -> Vec<String> {
    patterns(settings, "data")
}

fn fingerprint<'a>(root: &Root, paths: impl Iterator<Item = &'a String>) -> Option<String> {
    let mut paths = paths.peekable();
    paths.peek()?;
    let mut fingerprint = Fingerprint::default();
    for path in paths {
        fingerprint.add(path);
        fingerprint.add(fs::read(root.join(path)).unwrap_or_default());
    }
    Some(fingerprint.finish())
}

/// The two kinds of files in the bindep language.
struct Family {
    pattern: &'static str,
    argument: &'static str,
    extra: fn(&Settings) -> &[String],
}

impl Family {
    const BINDEP: Self = Self {
        pattern: "bindep*",
        argument: "EXTRA_BINDEP",
        extra: |settings| &settings.extra_bindep,
    };
    const PYDEP: Self = Self {
        pattern: "pydep*",
        argument: "EXTRA_PYDEP",
        extra: |settings| &settings.extra_pydep,
    };
}

/// Each once: `INPUTS_DIR` may be one of the others.
fn directories(settings: &Settings) -> Vec<&str> {
    let own = settings.inputs_dir.as_deref();
    let own = own.filter(|directory| !DIRECTORIES.contains(directory));
    DIRECTORIES.into_iter().chain(own).collect()
}

/// LOCI looks for bindep and pydep files in its directory only, not in its scripts'.
fn input_directories(settings: &Settings) -> Vec<&str> {
    let mut directories = directories(settings);
    directories.retain(|directory| *directory != DIRECTORIES[1]);
    directories
}

fn patterns(settings: &Settings, name: &str) -> Vec<String> {
    input_directories(settings)
        .into_iter()
        .map(|directory| format!("{directory}/{name}"))
        .collect()
}

/// Paths inside the image of the regular files that a pattern matches, in name order.
fn matches(root: &Root, pattern: &str) -> Vec<String> {
    let mut paths = root.glob(pattern);
    paths.retain(|path| root.is_file(path));
    paths
}

fn load(
    family: &Family,
    settings: &Settings,
    root: &Root,
    findings: &mut Findings,
) -> Vec<(String, File)> {
    let mut paths: Vec<String> = patterns(settings, family.pattern)
        .iter()
        .flat_map(|pattern| matches(root, pattern))
        .collect();
    for extra in (family.extra)(settings) {
        let found: Vec<String> = if extra.starts_with('/') {
            matches(root, extra)
        } else {
            // A Dockerfile's ADD puts `etc/bindep-site.txt` into /opt/loci without its directory.
            let base_name = extra.rsplit('/').next().unwrap_or(extra);
            [extra.as_str(), base_name]
                .iter()
                .flat_map(|name| patterns(settings, name))
                .flat_map(|pattern| matches(root, &pattern))
                .collect()
        };
        if found.is_empty() {
            findings.input(no_such_file(settings, family.argument, extra));
        }
        paths.extend(found);
    }
    let mut seen = BTreeSet::new();
    paths.retain(|path| seen.insert(path.clone()));
    paths
        .into_iter()
        .filter_map(|path| {
            let text = match root.read(&path) {
                Ok(text) => universal_newlines(&text),
                Err(error) => {
                    findings.input(format!("{path}: {error}"));
                    return None;
                }
            };
            match File::parse(&text) {
                Ok(file) => Some((path, file)),
                Err(errors) => {
                    findings.input(render(&path, &errors).trim_end().to_owned());
                    None
                }
            }
        })
        .collect()
}

fn select(files: &[(String, File)], platform: &Platform, profiles: &[String]) -> Vec<Wanted> {
    let atoms = platform.atoms();
    let active = Active::exactly(profiles.iter().chain(&atoms).map(String::as_str));
    wanted(files, |rule| rule.selector.is_active(&active))
}

/// What some choice of profiles selects.
fn every(files: &[(String, File)], platform: &Platform) -> Vec<Wanted> {
    let atoms = platform.atoms();
    let active = Active::exactly(atoms.iter().map(String::as_str));
    wanted(files, |rule| rule.selector.may_be_active(&active))
}

fn wanted(files: &[(String, File)], selected: impl Fn(&Rule) -> bool) -> Vec<Wanted> {
    let mut seen = BTreeSet::new();
    let mut wanted = Vec::new();
    for (path, file) in files {
        for rule in file.rules().iter().filter(|rule| selected(rule)) {
            if seen.insert(rule.name.clone()) {
                wanted.push(Wanted {
                    name: rule.name.clone(),
                    origin: format!("{path}:{}", rule.line),
                });
            }
        }
    }
    wanted
}

/// Profiles that no file has to mention: a hook of this program serves them.
fn own_profiles(settings: &Settings) -> &'static [&'static str] {
    match settings.project.as_str() {
        "keystone" => &["mod_oauth2"],
        _ => &[],
    }
}

/// A profile that no file mentions selects nothing, and is most likely a typing
/// mistake; but an author's script may know it.
fn refuse_unknown_profiles<'a>(
    settings: &Settings,
    files: impl Iterator<Item = &'a (String, File)>,
    hooks: bool,
    findings: &mut Findings,
) {
    let mut known: BTreeSet<&str> = own_profiles(settings).iter().copied().collect();
    let of_hooks = known.len();
    for (_, file) in files {
        known.extend(file.profiles());
    }
    if known.len() == of_hooks {
        return;
    }
    for profile in &settings.profiles {
        if known.contains(profile.as_str()) || profile.starts_with("platform:") {
            continue;
        }
        let near = did_you_mean(profile, known.iter().copied());
        let text =
            format!("PROFILES={profile}: no bindep or pydep file mentions this profile{near}");
        if hooks {
            findings.warn(text);
        } else {
            findings.input(text);
        }
    }
}

fn sources(settings: &Settings, root: &Root) -> BTreeMap<String, String> {
    let mut sources = BTreeMap::new();
    for directory in data_directories(settings) {
        for name in names_in(root, &directory) {
            let path = format!("{directory}/{name}");
            sources.entry(name).or_insert(path);
        }
    }
    sources
}

/// The entries of a directory, but for what only git knows a use for.
fn names_in(root: &Root, directory: &str) -> Vec<String> {
    let entries = fs::read_dir(root.join(directory)).into_iter().flatten();
    let names = entries.flatten().map(|entry| entry.file_name());
    let mut names: Vec<String> = names.filter_map(|name| name.into_string().ok()).collect();
    names.retain(|name| !name.starts_with(".git"));
    names.sort();
    names
}

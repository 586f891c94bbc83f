//! Horizon: panels, settings, and the assets that it serves, made once for all starts.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::super::source;
use crate::command::Command;
use crate::context::{Context, file};
use crate::failure::Failure;
use crate::findings::Findings;
use crate::fingerprint::Fingerprint;
use crate::layout::{PYTHON, STATE, VIRTUALENV};
use crate::parent;
use crate::plan::{Action, Task, View};
use crate::python::Name;
use crate::python::installed::{distributions, files};
use crate::root::Root;
use crate::settings::Panels;
use crate::step::StepName;
use crate::words::count;

/// The service, and its account.
pub(super) const PROJECT: &str = "horizon";

/// Horizon's package, below the virtualenv's site-packages.
const PACKAGE: &str = "openstack_dashboard";

/// Where servers find it without knowing the version of Python.
const STATIC_PATH: &str = "/usr/local/share/openstack_dashboard";

/// Where its assets are collected; servers serve them from there.
const ASSETS: &str = "/var/www/html/horizon";

/// Where `oslo.policy` looks for the defaults of services.
const CONFIGURATION: &str = "/etc/openstack-dashboard";

/// What makes a panel known: files with these beginnings, from the first of these
/// directories that a panel has.
const ENABLED: [&str; 2] = ["enabled", "local/enabled"];

/// Where panels are linked to, below Horizon's package.
const LINKED: [&str; 4] = [
    "local/enabled",
    "local/local_settings.d",
    "conf",
    "conf/default_policies",
];

/// Configures Horizon, unless that was done.
pub(super) fn plan(view: &View<'_>, findings: &mut Findings) -> Vec<Action> {
    let settings = view.settings;
    let configure = Configure {
        panels: settings.horizon_panels.clone(),
        source: (!settings.plugin).then(|| source::place(view.root, settings, PROJECT)),
    };
    let is_done = !findings.works(&[StepName::Pip])
        && view.root.exists(STATIC_PATH)
        && view.root.read(stamp_file()).ok() == Some(configure.stamp());
    if is_done && !view.named() {
        Vec::new()
    } else {
        vec![Action::task(configure)]
    }
}

fn stamp_file() -> String {
    format!("{STATE}/hooks/horizon.stamp")
}

/// The modules that LOCI knows as panels.
const KNOWN: [&str; 9] = [
    "heat_dashboard",
    "octavia_dashboard",
    "designatedashboard",
    "tf_dashboard",
    "bgpvpn_dashboard",
    "masakaridashboard",
    "manila_ui",
    "neutron_vpnaas_dashboard",
    "watcher_dashboard",
];

#[derive(Debug)]
struct Configure {
    panels: Panels,
    /// Where the source with its manage.py is; none of a plugin, whose own is another
    /// program and whose parent has Horizon's.
    source: Option<String>,
}

impl Configure {
    fn stamp(&self) -> String {
        let mut fingerprint = Fingerprint::default();
        fingerprint.add(format!("{:?}", self.panels));
        fingerprint.finish()
    }
}

impl Task for Configure {
    fn describe(&self) -> String {
        "configure Horizon: manage.py, panels, local_settings.py, assets".to_owned()
    }

    fn details(&self) -> Vec<String> {
        let panels = match &self.panels {
            Panels::Known if self.source.is_none() => {
                "those that are installed now, beside those of the parent image".to_owned()
            }
            Panels::Known => format!("those installed of {}", KNOWN.join(", ")),
            Panels::These(panels) => panels.join(", "),
        };
        vec![
            format!("panels: {panels}"),
            format!("assets in {ASSETS}, the package also as {STATIC_PATH}"),
        ]
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        let site = Site::find(context.root)?;
        let panels = self.installed(&site)?;
        if self.is_ours(&site.manage_py(), context.root) {
            site.manage(context, self.source.as_deref())?;
        }
        if self.source.is_some() {
            site.disable_all(context)?;
        }
        for panel in &panels {
            site.enable(context, panel)?;
        }
        context.note(&match panels.len() {
            0 => "no panels".to_owned(),
            number => format!("{}: {}", count(number, "panel"), panels.join(", ")),
        });
        if self.is_ours(&site.settings(), context.root) {
            site.write_settings(context)?;
        }
        site.assets(context)?;
        site.paths(context)?;
        site.hand_over(context)?;
        context.write(&stamp_file(), &self.stamp())
    }
}

impl Configure {
    /// Whether a file is written here: the parent image of a plugin has its own.
    fn is_ours(&self, file: &str, root: &Root) -> bool {
        self.source.is_some() || !root.exists(file)
    }

    fn installed(&self, site: &Site<'_>) -> Result<Vec<String>, Failure> {
        let is_there = |panel: &&str| site.root.is_directory(format!("{}/{panel}", site.packages));
        match &self.panels {
            Panels::Known if self.source.is_none() => Ok(site.added()),
            Panels::Known => {
                let known = KNOWN.iter().copied();
                Ok(known.filter(is_there).map(str::to_owned).collect())
            }
            Panels::These(panels) => {
                let missing = panels.iter().filter(|panel| !is_there(&panel.as_str()));
                let missing: Vec<String> = missing
                    .map(|panel| {
                        format!(
                            "HORIZON_EXTRA_PANELS={panel}: there is no such module in {}",
                            site.packages
                        )
                    })
                    .collect();
                if missing.is_empty() {
                    Ok(panels.clone())
                } else {
                    Err(Failure::OwnHook {
                        doing: "enable Horizon's panels",
                        why: missing,
                        advice: "Correct the names, or install the panels by PIP_PACKAGES, EXTRA_PROJECTS or pydep.txt.",
                    })
                }
            }
        }
    }
}

/// Horizon in its virtualenv; paths are inside the image.
struct Site<'a> {
    root: &'a Root,
    /// `/var/lib/openstack/lib/python3.13/site-packages`
    packages: String,
    /// Horizon's own package there.
    horizon: String,
}

/// Where Horizon's package is in the virtualenv.
fn pattern() -> String {
    format!("{VIRTUALENV}/lib/python3*/site-packages/{PACKAGE}")
}

/// Whether this is an image of Horizon.
pub(super) fn is_there(root: &Root) -> bool {
    !root.glob(&pattern()).is_empty()
}

impl<'a> Site<'a> {
    fn find(root: &'a Root) -> Result<Self, Failure> {
        let pattern = pattern();
        let Some(horizon) = root.glob(&pattern).into_iter().next() else {
            return Err(Failure::OwnHook {
                doing: "find Horizon in the virtualenv",
                why: vec![format!("there is no {pattern}")],
                advice: "Run the step pip; if that was done, the source is not Horizon's: check PROJECT_REPO, or what is in SOURCES_DIR.",
            });
        };
        let packages = horizon.trim_end_matches(PACKAGE).trim_end_matches('/');
        Ok(Self {
            root,
            packages: packages.to_owned(),
            horizon,
        })
    }

    /// The program that makes assets. Wheels of Horizon lack it; sources have it.
    fn manage(&self, context: &Context<'_>, source: Option<&str>) -> Result<(), Failure> {
        let path = self.manage_py();
        let given = source.and_then(|at| context.root.read(format!("{at}/manage.py")).ok());
        context.write(&path, given.as_deref().unwrap_or(MANAGE))?;
        context.make_executable(&path)
    }

    fn settings(&self) -> String {
        format!("{}/local/local_settings.py", self.horizon)
    }

    fn manage_py(&self) -> String {
        format!("{}/manage.py", self.horizon)
    }

    /// The panels of a plugin: modules that the parent image does not have.
    fn added(&self) -> Vec<String> {
        let parents: Vec<Name> = parent::pins(self.root)
            .into_iter()
            .map(|pin| pin.name)
            .collect();
        let mut panels = BTreeSet::new();
        for (name, metadata) in distributions(&self.root.join(VIRTUALENV)) {
            if parents.contains(&name) {
                continue;
            }
            let files = files(&metadata).into_iter();
            let modules = files.filter_map(|file| Some(file.split_once('/')?.0.to_owned()));
            panels.extend(modules.filter(|module| self.has_panels(module)));
        }
        panels.into_iter().collect()
    }

    fn has_panels(&self, module: &str) -> bool {
        let enabled = ENABLED.map(|below| format!("{}/{module}/{below}", self.packages));
        enabled.iter().any(|path| self.root.is_directory(path))
    }

    /// Removes the links to panels of an earlier run, which may have enabled others.
    fn disable_all(&self, context: &Context<'_>) -> Result<(), Failure> {
        let is_ours = |path: &String| {
            let target = fs::read_link(self.root.join(path));
            target.is_ok_and(|target| target.starts_with(&self.packages))
        };
        let directories = LINKED.iter();
        let paths = directories
            .flat_map(|directory| self.root.glob(&format!("{}/{directory}/*", self.horizon)));
        let mut links = paths.filter(is_ours);
        links.try_for_each(|link| context.remove(&link))
    }

    /// Links what a panel brings to where Horizon looks for it.
    fn enable(&self, context: &Context<'_>, panel: &str) -> Result<(), Failure> {
        let of_panel = |below: &str| format!("{}/{panel}/{below}", self.packages);
        let enabled = ENABLED.map(of_panel);
        if let Some(directory) = enabled.iter().find(|path| self.root.is_directory(path)) {
            let files = self.root.glob(&format!("{directory}/_[1-9]*.py"));
            self.link_all(context, files, "local/enabled")?;
        }
        let mut settings = self.root.glob(&of_panel("local/local_settings.d/*"));
        settings.retain(|path| self.root.is_file(path));
        self.link_all(context, settings, "local/local_settings.d")?;
        for directory in ["conf", "conf/default_policies"] {
            let files = ["json", "yaml"].map(|kind| of_panel(&format!("{directory}/*.{kind}")));
            let files = files.iter().flat_map(|pattern| self.root.glob(pattern));
            self.link_all(context, files.collect(), directory)?;
        }
        Ok(())
    }

    fn link_all(
        &self,
        context: &Context<'_>,
        files: Vec<String>,
        below: &str,
    ) -> Result<(), Failure> {
        let directory = format!("{}/{below}", self.horizon);
        if !files.is_empty() {
            context.make_directory(&directory, None)?;
        }
        files.into_iter().try_for_each(|target| {
            let name = target.rsplit('/').next().unwrap_or_default();
            link(context, &target, &format!("{directory}/{name}"))
        })
    }

    /// Horizon's example, with assets that are made beforehand.
    fn write_settings(&self, context: &Context<'_>) -> Result<(), Failure> {
        let path = self.settings();
        let example = context.read(&format!("{path}.example"))?;
        let own = format!("COMPRESS_OFFLINE = True\nSTATIC_ROOT = '{ASSETS}'\n");
        context.write(&path, &format!("{}\n{own}", example.trim_end()))
    }

    /// Makes assets with a cache that is there: what cannot be rendered is left out of
    /// them without a word, and a build has no memcached.
    fn assets(&self, context: &Context<'_>) -> Result<(), Failure> {
        let settings = format!("{}/local/local_settings.d/_999_build.py", self.horizon);
        context.write(&settings, CACHE)?;
        let made = self.make_assets(context);
        context.remove(&settings)?;
        made
    }

    fn make_assets(&self, context: &Context<'_>) -> Result<(), Failure> {
        let manage = |arguments: &[&str]| {
            Command::new(PYTHON)
                .arg(self.manage_py())
                .args(arguments.iter().copied())
                .variable("PYTHONDONTWRITEBYTECODE", "1")
                .directory(&self.horizon)
        };
        // Without gettext the languages stay as the wheel has them.
        if is_program(context.root, "msgfmt") {
            let compile = manage(&["compilemessages"]);
            context.run("compile Horizon's translations", &compile)?;
        }
        let collect = manage(&["collectstatic", "--clear", "--noinput"]);
        context.run("collect Horizon's assets", &collect)?;
        let compress = manage(&["compress", "--force"]);
        context.run("compress Horizon's assets", &compress)?;
        self.sort_manifests(context)
    }

    /// `compress` renders in threads and lists what came of it in the order in which they
    /// ended, which makes two builds differ.
    fn sort_manifests(&self, context: &Context<'_>) -> Result<(), Failure> {
        for path in self.root.glob(&format!("{ASSETS}/*/manifest.json")) {
            if let Some(sorted) = sorted(&context.read(&path)?) {
                context.write(&path, &sorted)?;
            }
        }
        Ok(())
    }

    fn paths(&self, context: &Context<'_>) -> Result<(), Failure> {
        context.make_directory(CONFIGURATION, None)?;
        let policies = format!("{}/conf/default_policies", self.horizon);
        link(
            context,
            &policies,
            &format!("{CONFIGURATION}/default_policies"),
        )?;
        link(context, &self.horizon, STATIC_PATH)
    }

    /// A server writes its key and its locks beside its settings; those of this build
    /// are nobody's.
    fn hand_over(&self, context: &Context<'_>) -> Result<(), Failure> {
        let local = format!("{}/local", self.horizon);
        context.remove(&format!("{local}/.secret_key_store"))?;
        context.remove(&format!("{local}/*.lock"))?;
        context.remove(&format!("{local}/.*.lock"))?;
        let owner = format!("{PROJECT}:{PROJECT}");
        let chown = Command::new("chown").args(["-R", "-h", &owner, &local]);
        context.run("give Horizon its settings", &chown).map(drop)
    }
}

/// Makes a link, in the place of whatever is there.
fn link(context: &Context<'_>, target: &str, at: &str) -> Result<(), Failure> {
    context.remove(at)?;
    let path = context.root.join(at);
    let made = path
        .parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| symlink(target, &path));
    made.map_err(|error| file("link", &path, &error))
}

/// A JSON text with the keys of its objects in order; none of what is no JSON.
fn sorted(json: &str) -> Option<String> {
    // serde_json keeps objects in a BTreeMap.
    let value: serde_json::Value = serde_json::from_str(json).ok()?;
    serde_json::to_string_pretty(&value).ok()
}

fn is_program(root: &Root, name: &str) -> bool {
    let directories: [PathBuf; 3] =
        ["/usr/local/bin", "/usr/bin", "/bin"].map(|path| root.join(Path::new(path)));
    directories.iter().any(|path| path.join(name).is_file())
}

/// <https://docs.djangoproject.com/en/stable/topics/cache/#local-memory-caching>
const CACHE: &str = "\
CACHES = {\"default\": {\"BACKEND\": \"django.core.cache.backends.locmem.LocMemCache\"}}
";

/// As Django's `startproject` makes it
/// (<https://docs.djangoproject.com/en/stable/ref/django-admin/>).
const MANAGE: &str = "\
#!/usr/bin/env python
import os
import sys

from django.core.management import execute_from_command_line

if __name__ == \"__main__\":
    os.environ.setdefault(\"DJANGO_SETTINGS_MODULE\", \"openstack_dashboard.settings\")
    execute_from_command_line(sys.argv)
";

#[cfg(test)]
mod tests {
    use super::sorted;

    #[test]
    fn keys_are_in_order() {
        assert_eq!(
            sorted("{\"b\": \"<link>\", \"a\": 1}").as_deref(),
            Some("{\n  \"a\": 1,\n  \"b\": \"<link>\"\n}")
        );
        assert_eq!(sorted("no"), None);
    }
}

//! `user`: the service's group, user and directories.

use std::os::unix::fs::MetadataExt;

use super::account::Account;
use crate::findings::Findings;
use crate::plan::{Action, View, Work};
use crate::settings::{ProjectName, Settings};
use crate::step::Mode;

/// Whether an account is made: that of a plugin's service is the parent image's.
pub(super) fn is_needed(settings: &Settings) -> bool {
    settings.mode == Mode::Project && !settings.plugin
}

pub(super) fn plan(view: &View<'_>, findings: &mut Findings) -> (String, Work) {
    let project = &view.settings.project;
    let account = &view.settings.account;
    let why = format!(
        "{project} runs as {project} ({}:{})",
        account.uid, account.gid
    );
    if !is_needed(view.settings) {
        let why = format!("{project} is a plugin");
        return (
            why,
            Work::Done("its account is the parent image's".to_owned()),
        );
    }
    let wanted = Account {
        name: project.to_string(),
        uid: account.uid,
        gid: account.gid,
        home: format!("/var/lib/{project}"),
        shell: shell(project),
        arguments: ["UID", "GID"],
        update: account.update,
        non_unique: account.non_unique,
    };
    let mut actions = wanted.plan(view.root, findings);
    for directory in directories(project) {
        let owned = std::fs::metadata(view.root.join(&directory)).is_ok_and(|metadata| {
            metadata.is_dir() && metadata.uid() == account.uid.0 && metadata.gid() == account.gid.0
        });
        if !owned {
            actions.push(Action::Directory {
                path: directory,
                owner: Some((account.uid, account.gid)),
            });
        }
    }
    if actions.is_empty() {
        (
            why,
            Work::Done("the account and its directories are there".to_owned()),
        )
    } else {
        (why, Work::Do(actions))
    }
}

/// LOCI's `create_user`.
fn directories(project: &ProjectName) -> [String; 4] {
    ["/etc", "/var/log", "/var/lib", "/var/cache"].map(|parent| format!("{parent}/{project}"))
}

/// Bash for nova, because cold migration logs in as it; no login for any other.
fn shell(project: &ProjectName) -> &'static str {
    if project.as_str() == "nova" {
        "/bin/bash"
    } else {
        "/usr/sbin/nologin"
    }
}

//! `user`: the service's group, user and directories.

use std::os::unix::fs::MetadataExt;

use crate::accounts::{Accounts, Group, User};
use crate::command::Command;
use crate::findings::Findings;
use crate::plan::{Action, View, Work};
use crate::settings::{Id, ProjectName};

pub(super) fn plan(view: &View<'_>, findings: &mut Findings) -> (String, Work) {
    let project = &view.settings.project;
    let account = &view.settings.account;
    let why = format!(
        "{project} runs as {project} ({}:{})",
        account.uid, account.gid
    );
    let accounts = Accounts::read(view.root);

    let mut actions = Vec::new();
    actions.extend(group(view, &accounts, findings));
    actions.extend(user(view, &accounts, findings));
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

fn group(view: &View<'_>, accounts: &Accounts, findings: &mut Findings) -> Option<Action> {
    let name = view.settings.project.as_str();
    let account = &view.settings.account;
    let gid = account.gid;
    let existing = accounts.group(name);
    if existing.is_some_and(|group| group.gid == gid.0) {
        return None;
    }
    if let Some(other) = accounts.group_of(gid.0).filter(|group| group.name != name)
        && !account.non_unique
    {
        findings.input(format!(
            "GID={gid}: the group {} has this id already; choose another GID, or set NON_UNIQUE_SYSTEM_ACCOUNT=True to share it",
            other.name
        ));
        return None;
    }
    let non_unique = account.non_unique.then_some("--non-unique");
    match existing {
        None => Some(Action::Run {
            doing: "make the group",
            command: Command::new("groupadd")
                .args(["--gid", &gid.to_string()])
                .args(non_unique)
                .arg(name),
        }),
        Some(_) if account.update => Some(Action::Run {
            doing: "change the group's id",
            command: Command::new("groupmod")
                .args(["--gid", &gid.to_string()])
                .args(non_unique)
                .arg(name),
        }),
        Some(Group { gid: has, .. }) => {
            findings.input(format!(
                "GID={gid}: the group {name} exists with the id {has}; set GID={has}, or UPDATE_SYSTEM_ACCOUNT=True to change it"
            ));
            None
        }
    }
}

fn user(view: &View<'_>, accounts: &Accounts, findings: &mut Findings) -> Option<Action> {
    let project = &view.settings.project;
    let name = project.as_str();
    let account = &view.settings.account;
    let (uid, gid) = (account.uid, account.gid);
    let existing = accounts.user(name);
    if existing.is_some_and(|user| is_as_wanted(user, uid, gid, project)) {
        return None;
    }
    if let Some(other) = accounts.user_of(uid.0).filter(|user| user.name != name)
        && !account.non_unique
    {
        findings.input(format!(
            "UID={uid}: the user {} has this id already; choose another UID, or set NON_UNIQUE_SYSTEM_ACCOUNT=True to share it",
            other.name
        ));
        return None;
    }
    let common = |command: Command| {
        command
            .args(["--uid", &uid.to_string()])
            .args(account.non_unique.then_some("--non-unique"))
            .args(["--gid", &gid.to_string()])
    };
    let rest = |command: Command| {
        command
            .args(["--shell", shell(project)])
            .args(["--comment", &format!("{name} user")])
    };
    let home = format!("/var/lib/{name}");
    match existing {
        None => Some(Action::Run {
            doing: "make the user",
            // lastlog is indexed by user id: without --no-log-init the first login of a
            // large one grows it to gigabytes, and the layer with it.
            command: rest(common(Command::new("useradd")).args([
                "--no-create-home",
                "--no-log-init",
                "--home-dir",
                &home,
            ]))
            .arg(name),
        }),
        Some(_) if account.update => Some(Action::Run {
            doing: "change the user",
            command: rest(common(Command::new("usermod")).args(["--home", &home])).arg(name),
        }),
        Some(user) => {
            let ids = [
                (user.uid != uid.0).then(|| format!("UID={}", user.uid)),
                (user.gid != gid.0).then(|| format!("GID={}", user.gid)),
            ];
            let ids: Vec<String> = ids.into_iter().flatten().collect();
            // Other ids do not help when something else is not as wanted, either.
            let knob = if user.home == home && user.shell == shell(project) {
                format!("{}, or UPDATE_SYSTEM_ACCOUNT=True", ids.join(" and "))
            } else {
                "UPDATE_SYSTEM_ACCOUNT=True".to_owned()
            };
            findings.input(format!(
                "the user {name} exists as {}, and {} is wanted; set {knob} to change it",
                described(user.uid, user.gid, &user.home, &user.shell),
                described(uid.0, gid.0, &home, shell(project)),
            ));
            None
        }
    }
}

fn is_as_wanted(user: &User, uid: Id, gid: Id, project: &ProjectName) -> bool {
    user.uid == uid.0
        && user.gid == gid.0
        && user.home == format!("/var/lib/{project}")
        && user.shell == shell(project)
}

fn described(uid: u32, gid: u32, home: &str, shell: &str) -> String {
    format!("{uid}:{gid} with home {home} and shell {shell}")
}

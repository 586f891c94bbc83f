//! An account that a step makes: what is wanted, what is there, and the way between.

use crate::accounts::{Accounts, Group, User, Useradd};
use crate::command::Command;
use crate::context::Context;
use crate::failure::Failure;
use crate::findings::Findings;
use crate::plan::{Action, Task};
use crate::root::Root;
use crate::settings::Id;

/// An account as it is wanted.
#[derive(Debug, Clone)]
pub(super) struct Account {
    /// Of the user and of the group.
    pub name: String,
    pub uid: Id,
    pub gid: Id,
    pub home: String,
    pub shell: &'static str,
    /// The arguments that say the ids.
    pub arguments: [&'static str; 2],
    /// Change an existing account.
    pub update: bool,
    /// Allow ids that another account has.
    pub non_unique: bool,
}

impl Account {
    /// What is still to be done; nothing when it is there as it is wanted. An account
    /// that may not be changed is noted with both values.
    pub fn plan(&self, root: &Root, findings: &mut Findings) -> Vec<Action> {
        let (accounts, useradd) = (Accounts::read(root), Useradd::read(root));
        let group = self.group(&accounts, useradd.asks_elsewhere, findings);
        let user = self.user(&accounts, useradd.asks_elsewhere, findings);
        let is_made = user.is_some() && accounts.user(&self.name).is_none();
        let mailboxes = ["/var/mail", "/var/spool/mail"].map(|place| Action::Remove {
            path: format!("{place}/{}", self.name),
        });
        let mailboxes = mailboxes
            .into_iter()
            .filter(|_| is_made && useradd.makes_mailbox);
        let is_changed = group.is_some() || user.is_some();
        let locks = useradd.locks.into_iter().filter(|_| is_changed);
        let locks = locks.map(|path| Action::Remove { path });
        let actions = locks.chain(group).chain(user).chain(mailboxes);
        actions.collect()
    }

    fn group(
        &self,
        accounts: &Accounts,
        elsewhere: bool,
        findings: &mut Findings,
    ) -> Option<Action> {
        let (name, gid, argument) = (self.name.as_str(), self.gid, self.arguments[1]);
        let existing = accounts.group(name);
        if existing.is_some_and(|group| group.gid == gid.0) {
            return None;
        }
        if let Some(other) = accounts.group_of(gid.0).filter(|group| group.name != name)
            && !self.non_unique
        {
            findings.input(format!(
                "{argument}={gid}: the group {} has this id already; choose another {argument}, or set NON_UNIQUE_SYSTEM_ACCOUNT=True to share it",
                other.name
            ));
            return None;
        }
        let command = |program, non_unique: bool| {
            Command::new(program)
                .args(files_only(elsewhere).iter().copied())
                .args(["--gid", &gid.to_string()])
                .args(non_unique.then_some("--non-unique"))
                .arg(name)
        };
        match existing {
            None => Some(Action::Run {
                doing: "make the group",
                command: command("groupadd", self.non_unique),
            }),
            Some(_) if self.update => Some(Action::Run {
                doing: "change the group's id",
                // It would ask for the new id all the same.
                command: command("groupmod", self.non_unique || elsewhere),
            }),
            Some(Group { gid: has, .. }) => {
                findings.input(format!(
                    "{argument}={gid}: the group {name} exists with the id {has}; set {argument}={has}, or UPDATE_SYSTEM_ACCOUNT=True to change it"
                ));
                None
            }
        }
    }

    fn user(
        &self,
        accounts: &Accounts,
        elsewhere: bool,
        findings: &mut Findings,
    ) -> Option<Action> {
        let (name, argument) = (self.name.as_str(), self.arguments[0]);
        let (uid, gid) = (self.uid, self.gid);
        let existing = accounts.user(name);
        if existing.is_some_and(|user| self.is(user)) {
            return None;
        }
        if let Some(other) = accounts.user_of(uid.0).filter(|user| user.name != name)
            && !self.non_unique
        {
            findings.input(format!(
                "{argument}={uid}: the user {} has this id already; choose another {argument}, or set NON_UNIQUE_SYSTEM_ACCOUNT=True to share it",
                other.name
            ));
            return None;
        }
        let common = |command: Command, non_unique: bool| {
            command
                .args(["--uid", &uid.to_string()])
                .args(non_unique.then_some("--non-unique"))
                .args(["--gid", &gid.to_string()])
        };
        let rest = |command: Command| {
            command
                .args(["--shell", self.shell])
                .args(["--comment", &format!("{name} user")])
        };
        match existing {
            None => Some(Action::Run {
                doing: "make the user",
                // lastlog is indexed by user id: without --no-log-init the first login of a
                // large one grows it to gigabytes, and the layer with it.
                command: rest(
                    common(
                        Command::new("useradd").args(files_only(elsewhere).iter().copied()),
                        self.non_unique,
                    )
                    .args([
                        "--no-create-home",
                        "--no-log-init",
                        "--home-dir",
                        &self.home,
                    ]),
                )
                .arg(name),
            }),
            Some(_) if self.update => Some(Action::Run {
                doing: "change the user",
                // It asks for the new id and nothing else. With --prefix it is killed by its
                // own free() in shadow 4.17.
                command: rest(
                    common(Command::new("usermod"), self.non_unique || elsewhere)
                        .args(["--home", &self.home]),
                )
                .arg(name),
            }),
            Some(user) => {
                findings.input(self.conflict(user));
                None
            }
        }
    }

    fn conflict(&self, user: &User) -> String {
        let [uid, gid] = self.arguments;
        let ids = [
            (user.uid != self.uid.0).then(|| format!("{uid}={}", user.uid)),
            (user.gid != self.gid.0).then(|| format!("{gid}={}", user.gid)),
        ];
        let ids: Vec<String> = ids.into_iter().flatten().collect();
        // Other ids do not help when something else is not as wanted, either.
        let knob = if user.home == self.home && user.shell == self.shell {
            format!("{}, or UPDATE_SYSTEM_ACCOUNT=True", ids.join(" and "))
        } else {
            "UPDATE_SYSTEM_ACCOUNT=True".to_owned()
        };
        format!(
            "the user {} exists as {}, and {} is wanted; set {knob} to change it",
            self.name,
            described(user.uid, user.gid, &user.home, &user.shell),
            described(self.uid.0, self.gid.0, &self.home, self.shell),
        )
    }

    fn is(&self, user: &User) -> bool {
        user.uid == self.uid.0
            && user.gid == self.gid.0
            && user.home == self.home
            && user.shell == self.shell
    }
}

/// Keeps shadow's programs from asking a directory service whether a name or an id is
/// taken: below a prefix they read files alone, and only `/` spelt so counts as none.
/// What they write is the same, subordinate ids included (shadow 4.13 and 4.17).
/// That an id is not taken in the image's files was looked up before.
fn files_only(elsewhere: bool) -> &'static [&'static str] {
    if elsewhere { &["--prefix", "/."] } else { &[] }
}

fn described(uid: u32, gid: u32, home: &str, shell: &str) -> String {
    format!("{uid}:{gid} with home {home} and shell {shell}")
}

/// Makes an account that was not there when the plan was made. A package of this build
/// may have made it since, with ids of its own, and nothing in the image uses it yet.
#[derive(Debug)]
pub(super) struct MakeAccount(pub Account);

impl Task for MakeAccount {
    fn describe(&self) -> String {
        let Account { name, uid, gid, .. } = &self.0;
        format!("make the user and the group {name} ({uid}:{gid})")
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        let account = Account {
            update: true,
            ..self.0.clone()
        };
        let mut findings = Findings::default();
        let actions = account.plan(context.root, &mut findings);
        let problems = findings.problems.iter();
        let problems: Vec<String> = problems.map(|problem| problem.text().to_owned()).collect();
        if !problems.is_empty() {
            return Err(Failure::Input(problems));
        }
        actions
            .iter()
            .try_for_each(|action| action.perform(context))
    }
}

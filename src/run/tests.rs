//! Runs on a temporary root with a runner that records: which children a step
//! starts, and what it leaves behind.

use std::fs;
use std::sync::Mutex;
use std::time::Duration;

use super::*;
use crate::command::{Command, Ending, Output};
use crate::plan::Aim;
use crate::reporter::Progress;
use crate::settings::Given;
use crate::steps;

/// Records commands and answers with success, or with what was prepared.
#[derive(Debug, Default)]
struct Recorder {
    commands: Mutex<Vec<String>>,
    failing: Option<&'static str>,
}

impl Runner for Recorder {
    fn run(&self, command: &Command, line: &mut dyn FnMut(&str)) -> Output {
        let text = command.to_string();
        let fails = self.failing.is_some_and(|failing| text.contains(failing));
        self.commands.lock().unwrap().push(text);
        line("said");
        Output {
            ending: Ending::Exited(i32::from(fails)),
            stdout: "said\n".to_owned(),
            stderr: String::new(),
        }
    }

    fn ask(&self, command: &Command) -> Output {
        self.run(command, &mut |_| {})
    }
}

#[derive(Default)]
struct Listener(Mutex<Vec<String>>);

impl Listener {
    fn hear(&self, text: String) {
        self.0.lock().unwrap().push(text);
    }
}

impl Reporter for Listener {
    fn started(&self, step: StepName, why: &str) {
        self.hear(format!("{step} started: {why}"));
    }
    fn done(&self, step: StepName, _took: Duration) {
        self.hear(format!("{step} done"));
    }
    fn skipped(&self, step: StepName, reason: &str) {
        self.hear(format!("{step} skipped: {reason}"));
    }
    fn failed(&self, step: StepName, _took: Duration) {
        self.hear(format!("{step} failed"));
    }
    fn stopped(&self, step: StepName, _took: Duration) {
        self.hear(format!("{step} stopped"));
    }
    fn ended(&self, steps: &[StepRecord], _took: Duration) {
        let names: Vec<_> = steps.iter().map(|step| step.name.as_str()).collect();
        self.hear(format!("ended: {}", names.join(", ")));
    }
    fn note(&self, _step: StepName, _text: &str) {}
    fn command(&self, _step: StepName, _command: &str) {}
    fn line(&self, _step: StepName, _line: &str) {}
    fn progress(&self, step: StepName, progress: &Progress) {
        let Progress {
            what,
            done,
            total,
            detail,
        } = progress;
        self.hear(format!("{step}: {what} {done} of {total} ({detail})"));
    }
}

/// Runs one step of a Keystone build whose account has this process's own ids,
/// so that its directories can be given to it without being root.
fn run_step(
    step: StepName,
    recorder: &Recorder,
) -> (Result<(), Stopped>, tempfile::TempDir, Vec<String>) {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir_all(directory.path().join("etc")).unwrap();
    fs::write(
        directory.path().join("etc/os-release"),
        "ID=debian\nVERSION_ID=13\nVERSION_CODENAME=trixie\n",
    )
    .unwrap();
    let root = Root::new(directory.path());
    let flags = [
        ("PROJECT", "keystone".to_owned()),
        ("UID", uzers::get_current_uid().to_string()),
        ("GID", uzers::get_current_gid().to_string()),
    ];
    let given = Given::new([], flags, u32::MAX, |_| false);
    let settings = Settings::parse(&given, &[]).unwrap();
    let plan = steps::plan(&settings, &root, &[], recorder, Aim::Steps(&[step])).unwrap();
    let listener = Listener::default();
    let result = run(
        &plan,
        &Surroundings {
            settings: &settings,
            root: &root,
            runner: recorder,
            children: &Children::default(),
            interrupt: &Interrupt::default(),
            abandon: &|_| {},
            reporter: &listener,
            secrets: &Secrets::default(),
            environment: &[],
        },
    );
    (result, directory, listener.0.into_inner().unwrap())
}

#[test]
fn the_account_is_made_with_its_ids_and_the_record_says_so() {
    let (uid, gid) = (uzers::get_current_uid(), uzers::get_current_gid());
    let recorder = Recorder::default();
    let (result, root, heard) = run_step(StepName::User, &recorder);
    assert_eq!(result, Ok(()));
    assert_eq!(
        recorder.commands.into_inner().unwrap(),
        [
            format!("groupadd --gid {gid} keystone"),
            format!(
                "useradd --uid {uid} --gid {gid} --no-create-home --no-log-init --home-dir /var/lib/keystone \
                 --shell /usr/sbin/nologin --comment 'keystone user' keystone"
            ),
        ]
    );
    for made in [
        "etc/keystone",
        "var/log/keystone",
        "var/lib/keystone",
        "var/cache/keystone",
    ] {
        assert!(root.path().join(made).is_dir(), "{made}");
    }
    assert_eq!(
        heard,
        [
            format!("user started: keystone runs as keystone ({uid}:{gid})"),
            "user done".to_owned(),
            "ended: user".to_owned(),
        ]
    );
    let record: Record = serde_json::from_str(
        &fs::read_to_string(root.path().join("var/lib/loci-install/record.json")).unwrap(),
    )
    .unwrap();
    assert_eq!(
        (record.steps.len(), record.steps[0].name.as_str()),
        (1, "user")
    );
    assert!(!record.finished);
}

#[test]
fn a_child_that_fails_ends_its_step_there() {
    let recorder = Recorder {
        failing: Some("groupadd"),
        ..Recorder::default()
    };
    let (result, root, heard) = run_step(StepName::User, &recorder);
    let Err(Stopped::Failed {
        first: (StepName::User, failure),
        ..
    }) = result
    else {
        panic!("{result:?}");
    };
    assert!(
        matches!(*failure, Failure::Command { doing, child } if doing == "make the group" && child.tail == ["said"])
    );
    assert_eq!(recorder.commands.into_inner().unwrap().len(), 1);
    assert_eq!(heard.last().map(String::as_str), Some("user failed"));
    assert!(!root.path().join("var/lib/loci-install").exists());
}

#[test]
fn a_step_says_how_far_it_has_come() {
    let listener = Listener::default();
    let given = Given::new([], [("PROJECT", "keystone".to_owned())], u32::MAX, |_| {
        false
    });
    let context = Context {
        step: StepName::Wheels,
        settings: &Settings::parse(&given, &[]).unwrap(),
        root: &Root::default(),
        runner: &Recorder::default(),
        reporter: &listener,
        record: &Mutex::default(),
        secrets: &Secrets::default(),
        environment: &[],
    };
    context.progress(&Progress {
        what: "files".to_owned(),
        done: 320,
        total: 575,
        detail: "210 MiB".to_owned(),
    });
    assert_eq!(
        listener.0.into_inner().unwrap(),
        ["wheels: files 320 of 575 (210 MiB)"]
    );
}

#[test]
fn a_virtualenv_without_wheels_starts_from_the_interpreters_pip() {
    let recorder = Recorder::default();
    let (result, ..) = run_step(StepName::Venv, &recorder);
    assert_eq!(result, Ok(()));
    assert_eq!(
        recorder.commands.into_inner().unwrap(),
        [
            "python3 -m venv --clear --without-pip /var/lib/openstack",
            "/var/lib/openstack/bin/python -m ensurepip --default-pip",
        ]
    );
}

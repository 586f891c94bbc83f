//! `loci-install smoke`: the step `smoke` alone, in an image that is finished, by what the
//! image says of itself. It needs neither settings nor root.

use std::num::NonZeroUsize;
use std::thread;

use super::input::environment;
use super::{FAILED, WRONG_INPUT, print, stopped_by, watch};
use crate::command::System;
use crate::findings::Problem;
use crate::layout::{PYTHON, VIRTUALENV};
use crate::platform::Platform;
use crate::record;
use crate::report::{self, say};
use crate::root::Root;
use crate::secrets::Secrets;
use crate::smoke::{Image, test};

/// Runs it.
pub fn run() -> u8 {
    let root = Root::default();
    let environment = environment();
    if !root.exists(PYTHON) {
        let problem = Problem::Input(format!(
            "there is no virtualenv in {VIRTUALENV}; run this in the image of a service"
        ));
        say(&report::problems(&[problem]));
        return WRONG_INPUT;
    }
    let secrets = Secrets::gather(environment.iter().map(|(_, value)| value.as_str()));
    let interrupt = match watch() {
        Ok(interrupt) => interrupt,
        Err(status) => return status,
    };
    let runner = System::new(&environment);
    runner.children().adopt_orphans();
    let (asked, ended) = (runner.clone(), runner.clone());
    interrupt.when_told(
        move || asked.children().terminate(),
        move |_| ended.children().kill(),
    );
    let record = record::last(&root);
    if record.is_none() {
        say(
            "warning: the image has no /etc/image_info/build.json, which says what was asked for; distributions are tested for what they say themselves",
        );
    }
    let record = record.unwrap_or_default();
    let cpus = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let platform = Platform::detect(&root, &record.distribution());
    let report = test(&Image {
        root: &root,
        runner: &runner,
        manager: platform.ok().map(|platform| platform.package_manager),
        record: &record,
        jobs: cpus.get(),
    });
    if let Some(signal) = interrupt.signal() {
        say(&stopped_by(signal));
        return FAILED;
    }
    let faults = report.and_then(|report| {
        for note in &report.notes {
            say(&secrets.mask(note));
        }
        report.into_result()
    });
    match faults {
        Ok(report) => print(&format!("in order: {report}\n")),
        Err(failure) => {
            say(&secrets.mask(&report::explain_alone("smoke", &failure)));
            FAILED
        }
    }
}

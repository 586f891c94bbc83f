//! Nova: the pages of its consoles, and the account that emulated TPMs run as.

use super::super::account::{Account, MakeAccount};
use super::console::Console;
use crate::findings::Findings;
use crate::plan::{Action, View};
use crate::settings::Settings;

/// The pages exist upstream only: distributions' packages of them require half a desktop.
pub(super) fn list(settings: &Settings) -> Vec<Console> {
    vec![
        Console {
            name: "novnc",
            directory: "/usr/share/novnc",
            repository: settings.consoles.novnc.clone(),
            pages: &["vnc.html", "vnc_lite.html", "vnc_auto.html"],
            // What nova's configuration calls it, since noVNC 1.0 calls it otherwise.
            link: Some(("vnc_auto.html", "vnc_lite.html")),
        },
        Console {
            name: "spice-html5",
            directory: "/usr/share/spice-html5",
            repository: settings.consoles.spice.clone(),
            pages: &["spice_auto.html", "spice.html"],
            link: None,
        },
    ]
}

pub(super) fn consoles(view: &View<'_>, findings: &mut Findings) -> Vec<Action> {
    let consoles = list(view.settings).into_iter();
    consoles
        .filter_map(|console| console.plan(view, findings))
        .collect()
}

pub(super) fn tss(view: &View<'_>, findings: &mut Findings) -> Vec<Action> {
    let (tss, account) = (&view.settings.tss, &view.settings.account);
    let wanted = Account {
        name: tss.name.to_string(),
        uid: tss.uid,
        gid: tss.gid,
        home: format!("/home/{}", tss.name),
        shell: "/usr/sbin/nologin",
        arguments: ["NOVA_TSS_UID", "NOVA_TSS_GID"],
        update: account.update,
        non_unique: account.non_unique,
    };
    if wanted.plan(view.root, findings).is_empty() {
        Vec::new()
    } else {
        vec![Action::task(MakeAccount(wanted))]
    }
}

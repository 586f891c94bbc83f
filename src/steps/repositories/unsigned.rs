//! Packages that nobody vouches for: `ALLOW_UNAUTHENTICATED`, and images that have been made
//! with it.

use regex::Regex;

use super::{Lasting, no_apt};
use crate::findings::Findings;
use crate::plan::{Action, View};
use crate::platform::Family;

/// apt's configuration that `ALLOW_UNAUTHENTICATED` writes, under the name that LOCI has.
const UNAUTHENTICATED: &str = "/etc/apt/apt.conf.d/allow-unauthenticated";

const UNAUTHENTICATED_TEXT: &str = "\
// Made by loci-install base for ALLOW_UNAUTHENTICATED=True.
APT::Get::AllowUnauthenticated \"true\";
Acquire::AllowInsecureRepositories \"true\";
Acquire::AllowDowngradeToInsecureRepositories \"true\";
";

/// What `ALLOW_UNAUTHENTICATED` writes in a base image.
pub(super) fn allow(view: &View<'_>, findings: &mut Findings) -> Option<Action> {
    if !view.settings.repositories.allow_unauthenticated {
        return None;
    }
    if view.platform.family != Family::Debian {
        findings.input(format!(
            "ALLOW_UNAUTHENTICATED=True: {}; what gpgcheck says in the repositories' own files holds",
            no_apt(view)
        ));
        return None;
    }
    findings.warn(format!(
        "ALLOW_UNAUTHENTICATED=True: {UNSIGNED}, in this image and in every one that is made of it"
    ));
    let there = view.root.read(UNAUTHENTICATED);
    (there.ok().as_deref() != Some(UNAUTHENTICATED_TEXT)).then(|| {
        Action::task(Lasting {
            path: UNAUTHENTICATED.to_owned(),
            text: UNAUTHENTICATED_TEXT.to_owned(),
        })
    })
}

const UNSIGNED: &str =
    "packages are installed whose signatures are missing or wrong: anybody's, whoever is between";

/// Says loudly, in every build, that the image's apt verifies nothing.
pub(in super::super) fn warn(view: &View<'_>, findings: &mut Findings) {
    if view.platform.family != Family::Debian || view.settings.repositories.allow_unauthenticated {
        return;
    }
    let files = ["/etc/apt/apt.conf", "/etc/apt/apt.conf.d/*"];
    for path in files.iter().flat_map(|pattern| view.root.glob(pattern)) {
        let text = view.root.read(&path).unwrap_or_default();
        if let Some(option) = insecure_option(&text) {
            findings.warn(format!("{path} says {option}: {UNSIGNED}"));
        }
    }
}

/// The option of an apt.conf(5) that switches signatures off.
fn insecure_option(text: &str) -> Option<String> {
    let option = Regex::new(
        r#"(?i)\b(AllowUnauthenticated|AllowInsecureRepositories|AllowDowngradeToInsecureRepositories)\s+"?(?:true|yes|1|on|with|enable)\b"#,
    )
    .expect("constant");
    let is_said = |line: &&str| !line.trim_start().starts_with(['#', '/']);
    let mut lines = text.lines().filter(is_said);
    lines.find_map(|line| Some(option.captures(line)?[1].to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn insecure_options_are_seen_in_every_spelling() {
        for (text, option) in [
            (UNAUTHENTICATED_TEXT, Some("AllowUnauthenticated")),
            (
                "APT\n{\n  Get\n  {\n    AllowUnauthenticated 1;\n",
                Some("AllowUnauthenticated"),
            ),
            (
                "acquire::allowinsecurerepositories yes;",
                Some("allowinsecurerepositories"),
            ),
            ("APT::Get::AllowUnauthenticated \"false\";", None),
            ("// APT::Get::AllowUnauthenticated \"true\";", None),
            ("APT::Get::Show-Versions \"true\";", None),
        ] {
            assert_eq!(insecure_option(text).as_deref(), option, "{text}");
        }
    }
}

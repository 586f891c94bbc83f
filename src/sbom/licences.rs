//! Licences, as SPDX calls them where that is sure, else in the component's own words.
//! Nothing is guessed: what a component does not say is not said of it.

use spdx::{Expression, ParseMode};

use super::cyclonedx::{Licence, Named};
use crate::python::metadata::fields;

/// What classifiers mean that mean one licence. "BSD License", "Apache Software License" and
/// others could be several (PEP 639, "Mapping license classifiers to SPDX identifiers").
const CLASSIFIERS: &[(&str, &str)] = &[
    ("Boost Software License 1.0 (BSL-1.0)", "BSL-1.0"),
    (
        "CC0 1.0 Universal (CC0 1.0) Public Domain Dedication",
        "CC0-1.0",
    ),
    ("GNU Affero General Public License v3", "AGPL-3.0-only"),
    (
        "GNU Affero General Public License v3 or later (AGPLv3+)",
        "AGPL-3.0-or-later",
    ),
    ("GNU General Public License v2 (GPLv2)", "GPL-2.0-only"),
    (
        "GNU General Public License v2 or later (GPLv2+)",
        "GPL-2.0-or-later",
    ),
    ("GNU General Public License v3 (GPLv3)", "GPL-3.0-only"),
    (
        "GNU General Public License v3 or later (GPLv3+)",
        "GPL-3.0-or-later",
    ),
    (
        "GNU Lesser General Public License v2 or later (LGPLv2+)",
        "LGPL-2.0-or-later",
    ),
    (
        "GNU Lesser General Public License v3 (LGPLv3)",
        "LGPL-3.0-only",
    ),
    (
        "GNU Lesser General Public License v3 or later (LGPLv3+)",
        "LGPL-3.0-or-later",
    ),
    ("ISC License (ISCL)", "ISC"),
    ("MIT License", "MIT"),
    ("MIT No Attribution License (MIT-0)", "MIT-0"),
    ("Mozilla Public License 1.1 (MPL 1.1)", "MPL-1.1"),
    ("Mozilla Public License 2.0 (MPL 2.0)", "MPL-2.0"),
    ("The Unlicense (Unlicense)", "Unlicense"),
    ("Universal Permissive License (UPL)", "UPL-1.0"),
    ("zlib/libpng License", "Zlib"),
];

/// What Debian's short names mean that SPDX has under another name
/// (<https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/#license-short-name>).
/// Its `Expat` is SPDX's MIT; `MIT` is refused there because it is many.
const DEBIAN: &[(&str, &str)] = &[
    ("AGPL-3", "AGPL-3.0-only"),
    ("AGPL-3+", "AGPL-3.0-or-later"),
    ("Apache-2.0", "Apache-2.0"),
    ("BSD-2-clause", "BSD-2-Clause"),
    ("BSD-3-clause", "BSD-3-Clause"),
    ("BSD-4-clause", "BSD-4-Clause"),
    ("CC0-1.0", "CC0-1.0"),
    ("Expat", "MIT"),
    ("FTL", "FTL"),
    ("GFDL-1.2", "GFDL-1.2-only"),
    ("GFDL-1.2+", "GFDL-1.2-or-later"),
    ("GFDL-1.3", "GFDL-1.3-only"),
    ("GFDL-1.3+", "GFDL-1.3-or-later"),
    ("GPL-1", "GPL-1.0-only"),
    ("GPL-1+", "GPL-1.0-or-later"),
    ("GPL-2", "GPL-2.0-only"),
    ("GPL-2+", "GPL-2.0-or-later"),
    ("GPL-3", "GPL-3.0-only"),
    ("GPL-3+", "GPL-3.0-or-later"),
    ("ISC", "ISC"),
    ("LGPL-2", "LGPL-2.0-only"),
    ("LGPL-2+", "LGPL-2.0-or-later"),
    ("LGPL-2.1", "LGPL-2.1-only"),
    ("LGPL-2.1+", "LGPL-2.1-or-later"),
    ("LGPL-3", "LGPL-3.0-only"),
    ("LGPL-3+", "LGPL-3.0-or-later"),
    ("MPL-1.1", "MPL-1.1"),
    ("MPL-2.0", "MPL-2.0"),
    ("OFL-1.1", "OFL-1.1"),
    ("Zlib", "Zlib"),
];

/// The first line of a copyright file that programs can read.
const MACHINE_READABLE: &str = "www.debian.org/doc/packaging-manuals/copyright-format/1.0";

/// One licence in the words of its component.
#[must_use]
pub fn named(words: &str) -> Vec<Licence> {
    vec![Licence::License(Named::Name(words.to_owned()))]
}

/// What the METADATA of a distribution says: `License-Expression` (PEP 639), else `License`
/// when it is a name and no text, else its classifiers.
#[must_use]
pub fn of_metadata(metadata: &str) -> Vec<Licence> {
    let field = |name| {
        let value = fields(metadata, name).into_iter().next();
        value.filter(|value| !value.is_empty() && *value != "UNKNOWN")
    };
    if let Some(expression) = field("License-Expression") {
        return expressed(&expression);
    }
    // The text of a licence is folded into one line here, and longer than any name.
    if let Some(name) = field("License").filter(|name| name.len() < 100) {
        return expressed(&name);
    }
    let classifiers = fields(metadata, "Classifier").into_iter();
    let mut all: Vec<Licence> = classifiers
        .filter_map(|classifier| {
            let rest = classifier.strip_prefix("License :: ")?;
            let name = rest.strip_prefix("OSI Approved").unwrap_or(rest);
            let name = name.trim_start_matches(" :: ");
            (!name.is_empty()).then(|| one(name, CLASSIFIERS))
        })
        .collect();
    all.sort();
    all.dedup();
    all
}

/// What a Debian package's copyright file says, where it is of the kind that programs can
/// read: each licence of any of its files, by its short name.
#[must_use]
pub fn of_copyright(text: &str) -> Vec<Licence> {
    let mut lines = text.lines();
    if !lines.next().is_some_and(|line| {
        let format = line.strip_prefix("Format:");
        format.is_some_and(|format| format.contains(MACHINE_READABLE))
    }) {
        return Vec::new();
    }
    let short_names = lines.filter_map(|line| line.strip_prefix("License:"));
    let mut all: Vec<Licence> = short_names
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(|name| one(name, DEBIAN))
        .collect();
    all.sort();
    all.dedup();
    all
}

/// A licence whose name may be an SPDX expression.
fn expressed(words: &str) -> Vec<Licence> {
    // Deprecated identifiers are identifiers.
    let mode = ParseMode {
        allow_deprecated: true,
        ..ParseMode::STRICT
    };
    match Expression::parse_mode(words, mode) {
        Ok(_) => vec![Licence::Expression(words.to_owned())],
        Err(_) => named(words),
    }
}

fn one(name: &str, known: &[(&str, &str)]) -> Licence {
    // DEP-5's short names have no case, and classifiers are spelt in one way alone.
    let id = known
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name));
    Licence::License(match id {
        Some((_, id)) => Named::Id((*id).to_owned()),
        _ => Named::Name(name.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expression(text: &str) -> Vec<Licence> {
        vec![Licence::Expression(text.to_owned())]
    }

    fn id(text: &str) -> Licence {
        Licence::License(Named::Id(text.to_owned()))
    }

    fn name(text: &str) -> Licence {
        Licence::License(Named::Name(text.to_owned()))
    }

    #[test]
    fn tables_have_identifiers_that_spdx_has() {
        for (name, id) in CLASSIFIERS.iter().chain(DEBIAN) {
            assert!(spdx::license_id(id).is_some(), "{name}: {id}");
        }
    }

    #[test]
    fn metadata_is_asked_in_order() {
        let of =
            |header: &str| of_metadata(&format!("Name: x\n{header}\n\nLicense: of the text\n"));
        assert_eq!(
            of("License-Expression: Apache-2.0 OR BSD-3-Clause\nLicense: x"),
            expression("Apache-2.0 OR BSD-3-Clause")
        );
        assert_eq!(of("License: BSD-3-Clause"), expression("BSD-3-Clause"));
        assert_eq!(of("License: GPL-2.0"), expression("GPL-2.0"));
        assert_eq!(of("License: Apache 2"), [name("Apache 2")]);
        assert_eq!(
            of(
                "License: UNKNOWN\nClassifier: License :: OSI Approved :: MIT License\n\
                Classifier: License :: OSI Approved\n\
                Classifier: License :: OSI Approved :: BSD License"
            ),
            [id("MIT"), name("BSD License")]
        );
        let text = format!("License: {}\n\t{}", "long ".repeat(30), "longer");
        assert_eq!(of(&text), []);
        assert_eq!(of("Version: 1"), []);
    }

    #[test]
    fn only_what_programs_can_read_is_read() {
        let text = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\
                    License: GPL-2+\n\nFiles: *\nLicense: Expat\n Permission\n\n\
                    Files: a\nLicense: gpl-2+\n\nFiles: b\nLicense: GPL-2+ or Artistic\n";
        assert_eq!(
            of_copyright(text),
            [
                id("GPL-2.0-or-later"),
                id("MIT"),
                name("GPL-2+ or Artistic")
            ]
        );
        assert_eq!(of_copyright("This package is free.\nLicense: GPL-2\n"), []);
    }
}

//! The interpreter that wheels are chosen for.

use std::cmp::Reverse;
use std::collections::HashMap;

use pep508_rs::MarkerEnvironment;
use serde::Deserialize;

use super::WheelName;

/// The Python program that describes its interpreter as [`Interpreter::parse`]
/// reads it, to be run as `python -c SCRIPT` where pip is installed.
///
/// pip's own copy of `packaging` is asked, so that what is chosen here is what
/// pip would install. A development version of Python has a trailing `+` that no
/// version may have (`packaging.markers` replaces it in the same way).
pub const SCRIPT: &str = r#"
import json, platform
from pip._vendor.packaging import markers, tags
environment = markers.default_environment()
if environment["python_full_version"].endswith("+"):
    environment["python_full_version"] += "local"
print(json.dumps({
    "version": platform.python_version(),
    "markers": environment,
    "tags": [str(tag) for tag in tags.sys_tags()],
}))
"#;

/// An interpreter, as far as the choice of wheels goes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Interpreter {
    /// Its version: `3.13.5`.
    pub version: String,
    /// What requirements' markers are evaluated in.
    pub markers: MarkerEnvironment,
    /// The tags of the wheels that it can use, best first (PEP 425):
    /// `cp313-cp313-manylinux_2_36_x86_64`.
    pub tags: Vec<String>,
}

impl Interpreter {
    /// Reads what [`SCRIPT`] printed; the error says what is wrong with it.
    pub fn parse(json: &str) -> Result<Self, String> {
        let interpreter: Self = serde_json::from_str(json)
            .map_err(|error| format!("not the description of an interpreter: {error}"))?;
        if interpreter.tags.is_empty() {
            return Err("the interpreter has no tags: no wheel would fit it".to_owned());
        }
        Ok(interpreter)
    }

    /// The wheel that fits best, by file names; none when none fits.
    ///
    /// The best tag decides, then the higher build number (PEP 427), then the order in
    /// `wheels`. Versions are not compared: `wheels` are of one version.
    pub fn best<'a, T>(
        &self,
        wheels: impl IntoIterator<Item = &'a T>,
        file_name: impl Fn(&T) -> &str,
    ) -> Option<&'a T> {
        let ranks: HashMap<&str, usize> = self
            .tags
            .iter()
            .enumerate()
            // Collecting keeps the last of equals; the first is the rank.
            .rev()
            .map(|(rank, tag)| (tag.as_str(), rank))
            .collect();
        wheels
            .into_iter()
            .filter_map(|wheel| {
                let name = WheelName::parse(file_name(wheel))?;
                let rank = name
                    .tags
                    .iter()
                    .filter_map(|tag| ranks.get(tag.as_str()))
                    .min()?;
                Some(((*rank, Reverse(name.build)), wheel))
            })
            .min_by(|(left, _), (right, _)| left.cmp(right))
            .map(|(_, wheel)| wheel)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Printed by Python 3.13 on Debian 12, with six of its 1060 tags.
    const CAPTURED: &str = r##"{"version": "3.13.0", "markers": {"implementation_name": "cpython",
        "implementation_version": "3.13.0", "os_name": "posix", "platform_machine": "x86_64",
        "platform_release": "6.1.0-40-amd64", "platform_system": "Linux",
        "platform_version": "#1 SMP PREEMPT_DYNAMIC Debian", "python_full_version": "3.13.0",
        "platform_python_implementation": "CPython", "python_version": "3.13",
        "sys_platform": "linux"}, "tags": ["cp313-cp313-manylinux_2_36_x86_64",
        "cp313-cp313-manylinux_2_17_x86_64", "cp313-cp313-manylinux2014_x86_64",
        "cp39-abi3-manylinux_2_17_x86_64", "py3-none-any", "py2-none-any"]}"##;

    fn interpreter() -> Interpreter {
        Interpreter::parse(CAPTURED).expect("an interpreter")
    }

    fn best(wheels: &[&'static str]) -> Option<&'static str> {
        interpreter().best(wheels, |wheel| wheel).copied()
    }

    #[test]
    fn a_description_is_read() {
        assert_eq!(interpreter().version, "3.13.0");
        assert_eq!(interpreter().markers.sys_platform(), "linux");
        let error = Interpreter::parse("Traceback (most recent call last)").expect_err("no JSON");
        assert_eq!(
            error,
            "not the description of an interpreter: expected value at line 1 column 1"
        );
        let none = CAPTURED.split('[').next().map(|text| format!("{text}[]}}"));
        let error = Interpreter::parse(&none.expect("text")).expect_err("no tags");
        assert!(error.contains("no tags"), "{error}");
    }

    #[test]
    fn the_best_tag_wins_then_the_higher_build() {
        let any = "a-1-py3-none-any.whl";
        let abi3 = "a-1-cp39-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl";
        let own = "a-1-cp313-cp313-manylinux2014_x86_64.manylinux_2_17_x86_64.whl";
        assert_eq!(best(&[any, abi3, own]), Some(own));
        assert_eq!(
            best(&["a-1-py2.py3-none-any.whl"]),
            Some("a-1-py2.py3-none-any.whl")
        );
        let (second, tenth) = ("a-1-2-py3-none-any.whl", "a-1-10-py3-none-any.whl");
        assert_eq!(best(&[any, second, tenth]), Some(tenth));
        assert_eq!(best(&[any, "b-1-py3-none-any.whl"]), Some(any));
        assert_eq!(
            best(&["a-1-cp312-cp312-manylinux2014_x86_64.whl", "a-1.tar.gz"]),
            None
        );
    }

    proptest! {
        #[test]
        fn only_what_fits_is_chosen(
            wheels in proptest::collection::vec(
                "a-1(-[0-9]{1,2})?-(cp312|cp313|py3|py2\\.py3)-(cp313|abi3|none)-(any|manylinux2014_x86_64|manylinux_2_40_x86_64\\.manylinux_2_17_x86_64)\\.whl",
                0..6,
            )
        ) {
            let interpreter = interpreter();
            let fits = |wheel: &String| {
                let name = WheelName::parse(wheel).expect("a wheel");
                name.tags.iter().any(|tag| interpreter.tags.contains(tag))
            };
            let best = interpreter.best(&wheels, |wheel| wheel);
            prop_assert_eq!(best.is_some(), wheels.iter().any(fits));
            prop_assert!(best.is_none_or(fits));
        }
    }
}

//! Extras (PEP 508): which of them somebody asks for, and what is required with them.

use std::collections::{BTreeMap, BTreeSet};

use pep508_rs::{ExtraName, MarkerEnvironment, Requirement};

use super::Name;

/// The extras that are asked for, of each distribution.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extras(BTreeMap<Name, BTreeSet<ExtraName>>);

impl Extras {
    /// Asks for some.
    ///
    /// Returns whether any of them is new.
    pub fn ask(&mut self, name: Name, extras: impl IntoIterator<Item = ExtraName>) -> bool {
        let asked = self.0.entry(name).or_default();
        let before = asked.len();
        asked.extend(extras);
        asked.len() > before
    }

    /// Asks for those of a requirement.
    ///
    /// Returns whether any of them is new.
    pub fn ask_by(&mut self, requirement: &Requirement) -> bool {
        let name = Name::new(requirement.name.as_ref());
        self.ask(name, requirement.extras.iter().cloned())
    }

    /// Asks for what distributions ask of each other, by requirements that apply.
    pub fn follow(
        &mut self,
        distributions: &BTreeMap<&Name, &[Requirement]>,
        markers: &MarkerEnvironment,
    ) {
        let mut waiting: Vec<Name> = distributions.keys().copied().cloned().collect();
        while let Some(name) = waiting.pop() {
            let Some(requirements) = distributions.get(&name) else {
                continue;
            };
            let applying: Vec<_> = self.applying(&name, requirements, markers).collect();
            for requirement in applying {
                if self.ask_by(requirement) {
                    waiting.push(Name::new(requirement.name.as_ref()));
                }
            }
        }
    }

    /// Whether an extra is asked for.
    #[must_use]
    pub fn has(&self, name: &Name, extra: &ExtraName) -> bool {
        self.0.get(name).is_some_and(|asked| asked.contains(extra))
    }

    /// Those requirements of a distribution that apply, with the extras that are asked for.
    pub fn applying<'a>(
        &self,
        name: &Name,
        requirements: &'a [Requirement],
        markers: &MarkerEnvironment,
    ) -> impl Iterator<Item = &'a Requirement> {
        let extras: Vec<ExtraName> = self.0.get(name).into_iter().flatten().cloned().collect();
        let requirements = requirements.iter();
        requirements.filter(move |requirement| requirement.evaluate_markers(markers, &extras))
    }
}

#[cfg(test)]
mod tests {
    use pep508_rs::MarkerEnvironmentBuilder;

    use super::*;
    use crate::python::environment::parsed;

    fn markers() -> MarkerEnvironment {
        let builder = MarkerEnvironmentBuilder {
            implementation_name: "cpython",
            implementation_version: "3.13.0",
            os_name: "posix",
            platform_machine: "x86_64",
            platform_python_implementation: "CPython",
            platform_release: "",
            platform_system: "Linux",
            platform_version: "",
            python_full_version: "3.13.0",
            python_version: "3.13",
            sys_platform: "linux",
        };
        builder.try_into().expect("an environment")
    }

    fn all(requirements: &[&str]) -> Vec<Requirement> {
        let requirements = requirements.iter();
        requirements
            .map(|text| parsed(text).expect("a requirement"))
            .collect()
    }

    #[test]
    fn an_extra_may_ask_for_the_next() {
        let names = ["keystone", "oslo-db", "sqlalchemy"].map(Name::new);
        let requires = [
            all(&["oslo.db[mysql]", "ldappool[x]; extra == 'ldap'"]),
            all(&["SQLAlchemy[asyncio]; extra == 'mysql'"]),
            all(&["greenlet; extra == 'asyncio'", "old; python_version < '3'"]),
        ];
        let everything = names
            .iter()
            .zip(requires.iter().map(Vec::as_slice))
            .collect();
        let markers = markers();
        let mut extras = Extras::default();
        extras.follow(&everything, &markers);
        let extra = |text: &str| text.parse().expect("an extra");
        assert!(extras.has(&names[1], &extra("mysql")));
        assert!(extras.has(&names[2], &extra("asyncio")));
        assert!(!extras.has(&Name::new("ldappool"), &extra("x")));
        let of_last = extras.applying(&names[2], &requires[2], &markers);
        let of_last: Vec<_> = of_last
            .map(|requirement| requirement.name.as_ref())
            .collect();
        assert_eq!(of_last, ["greenlet"]);
        assert!(extras.ask(names[0].clone(), [extra("ldap")]));
        extras.follow(&everything, &markers);
        assert!(extras.has(&Name::new("ldappool"), &extra("x")));
    }
}

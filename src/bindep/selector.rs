//! Which rules the active profiles select.

use std::collections::BTreeSet;

use super::platform::{Atoms, PLATFORM};

/// The profile that is active when the user names none.
pub const DEFAULT_PROFILE: &str = "default";

/// The names that are active: the user's profiles and the platform's atoms in
/// one set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Active<'a>(BTreeSet<&'a str>);

impl<'a> Active<'a> {
    /// The user's `profiles`, or [`DEFAULT_PROFILE`] when there are none, and
    /// the platform's `atoms`.
    pub fn new(profiles: impl IntoIterator<Item = &'a str>, atoms: &'a Atoms) -> Self {
        let mut names: BTreeSet<&str> = profiles.into_iter().collect();
        if names.is_empty() {
            names.insert(DEFAULT_PROFILE);
        }
        names.extend(atoms.iter());
        Self(names)
    }

    /// Exactly `names`, with nothing added.
    pub fn exactly(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self(names.into_iter().collect())
    }

    /// Whether `name` is active.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains(name)
    }
}

/// What stands between `[` and `]`; empty when there was no such thing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selector {
    /// In the order of the text.
    pub items: Vec<Item>,
}

/// One alternative of a selector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// `name` or `!name`.
    Term(Term),
    /// `(a !b)`: holds when every member does.
    Group(Vec<Term>),
}

/// `name` or `!name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// False for `!name`.
    pub positive: bool,
    /// The profile or, when it begins with [`PLATFORM`], the platform atom.
    pub name: String,
    /// Where the name begins: 1-based, in characters.
    pub column: usize,
}

impl Selector {
    /// Whether neither the platform part nor the user part says no.
    ///
    /// The platform part is every plain `platform:...`; the user part is the
    /// rest, groups included whatever they hold.
    #[must_use]
    pub fn is_active(&self, active: &Active) -> bool {
        let part = |platform: bool| {
            let items = self.items.iter();
            vote(items.filter(|item| item.is_platform() == platform), active)
        };
        part(true) != Vote::No && part(false) != Vote::No
    }

    /// Whether some choice of profiles makes it active on a platform, of which
    /// `platform` has the atoms.
    #[must_use]
    pub fn may_be_active(&self, platform: &Active) -> bool {
        let plain = self.items.iter().filter(|item| item.is_platform());
        let mut user = self.items.iter().filter(|item| !item.is_platform());
        let possible = |item: &Item| match item {
            Item::Term(_) => true,
            Item::Group(terms) => terms.iter().all(|term| {
                let contradicted = terms
                    .iter()
                    .any(|other| other.name == term.name && other.positive != term.positive);
                if term.name.starts_with(PLATFORM) {
                    term.holds(platform)
                } else {
                    !contradicted
                }
            }),
        };
        vote(plain, platform) != Vote::No && (user.clone().next().is_none() || user.any(possible))
    }

    /// All names, group members included.
    pub fn terms(&self) -> impl Iterator<Item = &Term> {
        self.items.iter().flat_map(|item| match item {
            Item::Term(term) => std::slice::from_ref(term),
            Item::Group(terms) => terms,
        })
    }

    /// The names of the user part. A group's members count as such even when
    /// they are platform atoms.
    pub fn user_profiles(&self) -> impl Iterator<Item = &str> {
        let items = self.items.iter().filter(|item| !item.is_platform());
        items
            .flat_map(|item| match item {
                Item::Term(term) => std::slice::from_ref(term),
                Item::Group(terms) => terms,
            })
            .map(|term| term.name.as_str())
    }
}

impl Item {
    fn is_platform(&self) -> bool {
        matches!(self, Self::Term(term) if term.name.starts_with(PLATFORM))
    }
}

impl Term {
    fn holds(&self, active: &Active) -> bool {
        active.contains(&self.name) == self.positive
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Vote {
    Abstain,
    Yes,
    No,
}

/// Alternatives are OR-ed, a negative vetoes, and negatives alone are content
/// when none of them strikes.
fn vote<'a>(items: impl Iterator<Item = &'a Item>, active: &Active) -> Vote {
    let (mut any, mut wanted, mut found) = (false, false, false);
    for item in items {
        any = true;
        let holds = match item {
            Item::Term(term) if !term.positive => {
                if !term.holds(active) {
                    return Vote::No;
                }
                continue;
            }
            Item::Term(term) => term.holds(active),
            Item::Group(terms) => terms.iter().all(|term| term.holds(active)),
        };
        wanted = true;
        found |= holds;
    }
    match (any, wanted, found) {
        (false, ..) => Vote::Abstain,
        (_, true, false) => Vote::No,
        _ => Vote::Yes,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::File;
    use super::*;

    fn is_active(selector: &str, names: &str) -> bool {
        let file = File::parse(&format!("pkg [{selector}]")).unwrap();
        let active = Active::exactly(names.split_whitespace());
        file.rules()[0].selector.is_active(&active)
    }

    #[test]
    fn nothing_selects_always() {
        assert!(is_active("", ""));
        assert!(is_active("()", "x"));
    }

    #[test]
    fn alternatives_are_or_ed() {
        assert!(is_active("web db", "db"));
        assert!(!is_active("web db", "default"));
    }

    #[test]
    fn a_negative_vetoes_wherever_it_stands() {
        assert!(!is_active("web !slim", "web slim"));
        assert!(!is_active("!slim web", "web slim"));
        assert!(is_active("!slim", "default"));
        assert!(!is_active("(web) !slim", "web slim"));
    }

    #[test]
    fn a_group_is_an_and() {
        assert!(is_active("(web ldap)", "web ldap"));
        assert!(!is_active("(web ldap)", "web"));
        assert!(is_active("(web !ldap) db", "web"));
        assert!(
            !is_active("(web) !slim", ""),
            "an unmet group is an unmet wish"
        );
    }

    #[test]
    fn platform_and_user_part_are_and_ed() {
        assert!(is_active("platform:dpkg web", "platform:dpkg web"));
        assert!(!is_active("platform:dpkg web", "platform:rpm web"));
        assert!(!is_active("platform:dpkg web", "platform:dpkg"));
        assert!(is_active("platform:dpkg platform:rpm", "platform:rpm"));
        assert!(!is_active(
            "platform:dpkg !platform:debian",
            "platform:dpkg platform:debian"
        ));
    }

    #[test]
    fn a_group_is_user_part_even_with_platform_members() {
        assert!(is_active(
            "platform:dpkg (platform:debian web)",
            "platform:dpkg platform:debian web"
        ));
        assert!(!is_active(
            "(platform:debian) (platform:rpm)",
            "platform:dpkg"
        ));
    }

    #[test]
    fn some_profiles_select_what_is_meant_for_this_platform() {
        let atoms = super::super::Distribution::named("debian-trixie")
            .unwrap()
            .atoms();
        let may_be = |selector: &str| {
            let file = File::parse(&format!("pkg [{selector}]")).unwrap();
            let platform = Active::exactly(atoms.iter());
            file.rules()[0].selector.may_be_active(&platform)
        };
        for possible in [
            "",
            "nova",
            "(cinder purestorage)",
            "!slim",
            "platform:dpkg x",
        ] {
            assert!(may_be(possible), "{possible}");
        }
        for impossible in ["platform:rpm", "(nova platform:rpm)", "(x !x)"] {
            assert!(!may_be(impossible), "{impossible}");
        }
    }

    #[test]
    fn default_is_the_profile_of_those_who_name_none() {
        let atoms = Atoms::default();
        assert!(Active::new([], &atoms).contains("default"));
        assert!(!Active::new(["test"], &atoms).contains("default"));
    }
}

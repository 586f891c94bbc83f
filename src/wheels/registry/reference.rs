//! References of images: `[registry[:port]/]name[:tag][@digest]`.

use std::fmt;
use std::str::FromStr;

use crate::wheels::Digest;

/// The registry of names without one, as every builder has it.
const HUB: &str = "docker.io";

/// Where that registry is asked, and what else it is called
/// (<https://github.com/distribution/reference/blob/main/normalize.go>).
const HUB_HOST: &str = "registry-1.docker.io";
const HUB_ALIAS: &str = "index.docker.io";

/// Where the registry of names without one has images of one word.
const LIBRARY: &str = "library/";

/// The tag of a reference that has neither tag nor digest.
const LATEST: &str = "latest";

/// The longest tag, and the longest name without its registry
/// (<https://github.com/distribution/reference/blob/main/reference.go>).
const LONGEST_TAG: usize = 128;
const LONGEST_NAME: usize = 255;

/// An image in a registry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

/// What of a repository is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selector<'a> {
    /// What the tag names now.
    Tag(&'a str),
    /// This very manifest.
    Digest(&'a Digest),
}

impl Reference {
    /// The registry's name, with its port if there is one.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// Whom to ask: the registry's name, save for the one that is elsewhere.
    #[must_use]
    pub fn host(&self) -> &str {
        if self.registry == HUB {
            HUB_HOST
        } else {
            &self.registry
        }
    }

    /// The repository, without the registry.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// What of it is wanted: with a digest the tag says nothing any more.
    #[must_use]
    pub fn selector(&self) -> Selector<'_> {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => Selector::Digest(digest),
            (None, Some(tag)) => Selector::Tag(tag),
            (None, None) => Selector::Tag(LATEST),
        }
    }
}

impl fmt::Display for Selector<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => formatter.write_str(tag),
            Self::Digest(digest) => digest.fmt(formatter),
        }
    }
}

impl FromStr for Reference {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.parse()?)),
            None => (text, None),
        };
        let (registry, rest) = match rest.split_once('/') {
            Some((first, rest)) if is_registry(first) => (first, rest),
            _ => (HUB, rest),
        };
        // A tag has no slash, a port is gone by now.
        let (path, tag) = match rest.rsplit_once(':') {
            Some((path, tag)) => (path, Some(tag)),
            None => (rest, None),
        };
        check_registry(registry)?;
        let registry = canonical(registry);
        check_path(path)?;
        let repository = if registry == HUB && !path.contains('/') {
            format!("{LIBRARY}{path}")
        } else {
            path.to_owned()
        };
        if repository.len() > LONGEST_NAME {
            return Err(format!("the name is longer than {LONGEST_NAME} characters"));
        }
        if rest == path && is_id(path) {
            return Err(format!("{path:?} is the id of an image and not its name"));
        }
        tag.map_or(Ok(()), check_tag)?;
        Ok(Self {
            registry: registry.to_owned(),
            repository,
            tag: tag.map(str::to_owned),
            digest,
        })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(formatter, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(formatter, "@{digest}")?;
        }
        Ok(())
    }
}

/// The one name of a registry that has several.
pub fn canonical(registry: &str) -> &str {
    match registry {
        HUB_ALIAS | HUB_HOST => HUB,
        other => other,
    }
}

/// The host's name or address alone.
pub fn without_port(registry: &str) -> &str {
    match registry.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => host,
        _ => registry,
    }
}

/// Whether the first of several words is a registry and no part of the name: names have
/// no dots and colons in their first word there, and no capitals at all.
fn is_registry(first: &str) -> bool {
    let capitals = first.bytes().any(|byte| byte.is_ascii_uppercase());
    first == "localhost" || first.contains(['.', ':']) || capitals
}

/// An id of an image is no name of one: builders print it without `sha256:`.
fn is_id(path: &str) -> bool {
    path.len() == 64 && path.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A host's name, an IPv4 address or an IPv6 address in brackets, and a port.
fn check_registry(registry: &str) -> Result<(), String> {
    let wrong = |why: &str| Err(format!("{registry:?} is no registry: {why}"));
    let (host, port) = match registry.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (registry, None),
    };
    let is_port = |port: &str| {
        let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
        is_number && port.parse().is_ok_and(|port: u16| port > 0)
    };
    if !port.is_none_or(is_port) {
        return wrong("the port is no number from 1 to 65535");
    }
    if let Some(address) = host.strip_prefix('[') {
        let address = address.strip_suffix(']').unwrap_or_default();
        return match address.parse::<std::net::Ipv6Addr>() {
            Ok(_) => Ok(()),
            Err(_) => wrong("what is in brackets is no IPv6 address"),
        };
    }
    let is_label = |label: &str| {
        let inner = label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        !label.is_empty() && inner && !label.starts_with('-') && !label.ends_with('-')
    };
    if host.split('.').all(is_label) {
        Ok(())
    } else {
        wrong("the host's name has letters, digits, and dots and hyphens between them")
    }
}

/// Words of lower-case letters and digits, joined by one dot, one or two underscores, or
/// any number of hyphens; slashes between them.
fn check_path(path: &str) -> Result<(), String> {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_component = |component: &str| {
        let joints =
            component.split(|character: char| character.is_ascii() && is_word(character as u8));
        let joined = joints.filter(|joint| !joint.is_empty()).all(|joint| {
            matches!(joint, "." | "_" | "__") || joint.bytes().all(|byte| byte == b'-')
        });
        let ends = [component.bytes().next(), component.bytes().last()];
        joined && ends.iter().all(|end| end.is_some_and(is_word))
    };
    if path.split('/').all(is_component) {
        Ok(())
    } else {
        Err(format!(
            "{path:?} is no image's name: lower-case letters and digits, joined by '.', '_', '__', '-' and '/'"
        ))
    }
}

fn check_tag(tag: &str) -> Result<(), String> {
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    if (1..=LONGEST_TAG).contains(&tag.len())
        && tag.bytes().all(is_inner)
        && !tag.starts_with(['.', '-'])
    {
        Ok(())
    } else {
        Err(format!(
            "{tag:?} is no tag: letters, digits, '_', '.' and '-', {LONGEST_TAG} at most, '.' and '-' not first"
        ))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn every_form_is_understood() {
        let digest = format!("sha256:{HEX}");
        for (text, registry, repository, selector) in [
            ("x", "docker.io", "library/x", "latest"),
            ("http-wheels", "docker.io", "library/http-wheels", "latest"),
            (
                "loci/requirements",
                "docker.io",
                "loci/requirements",
                "latest",
            ),
            ("index.docker.io/x:1", "docker.io", "library/x", "1"),
            ("localhost/x:a_B.-", "localhost", "x", "a_B.-"),
            ("localhost:5000/x", "localhost:5000", "x", "latest"),
            (
                "172.17.0.1:5000/ns/requirements:master",
                "172.17.0.1:5000",
                "ns/requirements",
                "master",
            ),
            ("[::1]:5000/x:1", "[::1]:5000", "x", "1"),
            ("[2001:db8::1]/x", "[2001:db8::1]", "x", "latest"),
            ("Registry/a/b-_.c", "", "", ""),
            ("Registry/a/b--c__d.e", "Registry", "a/b--c__d.e", "latest"),
            ("r.example/x@sha256:HEX", "r.example", "x", &digest),
            ("r.example/x:tag@sha256:HEX", "r.example", "x", &digest),
        ] {
            let parsed = text.replace("HEX", HEX).parse::<Reference>();
            if registry.is_empty() {
                parsed.expect_err(text);
                continue;
            }
            let parsed = parsed.expect(text);
            assert_eq!(
                (
                    parsed.registry(),
                    parsed.repository(),
                    &*parsed.selector().to_string()
                ),
                (registry, repository, selector),
                "{text}"
            );
        }
        let hub: Reference = "x".parse().expect("a reference");
        assert_eq!(hub.host(), "registry-1.docker.io");
        let other: Reference = "r.example/x".parse().expect("a reference");
        assert_eq!(other.host(), "r.example");
    }

    #[test]
    fn what_is_none_is_told_with_the_part_that_is_wrong() {
        for (text, why) in [
            ("", "\"\" is no image's name"),
            ("r.example/", "\"\" is no image's name"),
            ("a/B", "\"a/B\" is no image's name"),
            ("a//b", "\"a//b\" is no image's name"),
            ("-a", "\"-a\" is no image's name"),
            ("a___b", "\"a___b\" is no image's name"),
            ("ä", "\"ä\" is no image's name"),
            (
                "localhost:x/a",
                "\"localhost:x\" is no registry: the port is no number",
            ),
            ("localhost:+5000/a", "the port is no number from 1 to 65535"),
            (HEX, "is the id of an image"),
            ("localhost:0/a", "the port is no number from 1 to 65535"),
            ("localhost:65536/a", "the port is no number from 1 to 65535"),
            ("[::g]:1/a", "what is in brackets is no IPv6 address"),
            ("a..b/c", "the host's name has letters"),
            ("-a.b/c", "the host's name has letters"),
            ("x:", "\"\" is no tag"),
            ("x:.a", "\".a\" is no tag"),
            ("x:a b", "\"a b\" is no tag"),
            ("x@sha256:12", "64 hexadecimal digits"),
            ("x@y@sha256:12", "no algorithm"),
        ] {
            let error = text.parse::<Reference>().expect_err(text);
            assert!(error.contains(why), "{text}: {error}");
        }
        assert!(
            format!("x:{}", "t".repeat(129))
                .parse::<Reference>()
                .is_err()
        );
        let long = format!("r.example/{}", "x".repeat(256));
        assert!(long.parse::<Reference>().is_err());
        assert!(long[..265].parse::<Reference>().is_ok());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            registry in "(localhost|[a-z0-9]{1,9}(-[a-z0-9]{1,9})?\\.[A-Za-z]{2,5}|([0-9]{1,3}\\.){3}[0-9]{1,3}|\\[::[0-9a-f]{1,4}\\])(:[1-9][0-9]{0,3})?/|",
            // A first word with a dot would be a registry.
            path in "([a-z0-9]{1,9}/){0,3}[a-z0-9]{1,9}((\\.|_|__|-{1,3})[a-z0-9]{1,9}){0,2}",
            tag in "(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?",
            digest in "(@sha256:[0-9a-f]{64}|@sha512:[0-9a-f]{128})?",
        ) {
            let text = format!("{registry}{path}{tag}{digest}");
            let reference: Reference = text.parse().map_err(TestCaseError::fail)?;
            let shown = reference.to_string();
            prop_assert!(shown.ends_with(&format!("{path}{tag}{digest}")), "{shown}");
            prop_assert_eq!(shown.parse::<Reference>(), Ok(reference));
        }

        #[test]
        fn nothing_makes_it_panic_or_ambiguous(text in "[a-zA-Z0-9./:@_\\[\\]-]{0,40}|\\PC{0,20}") {
            if let Ok(reference) = text.parse::<Reference>() {
                prop_assert_eq!(reference.to_string().parse::<Reference>(), Ok(reference));
            }
        }
    }
}

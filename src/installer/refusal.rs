//! What uv and pip mean when they find no solution.

use crate::python::Name;

/// What is said when only directories may be asked and none is named.
pub const SWITCHED_OFF: &str = "there is no index: it is switched off (--no-index or PIP_NO_INDEX)";

/// Why the index has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It does not have this package, or not this version.
    Unknown {
        /// The package.
        name: Name,
        /// As the resolver words it.
        why: String,
    },
    /// It cannot be read: who says what.
    Unreachable(String),
    /// The requirements contradict each other.
    Conflict(String),
    /// What the resolver said is not understood.
    Other,
}

impl Refusal {
    /// Reads what a resolver said when it failed.
    #[must_use]
    pub fn read(said: &str) -> Self {
        let said = unwrapped(said);
        if let Some(why) = unsent(&said) {
            return Self::Unreachable(why);
        }
        for line in &said {
            if let Some(why) = refused(line) {
                return Self::Unreachable(why);
            }
        }
        for line in &said {
            if let Some((name, why)) = unknown(line) {
                return Self::Unknown { name, why };
            }
        }
        said.iter()
            .find_map(|line| line.strip_prefix("cause: Because "))
            .map_or(Self::Other, |why| Self::Conflict(why.to_owned()))
    }
}

/// The lines, those that continue another joined to it.
pub(super) fn unwrapped(said: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in said.lines() {
        let text = line.trim();
        match lines.last_mut() {
            Some(last) if text.starts_with("And ") => {
                last.push(' ');
                last.push_str(text);
            }
            _ => lines.push(text.to_owned()),
        }
    }
    lines
}

/// A request of uv's that did not reach the server, or whose answer did not come:
/// where to, and the last of its causes.
fn unsent(said: &[String]) -> Option<String> {
    // `cause: error sending request for url (...)`, or `decoding response body`.
    let url = |line: &String| {
        let (_, url) = line
            .strip_prefix("cause: error ")?
            .split_once(" for url (")?;
        Some(url.trim_end_matches(')').to_owned())
    };
    let (at, url) = said
        .iter()
        .enumerate()
        .find_map(|(at, line)| Some((at, url(line)?)))?;
    let causes = said[at + 1..].iter();
    let why = causes.map_while(|line| line.strip_prefix("cause: ")).last();
    Some(format!("{url}: {}", why.unwrap_or("the request failed")))
}

/// The server's or the network's refusal, as uv and pip word it.
fn refused(line: &str) -> Option<String> {
    if let Some(hint) = line.strip_prefix("hint: An index")
        && (hint.contains("403 Forbidden") || hint.contains("401 Unauthorized"))
    {
        return Some(format!("an index{}", hint.trim_end_matches('.')));
    }
    for sign in [
        "HTTP status server error (",
        "HTTP status client error (",
        "operation timed out",
        "dns error",
        "Connection refused",
        "invalid peer certificate",
        "403 Client Error",
        "401 Client Error",
        "500 Server Error",
        "Failed to establish a new connection",
        "Read timed out",
        "CERTIFICATE_VERIFY_FAILED",
    ] {
        if line.contains(sign) {
            return Some(line.trim_start_matches("cause: ").to_owned());
        }
    }
    line.contains("index lookups were disabled")
        .then(|| SWITCHED_OFF.to_owned())
}

fn unknown(line: &str) -> Option<(Name, String)> {
    if let Some(rest) = line.split("there is no version of ").nth(1) {
        let requirement = rest.split_whitespace().next()?.trim_end_matches(',');
        let name = Name::of_requirement(requirement)?;
        return Some((name, "the index has no such version".to_owned()));
    }
    if let Some(rest) = line.strip_prefix("cause: Because ")
        && let Some((name, _)) = rest.split_once(" was not found in ")
        && !name.contains(' ')
    {
        return Some((Name::new(name), "the index has no such package".to_owned()));
    }
    if line.contains(" does not satisfy Python") {
        let rest = line.split(" and ").nth(1)?;
        let (requirement, needs) = rest.split_once(" depends on ")?;
        let needs = needs.split(',').next().unwrap_or(needs);
        return Some((
            Name::of_requirement(requirement)?,
            format!("it needs {needs}"),
        ));
    }
    let requirement = line.strip_prefix("ERROR: No matching distribution found for ")?;
    Some((
        Name::of_requirement(requirement)?,
        "the index has no such version".to_owned(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unknown_name(said: &str) -> Option<(String, String)> {
        match Refusal::read(said) {
            Refusal::Unknown { name, why } => Some((name.to_string(), why)),
            _ => None,
        }
    }

    #[test]
    fn versions_and_packages_that_there_are_not() {
        let no_version = "error: No solution found when resolving dependencies\n  cause: Because there is no version of six==1.99 and you require six==1.99, we can conclude that your requirements are unsatisfiable.\n";
        assert_eq!(
            unknown_name(no_version),
            Some(("six".into(), "the index has no such version".into()))
        );
        let no_package = "error: No solution found when resolving dependencies\n  cause: Because nosuch was not found in the package registry and you require nosuch==1, we can conclude that your requirements are unsatisfiable.\n";
        assert_eq!(
            unknown_name(no_package),
            Some(("nosuch".into(), "the index has no such package".into()))
        );
        let python = "  cause: Because the requested Python version (>=3.9) does not satisfy Python>=3.11 and networkx==3.5 depends on Python>=3.11, we can conclude that networkx==3.5 cannot be used.\n         And because you require networkx==3.5, we can conclude that your requirements are unsatisfiable.\n";
        assert_eq!(
            unknown_name(python),
            Some(("networkx".into(), "it needs Python>=3.11".into()))
        );
        let pip = "ERROR: No matching distribution found for six===1.99\n";
        assert_eq!(
            unknown_name(pip),
            Some(("six".into(), "the index has no such version".into()))
        );
    }

    #[test]
    fn a_server_that_refuses_is_no_missing_package() {
        let forbidden = "error: No solution found when resolving dependencies\n  cause: Because six was not found in the package registry and you require six==1.17.0, we can conclude that your requirements are unsatisfiable.\n\nhint: An index (http://h/simple) returned a 403 Forbidden error. Check that the index URL is correct and the credentials are valid.\n";
        assert_eq!(
            Refusal::read(forbidden),
            Refusal::Unreachable(
                "an index (http://h/simple) returned a 403 Forbidden error. Check that the index URL is correct and the credentials are valid".into()
            )
        );
        let broken = "error: Request failed after 1 retry in 1.2s\n  cause: Failed to fetch: http://h/simple/six/\n  cause: HTTP status server error (500 Internal Server Error) for url (http://h/simple/six/)\n";
        assert_eq!(
            Refusal::read(broken),
            Refusal::Unreachable(
                "HTTP status server error (500 Internal Server Error) for url (http://h/simple/six/)".into()
            )
        );
    }

    #[test]
    fn a_request_that_failed_is_told_with_its_address_and_last_cause() {
        let said = "error: Failed to fetch: http://h/simple/six/\n  cause: error sending request for url (http://h/simple/six/)\n  cause: client error (Connect)\n  cause: tcp connect error\n  cause: Connection refused (os error 111)\n";
        assert_eq!(
            Refusal::read(said),
            Refusal::Unreachable("http://h/simple/six/: Connection refused (os error 111)".into())
        );
    }

    #[test]
    fn a_contradiction_is_told_as_it_is() {
        let said = "error: No solution found when resolving dependencies\n  cause: Because you require six==1.17.0 and six==1.16, we can conclude that your requirements are unsatisfiable.\n";
        assert_eq!(
            Refusal::read(said),
            Refusal::Conflict("you require six==1.17.0 and six==1.16, we can conclude that your requirements are unsatisfiable.".into())
        );
        assert_eq!(Refusal::read("Segmentation fault"), Refusal::Other);
    }
}

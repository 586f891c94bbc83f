//! What a distribution offers by name: programs, drivers, plugins.

/// An entry point, a line of `entry_points.txt`
/// (<https://packaging.python.org/en/latest/specifications/entry-points/>).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryPoint {
    /// What it is for: `console_scripts`, `keystone.identity`.
    pub group: String,
    /// Its name in there.
    pub name: String,
    /// The module that has it.
    pub module: String,
    /// What of the module it is, with dots; empty when it is the module itself.
    pub attribute: String,
    /// The extras of its distribution that it needs, of old.
    pub extras: Vec<String>,
}

/// Reads `entry_points.txt`. A line that is none is left out, as `importlib.metadata` has it.
#[must_use]
pub fn entry_points(text: &str) -> Vec<EntryPoint> {
    let mut group = "";
    let mut found = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(section) = line.strip_prefix('[') {
            group = section.trim_end_matches(']').trim();
            continue;
        }
        let Some((name, value)) = line.split_once('=') else {
            continue;
        };
        let (object, extras) = value.split_once('[').unwrap_or((value, ""));
        let extras = extras.trim().trim_end_matches(']').split(',');
        let object = object.trim();
        let (module, attribute) = object.split_once(':').unwrap_or((object, ""));
        let (module, attribute) = (module.trim(), attribute.trim());
        if is_dotted(module) && (attribute.is_empty() || is_dotted(attribute)) {
            found.push(EntryPoint {
                group: group.to_owned(),
                name: name.trim().to_owned(),
                module: module.to_owned(),
                attribute: attribute.to_owned(),
                extras: extras
                    .map(|extra| extra.trim().to_owned())
                    .filter(|extra| !extra.is_empty())
                    .collect(),
            });
        }
    }
    found
}

/// Identifiers with dots between them.
fn is_dotted(text: &str) -> bool {
    text.split('.').all(|part| {
        let starts = part.starts_with(|c: char| c.is_alphabetic() || c == '_');
        starts && part.chars().all(|c| c.is_alphanumeric() || c == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_modules_and_attributes() {
        let text = "[console_scripts]\nkeystone-manage = keystone.cmd.manage:main\n\n\
                    # a comment\n[keystone.identity]\nldap=keystone.identity.backends.ldap:Identity [ldap]\n\
                    module = a.b\nnested = a:B.c\nno entry point\nwrong = a b:c\n";
        let found: Vec<_> = entry_points(text)
            .into_iter()
            .map(|each| {
                let extras = each.extras.join(",");
                [each.group, each.name, each.module, each.attribute, extras].join(" ")
            })
            .collect();
        assert_eq!(
            found,
            [
                "console_scripts keystone-manage keystone.cmd.manage main ",
                "keystone.identity ldap keystone.identity.backends.ldap Identity ldap",
                "keystone.identity module a.b  ",
                "keystone.identity nested a B.c ",
            ]
        );
    }
}

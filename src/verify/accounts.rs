//! Users and groups.

use std::collections::BTreeSet;

use super::{About, Difference};
use crate::accounts::{Accounts, Group, User};

/// Every difference: of an account that is there under its name, field by field.
pub fn compare(recorded: &Accounts, found: &Accounts) -> Vec<Difference> {
    let users = of_kind("user", &recorded.users, &found.users, |user: &User| {
        (
            user.name.clone(),
            vec![
                format!("uid {}", user.uid),
                format!("gid {}", user.gid),
                format!("home {}", user.home),
                format!("shell {}", user.shell),
            ],
        )
    });
    let groups = of_kind("group", &recorded.groups, &found.groups, |group: &Group| {
        (
            group.name.clone(),
            vec![
                format!("gid {}", group.gid),
                match group.members.join(",").as_str() {
                    "" => "members none".to_owned(),
                    members => format!("members {members}"),
                },
            ],
        )
    });
    users.into_iter().chain(groups).collect()
}

fn of_kind<T>(
    kind: &'static str,
    recorded: &[T],
    found: &[T],
    told: impl Fn(&T) -> (String, Vec<String>),
) -> Vec<Difference> {
    let told = |all: &[T]| -> Vec<(String, Vec<String>)> { all.iter().map(&told).collect() };
    let (recorded, found) = (told(recorded), told(found));
    let names: BTreeSet<&String> = recorded
        .iter()
        .chain(&found)
        .map(|(name, _)| name)
        .collect();
    let mut differences = Vec::new();
    for name in names {
        let of = |all: &[(String, Vec<String>)]| -> Vec<Vec<String>> {
            let own = all.iter().filter(|(other, _)| other == name);
            own.map(|(_, fields)| fields.clone()).collect()
        };
        let mut differs = |recorded: Option<String>, found: Option<String>| {
            if recorded != found {
                differences.push(Difference {
                    about: About::Account,
                    subject: name.clone(),
                    kind,
                    recorded,
                    found,
                    of: None,
                });
            }
        };
        match (of(&recorded).as_slice(), of(&found).as_slice()) {
            ([recorded], [found]) => {
                for (recorded, found) in recorded.iter().zip(found) {
                    differs(Some(recorded.clone()), Some(found.clone()));
                }
            }
            // None, or one that is there twice: the first counts, and the others mislead.
            (recorded, found) => {
                let whole = |lines: &[Vec<String>]| {
                    let lines: Vec<String> = lines.iter().map(|line| line.join(", ")).collect();
                    (!lines.is_empty()).then(|| lines.join("; "))
                };
                differs(whole(recorded), whole(found));
            }
        }
    }
    differences
}

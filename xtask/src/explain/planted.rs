//! Proof that a difference without a reason is found: some are made in a container.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;

use super::difference::Difference;
use super::reason::Reason;
use super::tree::{Kind, Tree};
use crate::error::{Error, Result};

/// Changes the files of an image; of what has a reason it changes some. Returns the
/// paths that have none any more.
pub fn plant(
    root: &Path,
    tree: &Tree,
    judged: &[(Difference, Option<Reason>)],
) -> Result<BTreeSet<String>> {
    let explained = |is: fn(&Reason) -> bool| {
        judged
            .iter()
            .filter(move |(_, reason)| reason.as_ref().is_some_and(is))
            .map(|(difference, _)| difference.path.as_str())
            .filter(|path| matches!(&tree.entries[*path].kind, Kind::File(_)))
    };
    let mut packaged = explained(|reason| matches!(reason, Reason::Package(_)));
    let mut modules = explained(|reason| matches!(reason, Reason::Distribution(_)));
    let mut planted = BTreeSet::new();
    let mut change = |path: Option<&str>, change: &dyn Fn(&Path) -> std::io::Result<()>| {
        let path = path.ok_or_else(|| Error::refused("the image has nothing of that kind"))?;
        let at = root.join(path.trim_start_matches('/'));
        change(&at).map_err(Error::io("change", &at))?;
        planted.insert(path.to_owned());
        Ok::<_, Error>(())
    };
    let append = |path: &Path| OpenOptions::new().append(true).open(path)?.write_all(b"\n");
    let mode = |mode| move |path: &Path| fs::set_permissions(path, Permissions::from_mode(mode));

    change(Some("/opt/stray"), &|path| fs::write(path, "x"))?;
    change(Some("/srv/empty"), &|path| fs::create_dir(path))?;
    change(Some("/var/log/dpkg.log"), &|path| fs::write(path, "x"))?;
    change(Some("/etc/passwd"), &|path| {
        let mut file = OpenOptions::new().append(true).open(path)?;
        file.write_all(b"stray:x:1:1::/:/bin/sh\n")
    })?;
    change(Some("/etc/shells"), &mode(0o600))?;
    change(Some("/etc/issue"), &|path| chown(path, Some(1), None))?;
    change(Some("/etc/debian_version"), &|path| fs::remove_file(path))?;
    change(packaged.next(), &append)?;
    change(packaged.next(), &mode(0o4755))?;
    change(modules.next(), &append)?;
    change(modules.next(), &mode(0o666))?;
    let cache = "/var/lib/openstack/bin/__pycache__";
    change(Some(cache), &|path| fs::create_dir(path))?;
    change(Some(&format!("{cache}/gone.cpython-313.pyc")), &|path| {
        fs::write(path, "x")
    })?;
    Ok(planted)
}

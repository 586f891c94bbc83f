//! The end of `cleanup`: which files the image has, for `verify`.

use std::collections::BTreeMap;

use crate::accounts::Accounts;
use crate::context::{Context, file};
use crate::failure::Failure;
use crate::fingerprint::sha256_of;
use crate::layout::STATE;
use crate::manifest::{self, Entry, FilePath, Kind, Mounted, Tree, Unseen};
use crate::plan::Task;
use crate::words::hex;

/// Writes the manifest, and in the record what it cannot say.
#[derive(Debug)]
pub(super) struct WriteManifest {
    /// Places of ours where a builder mounts what the image does not have.
    pub mounted: Vec<String>,
}

impl Task for WriteManifest {
    fn describe(&self) -> String {
        format!("write {}, with a digest of every file", manifest::path())
    }

    fn perform(&self, context: &Context<'_>) -> Result<(), Failure> {
        // Removed when this is done.
        let tree = Tree::read(context.root, context.root.mounts(), &[STATE]);
        let mut entries = tree.entries;
        // No layer has them: archive/tar of Go refuses them, and builders leave them out.
        entries.retain(|_, entry| entry.kind != Kind::Other("socket"));
        for (path, unseen) in tree.unseen {
            let at = context.root.join(path.as_path());
            let directory = match unseen {
                Unseen::Mounted { directory } => directory,
                Unseen::Unreadable(error) => {
                    return Err(Failure::File {
                        doing: "read".to_owned(),
                        path: at,
                        error,
                    });
                }
            };
            let is_ours = self.mounted.iter().any(|ours| {
                let ours = FilePath::from(ours.as_str());
                path == ours || path.parents().any(|above| above == ours)
            });
            let mounted = if is_ours {
                Mounted::OnNothing
            } else {
                Mounted::OnSomething
            };
            let entry = Entry {
                kind: if directory {
                    Kind::Directory
                } else {
                    Kind::File(None)
                },
                mode: 0,
                owner: (0, 0),
                capability: None,
                mounted: Some(mounted),
            };
            entries.insert(path, entry);
        }
        manifest::mark_above_mounts(&mut entries);
        let capabilities: BTreeMap<String, String> = entries
            .iter()
            .filter_map(|(path, entry)| {
                let value = entry.capability.as_ref()?;
                Some((path.to_string(), hex(value)))
            })
            .collect();
        let path = manifest::path();
        context.write(&path, &manifest::write(&entries))?;
        let at = context.root.join(&path);
        let sha256 = sha256_of(&at).map_err(|error| file("read", &at, &error))?;
        context.record(|record| {
            record.manifest_sha256 = Some(sha256);
            record.capabilities = capabilities;
            record.accounts = Accounts::read(context.root);
        });
        Ok(())
    }
}

//! Downloads over several connections. apt itself has one to a server, however many
//! packages it needs of it.

use std::sync::LazyLock;

use regex::Regex;

use super::super::Download;
use super::OPTIONS;
use crate::command::Command;

/// Where apt looks for packages before it fetches them, and where it fetches them to:
/// a directory of the user that it becomes for the time of a download.
const ARCHIVES: &str = "/var/cache/apt/archives";
const PARTIAL: &str = "/var/cache/apt/archives/partial";

/// apt's own downloader, so that its proxies, certificates and passwords hold.
const HELPER: &str = "/usr/lib/apt/apt-helper";

/// What asking for a package costs, in the bytes that come in that time: mirrors answer
/// many small questions slower than a large one.
const QUESTION: u64 = 500_000;

/// A line of `--print-uris`, apt-get(8). What has no strong digest is left to apt, which
/// knows whether to trust it; so are local files, and addresses with a password, which
/// every user of the machine would see among the arguments.
static LINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?m)^'(https?://[^'@]+)' (\S+\.deb) (\d+) (SHA(?:256|512):[0-9a-f]+)$")
        .expect("constant")
});

/// The packages that apt would fetch, dealt out so that all shares take about as long.
pub fn shares(simulation: &str, connections: usize) -> Vec<Download> {
    let mut packages: Vec<Package<'_>> = LINE
        .captures_iter(simulation)
        .filter_map(|capture| {
            let [uri, name, bytes, digest] = capture.extract().1;
            let bytes = bytes.parse().ok()?;
            Some(Package {
                uri,
                name,
                bytes,
                digest,
            })
        })
        .collect();
    packages.sort_by_key(|package| std::cmp::Reverse(package.bytes));
    let mut shares: Vec<Vec<Package<'_>>> = vec![Vec::new(); connections.min(packages.len())];
    for package in packages {
        if let Some(shortest) = shares.iter_mut().min_by_key(|share| cost(share)) {
            shortest.push(package);
        }
    }
    shares.iter().map(|share| download(share)).collect()
}

#[derive(Debug, Clone, Copy)]
struct Package<'a> {
    uri: &'a str,
    name: &'a str,
    bytes: u64,
    digest: &'a str,
}

fn cost(share: &[Package<'_>]) -> u64 {
    let costs = share.iter().map(|package| package.bytes + QUESTION);
    costs.sum()
}

fn download(share: &[Package<'_>]) -> Download {
    let partial = |package: &Package<'_>| format!("{PARTIAL}/{}", package.name);
    let words = share.iter().flat_map(|package| {
        [
            package.uri.to_owned(),
            partial(package),
            package.digest.to_owned(),
        ]
    });
    Download {
        command: Command::new(HELPER)
            .online(true)
            .args(OPTIONS)
            .arg("download-file")
            .args(words),
        files: share
            .iter()
            .map(|package| (partial(package), format!("{ARCHIVES}/{}", package.name)))
            .collect(),
        bytes: share.iter().map(|package| package.bytes).sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(share: &Download) -> Vec<&str> {
        let files = share.files.iter();
        files
            .filter_map(|(_, path)| path.strip_prefix("/var/cache/apt/archives/"))
            .collect()
    }

    #[test]
    fn shares_take_about_as_long() {
        let said = "'http://h/a.deb' a_1%3a2_amd64.deb 600000 SHA256:aa\n\
                    'http://h/b.deb' b_1_all.deb 50 SHA512:bb\n\
                    'https://h/c%2b.deb' c+_1_all.deb 20 SHA256:cc\n";
        let shares = shares(said, 2);
        let all: Vec<_> = shares
            .iter()
            .map(|share| (names(share), share.bytes))
            .collect();
        assert_eq!(
            all,
            [
                (vec!["a_1%3a2_amd64.deb"], 600_000),
                (vec!["b_1_all.deb", "c+_1_all.deb"], 70)
            ]
        );
        let words = &shares[1].command.arguments;
        assert_eq!(
            words[words.len() - 7..],
            [
                "download-file",
                "http://h/b.deb",
                "/var/cache/apt/archives/partial/b_1_all.deb",
                "SHA512:bb",
                "https://h/c%2b.deb",
                "/var/cache/apt/archives/partial/c+_1_all.deb",
                "SHA256:cc",
            ]
        );
    }

    #[test]
    fn what_cannot_be_verified_or_would_show_a_password_is_left_to_apt() {
        let said = "'http://h/a.deb' a_1_all.deb 60 MD5Sum:aa\n\
                    'http://user:word@h/b.deb' b_1_all.deb 60 SHA256:aa\n\
                    'file:/media/c.deb' c_1_all.deb 60 SHA256:aa\n\
                    'http://h/d.deb' d_1_all.deb 60 \n\
                    Reading package lists...\n";
        assert!(shares(said, 4).is_empty());
    }
}

//! `.repo` files: dnf.conf(5), zypper(8).

use super::{Mirrored, is_below, split};

/// Hosts of the distributions' own archives, and the directory below which theirs is. A
/// mirror has what is there under the same path.
const OFFICIAL: &[(&str, &str)] = &[
    // CentOS Stream 8, then 9 and 10.
    ("mirror.centos.org", ""),
    ("mirror.stream.centos.org", ""),
    ("dl.rockylinux.org", ""),
    ("download.rockylinux.org", ""),
    ("repo.almalinux.org", ""),
    ("yum.oracle.com", "/repo"),
    // Oracle's own variables, which stand for that.
    ("yum$ociregion.$ocidomain", "/repo"),
    ("cdn-ubi.redhat.com", ""),
    // What Fedora's files have in comments, and what it stands for. EPEL is another archive.
    ("download.example", "/pub/fedora"),
    ("dl.fedoraproject.org", "/pub/fedora"),
    ("download.fedoraproject.org", "/pub/fedora"),
    ("download.opensuse.org", ""),
    ("cdn.opensuse.org", ""),
];

/// `CentOS` Stream names its archives only in the addresses of lists of mirrors: the word
/// there, and the directory of <https://mirror.stream.centos.org/>.
const STREAM: &[(&str, &str)] = &[
    ("centos-appstream", "AppStream"),
    ("centos-baseos", "BaseOS"),
    ("centos-crb", "CRB"),
    ("centos-highavailability", "HighAvailability"),
    ("centos-nfv", "NFV"),
    ("centos-resilientstorage", "ResilientStorage"),
    ("centos-rt", "RT"),
];

/// The repositories of a file.
pub(super) fn ids(text: &str) -> Vec<String> {
    text.lines().filter_map(id).map(str::to_owned).collect()
}

fn id(line: &str) -> Option<&str> {
    line.strip_prefix('[')?.trim_end().strip_suffix(']')
}

/// Switches one repository, or all of the file.
pub(super) fn switch(text: &str, name: Option<&str>, on: bool) -> String {
    let wanted = if on { "enabled=1\n" } else { "enabled=0\n" };
    let switched = |section: Section<'_>| {
        let Some(own) = section.id else {
            return section.lines.concat();
        };
        if name.is_some_and(|name| name != own) {
            return section.lines.concat();
        }
        let mut lines = section.lines;
        let is_enabled = |line: &str| value(line, "enabled").is_some();
        match lines.iter().position(|line| is_enabled(line)) {
            Some(at) if is_true(value(lines[at], "enabled")) != on => lines[at] = wanted,
            Some(_) => {}
            // It is on unless it says otherwise.
            None if on => {}
            None => lines.insert(1, wanted),
        }
        lines.concat()
    };
    sections(text).into_iter().map(switched).collect()
}

fn is_true(value: Option<&str>) -> bool {
    value.is_some_and(|value| ["1", "yes", "true", "on"].contains(&value.to_lowercase().as_str()))
}

/// Replaces the distribution's archives: lists of mirrors, too, which would lead elsewhere.
pub(super) fn mirror(text: &str, mirror: &str) -> Mirrored {
    let mut mirrored = Mirrored::default();
    for section in sections(text) {
        let Some((from, path)) = archive(&section) else {
            mirrored.text += &section.lines.concat();
            continue;
        };
        let to = format!("{mirror}{path}");
        mirrored.note(&from, &to);
        let mut address = Some(format!("baseurl={to}\n"));
        let mut in_addresses = false;
        for line in section.lines {
            let is_continued = line.starts_with([' ', '\t']) && !line.trim().is_empty();
            if !is_continued {
                let keys = ["baseurl", "metalink", "mirrorlist"];
                in_addresses = keys.iter().any(|key| value(line, key).is_some());
            }
            if in_addresses {
                mirrored.text += &address.take().unwrap_or_default();
            } else {
                mirrored.text += line;
            }
        }
    }
    mirrored
}

/// The address of a section that is the distribution's own, and what a mirror has for it.
fn archive(section: &Section<'_>) -> Option<(String, String)> {
    section.id?;
    let values = |key: &'static str, is_comment: bool| {
        let lines = section.lines.iter();
        lines.filter_map(move |line| {
            let line = if is_comment {
                line.strip_prefix('#')?.trim_start()
            } else {
                line
            };
            value(line, key)
        })
    };
    let official = |url: &str| {
        let (host, path) = split(url)?;
        let is_one = |(name, directory): &&(&str, &str)| {
            *name == host && (directory.is_empty() || is_below(path, directory))
        };
        OFFICIAL.iter().find(is_one)?;
        Some((url.to_owned(), path.to_owned()))
    };
    // An address that is in force and somebody else's says whose repository it is.
    if let Some(own) = values("baseurl", false).next() {
        return own.split_whitespace().next().and_then(official);
    }
    let mut lists = values("metalink", false).chain(values("mirrorlist", false));
    let list = lists.next()?;
    let stream = stream(list).map(|path| (list.to_owned(), path));
    stream.or_else(|| {
        let mut commented = values("baseurl", true);
        let (_, path) = commented.find_map(official)?;
        Some((list.to_owned(), path))
    })
}

/// `https://mirrors.centos.org/metalink?repo=centos-baseos-$stream&...`.
fn stream(list: &str) -> Option<String> {
    let (host, rest) = split(list)?;
    let query = rest
        .split_once('?')
        .filter(|_| host == "mirrors.centos.org")?
        .1;
    let repository = query
        .split('&')
        .find_map(|word| word.strip_prefix("repo="))?;
    let (name, version) = repository.rsplit_once('-')?;
    // `10-stream`, where the file has no variable for it.
    let (name, version) = match (version, name.rsplit_once('-')) {
        ("stream", Some((name, number))) => (name, format!("{number}-stream")),
        _ => (name, version.to_owned()),
    };
    if name == "centos-extras-sig-extras-common" {
        return Some(format!("/SIGs/{version}/extras/$basearch/extras-common/"));
    }
    let (name, below) = if let Some(name) = name.strip_suffix("-debug") {
        (name, "$basearch/debug/tree/")
    } else if let Some(name) = name.strip_suffix("-source") {
        (name, "source/tree/")
    } else {
        (name, "$basearch/os/")
    };
    let (_, directory) = STREAM.iter().find(|(word, _)| *word == name)?;
    Some(format!("/{version}/{directory}/{below}"))
}

/// The value of a line `key=value`.
fn value<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let (name, value) = line.split_once('=')?;
    (name.trim_end() == key).then_some(value.trim())
}

/// A part of the file: `[id]` and what follows it, or what comes before the first one.
struct Section<'a> {
    id: Option<&'a str>,
    lines: Vec<&'a str>,
}

fn sections(text: &str) -> Vec<Section<'_>> {
    let mut sections = vec![Section {
        id: None,
        lines: Vec::new(),
    }];
    for line in text.split_inclusive('\n') {
        if let Some(id) = id(line) {
            sections.push(Section {
                id: Some(id),
                lines: Vec::new(),
            });
        }
        if let Some(section) = sections.last_mut() {
            section.lines.push(line);
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIRROR: &str = "https://mirror.example/x";

    fn new(text: &str) -> String {
        let mirrored = mirror(text, MIRROR).text;
        let lines = mirrored.lines().filter(|line| line.starts_with("baseurl"));
        lines.collect()
    }

    #[test]
    fn centos_stream_has_lists_of_mirrors_alone() {
        let text = "[baseos]\nname=CentOS Stream $releasever - BaseOS\n\
                    metalink=https://mirrors.centos.org/metalink?repo=centos-baseos-$stream&arch=$basearch&protocol=https,http\n\
                    gpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-centosofficial\ngpgcheck=1\nenabled=1\n\n\
                    [local]\nname=ours\nbaseurl=https://ours.example/\n";
        assert_eq!(
            mirror(text, MIRROR).text,
            "[baseos]\nname=CentOS Stream $releasever - BaseOS\n\
             baseurl=https://mirror.example/x/$stream/BaseOS/$basearch/os/\n\
             gpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-centosofficial\ngpgcheck=1\nenabled=1\n\n\
             [local]\nname=ours\nbaseurl=https://ours.example/\n"
        );
        for (name, path) in [
            (
                "centos-crb-debug-$stream",
                "/$stream/CRB/$basearch/debug/tree/",
            ),
            (
                "centos-appstream-source-$stream",
                "/$stream/AppStream/source/tree/",
            ),
            ("centos-baseos-10-stream", "/10-stream/BaseOS/$basearch/os/"),
            (
                "centos-extras-sig-extras-common-$stream",
                "/SIGs/$stream/extras/$basearch/extras-common/",
            ),
        ] {
            let list = format!("https://mirrors.centos.org/metalink?repo={name}&arch=$basearch");
            assert_eq!(stream(&list).as_deref(), Some(path), "{name}");
        }
    }

    #[test]
    fn others_name_their_archive_in_a_comment() {
        for (text, url) in [
            (
                "[baseos]\nmirrorlist=https://mirrors.rockylinux.org/mirrorlist?arch=$basearch&repo=BaseOS-$releasever$rltype\n\
                 #baseurl=http://dl.rockylinux.org/$contentdir/$releasever/BaseOS/$basearch/os/\n",
                "/$contentdir/$releasever/BaseOS/$basearch/os/",
            ),
            (
                "[baseos]\nmirrorlist=https://mirrors.almalinux.org/mirrorlist/$releasever/baseos\n\
                 # baseurl=https://repo.almalinux.org/almalinux/$releasever/BaseOS/$basearch/os/\n",
                "/almalinux/$releasever/BaseOS/$basearch/os/",
            ),
            (
                "[fedora]\n#baseurl=http://download.example/pub/fedora/linux/releases/$releasever/Everything/$basearch/os/\n\
                 metalink=https://mirrors.fedoraproject.org/metalink?repo=fedora-$releasever&arch=$basearch\n",
                "/pub/fedora/linux/releases/$releasever/Everything/$basearch/os/",
            ),
            (
                "[ol9_baseos_latest]\nbaseurl=https://yum$ociregion.$ocidomain/repo/OracleLinux/OL9/baseos/latest/$basearch/\n",
                "/repo/OracleLinux/OL9/baseos/latest/$basearch/",
            ),
            (
                "[repo-oss]\nbaseurl=http://download.opensuse.org/distribution/leap/$releasever/repo/oss/\n",
                "/distribution/leap/$releasever/repo/oss/",
            ),
        ] {
            assert_eq!(new(text), format!("baseurl={MIRROR}{url}"));
        }
    }

    #[test]
    fn what_is_not_the_distributions_stays() {
        for text in [
            "[epel]\n#baseurl=https://download.example/pub/epel/$releasever/Everything/$basearch/\n\
             metalink=https://mirrors.fedoraproject.org/metalink?repo=epel-$releasever&arch=$basearch\n",
            "[ceph]\nbaseurl=https://download.ceph.com/rpm-squid/el9/x86_64/\n",
            "# [baseos]\n",
        ] {
            let mirrored = mirror(text, MIRROR);
            assert_eq!(
                (mirrored.text.as_str(), mirrored.replaced),
                (text, Vec::new())
            );
        }
    }

    #[test]
    fn all_addresses_of_a_repository_give_way() {
        let text = "[a]\nbaseurl = https://download.opensuse.org/x/\n    https://cdn.opensuse.org/x/\n\
                    mirrorlist=https://m/\ngpgcheck=1\n";
        assert_eq!(
            mirror(text, MIRROR).text,
            format!("[a]\nbaseurl={MIRROR}/x/\ngpgcheck=1\n")
        );
    }

    #[test]
    fn one_repository_is_switched_or_all_of_a_file() {
        let text = "# ours\n[a]\nname=A\nenabled = 1\n[b]\nname=B\n";
        let off = "# ours\n[a]\nname=A\nenabled=0\n[b]\nname=B\n";
        assert_eq!(switch(text, Some("a"), false), off);
        assert_eq!(switch(off, Some("a"), false), off);
        assert_eq!(
            switch(text, None, false),
            "# ours\n[a]\nname=A\nenabled=0\n[b]\nenabled=0\nname=B\n"
        );
        assert_eq!(
            switch(off, None, true),
            "# ours\n[a]\nname=A\nenabled=1\n[b]\nname=B\n"
        );
        assert_eq!(ids(text), ["a", "b"]);
    }
}

mod reference;

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

const A: &str = "a-1-py3-none-any.whl";
const B: &str = "b-1-py3-none-any.whl";

/// An archive in the making, of members that `tar::Builder` would refuse.
#[derive(Default)]
struct Bad(Vec<u8>);

impl Bad {
    fn member(mut self, name: &str, kind: EntryType, link: &str, text: &str) -> Self {
        self.header(name, kind, link, text.len() as u64);
        self.0.extend(text.as_bytes());
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    fn file(self, name: &str, text: &str) -> Self {
        self.member(name, EntryType::Regular, "", text)
    }

    fn header(&mut self, name: &str, kind: EntryType, link: &str, size: u64) {
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.as_old_mut().linkname[..link.len()].copy_from_slice(link.as_bytes());
        header.set_entry_type(kind);
        header.set_size(size);
        header.set_mode(0o644);
        header.set_cksum();
        self.0.extend(header.as_bytes());
    }

    fn end(mut self) -> Vec<u8> {
        self.0.extend([0; 1024]);
        self.0
    }
}

/// A record of a pax header, which begins with its own length.
fn record(key: &str, value: &str) -> String {
    let length = key.len() + value.len() + 3;
    let digits = (length + 2).to_string().len();
    format!("{} {key}={value}\n", length + digits)
}

/// What is taken, each file with its text, or the error.
fn taken(bytes: &[u8], kind: Kind) -> Result<Vec<(String, String)>, String> {
    let directory = tempfile::tempdir().expect("a directory");
    let taken = take(bytes, directory.path(), kind).map_err(|error| error.to_string())?;
    let names = fs::read_dir(directory.path()).expect("read").flatten();
    let mut files: Vec<_> = names
        .map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, fs::read_to_string(entry.path()).expect("read"))
        })
        .collect();
    files.sort();
    assert!(files.iter().map(|(name, _)| name).eq(&taken.files));
    Ok(files)
}

fn tarball(bytes: &[u8]) -> Result<Vec<(String, String)>, String> {
    taken(bytes, Kind::Tarball)
}

fn files(all: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = all
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    owned.collect()
}

#[test]
fn wheels_and_constraints_at_the_root_are_taken() {
    let tar = Bad::default()
        .member("./", EntryType::Directory, "", "")
        .file(&format!("./{A}"), "x")
        .file("upper-constraints.txt", "a===1")
        .file("hashes.txt", "a==1")
        .file("etc/passwd", "no")
        .file(&format!("etc/{B}"), "no")
        .file("notes.txt", "no")
        .member("dev/null", EntryType::Char, "", "")
        .member("bin", EntryType::Symlink, "/usr/bin", "")
        .member("c.whl/", EntryType::Regular, "", "")
        .end();
    let wanted = Ok(files(&[
        (A, "x"),
        ("hashes.txt", "a==1"),
        ("upper-constraints.txt", "a===1"),
    ]));
    assert_eq!(tarball(&tar), wanted);
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&tar).expect("compressed");
    assert_eq!(tarball(&gzip.finish().expect("compressed")), wanted);
    assert_eq!(
        tarball(&zstd::encode_all(&tar[..], 3).expect("compressed")),
        wanted
    );
}

#[test]
fn of_two_members_with_one_name_the_later_one_counts() {
    let tar = Bad::default()
        .file(A, "first")
        .member(B, EntryType::Link, A, "")
        .file(&format!("./{A}"), "second")
        .end();
    assert_eq!(tarball(&tar), Ok(files(&[(A, "second"), (B, "first")])));
}

#[test]
fn links_between_wheels_are_files() {
    let tar = Bad::default()
        .member("c.whl", EntryType::Symlink, &format!("./{B}"), "")
        .file(A, "x")
        .member(B, EntryType::Symlink, A, "")
        .end();
    assert_eq!(
        tarball(&tar),
        Ok(files(&[(A, "x"), (B, "x"), ("c.whl", "x")]))
    );
}

#[test]
fn what_must_not_be_there_is_refused_by_name() {
    let one = |kind, link: &str| Bad::default().member(A, kind, link, "").end();
    let mut huge = Bad::default();
    huge.header(A, EntryType::Regular, "", 1 << 60);
    let mut long = Bad::default();
    long.header("././@LongLink", EntryType::GNULongName, "", 1 << 40);
    for (tar, why) in [
        (
            Bad::default().file("../a.whl", "x").end(),
            "the member ../a.whl points outside the archive",
        ),
        (
            Bad::default().file("/a.whl", "x").end(),
            "the member /a.whl points outside the archive",
        ),
        (
            Bad::default().file("a/../../etc/x", "x").end(),
            "the member a/../../etc/x points outside the archive",
        ),
        (
            one(EntryType::Symlink, "/etc/shadow"),
            "is a link to \"/etc/shadow\", outside the archive",
        ),
        (
            one(EntryType::Link, "../../etc/shadow"),
            "is a link to \"../../etc/shadow\", outside the archive",
        ),
        (
            one(EntryType::Symlink, "etc/shadow"),
            "is a link to \"etc/shadow\", which is no wheel at the root",
        ),
        (
            one(EntryType::Link, B),
            "is a link to b-1-py3-none-any.whl, which is not before it",
        ),
        (
            one(EntryType::Symlink, B),
            "is a link to b-1-py3-none-any.whl, which is not there",
        ),
        (
            one(EntryType::Symlink, A),
            "is a link to a-1-py3-none-any.whl, which is not there",
        ),
        (one(EntryType::Block, ""), "is a device"),
        (one(EntryType::Fifo, ""), "is a pipe"),
        (one(EntryType::GNUSparse, ""), "is a sparse file"),
        (one(EntryType::new(b'V'), ""), "is of an unknown kind"),
        (huge.end(), "is said to have 1152921504606846976 bytes"),
        (
            long.end(),
            "the member ././@LongLink is a header of 1099511627776 bytes",
        ),
    ] {
        let error = tarball(&tar).expect_err(why);
        assert!(
            error.ends_with(&format!("{why}; nothing was extracted")),
            "{error}"
        );
        assert!(error.starts_with("the member "), "{error}");
    }
}

#[test]
fn names_and_sizes_of_pax_and_of_gnu_count() {
    let long = format!("{}.whl", "x".repeat(150));
    let pax = record("path", &long) + &record("mtime", "1.5");
    let tar = Bad::default()
        .member("pax", EntryType::XGlobalHeader, "", &record("comment", "c"))
        .member("pax", EntryType::XHeader, "", &pax)
        .file("short", "x")
        .member(
            "././@LongLink",
            EntryType::GNULongLink,
            "",
            &format!("{long}\0"),
        )
        .member(B, EntryType::Link, "short", "")
        .file("not.taken", "x")
        .end();
    assert_eq!(tarball(&tar), Ok(files(&[(B, "x"), (&long, "x")])));
    let tar = Bad::default()
        .member(
            "pax",
            EntryType::XHeader,
            "",
            &record("size", "99999999999999"),
        )
        .file(A, "x")
        .end();
    let error = tarball(&tar).expect_err("refused");
    assert!(
        error.contains("is said to have 99999999999999 bytes"),
        "{error}"
    );
}

#[test]
fn a_cut_archive_is_an_error_wherever_it_is_cut() {
    let whole = Bad::default().file(A, &"x".repeat(2000)).file(B, "y").end();
    for length in 0..whole.len() - 512 {
        let error = tarball(&whole[..length]).expect_err("an error");
        let is_between =
            length % 512 == 0 && (length == 512 + 2048 || length + 1024 >= whole.len());
        assert_eq!(
            error == ArchiveError::CutOff.to_string(),
            is_between,
            "{length}: {error}"
        );
    }
    let error = tarball(&whole[..512 + 2048]).expect_err("an error");
    assert_eq!(error, ArchiveError::CutOff.to_string());
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&whole).expect("compressed");
    let gzip = gzip.finish().expect("compressed");
    for length in 2..gzip.len() {
        tarball(&gzip[..length]).expect_err("an error");
    }
    let zstd = zstd::encode_all(&whole[..], 3).expect("compressed");
    for length in 4..zstd.len() {
        tarball(&zstd[..length]).expect_err("an error");
    }
}

#[test]
fn what_is_behind_the_mark_does_not_count() {
    let mut tar = Bad::default().file(A, "x").end();
    tar.push(b'\n');
    assert_eq!(tarball(&tar), Ok(files(&[(A, "x")])));
}

#[test]
fn no_attribute_and_no_name_of_others_is_in_the_way() {
    let attribute = record("SCHILY.xattr.user.x", "a\nb") + &record("path", "x\u{1b}.whl");
    let tar = Bad::default()
        .member("pax", EntryType::XHeader, "", &attribute)
        .file("notes.txt", "x")
        .file(&format!("{}.whl", "x".repeat(95)), "x")
        .end();
    let name = format!("{}.whl", "x".repeat(95));
    assert_eq!(tarball(&tar), Ok(files(&[(&name, "x")])));
    let error = tarball(&Bad::default().file("../\u{1b}[2J", "x").end()).expect_err("refused");
    assert!(
        error.starts_with("the member ../?[2J points outside"),
        "{error}"
    );
    let tar = Bad::default()
        .member(
            "././@LongLink",
            EntryType::GNULongName,
            "",
            &"../".repeat(200),
        )
        .file("x", "x")
        .end();
    let error = tarball(&tar).expect_err("refused");
    assert!(
        error.len() < 300 && error.contains("... points outside"),
        "{error}"
    );
}

#[test]
fn what_programs_read_differently_is_refused_wherever_it_is() {
    let after = |pax: &str, name: &str| {
        Bad::default()
            .member("pax", EntryType::XHeader, "", pax)
            .file(name, "x")
            .end()
    };
    let sparse = record("GNU.sparse.major", "1") + &record("GNU.sparse.name", A);
    for (tar, why) in [
        (
            after(&record("size", "9"), "notes.txt"),
            "the member notes.txt is said to have 9 bytes",
        ),
        (
            after(&record("size", "x"), A),
            "the member pax is a header that cannot be read",
        ),
        (
            after("9 size=1", A),
            "the member pax is a header that cannot be read",
        ),
        (
            after("99999999999999999999 a=b\n", A),
            "the member pax is a header that cannot be read",
        ),
        (
            after(&sparse, "GNUSparseFile.1/a"),
            "the member GNUSparseFile.1/a is a sparse file",
        ),
        (
            Bad::default()
                .member("x", EntryType::GNUSparse, "", "")
                .end(),
            "the member x is a sparse file",
        ),
        (
            Bad::default()
                .member("x", EntryType::Link, "y", "content")
                .end(),
            "the member x has content, and is no file",
        ),
    ] {
        let error = tarball(&tar).expect_err(why);
        assert!(error.starts_with(why), "{error}");
    }
}

#[test]
fn sizes_and_numbers_that_nobody_means_take_no_memory() {
    // Of what is passed over the size is only believed: it is not there.
    let mut tar = Bad::default();
    tar.header("notes.bin", EntryType::Regular, "", u64::MAX);
    let error = tarball(&tar.end()).expect_err("cut off");
    assert!(error.starts_with("it "), "{error}");
    let mut many = Bad::default();
    for number in 0..=MOST {
        many.header(&format!(".wh.{number}.whl"), EntryType::Regular, "", 0);
    }
    let error = taken(&many.end(), Kind::Layer).expect_err("refused");
    assert!(
        error.starts_with("the member .wh.65536.whl comes after 65536 others"),
        "{error}"
    );
}

#[test]
fn layers_begin_at_the_root_and_link_to_lower_ones() {
    let tar = Bad::default()
        .member("/", EntryType::Directory, "", "")
        .file(&format!("/{A}"), "x")
        .member(B, EntryType::Link, &format!("/{A}"), "")
        .member("c.whl", EntryType::Symlink, "/lower.whl", "")
        .member("d.whl", EntryType::Link, "lower.whl", "")
        .end();
    let directory = tempfile::tempdir().expect("a directory");
    let layer = take(&tar[..], directory.path(), Kind::Layer).expect("taken");
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(layer.files, names(&[A, B]));
    let links: Vec<_> = layer
        .links
        .iter()
        .map(|(name, to)| (&**name, &**to))
        .collect();
    assert_eq!(links, [("c.whl", "lower.whl"), ("d.whl", "lower.whl")]);
    assert!(tarball(&tar).is_err());
}

#[test]
fn whiteouts_count_in_layers_alone() {
    let tar = Bad::default()
        .file(&format!(".wh.{A}"), "")
        .file(".wh.notes.txt", "")
        .file(".wh..wh..opq", "")
        .file(B, "x")
        .end();
    let directory = tempfile::tempdir().expect("a directory");
    let layer = take(&tar[..], directory.path(), Kind::Layer).expect("taken");
    assert_eq!(
        layer,
        Taken {
            files: [B.to_owned()].into(),
            whiteouts: [A.to_owned()].into(),
            opaque: true,
            links: BTreeMap::new(),
        }
    );
    assert_eq!(tarball(&tar), Ok(files(&[(B, "x")])));
    // A digest tells whether a layer is whole.
    let bare = &tar[..tar.len() - 1024];
    assert!(taken(bare, Kind::Layer).is_ok());
    assert!(taken(bare, Kind::Tarball).is_err());
}

#[test]
fn what_cannot_be_written_is_told_with_the_file() {
    let directory = tempfile::tempdir().expect("a directory");
    let gone = directory.path().join("gone");
    let tar = Bad::default().file(A, "x").end();
    let error = take(&tar[..], &gone, Kind::Tarball).expect_err("an error");
    let path = gone.join(A).display().to_string();
    assert!(
        error
            .to_string()
            .starts_with(&format!("could not write {path}: ")),
        "{error}"
    );
}

//! Several sources.

use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::fetch::Fetch;
use crate::files::{Files, constraints, of, wheels};
use crate::image::Image;
use crate::layer::{Layer, Pressed};
use crate::registry::Registry;

const ALPHA: &str = "alpha-1.0-py3-none-any.whl";

fn fill(directory: &Path, files: &Files) {
    fs::create_dir_all(directory).expect("made");
    for (name, bytes) in files {
        fs::write(directory.join(name), bytes).expect("written");
    }
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn the_first_source_of_a_file_wins() {
    let registry = Registry::plain();
    // Wheels alone, one of them under a name that the others have, too.
    let first = Files::from([
        (ALPHA.to_owned(), b"of the first".to_vec()),
        ("mine-1.0-py3-none-any.whl".to_owned(), b"mine".to_vec()),
    ]);
    registry.push("loci/first:1", &Image::with(&first));
    let second = wheels();
    registry.push("loci/second:1", &Image::with(&second));
    let third_wheel = "third-1.0-py3-none-any.whl";
    let mut third = of(&[(third_wheel, 4000)]);
    third.extend(constraints("third===1.0\n"));
    let digest = Sha256::digest(&third[third_wheel]);
    let hashes = format!("third==1.0 --hash=sha256:{digest:x}\n");
    third.insert("hashes.txt".to_owned(), hashes.into_bytes());

    // Of constraints the whole set is of one source: hashes.txt does not fit the others'.
    let mut wanted = third.clone();
    wanted.remove("hashes.txt");
    wanted.extend(second);
    wanted.extend(first);

    let list = format!(
        "{} {}\n\t@",
        registry.reference("loci/first:1"),
        registry.reference("loci/second:1")
    );
    let fetch = Fetch::of("");
    let (directory, tarball) = (fetch.path("third"), fetch.path("third.tar.zst"));
    fill(&directory, &third);
    let bytes = Layer::of(&third).pressed(Pressed::Zstd).bytes;
    fs::write(&tarball, bytes).expect("written");
    for path in [&directory, &tarball] {
        let list = list.replace('@', &path.display().to_string());
        let fetch = Fetch::of(&list).http();
        fetch.run().brought(&wanted);
    }
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_directory_of_wheels_is_left_as_it_is() {
    let fetch = Fetch::of("");
    let directory = fetch.path("mine");
    fill(&directory, &wheels());
    fill(
        &directory.join("sub"),
        &of(&[("delta-1.0-py3-none-any.whl", 10)]),
    );
    fs::write(directory.join("notes.txt"), "for people").expect("written");
    let source = directory.display().to_string();
    let said = fetch.set("WHEELS", &source).run();
    said.brought(&wheels());
    for name in wheels().keys() {
        assert!(directory.join(name).exists(), "{name}");
    }
    // What comes out is changed without changing what it came from.
    fs::write(said.path("wheels").join(ALPHA), "changed").expect("written");
    assert_eq!(
        fs::read(directory.join(ALPHA)).expect("read"),
        wheels()[ALPHA]
    );
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn one_source_that_fails_fails_all() {
    let registry = Registry::plain();
    let (_, image) = Image::stock();
    registry.push("loci/first:1", &image);
    let first = registry.reference("loci/first:1");
    for other in [
        registry.reference("loci/unknown:1"),
        "/nowhere/wheels.tar.gz".to_owned(),
        "/nowhere".to_owned(),
    ] {
        for list in [format!("{first} {other}"), format!("{other} {first}")] {
            let said = Fetch::of(&list).run();
            assert!(matches!(said.status, Some(1 | 2)), "{}", said.stderr);
            said.says(&other).left_nothing();
        }
    }
}

//! What an image is called.

use crate::fetch::Fetch;
use crate::files::{Files, wheels};
use crate::image::Image;
use crate::proxy;
use crate::registry::Registry;

/// A digest that nothing has.
fn nothing() -> String {
    format!("sha256:{}", "0".repeat(64))
}

/// A registry with two images of one name.
fn registry() -> (Registry, [(Files, Image); 2]) {
    let registry = Registry::plain();
    let first = Image::stock();
    let mut files = wheels();
    files.remove("alpha-1.0-py3-none-any.whl");
    let second = (files.clone(), Image::with(&files));
    registry.push("loci/requirements:first", &first.1);
    registry.push("loci/requirements:second", &second.1);
    registry.push("loci/requirements:latest", &second.1);
    (registry, [first, second])
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_tag_a_digest_or_both() {
    let (registry, [(files, image), (latest, _)]) = registry();
    let digest = image.digest();
    for name in [
        "loci/requirements:first".to_owned(),
        format!("loci/requirements@{digest}"),
        format!("loci/requirements:first@{digest}"),
        // The digest decides.
        format!("loci/requirements:second@{digest}"),
    ] {
        Fetch::of(&registry.reference(&name)).run().brought(&files);
    }
    Fetch::of(&registry.reference("loci/requirements"))
        .run()
        .brought(&latest);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn what_is_not_there_is_named() {
    let (registry, _) = registry();
    let nothing = nothing();
    for name in [
        "loci/unknown:first".to_owned(),
        "loci/requirements:unknown".to_owned(),
        format!("loci/requirements@{nothing}"),
        format!("loci/requirements:first@{nothing}"),
    ] {
        let reference = registry.reference(&name);
        Fetch::of(&reference)
            .run()
            .failed(&[&registry.host(), &reference]);
    }
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn another_manifest_behind_a_digest_is_refused() {
    let (registry, [(_, first), (_, second)]) = registry();
    let (wanted, came) = (first.digest(), second.digest());
    for keep_header in [true, false] {
        let (manifest, wanted_there) = (second.manifest(), wanted.clone());
        let proxy = proxy::before(registry.port, move |asked| {
            let answer = asked.pass();
            match (asked.is_manifest(), keep_header) {
                (false, _) => answer,
                (true, true) => answer
                    .header("Docker-Content-Digest", &wanted_there)
                    .body(manifest.clone()),
                (true, false) => answer
                    .without("Docker-Content-Digest")
                    .body(manifest.clone()),
            }
        });
        for name in [
            format!("loci/requirements@{wanted}"),
            format!("loci/requirements:first@{wanted}"),
        ] {
            let reference = format!("{}/{name}", proxy.host());
            Fetch::of(&reference)
                .http()
                .run()
                .failed(&[&proxy.host(), &reference, &wanted, &came]);
        }
        assert!(proxy.blobs().is_empty());
    }
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn what_a_tag_was_is_told() {
    let (registry, [(files, image), _]) = registry();
    // So that a build can be repeated.
    Fetch::of(&registry.reference("loci/requirements:first"))
        .run()
        .brought(&files)
        .says(&image.digest());
}

//! The kinds of images that there are.

use crate::fetch::Fetch;
use crate::files::{Files, constraints, of};
use crate::image::{Image, Index, Kind, elsewhere, here, with_others};
use crate::layer::{Blob, Layer, Pressed};
use crate::registry::Registry;

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn every_kind_and_compression_is_read() {
    let registry = Registry::plain();
    let (files, _) = Image::stock();
    for pressed in [Pressed::Plain, Pressed::Gzip, Pressed::Zstd] {
        let layer = with_others(&files).pressed(pressed);
        let image = Image::of([layer]);
        registry.push("loci/oci:1", &image);
        Fetch::of(&registry.reference("loci/oci:1"))
            .run()
            .brought(&files);
        if pressed != Pressed::Zstd {
            registry.push("loci/docker:1", &image.docker());
            Fetch::of(&registry.reference("loci/docker:1"))
                .run()
                .brought(&files);
        }
    }
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn layers_of_several_parts_are_read_to_the_end() {
    let registry = Registry::plain();
    let (files, _) = Image::stock();
    let archive = with_others(&files).pressed(Pressed::Plain);
    for pressed in [Pressed::Gzip, Pressed::Zstd] {
        // As pigz, eStargz and zstd:chunked make them.
        let parts = archive.bytes.chunks(100_000);
        let mut bytes: Vec<u8> = parts.flat_map(|part| pressed.press(part)).collect();
        if pressed == Pressed::Zstd {
            // A frame that is passed over (RFC 8878, 3.1.2).
            bytes.extend([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
        }
        let archive = archive.archive.clone();
        let layer = Blob {
            bytes,
            pressed,
            archive,
        };
        registry.push("loci/parts:1", &Image::of([layer]));
        Fetch::of(&registry.reference("loci/parts:1"))
            .run()
            .brought(&files);
    }
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn of_several_platforms_this_one_is_taken() {
    let registry = Registry::plain();
    let [own, other] = ["own-1.0-py3-none-any.whl", "other-1.0-py3-none-any.whl"].map(|name| {
        let mut files = of(&[(name, 5000)]);
        files.extend(constraints("own===1.0\n"));
        files
    });
    for kind in [Kind::Oci, Kind::Docker] {
        for attested in [false, true] {
            if attested && kind == Kind::Docker {
                continue;
            }
            let image = |files: &Files| {
                let mut image = Image::with(files);
                image.kind = kind;
                image
            };
            let index = Index {
                kind,
                images: vec![
                    (elsewhere().to_owned(), image(&other)),
                    (here().to_owned(), image(&own)),
                ],
                attested,
            };
            let digest = registry.push_index("loci/both:1", &index);
            let host = registry.host();
            for name in ["loci/both:1".to_owned(), format!("loci/both@{digest}")] {
                Fetch::of(&format!("{host}/{name}")).run().brought(&own);
            }
        }
    }
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn an_image_with_an_attestation_is_an_image() {
    let registry = Registry::plain();
    let (files, image) = Image::stock();
    let index = Index {
        kind: Kind::Oci,
        images: vec![(here().to_owned(), image)],
        attested: true,
    };
    registry.push_index("loci/one:1", &index);
    Fetch::of(&registry.reference("loci/one:1"))
        .run()
        .brought(&files);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn without_this_platform_the_others_are_named() {
    let registry = Registry::plain();
    let (_, image) = Image::stock();
    let index = Index {
        kind: Kind::Oci,
        images: vec![(elsewhere().to_owned(), image)],
        attested: true,
    };
    registry.push_index("loci/other:1", &index);
    let reference = registry.reference("loci/other:1");
    let [wanted, there] = [here(), elsewhere()].map(|name| format!("linux/{name}"));
    Fetch::of(&reference)
        .run()
        .failed(&[&reference, &wanted, &there]);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn an_image_without_wheels_is_an_error() {
    let registry = Registry::plain();
    registry.push("loci/none:1", &Image::with(&Files::new()));
    let reference = registry.reference("loci/none:1");
    Fetch::of(&reference).run().failed(&[&reference, "wheel"]);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn an_image_without_constraints_is_an_error() {
    let registry = Registry::plain();
    let files = of(&[("own-1.0-py3-none-any.whl", 5000)]);
    registry.push("loci/bare:1", &Image::with(&files));
    let reference = registry.reference("loci/bare:1");
    Fetch::of(&reference)
        .run()
        .failed(&[&reference, "upper-constraints.txt"]);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_layer_that_is_no_archive_is_an_error() {
    let registry = Registry::plain();
    let (_, mut image) = Image::stock();
    image.layers[0].bytes = b"<html>not this</html>".to_vec();
    registry.push("loci/page:1", &image);
    let reference = registry.reference("loci/page:1");
    Fetch::of(&reference).run().failed(&[&reference]);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_member_that_leads_out_is_refused() {
    let registry = Registry::plain();
    let (files, _) = Image::stock();
    let layer = Layer::of(&files).symlink("out-1.0-py3-none-any.whl", "../../etc/passwd");
    registry.push("loci/out:1", &Image::of([layer.gzip()]));
    let reference = registry.reference("loci/out:1");
    Fetch::of(&reference)
        .run()
        .failed(&[&reference, "out-1.0-py3-none-any.whl"]);
}

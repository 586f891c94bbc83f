//! What several layers make together.

use crate::fetch::Fetch;
use crate::files::{Files, constraints, of, wheels};
use crate::image::{Image, with_others};
use crate::layer::{Blob, Layer, Pressed};
use crate::registry::Registry;

const ALPHA: &str = "alpha-1.0-py3-none-any.whl";
const BETA: &str = "beta-2.0-py3-none-any.whl";
const GAMMA: &str = "gamma-3.0-py3-none-any.whl";
const LATER: &str = "later-4.0-py3-none-any.whl";

/// Fetches an image of these layers and insists on its files.
fn make(layers: impl IntoIterator<Item = Blob>, wanted: &Files) {
    let registry = Registry::plain();
    let image = Image::of(layers);
    for image in [image.clone(), image.docker()] {
        registry.push("loci/layers:1", &image);
        Fetch::of(&registry.reference("loci/layers:1"))
            .http()
            .run()
            .brought(wanted);
    }
}

fn base() -> Blob {
    with_others(&wheels()).gzip()
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn wheels_are_added() {
    let later = of(&[(LATER, 70_000)]);
    let mut wanted = wheels();
    wanted.extend(later.clone());
    make([base(), Layer::of(&later).gzip()], &wanted);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn wheels_are_removed_and_come_back() {
    let mut wanted = wheels();
    let alpha = wanted.remove(ALPHA).expect("it is there");
    make(
        [base(), Layer::of(&Files::new()).without(ALPHA).gzip()],
        &wanted,
    );
    wanted.insert(ALPHA.to_owned(), alpha.clone());
    make(
        [
            base(),
            Layer::of(&Files::new()).without(ALPHA).gzip(),
            Layer::of(&Files::new()).file(ALPHA, &alpha).gzip(),
        ],
        &wanted,
    );
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_whiteout_is_of_lower_layers() {
    // Of one layer the file counts, wherever the whiteout is.
    let mut wanted = wheels();
    wanted.insert(ALPHA.to_owned(), b"new".to_vec());
    let layer = Layer::of(&Files::new()).file(ALPHA, b"new").without(ALPHA);
    make([base(), layer.gzip()], &wanted);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn everything_is_removed() {
    let mut later = of(&[(LATER, 70_000)]);
    later.extend(constraints("later===4.0\n"));
    make([base(), Layer::of(&later).without_all().gzip()], &later);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn files_are_replaced() {
    let mut wanted = wheels();
    let mut newer = of(&[("newer", 50_000)]);
    let newer = newer.remove("newer").expect("it is there");
    wanted.insert(BETA.to_owned(), newer.clone());
    let upper = b"beta===2.0.1\n".to_vec();
    wanted.insert("upper-constraints.txt".to_owned(), upper.clone());
    let layer = Layer::of(&Files::new())
        .file(BETA, &newer)
        .file("./upper-constraints.txt", &upper);
    make([base(), layer.gzip()], &wanted);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn links_lead_to_lower_layers() {
    let mut wanted = wheels();
    for (name, to) in [("hard-1.0-py3-none-any.whl", ALPHA), (LATER, GAMMA)] {
        wanted.insert(name.to_owned(), wanted[to].clone());
    }
    let layer = Layer::of(&Files::new())
        .link("hard-1.0-py3-none-any.whl", ALPHA)
        .symlink(LATER, GAMMA);
    make([base(), layer.gzip()], &wanted);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn each_layer_has_its_own_compression() {
    let plain = of(&[("plain-1.0-py3-none-any.whl", 30_000)]);
    let zstd = of(&[("zstd-1.0-py3-none-any.whl", 30_000)]);
    let mut wanted = wheels();
    wanted.extend(plain.clone());
    wanted.extend(zstd.clone());
    let registry = Registry::plain();
    let image = Image::of([
        Layer::of(&plain).pressed(Pressed::Plain),
        Layer::of(&zstd).pressed(Pressed::Zstd),
        base(),
    ]);
    registry.push("loci/mixed:1", &image);
    Fetch::of(&registry.reference("loci/mixed:1"))
        .run()
        .brought(&wanted);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn one_layer_may_be_there_twice() {
    // As an empty one often is.
    let empty = || Layer::of(&Files::new()).gzip();
    make([base(), empty(), empty(), base()], &wheels());
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn many_layers_are_put_on_one_another_in_order() {
    let mut wanted = wheels();
    let mut layers = vec![base()];
    for number in 0_u8..20 {
        let bytes = vec![number; 10_000 * usize::from(number % 3 + 1)];
        wanted.insert(LATER.to_owned(), bytes.clone());
        layers.push(Layer::of(&Files::new()).file(LATER, &bytes).gzip());
    }
    make(layers, &wanted);
}

//! What goes on where it broke off.

use crate::fetch::Fetch;
use crate::files::{constraints, of};
use crate::image::Image;
use crate::layer::Layer;
use crate::proxy;
use crate::registry::Registry;
use crate::server::Server;

const NAME: &str = "loci/requirements:1";

/// All of it.
const WHOLE: &str = "all";

/// What was asked for of a layer, one request after another.
fn ranges(proxy: &Server, digest: &str) -> Vec<String> {
    proxy
        .blobs()
        .iter()
        .filter(|request| request.path.ends_with(digest))
        .map(|request| request.header("range").unwrap_or(WHOLE).to_owned())
        .collect()
}

/// What is asked for from a byte on.
fn from(byte: usize) -> String {
    format!("bytes={byte}-")
}

fn fetch(proxy: &Server) -> Fetch {
    Fetch::of(&format!("{}/{NAME}", proxy.host()))
        .http()
        .set("PIP_DEFAULT_TIMEOUT", "0.5")
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_layer_goes_on_where_it_broke_off() {
    let (files, image) = Image::stock();
    let registry = Registry::plain();
    registry.push(NAME, &image);
    let proxy = proxy::before(registry.port, |asked| match (asked.is_blob(), asked.nth) {
        (true, 0) => asked.pass().cut(300_000),
        (true, 1) => asked.pass().stall(400_000),
        _ => asked.pass(),
    });
    fetch(&proxy).run().brought(&files);
    assert_eq!(
        ranges(&proxy, &image.layer(0)),
        [WHOLE, &from(300_000), &from(700_000)]
    );
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn what_came_whole_is_not_fetched_again() {
    let mut files = of(&[
        ("alpha-1.0-py3-none-any.whl", 300_000),
        ("beta-2.0-py3-none-any.whl", 400_000),
        ("gamma-3.0-py3-none-any.whl", 500_000),
    ]);
    let image = Image::of(files.iter().map(|(name, bytes)| {
        Layer::of(&constraints("alpha===1.0\n"))
            .file(name, bytes)
            .gzip()
    }));
    files.extend(constraints("alpha===1.0\n"));
    let registry = Registry::plain();
    registry.push(NAME, &image);
    let spoiled = image.layer(1);
    let proxy = proxy::before(registry.port, move |asked| {
        if asked.path.ends_with(&spoiled) && asked.nth == 0 {
            asked.pass().cut(123_456)
        } else {
            asked.pass()
        }
    });
    fetch(&proxy).run().brought(&files);
    assert_eq!(ranges(&proxy, &image.layer(0)), [WHOLE]);
    assert_eq!(ranges(&proxy, &image.layer(1)), [WHOLE, &from(123_456)]);
    assert_eq!(ranges(&proxy, &image.layer(2)), [WHOLE]);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_registry_without_ranges_starts_over() {
    let (files, image) = Image::stock();
    let registry = Registry::plain();
    registry.push(NAME, &image);
    let proxy = proxy::before(registry.port, |asked| match (asked.is_blob(), asked.nth) {
        (true, 0) => asked.pass().cut(300_000),
        (true, _) => asked.pass_whole(),
        _ => asked.pass(),
    });
    fetch(&proxy).run().brought(&files);
    assert_eq!(ranges(&proxy, &image.layer(0)), [WHOLE, &from(300_000)]);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_rest_that_begins_elsewhere_is_not_put_there() {
    let (files, image) = Image::stock();
    let registry = Registry::plain();
    registry.push(NAME, &image);
    // Both say 206: one has another range in its header, one only in its body.
    for says_so in [true, false] {
        let proxy = proxy::before(registry.port, move |asked| {
            match (asked.is_blob(), asked.nth) {
                (true, 0) => asked.pass().cut(300_000),
                (true, 1) => {
                    let answer = asked.pass();
                    let body = answer.body[1000..].to_vec();
                    let total = 300_000 + answer.body.len();
                    let other = format!("bytes 301000-{}/{total}", total - 1);
                    let answer = answer.body(body);
                    if says_so {
                        answer.header("Content-Range", &other)
                    } else {
                        answer
                    }
                }
                _ => asked.pass(),
            }
        });
        let reference = format!("{}/{NAME}", proxy.host());
        fetch(&proxy)
            .run()
            .brought_or_failed(&files, &[&proxy.host(), &reference]);
    }
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn what_gets_further_each_time_gets_there() {
    let (files, image) = Image::stock();
    let registry = Registry::plain();
    registry.push(NAME, &image);
    let part = image.layers[0].bytes.len() / 4 + 1;
    let proxy = proxy::before(registry.port, move |asked| {
        if asked.is_blob() {
            asked.pass().cut(part)
        } else {
            asked.pass()
        }
    });
    fetch(&proxy).set("PIP_RETRIES", "4").run().brought(&files);
    assert_eq!(proxy.blobs().len(), 4);
}

//! Registries and networks that fail: for a while, or for good.

use std::thread;
use std::time::{Duration, Instant};

use crate::answer::Answer;
use crate::fetch::Fetch;
use crate::files::{Files, of};
use crate::image::Image;
use crate::layer::{Blob, Layer};
use crate::proxy::{self, Asked};
use crate::registry::Registry;
use crate::server::{Request, Server};

const NAME: &str = "loci/requirements:1";

/// A name for people, and what a request gets.
type Fault = (&'static str, fn(&Asked<'_>) -> Answer);

/// What a client gets over, if it happens once.
const PASSING: &[Fault] = &[
    ("dropped", |asked| asked.pass().dropped()),
    ("cut before the body", |asked| asked.pass().cut(0)),
    ("cut", |asked| asked.pass().cut(100_000)),
    ("stalled", |asked| asked.pass().stall(100_000)),
    ("stalled at once", |asked| asked.pass().stall(0)),
    ("408", |_| Answer::of(408)),
    ("429", |_| Answer::of(429).header("Retry-After", "0")),
    ("500", |_| Answer::of(500)),
    ("502", |_| Answer::of(502)),
    ("503", |_| Answer::of(503)),
];

/// What may be gone over or not, but is never taken for the image.
const WRONG: &[Fault] = &[
    ("a byte is another one", |asked| asked.pass().flip(5000)),
    ("the last byte is another one", |asked| {
        let answer = asked.pass();
        let last = answer.body.len() - 1;
        answer.flip(last)
    }),
    ("said to be longer", |asked| asked.pass().claim(7)),
    ("said to be shorter", |asked| asked.pass().claim(-7)),
    ("more than there should be", |asked| {
        let answer = asked.pass();
        let more = [&answer.body[..], b"and more"].concat();
        answer.body(more)
    }),
    ("less than there should be", |asked| {
        let answer = asked.pass();
        let less = answer.body[..answer.body.len() - 9].to_vec();
        answer.body(less)
    }),
    ("empty", |asked| asked.pass().body("")),
    ("a page", |asked| {
        let page = "<html>This network wants you to log in</html>";
        asked.pass().body(page).header("Content-Type", "text/html")
    }),
    ("404", |_| Answer::of(404)),
    ("403", |_| Answer::of(403)),
    ("400", |_| Answer::of(400)),
];

/// What does not matter even if it lasts: a manifest is shorter than that or says the same
/// of its layers, and a layer has an end of its own.
const HARMLESS: [(Kind, &str); 5] = [
    (Kind::Manifest, "cut"),
    (Kind::Manifest, "stalled"),
    (Kind::Manifest, "a byte is another one"),
    (Kind::Blob, "said to be longer"),
    (Kind::Blob, "more than there should be"),
];

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Manifest,
    Blob,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Manifest, Self::Blob];

    fn is_of(self, request: &Request) -> bool {
        match self {
            Self::Manifest => request.is_manifest(),
            Self::Blob => request.is_blob(),
        }
    }
}

/// A registry with an image, and what is in that.
fn registry() -> (Files, Image, Registry) {
    let (files, image) = Image::stock();
    let registry = Registry::plain();
    registry.push(NAME, &image);
    (files, image, registry)
}

/// Spoils the requests of a kind, the first `times` for each path.
fn spoiled(
    registry: &Registry,
    kind: Kind,
    times: usize,
    fault: fn(&Asked<'_>) -> Answer,
) -> Server {
    proxy::before(registry.port, move |asked| {
        if kind.is_of(asked) && asked.nth < times {
            fault(asked)
        } else {
            asked.pass()
        }
    })
}

/// Silence is noticed after half a second.
fn fetch(proxy: &Server) -> Fetch {
    Fetch::of(&format!("{}/{NAME}", proxy.host()))
        .http()
        .set("PIP_DEFAULT_TIMEOUT", "0.5")
}

/// Does this for every kind and fault, several at a time: most of it is waiting.
fn each(faults: &[Fault], check: impl Fn(Kind, &'static str, fn(&Asked<'_>) -> Answer) + Sync) {
    for kind in Kind::ALL {
        for some in faults.chunks(4) {
            thread::scope(|scope| {
                for (name, fault) in some {
                    scope.spawn(|| check(kind, name, *fault));
                }
            });
        }
    }
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn what_passes_is_got_over() {
    let (files, _, registry) = registry();
    each(PASSING, |kind, name, fault| {
        let proxy = spoiled(&registry, kind, 1, fault);
        let said = fetch(&proxy).run();
        assert_eq!(said.status, Some(0), "{name}: {}", said.stderr);
        said.brought(&files);
    });
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn what_lasts_is_an_error() {
    let (files, _, registry) = registry();
    each(&[PASSING, WRONG].concat(), |kind, name, fault| {
        let proxy = spoiled(&registry, kind, usize::MAX, fault);
        let host = proxy.host();
        let start = Instant::now();
        let said = fetch(&proxy).set("PIP_RETRIES", "1").run();
        let took = start.elapsed();
        assert!(took < Duration::from_secs(20), "{name}: {took:?}");
        let is_harmless = HARMLESS.contains(&(kind, name));
        assert!(is_harmless || said.status != Some(0), "{name}");
        said.brought_or_failed(&files, &[&host, &format!("{host}/{NAME}")]);
    });
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn what_is_wrong_once_is_never_taken() {
    let (files, _, registry) = registry();
    each(WRONG, |kind, _, fault| {
        let proxy = spoiled(&registry, kind, 1, fault);
        let host = proxy.host();
        let said = fetch(&proxy).run();
        said.brought_or_failed(&files, &[&host, &format!("{host}/{NAME}")]);
    });
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn another_layer_is_told_by_both_digests() {
    let (_, image, registry) = registry();
    let wanted = image.layer(0);
    let mut bytes = image.layers[0].bytes.clone();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let came = crate::layer::digest(&bytes);
    let proxy = proxy::before(registry.port, move |asked| {
        if asked.is_blob() {
            asked.pass().flip(middle)
        } else {
            asked.pass()
        }
    });
    fetch(&proxy).run().failed(&[&wanted, &came]);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_status_is_told() {
    let (_, _, registry) = registry();
    let proxy = spoiled(&registry, Kind::Blob, usize::MAX, |_| Answer::of(503));
    fetch(&proxy).run().failed(&["503"]);
    assert_eq!(proxy.blobs().len(), 3);
    let proxy = spoiled(&registry, Kind::Blob, usize::MAX, |_| Answer::of(404));
    fetch(&proxy).run().failed(&["sha256:"]);
    assert_eq!(proxy.blobs().len(), 1);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn the_registry_says_how_long_to_wait() {
    let (files, _, registry) = registry();
    for kind in Kind::ALL {
        let proxy = spoiled(&registry, kind, 1, |_| {
            Answer::of(429).header("Retry-After", "2")
        });
        fetch(&proxy).run().brought(&files);
        let times: Vec<Instant> = proxy
            .requests()
            .iter()
            .filter(|request| kind.is_of(request))
            .map(|request| request.at)
            .collect();
        let waited = times[1] - times[0];
        assert!(waited >= Duration::from_secs(2), "{waited:?}");
    }
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn it_is_silence_that_is_limited_and_not_time() {
    let (files, image, registry) = registry();
    let part = image.layers[0].bytes.len() / 6;
    let proxy = proxy::before(registry.port, move |asked| {
        if asked.is_blob() {
            asked.pass().slow(part, Duration::from_millis(200))
        } else {
            asked.pass()
        }
    });
    fetch(&proxy).run().brought(&files);
    assert_eq!(proxy.blobs().len(), 1);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_manifest_without_an_end_is_refused() {
    let (_, _, registry) = registry();
    let proxy = spoiled(&registry, Kind::Manifest, usize::MAX, |asked| {
        let answer = asked.pass();
        let mut body = answer.body.clone();
        body.extend(vec![b' '; 5 << 20]);
        answer.body(body)
    });
    let reference = format!("{}/{NAME}", proxy.host());
    fetch(&proxy).run().failed(&[&proxy.host(), &reference]);
    assert!(proxy.blobs().is_empty());
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_manifest_called_otherwise_is_another_one() {
    let (files, image, registry) = registry();
    let proxy = spoiled(&registry, Kind::Manifest, usize::MAX, |asked| {
        let zeros = format!("sha256:{}", "0".repeat(64));
        asked.pass().header("Docker-Content-Digest", &zeros)
    });
    // By a tag the header is the registry's word against its own.
    let reference = format!("{}/{NAME}", proxy.host());
    fetch(&proxy)
        .run()
        .brought_or_failed(&files, &[&proxy.host(), &reference]);
    // By a digest it does not count.
    let pinned = format!("{}/loci/requirements@{}", proxy.host(), image.digest());
    Fetch::of(&pinned)
        .http()
        .run()
        .brought_or_failed(&files, &[&proxy.host(), &pinned]);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn one_layer_that_fails_ends_the_others() {
    let layers: Vec<Blob> = (0..6)
        .map(|number| {
            let name = format!("layer_{number}-1.0-py3-none-any.whl");
            Layer::of(&of(&[(&name, 50_000)])).gzip()
        })
        .collect();
    let image = Image::of(layers);
    let registry = Registry::plain();
    registry.push(NAME, &image);
    let absent = image.layer(2);
    let proxy = proxy::before(registry.port, move |asked| {
        if !asked.is_blob() {
            asked.pass()
        } else if asked.path.ends_with(&absent) {
            thread::sleep(Duration::from_millis(300));
            Answer::of(404)
        } else {
            asked.pass().stall(20_000)
        }
    });
    let start = Instant::now();
    fetch(&proxy)
        .set("PIP_DEFAULT_TIMEOUT", "5")
        .run()
        .failed(&[&image.layer(2)]);
    // Once each, and not every try.
    let took = start.elapsed();
    assert!(took < Duration::from_secs(10), "{took:?}");
}

//! Faults of any kind at any time.

use std::sync::Mutex;
use std::thread;

use crate::answer::Answer;
use crate::fetch::Fetch;
use crate::files::{Files, constraints, of};
use crate::image::Image;
use crate::layer::Layer;
use crate::proxy;
use crate::registry::Registry;

const NAME: &str = "loci/requirements:1";

/// How many networks are tried, half of which change bytes.
const SEEDS: u64 = 24;

/// Numbers that look random, the same for a seed each time (xorshift64).
fn random(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    move |below| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 16) % below
    }
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn whatever_happens_all_of_it_comes_or_nothing() {
    let mut files = of(&[
        ("alpha-1.0-py3-none-any.whl", 200_000),
        ("beta-2.0-py3-none-any.whl", 300_000),
    ]);
    files.extend(constraints("alpha===1.0\n"));
    let layers = files
        .iter()
        .map(|(name, bytes)| Layer::of(&Files::new()).file(name, bytes).gzip());
    let image = Image::of(layers);
    let registry = Registry::plain();
    registry.push(NAME, &image);
    let one = |seed: u64| {
        let next = Mutex::new(random(seed));
        let proxy = proxy::before(registry.port, move |asked| {
            let mut next = next.lock().expect("no panic");
            let (fault, at) = (next(12), next(350_000));
            drop(next);
            let at = usize::try_from(at).expect("small");
            match fault {
                0 => Answer::of(503),
                1 => asked.pass().dropped(),
                2 => asked.pass().stall(at),
                3 => asked.pass_whole(),
                4 => asked.pass().claim(1),
                5 if seed.is_multiple_of(2) => asked.pass().flip(at),
                6..=8 => asked.pass().cut(at),
                _ => asked.pass(),
            }
        });
        let host = proxy.host();
        let said = Fetch::of(&format!("{host}/{NAME}"))
            .http()
            .set("PIP_DEFAULT_TIMEOUT", "0.5")
            .set("PIP_RETRIES", "4")
            .run();
        said.brought_or_failed(&files, &[&host, &format!("{host}/{NAME}")]);
        said.status == Some(0)
    };
    let seeds: Vec<u64> = (0..SEEDS).collect();
    let whole: usize = seeds
        .chunks(6)
        .map(|some| {
            thread::scope(|scope| {
                let runs: Vec<_> = some.iter().map(|seed| scope.spawn(|| one(*seed))).collect();
                runs.into_iter()
                    .map(|run| usize::from(run.join().expect("no panic")))
                    .sum::<usize>()
            })
        })
        .sum();
    // Those whose bytes are right should get there.
    assert!(whole >= seeds.len() / 2, "{whole}");
}

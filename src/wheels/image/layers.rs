//! The layers of an image: fetched and unpacked beside each other, laid on each other.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::Store;
use super::manifest::Descriptor;
use crate::wheels::Digest;
use crate::wheels::archive::{Kind, Taken};
use crate::wheels::meter::Meter;
use crate::wheels::pile::Pile;
use crate::wheels::unpack::unpack;
use crate::wheels::verified::Expected;

/// How many are read at once: each takes a few MiB of memory and a connection.
const AT_ONCE: usize = 4;

/// Takes what belongs to a set of wheels from these layers, the lowest one first, into
/// directories below `into`, and returns where each file is.
///
/// # Errors
/// Why not, with the layer.
pub fn take(
    store: &dyn Store,
    layers: &[Descriptor],
    into: &Path,
    meter: &Meter<'_>,
) -> Result<Pile, String> {
    for layer in layers {
        meter.expect(layer.size);
    }
    let next = AtomicUsize::new(0);
    let taken: Vec<Mutex<Option<Taken>>> = layers.iter().map(|_| Mutex::default()).collect();
    let failure = Mutex::new(None);
    let directory = |number: usize| into.join(format!("layer-{number}"));
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(layer) = layers.get(number).filter(|_| !meter.is_stopped()) else {
                return;
            };
            match one(store, layer, &directory(number), meter) {
                Ok(one) => *taken[number].lock().expect("nobody panics") = Some(one),
                Err(why) => {
                    // Those that are stopped by this come later.
                    let mut failure = failure.lock().expect("nobody panics");
                    failure.get_or_insert(why);
                    meter.stop();
                }
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..layers.len().min(AT_ONCE) {
            scope.spawn(work);
        }
        work();
    });
    if let Some(why) = failure.into_inner().expect("nobody panics") {
        return Err(why);
    }
    let mut pile = Pile::default();
    for (number, layer) in taken.into_iter().enumerate() {
        let taken = layer.into_inner().expect("nobody panics");
        pile.lay(taken.unwrap_or_default(), &directory(number));
    }
    pile.whole()
}

fn one(
    store: &dyn Store,
    layer: &Descriptor,
    into: &Path,
    meter: &Meter<'_>,
) -> Result<Taken, String> {
    let named = |why: String| format!("the layer {}: {why}", layer.digest);
    let expected = Expected {
        digest: Some(layer.digest.clone()),
        size: Some(layer.size),
    };
    let blob = store.blob(layer, meter).map_err(named)?;
    let (taken, _): (Taken, Digest) =
        unpack(blob, expected, Kind::Layer, into, meter).map_err(named)?;
    Ok(taken)
}

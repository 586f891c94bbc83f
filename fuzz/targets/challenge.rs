//! Whatever a registry answers is a list of challenges.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loci_install::wheels::registry::challenges;

fuzz_target!(|value: &str| {
    for challenge in challenges(value) {
        let scheme = &challenge.scheme;
        assert!(
            !scheme.is_empty() && *scheme == scheme.to_ascii_lowercase(),
            "{scheme}"
        );
        assert!(
            value.to_ascii_lowercase().contains(scheme.as_str()),
            "{scheme}"
        );
        for name in ["realm", "service", "scope"] {
            let named = value.to_ascii_lowercase().contains(name);
            assert!(named || challenge.parameter(name).is_none(), "{name}");
        }
    }
});

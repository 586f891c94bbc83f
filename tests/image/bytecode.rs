//! Python's bytecode in finished images.

use std::fs;

use crate::container::Container;

#[test]
#[ignore = "builds real images: cargo xtask test"]
fn all_that_is_imported_is_compiled_against_hashes() {
    let build = |jobs: &str| {
        let mut container = Container::with_tools();
        container.tiny_source("");
        container.set("BYTECODE", "unchecked");
        container.set("JOBS", jobs);
        container.install().succeeded();
        container
    };
    let (one, four) = (build("1"), build("4"));
    let site = one.shell("ls -d /var/lib/openstack/lib/python3*/site-packages");
    let library = one.shell("python3 -c 'import os; print(os.path.dirname(os.__file__))'");
    for directory in [&site, &library] {
        let compiled = one.find(directory, |path, _| {
            path.extension().is_some_and(|extension| extension == "pyc")
        });
        assert!(!compiled.is_empty(), "{directory}");
        for path in compiled {
            let bytes = fs::read(&path).expect("read");
            let inside = path.strip_prefix(one.path("/")).expect("inside");
            let inside = inside.to_string_lossy();
            // PEP 552: by a hash of the source, which is not compared.
            assert_eq!(bytes[4..8], [1, 0, 0, 0], "{inside}");
            let other = fs::read(four.path(&inside)).expect("read");
            assert_eq!(other, bytes, "{inside}");
        }
    }
    let names = one.shell(&format!("ls {site}/__pycache__"));
    assert!(names.starts_with("tiny.cpython-"), "{names}");
    // A service cannot write there, and finds nothing that it would have to.
    let answer = "import tiny; print(tiny.answer)";
    let said = one.run_as("65534", &["/var/lib/openstack/bin/python", "-c", answer]);
    assert_eq!(said.succeeded().stdout, "42\n");
}

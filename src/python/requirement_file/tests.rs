use super::*;
use pep508_rs::MarkerEnvironmentBuilder;
use proptest::prelude::*;

fn read(text: &str) -> Vec<Line> {
    RequirementFile::parse("x.txt", text)
        .expect("all lines are good")
        .lines
}

fn errors(text: &str) -> Vec<String> {
    RequirementFile::parse("x.txt", text)
        .expect_err("a line is bad")
        .iter()
        .map(ToString::to_string)
        .collect()
}

fn python(version: &str) -> MarkerEnvironment {
    MarkerEnvironmentBuilder {
        implementation_name: "cpython",
        implementation_version: version,
        os_name: "posix",
        platform_machine: "x86_64",
        platform_python_implementation: "CPython",
        platform_release: "6.1",
        platform_system: "Linux",
        platform_version: "1",
        python_full_version: version,
        python_version: version,
        sys_platform: "linux",
    }
    .try_into()
    .expect("an environment")
}

#[test]
fn other_letters_in_a_marker_are_refused() {
    assert_eq!(
        errors("a>=1; extra == 'x'é\n./b ; python_version ü '3'\nc; extra == 'é'\n"),
        [
            "x.txt:1:19: `é` is no part of a marker\n  a>=1; extra == 'x'é\n                    ^",
            "x.txt:2:22: `ü` is no part of a marker\n  ./b ; python_version ü '3'\n                       ^",
            "x.txt:3:14: `é` is no part of a marker\n  c; extra == 'é'\n               ^",
        ]
    );
}

#[test]
fn constraints_are_read_and_keep_their_versions() {
    let lines = read(
        "# upper constraints\n\n\
         Sphinx===7.4.7;python_version=='3.9'\n\
         Sphinx===8.1.3;python_version>='3.10'\n\
         daiquiri===3.2.5.1;python_version=='3.9'\n\
         chardet===6.0.0.post1\n\
         opentelemetry-semantic-conventions===0.51b0\n\
         funcparserlib===2.0.0a0\n\
         pytz===2024.02\n\
         oslo.config===09.7.0\n\
         git+https://host/x@v1#egg=x ; python_version < '3'\n",
    );
    let pins: Vec<_> = lines
        .iter()
        .filter(|line| line.holds(&python("3.13")))
        .map(|line| {
            (
                line.number,
                line.name().expect("a name").to_string(),
                line.pinned().expect("a pin"),
            )
        })
        .collect();
    assert_eq!(
        pins,
        [
            (4, "sphinx".to_owned(), "8.1.3"),
            (6, "chardet".to_owned(), "6.0.0.post1"),
            (7, "opentelemetry-semantic-conventions".to_owned(), "0.51b0"),
            (8, "funcparserlib".to_owned(), "2.0.0a0"),
            (9, "pytz".to_owned(), "2024.02"),
            (10, "oslo-config".to_owned(), "09.7.0"),
        ]
    );
}

#[test]
fn requirements_are_read_without_comments_options_and_line_ends() {
    let lines = read(
        "\u{feff}XStatic-JSEncrypt  # MIT License\r\n\
         pyroute2!=0.5.4,!=0.5.5;sys_platform!='win32'  # Apache-2.0 (+ dual licensed GPL2)\n\
         keystone[ldap, oauth1] (==30.0.0) \\\n  --hash=sha256:aa --hash sha256:bb\n\
         a==1.*\nb\\\n# a comment ends it\n\
         c @ https://host/c-1.tar.gz#sha256=aa ; os_name == 'posix'\n",
    );
    let texts: Vec<_> = lines
        .iter()
        .map(|line| (line.number, line.text.as_str()))
        .collect();
    assert_eq!(
        texts,
        [
            (1, "XStatic-JSEncrypt"),
            (2, "pyroute2!=0.5.4,!=0.5.5;sys_platform!='win32'"),
            (3, "keystone[ldap, oauth1] (==30.0.0)"),
            (5, "a==1.*"),
            (6, "b"),
            (
                8,
                "c @ https://host/c-1.tar.gz#sha256=aa ; os_name == 'posix'"
            ),
        ]
    );
    let pins: Vec<_> = lines.iter().filter_map(Line::pinned).collect();
    assert_eq!(pins, ["30.0.0"]);
    assert!(lines.iter().all(|line| matches!(line.what, What::Named(_))));
}

#[test]
fn every_bad_line_is_named_with_its_place() {
    assert_eq!(
        errors("good==1\n-c other.txt\n  foo==1 --no-binary foo\nhg+https://h/x\n"),
        [
            "x.txt:2:1: `-c` is an option, not a requirement\n  -c other.txt\n  ^",
            "x.txt:3:10: `--no-binary` is an option, not a requirement\n    foo==1 --no-binary foo\n           ^",
            "x.txt:4:1: `hg+` is not supported: only git+ is\n  hg+https://h/x\n  ^",
        ]
    );
    for (text, column) in [
        ("--index-url https://h/simple", 1),
        ("-e git+https://h/x", 1),
        ("-r x.txt", 1),
        ("x @ svn+https://h/x", 5),
        ("x- ==1", 2),
        ("x[a, b.] ==1", 7),
        ("https://h/x.tar.gz", 1),
        ("git+git@h:x", 5),
        ("git+https://h/x@", 17),
        ("é", 1),
        ("foo==", 4),
        ("./x ; python_version <> '3'", 22),
        ("foo==1 --hash=sha256:a bar", 24),
    ] {
        let errors = RequirementFile::parse("x", text).expect_err(text);
        assert_eq!(errors[0].column, column, "{}", errors[0]);
    }
}

proptest! {
    #[test]
    fn no_text_is_too_wrong_for_an_error(
        text in "([a@é]|[-.=;#:/+ ]|git|==1|[a]|file:|://|\\[x\\]|\\(|\\)|os_name|'x'|\\\\\n){0,9}"
    ) {
        for error in RequirementFile::parse("x", &text).err().into_iter().flatten() {
            prop_assert!(error.column <= error.text.chars().count() + 1, "{}", error);
        }
    }
}

//! Generated files, versions and os-release texts: this evaluator and the
//! reference must say the same of each.

#![allow(clippy::unwrap_used)]

mod virtualenv;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use loci_install::bindep::check::Report;
use loci_install::bindep::{Active, Constraint, File, Item, Rule, Term, Version};
use loci_install::platform::os_release;
use serde_json::{Value, json};

const REFERENCE: [&str; 2] = ["bindep==2.14.0", "distro==1.9.0"];

#[test]
#[ignore = "installs the reference from PyPI: cargo xtask test"]
fn agrees_with_the_reference() {
    let directory = tempfile::tempdir().unwrap();
    let python = virtualenv::make(&directory.path().join("venv"), &REFERENCE);
    let mut random = Random(0x10c1);
    let files: Vec<Value> = (0..600).map(|_| file_case(&mut random)).collect();
    let versions: Vec<Value> = (0..600).map(|_| version_case(&mut random)).collect();
    let platforms: Vec<Value> = (0..300).map(|_| platform_case(&mut random)).collect();
    let cases = json!({ "files": files, "versions": versions, "platforms": platforms });
    let theirs = ask_reference(&python, &cases);

    let mut differences = Vec::new();
    let mut compare = |kind: &str, cases: &[Value], ours: fn(&Value, &Value) -> Value| {
        let answers = theirs[kind].as_array().unwrap();
        assert_eq!(answers.len(), cases.len());
        for (case, theirs) in cases.iter().zip(answers) {
            let ours = ours(case, theirs);
            if ours != *theirs {
                differences.push(format!("{case}\n    ours   {ours}\n    theirs {theirs}"));
            }
        }
    };
    compare("files", &files, |case, _| our_file(case));
    compare("versions", &versions, |case, _| our_version(case));
    compare("platforms", &platforms, our_platform);
    assert!(differences.is_empty(), "{}", differences.join("\n"));

    let count = |kind: &str, wanted: fn(&Value) -> bool| {
        let answers = theirs[kind].as_array().unwrap();
        answers.iter().filter(|answer| wanted(answer)).count()
    };
    // A one-sided generator would prove little.
    let bad_files = count("files", |answer| answer["error"] == true);
    assert!((150..450).contains(&bad_files), "{bad_files} of 600 files");
    let bad_versions = count("versions", |answer| answer == "exception");
    assert!(
        (50..400).contains(&bad_versions),
        "{bad_versions} of 600 pairs"
    );
    let bad_platforms = count("platforms", |answer| answer["id"].is_null());
    assert!(
        (10..150).contains(&bad_platforms),
        "{bad_platforms} of 300 texts"
    );
}

fn ask_reference(python: &Path, cases: &Value) -> Value {
    let mut child = Command::new(python)
        .args(["-c", include_str!("bindep_reference.py")])
        .env("PYTHONUTF8", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(cases.to_string().as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "the reference's driver failed: {}",
        output.status
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

fn our_file(case: &Value) -> Value {
    let Ok(file) = File::parse(case["text"].as_str().unwrap()) else {
        return json!({ "error": true });
    };
    let active = Active::exactly(texts(&case["profiles"]));
    let rules: Vec<&Rule> = file.active(&active).collect();
    let installed: BTreeMap<String, String> =
        serde_json::from_value(case["installed"].clone()).unwrap();
    let names: Vec<&str> = rules.iter().map(|rule| rule.name.as_str()).collect();
    json!({
        "rules": file.rules().iter().map(rule).collect::<Vec<_>>(),
        "profiles": file.user_profiles(),
        "active": names,
        "check": check(&Report::new(rules, &installed)),
    })
}

fn rule(rule: &Rule) -> Value {
    let term = |term: &Term| json!([term.positive, term.name]);
    let item = |item: &Item| match item {
        Item::Term(one) => term(one),
        Item::Group(terms) => terms.iter().map(term).collect(),
    };
    let constraint = |constraint: &Constraint| {
        json!([constraint.operator.as_str(), constraint.version.as_str()])
    };
    let items: Vec<Value> = rule.selector.items.iter().map(item).collect();
    let constraints: Vec<Value> = rule.constraints.iter().map(constraint).collect();
    json!([rule.name, items, constraints])
}

/// The reference ends in an exception where ours gives a reason.
fn check(report: &Report) -> Value {
    let bad = &report.bad_versions;
    if bad.iter().any(|bad| bad.reason.is_some()) {
        return json!("exception");
    }
    let bad: Vec<Value> = bad
        .iter()
        .map(|bad| json!([bad.name, bad.constraint, bad.installed]))
        .collect();
    let parts = [
        ("missing", json!(report.missing)),
        ("badversion", json!(bad)),
    ];
    let parts = parts.into_iter().filter(|(_, list)| *list != json!([]));
    parts.map(|(kind, list)| json!([kind, list])).collect()
}

fn our_version(case: &Value) -> Value {
    let [installed, operator, wanted] =
        ["installed", "operator", "wanted"].map(|key| case[key].as_str().unwrap());
    match (operator, wanted.parse::<Version>()) {
        ("==", _) => json!(installed == wanted),
        ("!=", _) => json!(installed != wanted),
        (_, Err(_)) => json!("exception"),
        (..) => {
            let file = File::parse(&format!("name {operator}{wanted}")).unwrap();
            let admits = file.rules()[0].constraints[0].admits(installed);
            admits.map_or(json!("exception"), |admits| json!(admits))
        }
    }
}

/// Where the reference ends in an exception ours must have an error of its own
/// or the documented answer for a version that cannot be compared.
fn our_platform(case: &Value, theirs: &Value) -> Value {
    let parsed = os_release::parse(case["os_release"].as_str().unwrap());
    let identity = parsed.ok().and_then(|parsed| parsed.identity(""));
    let Some(distribution) = identity.map(|identity| identity.distribution) else {
        let expected = [
            "No closing quotation",
            "No escaped character",
            "Distro name not found",
        ];
        let is_expected = theirs["exception"]
            .as_str()
            .is_some_and(|error| expected.contains(&error));
        return if is_expected {
            theirs.clone()
        } else {
            json!("no identity")
        };
    };
    if theirs["exception"]
        .as_str()
        .is_some_and(|error| error.contains("NoneType"))
    {
        return theirs.clone();
    }
    json!({
        "id": distribution.id,
        "version": distribution.version,
        "codename": distribution.codename,
        "atoms": distribution.atoms().iter().collect::<Vec<_>>(),
    })
}

fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|text| text.as_str().unwrap())
}

/// The xorshift of Marsaglia: the same cases on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    fn pick<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }

    fn join(
        &mut self,
        most: usize,
        separators: &[&str],
        mut piece: impl FnMut(&mut Self) -> String,
    ) -> String {
        let mut text = String::new();
        for index in 0..self.below(most + 1) {
            if index > 0 {
                text += self.pick(separators);
            }
            text += &piece(self);
        }
        text
    }

    /// Inserts, removes or replaces one character, sometimes.
    fn spoil(&mut self, text: &mut String, one_in: usize, characters: &[&str]) {
        if self.below(one_in) > 0 {
            return;
        }
        let mut all: Vec<String> = text.chars().map(String::from).collect();
        let place = self.below(all.len() + 1);
        let new = self.pick(characters).to_owned();
        match self.below(3) {
            0 => all.insert(place, new),
            1 if place < all.len() => drop(all.remove(place)),
            _ if place < all.len() => all[place] = new,
            _ => all.push(new),
        }
        *text = all.concat();
    }
}

const ODD: &[&str] = &[
    " ", "\t", "\r", "\u{feff}", "\u{a0}", "\u{b}", "\u{2028}", "é", "²", "١", "[", "]", "(", ")",
    "!", "<", ">", "=", ",", "#", ":", "-", "_", "+", "~", "/", ".", "*", "A", "z", "0", "@", "\\",
    "%",
];

fn file_case(random: &mut Random) -> Value {
    let end = random.pick(&["\n", "\n", "\n", "\n", "\n", "\n", "\n", "\r\n"]);
    let mut text = random.join(5, &[end], line);
    text += random.pick(&["", end, end]);
    if random.below(40) == 0 {
        text.insert(0, '\u{feff}');
    }
    let names = [
        "web",
        "db",
        "test",
        "default",
        "2025.1",
        "platform:dpkg",
        "platform:debian",
        "x",
    ];
    let profiles: Vec<&str> = names.into_iter().filter(|_| random.below(2) == 0).collect();
    let packages = NAMES.iter().filter(|_| random.below(4) > 0);
    let packages: Vec<_> = packages.copied().collect();
    let installed: BTreeMap<&str, String> = packages
        .into_iter()
        .map(|name| (name, version(random)))
        .collect();
    json!({ "text": text, "profiles": profiles, "installed": installed })
}

const NAMES: &[&str] = &[
    "git",
    "libpq-dev",
    "gcc-c++",
    "/usr/bin/env",
    "dev-vcs/git",
    "7z",
    "A_b",
];

fn line(random: &mut Random) -> String {
    let comment = random.pick(&["", "", "", " # why", "#", "  #\t\r x", ""]);
    let mut line = match random.below(10) {
        0 => random.pick(&["", " ", "# note", "   # note"]).to_owned(),
        _ => random.pick(NAMES).to_owned() + &selector(random) + &constraints(random) + comment,
    };
    random.spoil(&mut line, 8, ODD);
    line
}

fn selector(random: &mut Random) -> String {
    match random.below(3) {
        0 => String::new(),
        _ => random.pick(&[" ", "  "]).to_owned() + "[" + &items(random) + "]",
    }
}

fn items(random: &mut Random) -> String {
    random.join(4, &[" ", " ", "  ", ""], |random| match random.below(5) {
        0 => format!("({})", random.join(3, &[" "], profile)),
        _ => profile(random),
    })
}

fn profile(random: &mut Random) -> String {
    let name = random.pick(&[
        "web",
        "db",
        "test",
        "2025.1",
        "platform:dpkg",
        "platform:rpm",
        "platform:debian",
        "-x",
    ]);
    random.pick(&["", "", "!"]).to_owned() + name
}

fn constraints(random: &mut Random) -> String {
    let list = random.join(2, &[","], |random| {
        operator(random).to_owned() + &version(random)
    });
    if list.is_empty() {
        list
    } else {
        format!(" {list}")
    }
}

fn operator(random: &mut Random) -> &'static str {
    random.pick(&["<", "<=", "==", "!=", ">=", ">"])
}

fn version(random: &mut Random) -> String {
    let epoch = random.pick(&["", "", "", "0:", "1:", "01:"]);
    let upstream = random.join(3, &[".", ".", "~", "+", "-", ":", "a", ""], |random| {
        random
            .pick(&["0", "1", "2", "10", "01", "b", "99999999999999999999"])
            .to_owned()
    });
    let revision = random.pick(&["", "", "-1", "-0", "-1~a", "-1.el9_4", "-1+b1", "-"]);
    let first = random.pick(&["1", "1", "0", "2"]);
    let mut version = format!("{epoch}{first}{upstream}{revision}");
    random.spoil(
        &mut version,
        10,
        &["-", ":", "~", "_", "^", "a", "é", " ", "."],
    );
    version
}

fn version_case(random: &mut Random) -> Value {
    json!({ "installed": version(random), "operator": operator(random), "wanted": version(random) })
}

/// Names of os-release and values for them.
const FIELDS: &[(&str, &str)] = &[
    (
        "ID",
        "debian|ubuntu|rhel|ol|opensuse-leap|fedora|arch|Some Thing|sles|amzn|",
    ),
    ("id", "rocky|pop"),
    ("ID_LIKE", "debian|ubuntu debian|fedora"),
    ("VERSION_ID", "12|24.04|9.5|7.9|8rc1|22|"),
    (
        "VERSION",
        "9.5 (Blue Onyx)|14.04 LTS, Trusty Tahr|15-SP6|1 (a1)|2, x (y)",
    ),
    ("VERSION_CODENAME", "noble|Twenty Three|"),
    ("UBUNTU_CODENAME", "noble|"),
    (
        "NAME",
        "Red Hat Enterprise Linux Server|Workstation|Example",
    ),
    (
        "PRETTY_NAME",
        "Example 12.1 (Name)|Example|Ex 1.2-rc3 LTS|42 a|A release 7 (B) STL",
    ),
];

fn platform_case(random: &mut Random) -> Value {
    let end = random.pick(&["\n", "\n", "\r\n"]);
    let mut next = 0;
    let mut text = random.join(9, &[end, end, " "], |random| {
        let (name, values) = FIELDS[next];
        next = random.below(FIELDS.len());
        let value = random
            .pick(&values.split('|').collect::<Vec<_>>())
            .to_owned();
        let quote = random.pick(&["\"", "'", "\"", ""]);
        format!("{name}={quote}{value}{quote}")
    });
    random.spoil(
        &mut text,
        4,
        &["\"", "'", "\\", "#", " ", "\n", "\r", "=", "$", "é"],
    );
    json!({ "os_release": text })
}

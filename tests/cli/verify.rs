//! `verify`: what it says of images that it can compare with their records, and of others.

use std::os::unix::fs::{MetadataExt, PermissionsExt};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::test::Test;

const RECORD: &str = "etc/image_info/build.json";
const MANIFEST: &str = "etc/image_info/files.mtree";

/// An image that is as its record says.
fn image() -> Test {
    let test = Test::new();
    let owner = test.root().metadata().expect("the root");
    let manifest = format!(
        "#mtree\n. type=dir\n/set type=file uid={} gid={} mode=0644\n\
         ./etc type=dir mode=0755\n./etc/image_info type=dir mode=0755\n\
         ./etc/passwd sha256digest={}\n./opt type=dir optional\n",
        owner.uid(),
        owner.gid(),
        sha256(PASSWD)
    );
    test.file("etc/passwd", PASSWD)
        .file(RECORD, &record(&manifest).to_string())
        .file(MANIFEST, &manifest)
}

const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\n";

fn record(manifest: &str) -> Value {
    json!({
        "format": 2,
        "program": "loci-install 0.1.0",
        "project": "tiny",
        "finished": true,
        "manifest_sha256": sha256(manifest),
        "accounts": {
            "users": [{"name": "root", "uid": 0, "gid": 0, "home": "/root", "shell": "/bin/sh"}],
            "groups": [],
        },
    })
}

fn sha256(text: &str) -> String {
    format!("{:x}", Sha256::digest(text.as_bytes()))
}

/// The image with another record.
fn with(change: impl Fn(&mut Value)) -> Test {
    let image = image();
    let written = std::fs::read_to_string(image.root().join(RECORD)).expect("read");
    let mut record = serde_json::from_str(&written).expect("JSON");
    change(&mut record);
    image.file(RECORD, &record.to_string())
}

#[test]
fn what_is_as_recorded_is_told_in_a_line() {
    image()
        .verify()
        .stderr("tiny: no differences in 4 files, 0 packages, 0 distributions and 1 account\n")
        .run();
}

#[test]
fn each_difference_is_a_line() {
    let test = image();
    let owner = test.root().metadata().expect("the root");
    let owner = format!("{}:{}", owner.uid(), owner.gid());
    test.file("etc/passwd", "root:x:0:0:root:/:/bin/sh\n")
        .file("etc/a b", "")
        .verify()
        .stdout(&format!(
            "user root: home /root -> home /\n\
             added /etc/a\\040b: nothing -> file 0644 {owner} sha256 {}\n\
             content /etc/passwd: sha256 {} -> sha256 {}\n",
            sha256(""),
            sha256(PASSWD),
            sha256("root:x:0:0:root:/:/bin/sh\n")
        ))
        .stderr("tiny: 3 differences in 4 files, 0 packages, 0 distributions and 1 account\n")
        .status(1)
        .run();
}

#[test]
fn a_table_of_mounts_in_the_image_hides_nothing() {
    image()
        .file("proc/self/mountinfo", "36 35 98:0 / /etc ro - ext4 x rw\n")
        .file("etc/passwd", &format!("{PASSWD}\n"))
        .verify()
        .stdout(&format!(
            "content /etc/passwd: sha256 {} -> sha256 {}\n",
            sha256(PASSWD),
            sha256(&format!("{PASSWD}\n"))
        ))
        .stderr("tiny: 1 difference in 4 files, 0 packages, 0 distributions and 1 account\n")
        .status(1)
        .run();
}

#[test]
fn what_vouches_for_the_rest_is_vouched_for() {
    let test = image();
    let manifest = test.root().join(MANIFEST);
    let changed = std::fs::Permissions::from_mode(0o666);
    std::fs::set_permissions(manifest, changed).expect("changed");
    let record = test.root().join(RECORD);
    std::fs::rename(record, test.root().join("etc/passwd-")).expect("renamed");
    let owner = test.root().metadata().expect("the root");
    let owner = format!("{}:{}", owner.uid(), owner.gid());
    let kept = std::fs::read_to_string(test.root().join("etc/passwd-")).expect("read");
    test.link(RECORD, "../passwd-")
        .verify()
        .stdout(&format!(
            "type /etc/image_info/build.json: file 0644 {owner} -> link to ../passwd-\n\
             mode /etc/image_info/files.mtree: 0644 -> 0666\n\
             added /etc/passwd-: nothing -> file 0644 {owner} sha256 {}\n",
            sha256(&kept)
        ))
        .stderr("tiny: 3 differences in 4 files, 0 packages, 0 distributions and 1 account\n")
        .status(1)
        .run();
}

#[test]
fn programs_get_json() {
    let outcome = image()
        .without("etc/passwd")
        .verify()
        .args(["--format", "json"])
        .outcome();
    assert_eq!(outcome.status, Some(1));
    let report: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    assert_eq!(
        report,
        json!({
            "format": 1,
            "project": "tiny",
            "program": "loci-install 0.1.0",
            "compared": {"files": 4, "packages": 0, "distributions": 0, "accounts": 1},
            "differences": [
                {
                    "subject": "root", "kind": "user",
                    "recorded": "uid 0, gid 0, home /root, shell /bin/sh",
                    "found": null, "of": null,
                },
                {
                    "subject": "/etc/passwd", "kind": "gone",
                    "recorded": report["differences"][1]["recorded"],
                    "found": null, "of": null,
                },
            ],
            "unseen": [],
        })
    );
}

#[test]
fn copies_that_were_kept_elsewhere_are_better() {
    let kept = image();
    let copy = |path: &str| kept.root().join(path).display().to_string();
    let edited = image().file(MANIFEST, "#mtree\n");
    edited
        .without(RECORD)
        .verify()
        .args(["--record", &copy(RECORD), "--manifest", &copy(MANIFEST)])
        .stdout(&format!(
            "gone /etc/image_info/build.json: sha256 {} -> nothing\n\
             content /etc/image_info/files.mtree: sha256 {} -> sha256 {}\n",
            sha256(&std::fs::read_to_string(copy(RECORD)).expect("read")),
            sha256(&std::fs::read_to_string(copy(MANIFEST)).expect("read")),
            sha256("#mtree\n"),
        ))
        .stderr("tiny: 2 differences in 4 files, 0 packages, 0 distributions and 1 account\n")
        .status(1)
        .run();
}

/// Insists that an image cannot be verified, for this reason.
fn refused(test: Test, why: &str) {
    test.verify()
        .stderr(&format!("error: {why}\n"))
        .status(2)
        .run();
}

#[test]
fn without_a_record_nothing_can_be_told() {
    let hint = "If loci-install made this image, give a copy of its record: --record FILE";
    refused(
        Test::new(),
        &format!("ROOT/{RECORD}: there is no record to verify with: it does not exist. {hint}"),
    );
    for text in ["{}}", "{}", "[]", "{\"format\": 2, \"steps\": 5}"] {
        refused(
            image().file(RECORD, text),
            &format!(
                "ROOT/{RECORD}: there is no record to verify with: \
                 it is no record of loci-install, or it is damaged. {hint}"
            ),
        );
    }
}

#[test]
fn records_of_other_programs_are_told() {
    refused(
        with(|record| {
            record["format"] = 9.into();
            record["steps"] = "of which nothing is known".into();
        }),
        &format!(
            "ROOT/{RECORD}: the record has the format 9, which is newer than this program; \
             verify with loci-install 0.1.0"
        ),
    );
    refused(
        with(|record| {
            record["format"] = 1.into();
            record["packages"] = json!(["netbase"]);
            record["manifest_sha256"] = Value::Null;
        }),
        &format!(
            "ROOT/{RECORD}: the record says nothing of files (loci-install 0.1.0 wrote it); \
             build the image anew with this program"
        ),
    );
}

#[test]
fn an_image_has_to_be_finished() {
    refused(
        with(|record| record["finished"] = false.into()),
        &format!(
            "ROOT/{RECORD}: the build of this image did not come to its end: \
             run `loci-install` again"
        ),
    );
    refused(
        with(|record| {
            record["finished"] = false.into();
            record["left"] = json!(["smoke"]);
        }),
        &format!(
            "ROOT/{RECORD}: the build of this image did not come to its end; \
             what is left is smoke: run `loci-install` again"
        ),
    );
    refused(
        image().file("var/lib/loci-install/record.json", "{}"),
        "ROOT/var/lib/loci-install is there: a build was begun in this image and did not come \
         to its end; run it again to finish it",
    );
}

#[test]
fn without_a_manifest_nothing_can_be_told() {
    let hint = "Give a copy of it: --manifest FILE";
    refused(
        image().without(MANIFEST),
        &format!(
            "ROOT/{MANIFEST}: there is no manifest to compare files with: \
             it does not exist. {hint}"
        ),
    );
    refused(
        image().file(MANIFEST, "#mtree\n./etc type=door\n"),
        &format!(
            "ROOT/{MANIFEST}: there is no manifest to compare files with: \
             line 2: \"door\" is no type. {hint}"
        ),
    );
}

//! Brings images into a registry as they are: skopeo compresses what is plain
//! (<https://distribution.github.io/distribution/spec/api/>).

use ureq::http::Uri;
use ureq::{Agent, Body};

use crate::image::{Image, Index, OCI_MANIFEST, STATEMENT, attestation};
use crate::layer::digest;

/// Brings an image, named `name:tag`, and gives its digest.
pub fn image(host: &str, name: &str, image: &Image) -> String {
    let (repository, tag) = split(name);
    bring(host, repository, image);
    let manifest = image.manifest();
    put(host, repository, tag, image.media_type(), &manifest)
}

/// Brings an index and all that it names.
pub fn index(host: &str, name: &str, index: &Index) -> String {
    let (repository, tag) = split(name);
    for (_, image) in &index.images {
        bring(host, repository, image);
        let manifest = image.manifest();
        let digest = digest(&manifest);
        put(host, repository, &digest, image.media_type(), &manifest);
    }
    if index.attested {
        blob(host, repository, STATEMENT);
        blob(host, repository, b"{}");
        let attestation = attestation();
        let digest = digest(&attestation);
        put(host, repository, &digest, OCI_MANIFEST, &attestation);
    }
    put(host, repository, tag, index.media_type(), &index.document())
}

fn split(name: &str) -> (&str, &str) {
    name.split_once(':').expect("a name and a tag")
}

fn bring(host: &str, repository: &str, image: &Image) {
    blob(host, repository, &image.configuration());
    for layer in &image.layers {
        blob(host, repository, &layer.bytes);
    }
}

fn blob(host: &str, repository: &str, bytes: &[u8]) {
    let agent = agent();
    let begun = agent
        .post(format!("http://{host}/v2/{repository}/blobs/uploads/"))
        .send_empty()
        .expect("the registry");
    assert_eq!(begun.status(), 202, "{}", text(begun));
    let location = begun.headers()["location"].to_str().expect("a location");
    // Relative where the registry was told so.
    let location: Uri = location.parse().expect("a location");
    let path = location.path_and_query().expect("a path");
    let url = format!("http://{host}{path}&digest={}", digest(bytes));
    let done = agent.put(url).send(bytes).expect("the registry");
    assert_eq!(done.status(), 201, "{}", text(done));
}

fn put(host: &str, repository: &str, tag: &str, media_type: &str, bytes: &[u8]) -> String {
    let done = agent()
        .put(format!("http://{host}/v2/{repository}/manifests/{tag}"))
        .header("Content-Type", media_type)
        .send(bytes)
        .expect("the registry");
    assert_eq!(done.status(), 201, "{}", text(done));
    digest(bytes)
}

fn agent() -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .build()
        .into()
}

fn text(mut answer: ureq::http::Response<Body>) -> String {
    answer.body_mut().read_to_string().unwrap_or_default()
}

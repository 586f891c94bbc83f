//! Servers that want to know what is not theirs to know. They are made of nothing but
//! answers, since no real registry does this.

use serde_json::json;

use crate::answer::Answer;
use crate::fetch::{Fetch, login};
use crate::server::Server;

/// A registry that wants a token of this realm.
fn wants_token_of(realm: String) -> Server {
    Server::start(move |_| {
        let challenge = format!("Bearer realm=\"{realm}\",service=\"x\"");
        Answer::of(401).header("WWW-Authenticate", &challenge)
    })
}

/// The address of a server on this machine by another name.
fn elsewhere(server: &Server) -> String {
    format!("localhost:{}", server.port)
}

#[test]
fn a_realm_is_not_told_the_password_that_netrc_has_for_it() {
    let tokens = Server::start(|_| Answer::with("{\"token\": \"t\"}"));
    let registry = wants_token_of(format!("http://{}/token", elsewhere(&tokens)));
    Fetch::of(&format!("{}/x:1", registry.host()))
        .http()
        .file(".netrc", "machine localhost login victim password s3cret")
        .run()
        .failed(&[&registry.host()]);
    let asked = tokens.requests();
    assert!(!asked.is_empty());
    assert!(
        asked
            .iter()
            .all(|request| request.header("authorization").is_none())
    );
}

#[test]
fn an_identity_token_is_not_handed_on() {
    let thief = Server::start(|_| Answer::with("{\"token\": \"t\"}"));
    let target = format!("http://{}/token", elsewhere(&thief));
    let tokens = Server::start(move |_| {
        let mut answer = Answer::redirect(&target);
        answer.status = 307;
        answer
    });
    let registry = wants_token_of(tokens.url("/token"));
    let mut entry = login("<token>", "");
    entry["identitytoken"] = json!("an-identity");
    Fetch::of(&format!("{}/x:1", registry.host()))
        .http()
        .docker(&json!({"auths": {registry.host(): entry}}))
        .run()
        .failed(&[&registry.host(), &tokens.host(), &elsewhere(&thief)])
        .hides("an-identity");
    assert_eq!(tokens.requests().len(), 1);
    assert!(thief.requests().is_empty());
}

#[test]
fn who_does_not_ask_is_told_nothing() {
    let registry = Server::start(|_| Answer::of(404));
    // By detection, which asks before anybody wants to know who asks.
    Fetch::of(&format!("{}/x:1", registry.host()))
        .file(".netrc", "default login n password s3cret")
        .run()
        .failed(&[&registry.host()]);
    let asked = registry.requests();
    assert!(!asked.is_empty());
    assert!(
        asked
            .iter()
            .all(|request| request.header("authorization").is_none())
    );
}

#[test]
fn its_words_do_not_change_a_terminal() {
    let registry = Server::start(|request| {
        if request.is_manifest() {
            let manifest = json!({
                "schemaVersion": 2,
                "mediaType": "\u{1b}[2J\nerror: forged",
                "layers": [],
            });
            Answer::with(manifest.to_string())
        } else {
            Answer::of(404)
        }
    });
    Fetch::of(&format!("{}/x:1", registry.host()))
        .http()
        .run()
        .failed(&["?[2J?error: forged"])
        .hides("\u{1b}");
}

#[test]
fn the_password_of_a_url_goes_along_on_its_server() {
    let files = [("a-1-py3-none-any.whl", "a"), ("upper-constraints.txt", "")];
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_cksum();
        let added = builder.append_data(&mut header, name, content.as_bytes());
        added.expect("added");
    }
    let tarball = builder.into_inner().expect("a tar");
    let server = Server::start(move |request| match request.path.as_str() {
        "/w.tar" => Answer::redirect("/moved.tar"),
        _ if request.header("authorization").is_some() => Answer::with(tarball.clone()),
        _ => Answer::of(401),
    });
    let url = format!("http://u:s3cret@{}/w.tar", server.host());
    let said = Fetch::of(&url).run();
    assert_eq!(said.status, Some(0), "{}", said.stderr);
    said.hides("s3cret");
}

//! Registries that want a token.

use std::sync::Mutex;

use serde_json::json;

use crate::answer::Answer;
use crate::fetch::{Fetch, login};
use crate::files::{Files, constraints, of};
use crate::image::Image;
use crate::layer::Layer;
use crate::proxy;
use crate::registry::{PASSWORD, Registry, Storage, USER};
use crate::tokens::{Accepts, SERVICE, Tokens};

const NAME: &str = "loci/requirements:1";

/// A registry with an image, what is in that, and its token server.
fn registry(accepts: Accepts) -> (Files, Registry, Tokens) {
    with(Tokens::start(accepts))
}

fn with(tokens: Tokens) -> (Files, Registry, Tokens) {
    let (files, image) = Image::stock();
    let registry = Registry::with_tokens(Storage::of([(NAME, &image)]), &tokens);
    (files, registry, tokens)
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn everybody_gets_a_token_for_what_is_open() {
    let (files, registry, tokens) = registry(Accepts::Anyone);
    Fetch::of(&registry.reference(NAME)).run().brought(&files);
    let asked = tokens.requests();
    // One is enough for all that is fetched.
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert_eq!(asked[0].method, "GET");
    assert_eq!(asked[0].header("authorization"), None);
    let (_, query) = asked[0].path.split_once('?').expect("a query");
    let pairs: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
    for (name, value) in [
        ("service", "a-registry"),
        ("scope", "repository:loci/requirements:pull"),
    ] {
        assert!(
            pairs.contains(&(name.into(), value.into())),
            "{name}={value} is not in {query}"
        );
    }
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_token_is_given_for_a_login() {
    let (files, registry, tokens) = registry(Accepts::Login(USER, PASSWORD));
    let (host, reference) = (registry.host(), registry.reference(NAME));
    Fetch::of(&reference)
        .login(&host, USER, PASSWORD)
        .run()
        .brought(&files)
        .hides(PASSWORD);
    assert_eq!(tokens.requests().len(), 1);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn who_gets_no_token_is_told() {
    let (_, registry, tokens) = registry(Accepts::Login(USER, PASSWORD));
    let (host, reference) = (registry.host(), registry.reference(NAME));
    Fetch::of(&reference).run().failed(&[&host, &reference]);
    Fetch::of(&reference)
        .login(&host, USER, "not-this-one")
        .run()
        .failed(&[&host, &reference])
        .hides("not-this-one");
    // Asking again does not help.
    assert!(tokens.requests().len() <= 4, "{:?}", tokens.requests());
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_token_that_allows_nothing_is_an_error() {
    let (_, registry, tokens) = registry(Accepts::Nothing);
    let (host, reference) = (registry.host(), registry.reference(NAME));
    Fetch::of(&reference).run().failed(&[&host, &reference]);
    assert!(tokens.requests().len() <= 3, "{:?}", tokens.requests());
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn an_identity_token_is_changed_for_one() {
    let identity = "an-identity-token";
    let (files, registry, tokens) = registry(Accepts::Identity(identity));
    let (host, reference) = (registry.host(), registry.reference(NAME));
    let mut entry = login("<token>", "");
    entry["identitytoken"] = json!(identity);
    Fetch::of(&reference)
        .docker(&json!({"auths": {&host: entry}}))
        .run()
        .brought(&files)
        .hides(identity);
    let answer = json!({"ServerURL": host, "Username": "<token>", "Secret": identity});
    Fetch::of(&reference)
        .script(
            "docker-credential-test",
            &format!("cat > /dev/null; echo '{answer}'"),
        )
        .docker(&json!({"credHelpers": {&host: "test"}}))
        .run()
        .brought(&files)
        .hides(identity);
    for request in tokens.requests() {
        assert_eq!(request.method, "POST");
        assert!(!request.path.contains(identity));
        let form: Vec<_> = url::form_urlencoded::parse(&request.body).collect();
        for (name, value) in [
            ("grant_type", "refresh_token"),
            ("service", "a-registry"),
            ("scope", "repository:loci/requirements:pull"),
        ] {
            assert!(form.contains(&(name.into(), value.into())), "{form:?}");
        }
        assert!(form.iter().any(|(name, _)| name == "client_id"), "{form:?}");
    }
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_token_that_ran_out_is_replaced() {
    let (files, registry, tokens) = registry(Accepts::Anyone);
    let challenge = format!(
        "Bearer realm=\"{}\",service=\"{}\",scope=\"repository:loci/requirements:pull\",\
         error=\"invalid_token\"",
        tokens.realm(),
        SERVICE
    );
    let proxy = proxy::before(registry.port, move |asked| {
        let ran_out = asked.is_blob() && asked.nth == 0;
        if ran_out && asked.header("authorization").is_some() {
            Answer::of(401).header("WWW-Authenticate", &challenge)
        } else {
            asked.pass()
        }
    });
    let reference = format!("{}/{NAME}", proxy.host());
    Fetch::of(&reference).http().run().brought(&files);
    assert_eq!(tokens.requests().len(), 2);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_token_that_runs_out_in_the_middle_of_a_layer_is_replaced() {
    let (files, registry, tokens) = registry(Accepts::Anyone);
    let challenge = format!(
        "Bearer realm=\"{}\",service=\"{}\",scope=\"repository:loci/requirements:pull\"",
        tokens.realm(),
        SERVICE
    );
    let proxy = proxy::before(registry.port, move |asked| {
        match (asked.is_blob(), asked.nth) {
            (true, 0) => asked.pass().cut(100_000),
            (true, 1) => Answer::of(401).header("WWW-Authenticate", &challenge),
            _ => asked.pass(),
        }
    });
    let reference = format!("{}/{NAME}", proxy.host());
    Fetch::of(&reference).http().run().brought(&files);
    let ranges: Vec<_> = proxy
        .blobs()
        .iter()
        .map(|request| request.header("range").map(str::to_owned))
        .collect();
    assert_eq!(ranges[0], None);
    assert_eq!(ranges.last(), Some(&Some("bytes=100000-".to_owned())));
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_registry_that_refuses_every_token_is_not_asked_for_ever() {
    let (_, registry, tokens) = registry(Accepts::Anyone);
    let challenge = format!(
        "Bearer realm=\"{}\",service=\"{}\"",
        tokens.realm(),
        SERVICE
    );
    let proxy = proxy::before(registry.port, move |_| {
        Answer::of(401).header("WWW-Authenticate", &challenge)
    });
    let reference = format!("{}/{NAME}", proxy.host());
    Fetch::of(&reference)
        .http()
        .run()
        .failed(&[&proxy.host(), &reference]);
    assert!(proxy.requests().len() <= 8, "{:?}", proxy.requests());
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_token_that_ran_out_is_replaced_once_for_all_layers() {
    let mut files = constraints("layer===1.0\n");
    let mut layers = vec![Layer::of(&files).gzip()];
    for number in 0..8 {
        let name = format!("layer_{number}-1.0-py3-none-any.whl");
        let wheel = of(&[(&name, 50_000)]);
        layers.push(Layer::of(&wheel).gzip());
        files.extend(wheel);
    }
    let tokens = Tokens::start(Accepts::Anyone);
    let storage = Storage::of([(NAME, &Image::of(layers))]);
    let registry = Registry::with_tokens(storage, &tokens);
    let challenge = format!("Bearer realm=\"{}\",service=\"{SERVICE}\"", tokens.realm());
    // The one that the manifest was had with.
    let first = Mutex::new(None);
    let proxy = proxy::before(registry.port, move |asked| {
        let token = asked.header("authorization").map(str::to_owned);
        let mut first = first.lock().expect("no panic");
        if asked.is_manifest() && token.is_some() {
            first.clone_from(&token);
        }
        if asked.is_blob() && *first == token {
            Answer::of(401).header("WWW-Authenticate", &challenge)
        } else {
            drop(first);
            asked.pass()
        }
    });
    let reference = format!("{}/{NAME}", proxy.host());
    Fetch::of(&reference).http().run().brought(&files);
    assert_eq!(tokens.requests().len(), 2);
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_token_server_in_trouble_is_asked_again() {
    let faults: [fn(Answer) -> Answer; 4] = [
        |_| Answer::of(503),
        |_| Answer::of(429).header("Retry-After", "0"),
        Answer::dropped,
        |answer| answer.stall(0),
    ];
    for fault in faults {
        let tokens = Tokens::start_failing(Accepts::Anyone, move |request, answer| {
            if request.nth == 0 {
                fault(answer)
            } else {
                answer
            }
        });
        let (files, registry, _tokens) = with(tokens);
        Fetch::of(&registry.reference(NAME))
            .http()
            .set("PIP_DEFAULT_TIMEOUT", "0.5")
            .run()
            .brought(&files);
    }
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_token_server_that_gives_none_is_named() {
    let faults: [fn(Answer) -> Answer; 6] = [
        |_| Answer::of(503),
        |_| Answer::of(404),
        |answer| answer.stall(5),
        |answer| answer.body("<html>log in</html>"),
        |answer| answer.body("{\"token\": \"\"}"),
        |answer| answer.body(vec![b' '; 2 << 20]),
    ];
    for fault in faults {
        let tokens = Tokens::start_failing(Accepts::Login(USER, PASSWORD), move |_, answer| {
            fault(answer)
        });
        let (_, registry, tokens) = with(tokens);
        let (host, reference) = (registry.host(), registry.reference(NAME));
        let realm = tokens.realm();
        Fetch::of(&reference)
            .http()
            .login(&host, USER, PASSWORD)
            .set("PIP_DEFAULT_TIMEOUT", "0.5")
            .set("PIP_RETRIES", "1")
            .run()
            .failed(&[&reference, &realm])
            .hides(PASSWORD);
    }
}

#[test]
#[ignore = "needs docker-registry: cargo xtask test"]
fn a_token_that_cannot_be_told_is_none() {
    let tokens = Tokens::start_failing(Accepts::Anyone, |_, answer| {
        answer.body("{\"token\": \"two\\r\\nLines: of a head\"}")
    });
    let (_, registry, tokens) = with(tokens);
    let reference = registry.reference(NAME);
    Fetch::of(&reference)
        .http()
        .run()
        .failed(&[&reference, &tokens.realm()])
        .hides("Lines");
}

//! A token server (<https://distribution.github.io/distribution/spec/auth/token/>).

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::certificates::Certificate;
use crate::server::{Request, Server};
use crate::tools::run;

/// How many tokens were given.
static GIVEN: AtomicU64 = AtomicU64::new(0);

/// What it calls the registry.
pub const SERVICE: &str = "a-registry";
/// What it calls itself.
pub const ISSUER: &str = "a-token-server";

/// Whom it gives a token that lets him read.
#[derive(Clone, Debug)]
pub enum Accepts {
    /// Who has this name and password.
    Login(&'static str, &'static str),
    /// Who brings this identity token (OAuth 2, RFC 6749, 6).
    Identity(&'static str),
    /// Everybody.
    Anyone,
    /// Nobody: its tokens allow nothing.
    Nothing,
}

/// The server.
pub struct Tokens {
    server: Server,
    certificate: Arc<Certificate>,
}

impl Tokens {
    /// Starts one.
    pub fn start(accepts: Accepts) -> Self {
        Self::start_failing(accepts, |_, answer| answer)
    }

    /// One whose answers are spoiled.
    pub fn start_failing(
        accepts: Accepts,
        spoil: impl Fn(&Request, Answer) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let certificate = Arc::new(Certificate::of_signer());
        // The server outlives the test, and what it holds is never removed.
        let signer = Arc::downgrade(&certificate);
        let server = Server::start(move |request| {
            let signer = signer.upgrade().expect("the test goes on");
            spoil(request, answer(&accepts, &signer, request))
        });
        Self {
            server,
            certificate,
        }
    }

    /// Where registries send those who have no token.
    pub fn realm(&self) -> String {
        self.server.url("/token")
    }

    /// The certificate that its tokens are checked with.
    pub fn certificate(&self) -> PathBuf {
        self.certificate.path("signer.pem")
    }

    /// What it was asked.
    pub fn requests(&self) -> Vec<Request> {
        self.server.requests()
    }
}

fn answer(accepts: &Accepts, certificate: &Certificate, request: &Request) -> Answer {
    let (_, query) = request.path.split_once('?').unwrap_or_default();
    let form = String::from_utf8_lossy(&request.body);
    let asked = if request.method == "POST" {
        &form
    } else {
        query
    };
    let value = |name: &str| {
        let mut pairs = url::form_urlencoded::parse(asked.as_bytes());
        let found = pairs.find(|(key, _)| key == name);
        found.map(|(_, value)| value.into_owned())
    };
    let authorization = request.header("authorization");
    let is_known = match accepts {
        Accepts::Login(user, password) => {
            let login = BASE64_STANDARD.encode(format!("{user}:{password}"));
            authorization == Some(&format!("Basic {login}"))
        }
        Accepts::Identity(token) => {
            request.method == "POST"
                && value("grant_type").as_deref() == Some("refresh_token")
                && value("refresh_token").as_deref() == Some(token)
        }
        Accepts::Anyone | Accepts::Nothing => true,
    };
    let is_service = value("service").as_deref() == Some(SERVICE);
    if !is_known || !is_service {
        let why = json!({"errors": [{"code": "UNAUTHORIZED", "message": "who are you"}]});
        let mut refusal = Answer::with(why.to_string());
        refusal.status = 401;
        return refusal;
    }
    let scope = value("scope").unwrap_or_default();
    let access = match accepts {
        Accepts::Nothing => json!([]),
        _ => access(&scope),
    };
    let token = signed(certificate, &access);
    let answer = json!({"token": token, "access_token": token, "expires_in": 300});
    Answer::with(answer.to_string()).header("Content-Type", "application/json")
}

/// What is asked for, in the words of a token: `repository:NAME:pull`.
fn access(scope: &str) -> Value {
    let parts: Vec<&str> = scope.splitn(3, ':').collect();
    match parts[..] {
        [kind, name, "pull"] => json!([{"type": kind, "name": name, "actions": ["pull"]}]),
        _ => json!([]),
    }
}

/// A token (RFC 7519), signed by RSA and SHA-256.
fn signed(certificate: &Certificate, access: &Value) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.expect("it is after 1970").as_secs();
    let header = json!({
        "typ": "JWT",
        "alg": "RS256",
        "x5c": [der(&certificate.path("signer.pem"))],
    });
    let claims = json!({
        "iss": ISSUER,
        "sub": "",
        "aud": SERVICE,
        "exp": now + 300,
        "nbf": now - 10,
        "iat": now - 10,
        // Each is another one, even in one second.
        "jti": GIVEN.fetch_add(1, Ordering::Relaxed).to_string(),
        "access": access,
    });
    let encoded = |part: &Value| BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
    let text = format!("{}.{}", encoded(&header), encoded(&claims));
    let signature = signature(&text, &certificate.path("signer-key.pem"));
    format!("{text}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}

fn signature(text: &str, key: &Path) -> Vec<u8> {
    let directory = tempfile::tempdir().expect("a directory");
    let (input, output) = (directory.path().join("text"), directory.path().join("out"));
    fs::write(&input, text).expect("written");
    let words = ["dgst".as_ref(), "-sha256".as_ref(), "-sign".as_ref()];
    let files = [key, "-out".as_ref(), &output, &input];
    run("openssl", words.into_iter().chain(files));
    fs::read(output).expect("a signature")
}

/// The one certificate of a file, as JWTs have it (RFC 7515, 4.1.6).
fn der(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a certificate");
    text.lines().filter(|line| !line.starts_with('-')).collect()
}

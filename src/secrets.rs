//! Credentials, and how they are kept out of everything that leaves the program.
//!
//! Every text for people or for the record goes through [`Secrets::mask`]: log
//! lines, plans, errors, and what children say.

use std::sync::LazyLock;

use percent_encoding::percent_decode_str;
use regex::Regex;
use serde_json::Value;

const MASK: &str = "****";

/// `scheme://user:password@host`: everything between the slashes and the `@` (RFC 3986, 3.2.1).
static USERINFO: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"([A-Za-z][A-Za-z0-9+.-]*://)([^/\s"@]+(?:@[^/\s"@]+)*)@"#).expect("constant")
});

/// What stands in arguments without a scheme, `--proxy user:password@host`, and
/// in queries, `?private_token=...`.
static OTHERS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r##"(?i)(?:^|[\s='"])[^\s'"/@:=]+:([^\s'"/@]+)@|[?&][a-z_-]*(?:token|password|secret|key|sig|signature|credential|auth)=([^&\s'"#]+)"##,
    )
    .expect("constant")
});

/// The credentials found in the user's input.
#[derive(Debug, Clone, Default)]
pub struct Secrets(Vec<String>);

impl Secrets {
    /// The text without what stands in its URLs for a user and a password, or for their
    /// mask.
    #[must_use]
    pub fn without(text: &str) -> String {
        USERINFO.replace_all(text, "$1").into_owned()
    }

    /// Collects the credentials that stand in URLs inside `texts`.
    pub fn gather<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut found: Vec<String> = Vec::new();
        for text in texts.into_iter().filter(|text| text.contains(['@', '?'])) {
            for capture in OTHERS.captures_iter(text) {
                let rest = capture.get(0).map_or("", |all| &text[all.end()..]);
                // An image, `name:tag@sha256:...`, has a name and a tag.
                if rest.starts_with("sha256:") || rest.starts_with("sha512:") {
                    continue;
                }
                let password = capture.get(1).or(capture.get(2));
                found.extend(password.map(|password| password.as_str().to_owned()));
            }
            for capture in USERINFO.captures_iter(text) {
                let userinfo = &capture[2];
                // The `git` of ssh://git@host is a name; masked as a secret, it
                // would leave of every `git clone` in the log a `**** clone`.
                if !userinfo.contains(':') && (userinfo == "git" || capture[1].contains("ssh")) {
                    continue;
                }
                let password = userinfo
                    .split_once(':')
                    .map_or(userinfo, |(_, password)| password);
                found.push(password.to_owned());
                found.push(
                    percent_decode_str(password)
                        .decode_utf8_lossy()
                        .into_owned(),
                );
            }
        }
        Self::of(found)
    }

    /// Whether there are credentials in the URLs of a text.
    #[must_use]
    pub fn are_in(text: &str) -> bool {
        text.contains(['@', '?']) && !Self::gather([text]).0.is_empty()
    }

    /// These, and the credentials in the URLs of one more text.
    #[must_use]
    pub fn and(mut self, text: &str) -> Self {
        self.0.extend(Self::gather([text]).0);
        Self::of(self.0)
    }

    fn of(mut found: Vec<String>) -> Self {
        // A secret of one or two characters would blot out half of every line,
        // and inside its URL it is masked all the same.
        found.retain(|secret| secret.chars().count() > 2);
        found.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        found.dedup();
        Self(found)
    }

    /// The same for every text in a JSON value, but not for the names of its fields:
    /// in the printed JSON a password such as `null` would be found where it is none.
    #[must_use]
    pub fn mask_json(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.mask(&text)),
            Value::Array(values) => values
                .into_iter()
                .map(|value| self.mask_json(value))
                .collect(),
            Value::Object(fields) => fields
                .into_iter()
                .map(|(name, value)| (name, self.mask_json(value)))
                .collect(),
            value => value,
        }
    }

    /// The text with every credential replaced by `****`.
    #[must_use]
    pub fn mask(&self, text: &str) -> String {
        let mut masked = if text.contains("://") {
            USERINFO
                .replace_all(text, format!("${{1}}{MASK}@"))
                .into_owned()
        } else {
            text.to_owned()
        };
        for secret in &self.0 {
            if masked.contains(secret.as_str()) {
                masked = masked.replace(secret.as_str(), MASK);
            }
        }
        masked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_disappear_wherever_they_turn_up() {
        let secrets = Secrets::gather(["--index-url https://ci:s3cr%40t@pypi.example/simple"]);
        assert_eq!(
            secrets.mask("GET https://ci:s3cr%40t@pypi.example/simple/pip"),
            "GET https://****@pypi.example/simple/pip"
        );
        assert_eq!(secrets.mask("password is s3cr@t"), "password is ****");
        assert_eq!(secrets.mask("nothing here"), "nothing here");
    }

    #[test]
    fn a_lone_token_is_a_secret_and_ssh_users_are_masked_too() {
        let secrets = Secrets::gather(["git+https://ghp_token123@host/x"]);
        assert_eq!(secrets.mask("ghp_token123"), "****");
        assert_eq!(secrets.mask("ssh://git@host/x"), "ssh://****@host/x");
    }

    #[test]
    fn the_user_of_an_ssh_url_is_no_secret_elsewhere() {
        for url in [
            "ssh://git@host/x",
            "git+ssh://zuul@host/x",
            "https://git@host/x",
        ] {
            let secrets = Secrets::gather([url]);
            assert_eq!(secrets.mask("git clone zuul"), "git clone zuul", "{url}");
        }
        let secrets = Secrets::gather(["ssh://git:pass@host/x"]);
        assert_eq!(secrets.mask("pass"), "****");
    }

    #[test]
    fn credentials_without_a_scheme_and_in_queries_count() {
        let secrets = Secrets::gather([
            "--proxy ci:hunter22@proxy:3128",
            "https://h/x?a=1&private_token=glpat-1",
        ]);
        assert_eq!(
            secrets.mask("via ci:hunter22@proxy, https://h/x?a=1&private_token=glpat-1"),
            "via ci:****@proxy, https://h/x?a=1&private_token=****"
        );
    }

    #[test]
    fn a_tag_before_a_digest_is_no_password() {
        let hex = "0".repeat(64);
        let secrets = Secrets::gather([format!("requirements:master@sha256:{hex}").as_str()]);
        assert_eq!(secrets.mask("check out master"), "check out master");
    }

    #[test]
    fn an_at_sign_inside_a_password_does_not_cut_it_short() {
        let secrets = Secrets::gather(["http://u:p@ss@host/"]);
        assert_eq!(secrets.mask("http://u:p@ss@host/"), "http://****@host/");
    }
}

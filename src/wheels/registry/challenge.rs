//! What a registry answers who must say who they are: `WWW-Authenticate`.

/// A way to authenticate that a server offers (RFC 9110, 11.3 and 11.6.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// `bearer`, `basic`: in lower-case letters.
    pub scheme: String,
    parameters: Vec<(String, String)>,
}

impl Challenge {
    /// A parameter's value; names are compared without regard to case.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let mut parameters = self.parameters.iter();
        let found = parameters.find(|(parameter, _)| parameter.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// The challenges of one header's value, in their order. What cannot be read ends the
/// list: what came before it counts.
#[must_use]
pub fn challenges(value: &str) -> Vec<Challenge> {
    let mut all: Vec<Challenge> = Vec::new();
    let mut rest = Rest(value);
    loop {
        rest.skip(|character| character == ',' || character.is_ascii_whitespace());
        let Some(word) = rest.token() else {
            return all;
        };
        let after_word = rest.0;
        rest.skip(|character| character.is_ascii_whitespace());
        // `name=value` belongs to the challenge before it, anything else begins one.
        let parameter = rest.eat('=').then(|| {
            rest.skip(|character| character.is_ascii_whitespace());
            rest.value()
        });
        match (parameter, all.last_mut()) {
            (Some(Some(value)), Some(challenge)) => {
                challenge.parameters.push((word.to_owned(), value));
            }
            (Some(_), _) => return all,
            (None, _) => {
                all.push(Challenge {
                    scheme: word.to_ascii_lowercase(),
                    parameters: Vec::new(),
                });
                rest = Rest(after_word);
                rest.skip_token68();
            }
        }
    }
}

/// What is still to be read.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn skip(&mut self, what: impl Fn(char) -> bool) {
        self.0 = self.0.trim_start_matches(what);
    }

    fn eat(&mut self, character: char) -> bool {
        let rest = self.0.strip_prefix(character);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    /// RFC 9110, 5.6.2.
    fn token(&mut self) -> Option<&'a str> {
        let is_inner = |character: char| {
            character.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(character)
        };
        let end = self.0.find(|character| !is_inner(character));
        let (token, rest) = self.0.split_at(end.unwrap_or(self.0.len()));
        self.0 = rest;
        (!token.is_empty()).then_some(token)
    }

    /// A token, or a text in quotation marks (RFC 9110, 5.6.4).
    fn value(&mut self) -> Option<String> {
        if !self.eat('"') {
            return self.token().map(str::to_owned);
        }
        let mut value = String::new();
        let mut characters = self.0.chars();
        loop {
            match characters.next()? {
                '"' => break,
                '\\' => value.push(characters.next()?),
                character => value.push(character),
            }
        }
        self.0 = characters.as_str();
        Some(value)
    }

    /// Goes past a scheme's one value without a name, as `Negotiate` has it.
    fn skip_token68(&mut self) {
        let text = self.0.trim_start_matches(' ');
        let is_inner =
            |character: char| character.is_ascii_alphanumeric() || "-._~+/".contains(character);
        let rest = text.trim_start_matches(is_inner).trim_start_matches('=');
        let ended = rest.is_empty() || rest.trim_start().starts_with(',');
        // Of `realm="x"` the name alone would match, and no comma follows it.
        if rest.len() < text.len() && ended {
            self.0 = rest;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(value: &str) -> Vec<(String, Vec<(String, String)>)> {
        let all = challenges(value).into_iter();
        all.map(|challenge| (challenge.scheme, challenge.parameters))
            .collect()
    }

    fn one(scheme: &str, parameters: &[(&str, &str)]) -> (String, Vec<(String, String)>) {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        (scheme.to_owned(), parameters.iter().map(owned).collect())
    }

    #[test]
    fn what_registries_say_is_read() {
        let bearer = "Bearer realm=\"https://auth.example/token\",service=\"registry.example\",\
                      scope=\"repository:a/b:pull,push\",error=\"invalid_token\"";
        let first = &challenges(bearer)[0];
        assert_eq!(first.scheme, "bearer");
        assert_eq!(first.parameter("Realm"), Some("https://auth.example/token"));
        assert_eq!(first.parameter("scope"), Some("repository:a/b:pull,push"));
        assert_eq!(first.parameter("nonce"), None);
        assert_eq!(
            read("Basic realm=\"a \\\"b\\\" \\\\c\", charset=UTF-8"),
            [one(
                "basic",
                &[("realm", "a \"b\" \\c"), ("charset", "UTF-8")]
            )]
        );
    }

    #[test]
    fn several_in_one_header_are_told_apart() {
        assert_eq!(
            read("Negotiate, Basic realm=x ,, NTLM TlRM+/==, bearer realm = \"y\" , service=z"),
            [
                one("negotiate", &[]),
                one("basic", &[("realm", "x")]),
                one("ntlm", &[]),
                one("bearer", &[("realm", "y"), ("service", "z")]),
            ]
        );
    }

    #[test]
    fn what_cannot_be_read_ends_the_list() {
        assert_eq!(read(""), []);
        assert_eq!(read("realm=x"), []);
        assert_eq!(read("Bearer realm=\"open"), [one("bearer", &[])]);
        assert_eq!(read("Basic realm=x, =y"), [one("basic", &[("realm", "x")])]);
    }

    proptest! {
        #[test]
        fn it_ends_on_every_text(text in "[A-Za-z=\", \\\\+/\\PC]{0,60}") {
            let _ = challenges(&text);
        }
    }
}

//! The ways to servers: with or without a proxy, with or without a check of certificates.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Proxy};
use url::Url;

use super::error::DownloadError;
use super::proxies::Proxies;
use super::{partial, roots};
use crate::variables::variable;

/// Connections that are kept for the next file, at most.
const IDLE: usize = 32;

/// How servers are trusted beyond what the environment says.
#[derive(Debug, Clone, Copy, Default)]
pub struct Trust<'a> {
    /// A bundle of authorities beside the others, and the setting that names it.
    pub bundle: Option<(&'static str, &'a Path)>,
    /// Any certificate will do.
    pub anybody: bool,
}

/// All ways.
pub struct Routes {
    checked: Agents,
    unchecked: Agents,
    proxies: Proxies,
    /// `host` or `host:port`, as `PIP_TRUSTED_HOST` has them.
    trusted: Vec<String>,
    anybody: bool,
    has_roots: bool,
}

/// One for each proxy, because a connection is kept by the one that made it.
struct Agents {
    direct: Agent,
    http: Agent,
    https: Agent,
}

impl Routes {
    /// From the environment; `silence` is how long a server may say nothing.
    pub fn new(
        environment: &[(String, String)],
        silence: Duration,
        trust: &Trust<'_>,
    ) -> Result<Self, DownloadError> {
        let proxies = Proxies::new(environment)?;
        let mut roots = roots::load(environment)?;
        if let Some((variable, bundle)) = trust.bundle {
            roots.extend(roots::named(variable, bundle)?);
        }
        let has_roots = !roots.is_empty();
        let checked = TlsConfig::builder()
            .root_certs(RootCerts::Specific(Arc::new(roots)))
            .build();
        let unchecked = TlsConfig::builder().disable_verification(true).build();
        let trusted = variable(environment, "PIP_TRUSTED_HOST").unwrap_or_default();
        Ok(Self {
            checked: Agents::new(&checked, silence, &proxies),
            unchecked: Agents::new(&unchecked, silence, &proxies),
            trusted: trusted
                .split_ascii_whitespace()
                .map(str::to_ascii_lowercase)
                .collect(),
            proxies,
            anybody: trust.anybody,
            has_roots,
        })
    }

    /// The way to a URL; none to an `https://` one that nothing can vouch for.
    pub fn to(&self, url: &Url) -> Option<&Agent> {
        let is_https = url.scheme() == "https";
        let agents = if self.anybody || self.is_trusted(url) {
            &self.unchecked
        } else if is_https && !self.has_roots {
            return None;
        } else {
            &self.checked
        };
        Some(match self.proxy(url) {
            None => &agents.direct,
            Some(_) if is_https => &agents.https,
            Some(_) => &agents.http,
        })
    }

    /// Whom an error is about: the host, and the proxy that is between.
    pub fn name(&self, url: &Url) -> String {
        let host = url.host_str().unwrap_or_default();
        let port = url
            .port()
            .map(|port| format!(":{port}"))
            .unwrap_or_default();
        let by = self
            .proxy(url)
            .map(|proxy| format!(" by the proxy {}:{}", proxy.host(), proxy.port()))
            .unwrap_or_default();
        format!("{host}{port}{by}")
    }

    fn proxy(&self, url: &Url) -> Option<&Proxy> {
        let proxy = match url.scheme() {
            "https" => &self.proxies.https,
            _ => &self.proxies.http,
        };
        proxy.as_ref().filter(|_| !self.proxies.is_exempt(url))
    }

    /// Whether pip's `--trusted-host` names it: without a port on any
    /// (<https://pip.pypa.io/en/stable/cli/pip/#cmdoption-trusted-host>).
    fn is_trusted(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        let port = url.port_or_known_default().unwrap_or_default();
        let with_port = format!("{host}:{port}");
        self.trusted
            .iter()
            .any(|trusted| trusted == host || *trusted == with_port)
    }
}

impl Agents {
    fn new(tls: &TlsConfig, silence: Duration, proxies: &Proxies) -> Self {
        let direct = agent(tls, silence, None);
        let through = |proxy: &Option<Proxy>| match proxy {
            Some(proxy) => agent(tls, silence, Some(proxy.clone())),
            None => direct.clone(),
        };
        Self {
            http: through(&proxies.http),
            https: through(&proxies.https),
            direct,
        }
    }
}

fn agent(tls: &TlsConfig, silence: Duration, proxy: Option<Proxy>) -> Agent {
    Agent::config_builder()
        // None, too, is said: the default is this process's environment.
        .proxy(proxy)
        .tls_config(tls.clone())
        // No limit to the whole: a large file on a slow line takes its time.
        .timeout_connect(Some(silence))
        .timeout_resolve(Some(silence))
        .timeout_per_read(Some(silence))
        .timeout_per_write(Some(silence))
        // Redirects are followed by us, who know what each server may see.
        .max_redirects(0)
        .http_status_as_error(false)
        .user_agent(concat!("loci-install/", env!("CARGO_PKG_VERSION")))
        // The file is hashed as it lies on the server.
        .accept_encoding("identity")
        .input_buffer_size(partial::BUFFER)
        .output_buffer_size(partial::BUFFER)
        .max_idle_connections(IDLE)
        .max_idle_connections_per_host(IDLE)
        .build()
        .new_agent()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trusted(hosts: &str, url: &str) -> bool {
        let environment = [("PIP_TRUSTED_HOST".to_owned(), hosts.to_owned())];
        let routes = Routes::new(&environment, Duration::from_secs(1), &Trust::default()).unwrap();
        routes.is_trusted(&Url::parse(url).unwrap())
    }

    #[test]
    fn a_trusted_host_is_one_host_or_one_port_of_it() {
        assert!(trusted("x Mirror.example", "https://mirror.example/a"));
        assert!(trusted("mirror.example", "https://mirror.example:8443/a"));
        assert!(trusted("mirror.example:443", "https://mirror.example/a"));
        assert!(!trusted("mirror.example:8443", "https://mirror.example/a"));
        assert!(!trusted("mirror.example", "https://a.mirror.example/a"));
        assert!(!trusted("", "https://mirror.example/a"));
    }

    #[test]
    fn without_authorities_there_is_no_way_to_https_but_to_trusted_hosts() {
        let environment = [("PIP_TRUSTED_HOST".to_owned(), "mirror.example".to_owned())];
        let mut routes =
            Routes::new(&environment, Duration::from_secs(1), &Trust::default()).unwrap();
        routes.has_roots = false;
        let is_way = |url: &str| routes.to(&Url::parse(url).unwrap()).is_some();
        assert!(is_way("http://example.org/"));
        assert!(is_way("https://mirror.example/"));
        assert!(!is_way("https://example.org/"));
    }
}

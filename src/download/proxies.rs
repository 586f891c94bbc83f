//! Which proxy a URL goes through.

use std::net::IpAddr;

use ureq::Proxy;
use url::{Host, Url};

use super::error::{self, DownloadError};
use crate::variables::variable;

/// Variables for each scheme; the first that is set wins.
///
/// pip's own comes before those of the requests library that it uses
/// (<https://pip.pypa.io/en/stable/user_guide/#using-a-proxy-server>).
const HTTP: [&str; 5] = [
    "PIP_PROXY",
    "http_proxy",
    "HTTP_PROXY",
    "all_proxy",
    "ALL_PROXY",
];
const HTTPS: [&str; 5] = [
    "PIP_PROXY",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
];

/// The proxies of an environment.
pub struct Proxies {
    /// For `http://`.
    pub http: Option<Proxy>,
    /// For `https://`.
    pub https: Option<Proxy>,
    exempt: Vec<String>,
}

impl Proxies {
    /// From the variables; one that names no proxy is an error that says which.
    pub fn new(environment: &[(String, String)]) -> Result<Self, DownloadError> {
        let exempt = variable(environment, "no_proxy")
            .or_else(|| variable(environment, "NO_PROXY"))
            .unwrap_or_default();
        Ok(Self {
            http: first(environment, &HTTP)?,
            https: first(environment, &HTTPS)?,
            exempt: exempt
                .split([',', ' '])
                .filter(|entry| !entry.is_empty())
                .map(str::to_ascii_lowercase)
                .collect(),
        })
    }

    /// Whether `no_proxy` takes the URL's host out.
    pub fn is_exempt(&self, url: &Url) -> bool {
        self.exempt.iter().any(|entry| matches(entry, url))
    }
}

fn first(
    environment: &[(String, String)],
    names: &[&'static str],
) -> Result<Option<Proxy>, DownloadError> {
    let set = names
        .iter()
        .find_map(|name| Some((*name, variable(environment, name)?)));
    let Some((name, value)) = set else {
        return Ok(None);
    };
    Proxy::new(value)
        .map(Some)
        .map_err(|_| DownloadError::Setting {
            variable: name,
            reason: format!(
                "{} is no proxy; wanted is http://host:port, https://host:port or socks5://host:port",
                error::shown_text(value)
            ),
        })
}

/// One entry, as curl reads it (<https://curl.se/docs/manpage.html#--noproxy>): `*`,
/// a host and all below it with or without a dot before it, an address, a network
/// (`10.0.0.0/8`); and with a port, which only that port matches, as requests has it.
fn matches(entry: &str, url: &Url) -> bool {
    if entry == "*" {
        return true;
    }
    match url.host() {
        Some(Host::Domain(host)) => {
            let (entry, port) = split_port(entry);
            let entry = entry.trim_start_matches('.');
            let below = host
                .strip_suffix(entry)
                .is_some_and(|left| left.is_empty() || left.ends_with('.'));
            !entry.is_empty()
                && below
                && port.is_none_or(|port| url.port_or_known_default() == Some(port))
        }
        Some(Host::Ipv4(address)) => {
            let (entry, port) = split_port(entry);
            is_within(entry, IpAddr::V4(address))
                && port.is_none_or(|port| url.port_or_known_default() == Some(port))
        }
        Some(Host::Ipv6(address)) => {
            let (entry, port) = match entry.strip_prefix('[') {
                Some(_) => split_port(entry),
                None => (entry, None),
            };
            is_within(entry.trim_matches(['[', ']']), IpAddr::V6(address))
                && port.is_none_or(|port| url.port_or_known_default() == Some(port))
        }
        None => false,
    }
}

fn split_port(entry: &str) -> (&str, Option<u16>) {
    match entry.rsplit_once(':') {
        Some((host, port)) => match port.parse() {
            Ok(port) => (host, Some(port)),
            Err(_) => (entry, None),
        },
        None => (entry, None),
    }
}

/// Whether an address is the entry's, or in its network.
fn is_within(entry: &str, address: IpAddr) -> bool {
    let (network, length) = match entry.split_once('/') {
        Some((network, length)) => (network, length.parse::<u32>().ok()),
        None => (entry, Some(128)),
    };
    let (Ok(network), Some(length)) = (network.parse(), length) else {
        return false;
    };
    // They are in one network when no bit that differs is among its first `length`.
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            let differing = network.to_bits() ^ address.to_bits();
            differing.leading_zeros() >= length.min(32)
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            let differing = network.to_bits() ^ address.to_bits();
            differing.leading_zeros() >= length.min(128)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(pairs: &[(&str, &str)]) -> Result<Proxies, String> {
        let environment: Vec<_> = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Proxies::new(&environment).map_err(|error| error.to_string())
    }

    #[test]
    fn pips_proxy_comes_first_and_each_scheme_has_its_own() {
        let hosts = |pairs: &[(&str, &str)]| {
            let proxies = proxies(pairs).unwrap();
            let host = |proxy: Option<Proxy>| proxy.map(|proxy| proxy.host().to_owned());
            (host(proxies.http), host(proxies.https))
        };
        let some = |host: &str| Some(host.to_owned());
        let all = [
            ("http_proxy", "http://lower:1"),
            ("HTTP_PROXY", "http://upper:1"),
            ("HTTPS_PROXY", "http://secure:1"),
            ("all_proxy", "socks5://all:1"),
        ];
        assert_eq!(hosts(&all), (some("lower"), some("secure")));
        assert_eq!(hosts(&all[2..]), (some("all"), some("secure")));
        assert_eq!(
            hosts(&[("PIP_PROXY", "pip:3128"), all[0]]),
            (some("pip"), some("pip"))
        );
        assert_eq!(hosts(&[("http_proxy", "")]), (None, None));
    }

    #[test]
    fn what_is_no_proxy_is_named_without_its_password() {
        assert_eq!(
            proxies(&[("https_proxy", "ftp://me:secret@proxy:3128")]).err(),
            Some(
                "https_proxy: ftp://proxy:3128 is no proxy; wanted is \
                 http://host:port, https://host:port or socks5://host:port"
                    .to_owned()
            )
        );
    }

    #[test]
    fn exempt_are_hosts_what_is_below_them_addresses_and_networks() {
        let exempt = |entries: &str, url: &str| {
            proxies(&[("NO_PROXY", entries)])
                .unwrap()
                .is_exempt(&Url::parse(url).unwrap())
        };
        for (entries, url) in [
            ("*", "https://anything/"),
            ("example.org", "https://example.org/"),
            ("x, Example.org", "https://a.EXAMPLE.org/"),
            (".example.org", "https://example.org/"),
            ("example.org:8080", "http://example.org:8080/"),
            ("example.org:443", "https://example.org/"),
            ("127.0.0.1", "http://127.0.0.1:99/"),
            ("10.0.0.0/8", "http://10.1.2.3/"),
            ("fd00::/8", "http://[fd00::1]/"),
            ("[::1]:80", "http://[::1]/"),
            ("::1", "http://[::1]/"),
        ] {
            assert!(exempt(entries, url), "{entries} {url}");
        }
        for (entries, url) in [
            ("", "https://example.org/"),
            (".", "https://example.org/"),
            ("ample.org", "https://example.org/"),
            ("a.example.org", "https://example.org/"),
            ("example.org:8080", "http://example.org/"),
            ("10.0.0.0/8", "http://11.1.2.3/"),
            ("10.0.0.0/x", "http://10.1.2.3/"),
            ("fd00::/8", "http://[fe00::1]/"),
        ] {
            assert!(!exempt(entries, url), "{entries} {url}");
        }
    }
}

//! Whether a registry is asked by https or by http.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, ToSocketAddrs};
use std::str::FromStr;

use super::reference::without_port;
use crate::download::{Client, DownloadError, Fixed, Request};

/// `REGISTRY_PROTOCOL`
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Protocol {
    /// http
    Http,
    /// https
    Https,
    /// https, and where that is not to be had http, of neighbours alone.
    #[default]
    Detect,
}

impl FromStr for Protocol {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "http" => Ok(Self::Http),
            "https" => Ok(Self::Https),
            "detect" => Ok(Self::Detect),
            _ => Err("not a protocol; http, https or detect".to_owned()),
        }
    }
}

impl Protocol {
    /// The scheme of a registry's URLs; `host` may have a port.
    ///
    /// A certificate that is not trusted does not lead to http, or whoever is between
    /// could choose that.
    #[must_use]
    pub fn scheme(self, client: &Client, host: &str) -> Scheme {
        match self {
            Self::Http => Scheme::Http,
            Self::Https => Scheme::Https,
            Self::Detect if !is_neighbour(host) => Scheme::Https,
            Self::Detect => match client.probe(Scheme::Https, host) {
                Err(
                    DownloadError::NoTls { .. }
                    | DownloadError::NoRoots { .. }
                    | DownloadError::Connect { .. }
                    | DownloadError::Timeout { .. },
                ) if client.probe(Scheme::Http, host).is_ok() => Scheme::Http,
                _ => Scheme::Https,
            },
        }
    }
}

/// A scheme of URLs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// http
    Http,
    /// https
    Https,
}

impl fmt::Display for Scheme {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Http => "http",
            Self::Https => "https",
        })
    }
}

impl Client {
    /// Asks a registry once whether it is one
    /// (<https://github.com/opencontainers/distribution-spec/blob/main/spec.md#determining-support>).
    fn probe(&self, scheme: Scheme, host: &str) -> Result<(), DownloadError> {
        let request = Request {
            once: true,
            // Nobody has asked yet who we are.
            authority: Some(&Fixed(None)),
            ..Request::of(format!("{scheme}://{host}/v2/"))
        };
        match self.open(request, &|_| ()) {
            // Who wants to know who asks is one, too.
            Ok(_) | Err(DownloadError::Refused { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Whether a host is this machine or in its own network: by its address, or by all that
/// its name has.
fn is_neighbour(host: &str) -> bool {
    let name = without_port(host);
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = bare.parse() {
        return is_near(address);
    }
    if name == "localhost" {
        return true;
    }
    let Ok(addresses) = (name, 0).to_socket_addrs() else {
        return false;
    };
    let addresses: Vec<IpAddr> = addresses.map(|address| address.ip()).collect();
    !addresses.is_empty() && addresses.into_iter().all(is_near)
}

/// Loopback, private (RFC 1918, RFC 4193) and link-local addresses.
fn is_near(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            address.is_loopback() || address.is_private() || address.is_link_local()
        }
        IpAddr::V6(address) => {
            address == Ipv6Addr::LOCALHOST
                || address.is_unique_local()
                || address.is_unicast_link_local()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_told_by_their_addresses() {
        for host in [
            "127.0.0.1:5000",
            "127.8.9.1",
            "10.0.0.1:5000",
            "172.17.0.1:5000",
            "192.168.1.1",
            "169.254.1.1:80",
            "[::1]:5000",
            "[fd00::1]",
            "[fe80::1]:5000",
            "[::ffff:10.0.0.1]",
            "localhost",
            "localhost:5000",
        ] {
            assert!(is_neighbour(host), "{host}");
        }
        for host in [
            "8.8.8.8:5000",
            "172.32.0.1",
            "[2001:db8::1]:5000",
            "0.0.0.0",
            "localhost.invalid:5000",
        ] {
            assert!(!is_neighbour(host), "{host}");
        }
    }

    #[test]
    fn three_values_are_known() {
        assert_eq!("detect".parse(), Ok(Protocol::Detect));
        assert_eq!("http".parse(), Ok(Protocol::Http));
        assert_eq!("https".parse(), Ok(Protocol::Https));
        assert!("ftp".parse::<Protocol>().is_err());
    }
}

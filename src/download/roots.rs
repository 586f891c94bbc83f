//! The certificate authorities that servers are checked against.

use std::fs::File;
use std::path::{Path, PathBuf};

use rustls_native_certs::{CertificateResult, load_certs_from_paths};
use ureq::tls::Certificate;

use super::error::DownloadError;
use crate::variables::variable;
use crate::words::reason;

/// Variables that name a bundle, the first that is set wins: pip's own
/// (<https://pip.pypa.io/en/stable/topics/https-certificates/>), then those of the
/// requests library that pip uses
/// (<https://requests.readthedocs.io/en/latest/user/advanced/#ssl-cert-verification>).
const FIRST: &[&str] = BUNDLES.split_at(3).0;

/// All variables that name one.
pub const BUNDLES: [&str; 5] = [
    "PIP_CERT",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];

/// Where distributions have the bundle, the first that is there wins
/// (<https://go.dev/src/crypto/x509/root_linux.go>).
pub const SYSTEM: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The authorities that the environment names, else the system's; none when the
/// system has none. A bundle that is named must hold a certificate.
pub fn load(environment: &[(String, String)]) -> Result<Vec<Certificate<'static>>, DownloadError> {
    for &name in FIRST {
        if let Some(path) = variable(environment, name) {
            return named(name, Path::new(path));
        }
    }
    let file = variable(environment, "SSL_CERT_FILE");
    let directories = variable(environment, "SSL_CERT_DIR");
    if file.is_none() && directories.is_none() {
        return Ok(system());
    }
    let mut certificates = Vec::new();
    if let Some(file) = file {
        certificates.extend(named("SSL_CERT_FILE", Path::new(file))?);
    }
    if let Some(directories) = directories {
        certificates.extend(rehashed(directories, certificates.is_empty())?);
    }
    Ok(certificates)
}

/// What one variable names: a bundle, or a directory of certificates.
pub fn named(
    variable: &'static str,
    path: &Path,
) -> Result<Vec<Certificate<'static>>, DownloadError> {
    let bad = |reason: String| DownloadError::Bundle {
        variable,
        path: path.to_owned(),
        reason,
    };
    File::open(path).map_err(|cause| bad(reason(&cause)))?;
    // What is no certificate is passed over, as OpenSSL does.
    let found = read(path);
    if found.certs.is_empty() {
        return Err(bad("it holds no certificate in PEM format".to_owned()));
    }
    Ok(owned(&found))
}

/// The directories of `SSL_CERT_DIR`, separated by colons
/// (<https://docs.openssl.org/3.5/man3/SSL_CTX_load_verify_locations/>); one that is
/// not there is passed over, as OpenSSL does.
fn rehashed(
    directories: &str,
    one_is_needed: bool,
) -> Result<Vec<Certificate<'static>>, DownloadError> {
    let certificates: Vec<_> = directories
        .split(':')
        .filter(|directory| !directory.is_empty())
        .flat_map(|directory| owned(&read(Path::new(directory))))
        .collect();
    if certificates.is_empty() && one_is_needed {
        return Err(DownloadError::Bundle {
            variable: "SSL_CERT_DIR",
            path: PathBuf::from(directories),
            reason: "it holds no certificate in PEM format".to_owned(),
        });
    }
    Ok(certificates)
}

fn system() -> Vec<Certificate<'static>> {
    SYSTEM
        .iter()
        .map(Path::new)
        .find(|path| path.exists())
        .map(|path| owned(&read(path)))
        .unwrap_or_default()
}

/// By the path: `load_native_certs` would look at this process's environment.
fn read(path: &Path) -> CertificateResult {
    if path.is_dir() {
        load_certs_from_paths(None, Some(path))
    } else {
        load_certs_from_paths(Some(path), None)
    }
}

fn owned(found: &CertificateResult) -> Vec<Certificate<'static>> {
    found
        .certs
        .iter()
        .map(|certificate| Certificate::from_der(certificate).to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const PEM: &str = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";

    fn loaded(pairs: &[(&str, &Path)]) -> Result<usize, String> {
        let environment: Vec<_> = pairs
            .iter()
            .map(|(name, path)| ((*name).to_owned(), path.display().to_string()))
            .collect();
        load(&environment)
            .map(|certificates| certificates.len())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn pips_bundle_comes_before_the_others() {
        let directory = tempfile::tempdir().unwrap();
        let bundle = directory.path().join("bundle.pem");
        fs::write(&bundle, PEM).unwrap();
        let missing = directory.path().join("missing.pem");
        let wanted = |name: &str| {
            Err(format!(
                "{name}: the CA bundle {} cannot be used: it does not exist",
                missing.display()
            ))
        };
        assert_eq!(
            loaded(&[("PIP_CERT", &bundle), ("REQUESTS_CA_BUNDLE", &missing)]),
            Ok(1)
        );
        for name in [
            "PIP_CERT",
            "REQUESTS_CA_BUNDLE",
            "CURL_CA_BUNDLE",
            "SSL_CERT_FILE",
        ] {
            assert_eq!(loaded(&[(name, &missing)]), wanted(name));
        }
        assert_eq!(loaded(&[("SSL_CERT_FILE", &bundle)]), Ok(1));
        assert_eq!(loaded(&[("PIP_CERT", directory.path())]), Ok(1));
        assert_eq!(loaded(&[("SSL_CERT_DIR", directory.path())]), Ok(1));
    }

    #[test]
    fn a_bundle_without_a_certificate_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let bundle = directory.path().join("bundle.pem");
        fs::write(&bundle, "nothing").unwrap();
        assert_eq!(
            loaded(&[("REQUESTS_CA_BUNDLE", &bundle)]),
            Err(format!(
                "REQUESTS_CA_BUNDLE: the CA bundle {} cannot be used: \
                 it holds no certificate in PEM format",
                bundle.display()
            ))
        );
        let missing = directory.path().join("missing");
        assert_eq!(
            loaded(&[("SSL_CERT_DIR", &missing)]),
            Err(format!(
                "SSL_CERT_DIR: the CA bundle {} cannot be used: \
                 it holds no certificate in PEM format",
                missing.display()
            ))
        );
    }
}

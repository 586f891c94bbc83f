//! Digests: what content is called by what it is.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256, Sha512};

use crate::words::hex;

/// A digest, `sha256:...` or `sha512:...`
/// (<https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests>).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest {
    algorithm: Algorithm,
    /// Lower-case hexadecimal digits.
    hex: String,
}

/// The registered algorithms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// SHA-256, of 64 digits.
    Sha256,
    /// SHA-512, of 128 digits.
    Sha512,
}

impl Algorithm {
    const ALL: [Self; 2] = [Self::Sha256, Self::Sha512];

    /// As digests begin.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    /// Begins a digest of it.
    #[must_use]
    pub fn hasher(self) -> Hasher {
        match self {
            Self::Sha256 => Hasher::Sha256(Sha256::new()),
            Self::Sha512 => Hasher::Sha512(Box::default()),
        }
    }

    fn digits(self) -> usize {
        match self {
            Self::Sha256 => 64,
            Self::Sha512 => 128,
        }
    }
}

/// A digest of content that comes piece by piece.
#[derive(Debug)]
pub enum Hasher {
    /// SHA-256
    Sha256(Sha256),
    /// SHA-512
    Sha512(Box<Sha512>),
}

impl Hasher {
    /// The next piece.
    pub fn update(&mut self, piece: &[u8]) {
        match self {
            Self::Sha256(hasher) => hasher.update(piece),
            Self::Sha512(hasher) => hasher.update(piece),
        }
    }

    /// The digest of all pieces.
    #[must_use]
    pub fn finish(self) -> Digest {
        let (algorithm, bytes) = match self {
            Self::Sha256(hasher) => (Algorithm::Sha256, hasher.finalize().to_vec()),
            Self::Sha512(hasher) => (Algorithm::Sha512, hasher.finalize().to_vec()),
        };
        let hex = hex(&bytes);
        Digest { algorithm, hex }
    }
}

impl Digest {
    /// That of some bytes.
    #[must_use]
    pub fn of(algorithm: Algorithm, bytes: &[u8]) -> Self {
        let mut hasher = algorithm.hasher();
        hasher.update(bytes);
        hasher.finish()
    }

    /// Which algorithm it is of.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Its digits.
    #[must_use]
    pub fn hex(&self) -> &str {
        &self.hex
    }
}

impl FromStr for Digest {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, hex) = text.split_once(':').ok_or_else(|| {
            format!("{text:?} is no digest: it begins with no sha256: or sha512:")
        })?;
        let algorithm = Algorithm::ALL
            .into_iter()
            .find(|algorithm| algorithm.as_str() == name)
            .ok_or_else(|| format!("{name:?} is no algorithm of a digest; sha256 or sha512"))?;
        let digits = algorithm.digits();
        let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if hex.len() != digits || !hex.bytes().all(is_hex) {
            return Err(format!(
                "{text:?} is no digest: {name} has {digits} hexadecimal digits, in lower case"
            ));
        }
        Ok(Self {
            algorithm,
            hex: hex.to_owned(),
        })
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.algorithm.as_str(), self.hex)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_told_from_what_looks_like_one() {
        let hex = "0123456789abcdef".repeat(4);
        let digest: Digest = format!("sha256:{hex}").parse().expect("a digest");
        assert_eq!(
            (digest.algorithm(), digest.hex()),
            (Algorithm::Sha256, &hex[..])
        );
        assert!(format!("sha512:{hex}{hex}").parse::<Digest>().is_ok());
        for (text, why) in [
            (hex.clone(), "begins with no sha256:"),
            (format!("md5:{hex}"), "no algorithm"),
            (format!("sha512:{hex}"), "sha512 has 128 hexadecimal digits"),
            (format!("sha256:{}", hex.to_uppercase()), "in lower case"),
            ("sha256:".to_owned(), "64 hexadecimal digits"),
        ] {
            let error = text.parse::<Digest>().expect_err(why);
            assert!(error.contains(why), "{error}");
        }
    }
}

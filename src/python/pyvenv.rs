//! `pyvenv.cfg`, by which an interpreter knows that it is one of a virtualenv (PEP 405).

/// A line: its key and its value.
#[must_use]
pub fn setting(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once('=')?;
    Some((key.trim(), value.trim()))
}

/// Whether the virtualenv sees the packages of the interpreter that it was made of.
#[must_use]
pub fn sees_system(text: &str) -> bool {
    let mut settings = text.lines().filter_map(setting);
    settings.any(|(key, value)| key == SEES_SYSTEM && value == "true")
}

/// The key of [`sees_system`].
pub const SEES_SYSTEM: &str = "include-system-site-packages";

/// The interpreter's version, `3.13.5`. venv writes it as `version`, uv as `version_info`, and
/// virtualenv, too, but all of `sys.version_info`: `3.13.5.final.0`.
#[must_use]
pub fn version(text: &str) -> Option<String> {
    let mut settings = text.lines().filter_map(setting);
    let (_, version) = settings.find(|(key, _)| ["version", "version_info"].contains(key))?;
    let is_number = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
    let numbers: Vec<&str> = version.split('.').take_while(is_number).take(3).collect();
    Some(numbers.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_whatever_made_the_virtualenv() {
        for text in [
            "home = /usr/bin\nversion = 3.13.5\n",
            "home = /usr/bin\nuv = 0.9.17\nversion_info = 3.13.5\n",
            "home = /usr\nversion_info = 3.13.5.final.0\nvirtualenv = 20.31.2\n",
        ] {
            assert_eq!(version(text).as_deref(), Some("3.13.5"), "{text}");
        }
        assert_eq!(version("home = /usr/bin\n"), None);
    }

    #[test]
    fn a_setting_is_found_however_it_is_spaced() {
        assert!(sees_system("include-system-site-packages=true\n"));
        assert!(sees_system("include-system-site-packages = true\n"));
        assert!(!sees_system("include-system-site-packages = false\n"));
        assert!(!sees_system("version = 3.13\n"));
    }
}

//! What `loci-install bindep` needs of the machine.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read};
use std::process::{Command, Stdio};

use crate::bindep::Distribution;
use crate::bindep::command::Surroundings;
use crate::bindep::installed::Answer;
use crate::platform::os_release;
use crate::root::Root;

/// This machine, with the distribution below this root.
pub(super) struct Machine(pub(super) Root);

impl Surroundings for Machine {
    fn read(&self, path: &OsStr) -> io::Result<Vec<u8>> {
        fs::read(path)
    }

    fn is_file(&self, path: &OsStr) -> bool {
        fs::metadata(path).is_ok_and(|metadata| metadata.is_file())
    }

    fn read_stdin(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn distribution(&self) -> Result<Distribution, String> {
        os_release::load(&self.0)
            .map(|identity| identity.distribution)
            .map_err(|error| error.to_string())
    }

    fn query(&self, argv: &[String], environment: &[(&str, &str)]) -> io::Result<Answer> {
        let Some((program, arguments)) = argv.split_first() else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let output = Command::new(program)
            .args(arguments)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .output()?;
        Ok(Answer {
            status: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }
}

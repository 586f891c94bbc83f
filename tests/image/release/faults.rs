//! An index that does not do what it should.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::Duration;

use super::served::Served;
use crate::daemon::free_address;
use crate::http::{self, Answer};

/// What is wrong with an answer.
#[derive(Clone)]
pub enum Fault {
    /// It is only a status.
    Status(u16),
    /// It does not come.
    Silence,
    /// It ends before its end.
    Cut,
    /// It is another file.
    Other(&'static [u8]),
}

/// The address of an index that hands every request on, but answers those whose
/// path has one of these texts in it with a fault. It ends with the process.
pub fn faulty(index: &Served, faults: &[(&'static str, Fault)]) -> String {
    let faults = faults.to_vec();
    let behind = index.url.replace("http://", "").replace("/simple", "");
    // A client that hangs up is its own affair.
    let address = http::listen(move |stream| answer(stream, &faults, &behind).ok());
    format!("http://{address}/simple")
}

/// The address of an index where nobody listens.
pub fn nobody() -> String {
    format!("http://{}/simple", free_address())
}

fn answer(
    mut client: TcpStream,
    faults: &[(&'static str, Fault)],
    behind: &str,
) -> std::io::Result<()> {
    let mut head = String::new();
    let mut lines = BufReader::new(client.try_clone()?);
    while lines.read_line(&mut head)? > 2 {}
    let path = head.split(' ').nth(1).unwrap_or_default();
    let fault = faults.iter().find(|(text, _)| path.contains(text));
    match fault.map(|(_, fault)| fault) {
        Some(Fault::Status(status)) => Answer::of(&format!("{status} Because")).send(client, false),
        // Longer than any test waits.
        Some(Fault::Silence) => {
            thread::sleep(Duration::from_mins(1));
            Ok(())
        }
        Some(Fault::Other(body)) => Answer::with(*body).send(client, false),
        cut => {
            let mut server = TcpStream::connect(behind)?;
            server.write_all(head.as_bytes())?;
            let mut whole = Vec::new();
            server.read_to_end(&mut whole)?;
            let end = if cut.is_some() {
                whole.len() - 100
            } else {
                whole.len()
            };
            client.write_all(&whole[..end])?;
            client.shutdown(Shutdown::Write)
        }
    }
}

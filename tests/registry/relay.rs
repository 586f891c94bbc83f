//! Passes connections on as they are, and remembers how each began.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// The first byte of a connection that begins with TLS (RFC 8446, 5.1).
const HANDSHAKE: u8 = 0x16;

/// A relay.
pub struct Relay {
    /// Its port.
    pub port: u16,
    starts: Arc<Mutex<Vec<u8>>>,
}

impl Relay {
    /// One at this address, to a port of 127.0.0.1.
    pub fn start(address: IpAddr, to: u16) -> Self {
        let listener = TcpListener::bind((address, 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let starts = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&starts);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let seen = Arc::clone(&seen);
                // Connections that break are the client's business.
                thread::spawn(move || drop(pass(&stream, to, &seen)));
            }
        });
        Self { port, starts }
    }

    /// Whether there were connections, and all of them began with TLS.
    pub fn saw_only_tls(&self) -> bool {
        let starts = self.starts.lock().expect("no panic");
        !starts.is_empty() && starts.iter().all(|byte| *byte == HANDSHAKE)
    }
}

fn pass(mut client: &TcpStream, to: u16, seen: &Mutex<Vec<u8>>) -> io::Result<()> {
    let mut first = [0];
    client.read_exact(&mut first)?;
    seen.lock().expect("no panic").push(first[0]);
    let mut server = TcpStream::connect(("127.0.0.1", to))?;
    server.write_all(&first)?;
    let (mut from, mut back) = (server.try_clone()?, client.try_clone()?);
    let answers = thread::spawn(move || {
        let copied = io::copy(&mut from, &mut back);
        back.shutdown(Shutdown::Write).and(copied)
    });
    io::copy(&mut client, &mut server)?;
    server.shutdown(Shutdown::Write)?;
    let _ = answers.join();
    Ok(())
}

//! A proxy that only opens tunnels (RFC 9110, 9.3.6), all to one place.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// The proxy.
pub struct Tunnel {
    /// Its port of 127.0.0.1.
    pub port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Tunnel {
    /// One to a port of 127.0.0.1, whatever it is asked for.
    pub fn start(to: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let seen = Arc::clone(&seen);
                // Connections that break are the client's business.
                thread::spawn(move || drop(serve(&stream, to, &seen)));
            }
        });
        Self { port, asked }
    }

    /// The first line of every request.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no panic").clone()
    }
}

fn serve(mut client: &TcpStream, to: u16, seen: &Mutex<Vec<String>>) -> io::Result<()> {
    let mut reader = BufReader::new(client);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    seen.lock()
        .expect("no panic")
        .push(line.trim_end().to_owned());
    while line.trim_end() != "" {
        line.clear();
        reader.read_line(&mut line)?;
    }
    client.write_all(b"HTTP/1.1 200 Opened\r\n\r\n")?;
    let mut server = TcpStream::connect(("127.0.0.1", to))?;
    let (mut from, mut back) = (server.try_clone()?, client.try_clone()?);
    thread::spawn(move || {
        let copied = io::copy(&mut from, &mut back);
        back.shutdown(Shutdown::Write).and(copied)
    });
    io::copy(&mut reader, &mut server)?;
    server.shutdown(Shutdown::Write)
}

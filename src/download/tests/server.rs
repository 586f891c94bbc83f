//! A small HTTP server on this machine that does what a test says.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What one connection gets.
#[derive(Clone, Debug)]
pub enum Answer {
    /// These bytes, and the end of the connection.
    Bytes(Vec<u8>),
    /// These bytes, and then nothing for as long as the server lives.
    Stall(Vec<u8>),
}

/// A whole answer; its headers are lines without an end.
pub fn answer(status: u16, headers: &[&str], body: &str) -> Answer {
    cut(status, headers, body, body.len())
}

/// An answer whose body ends after `bytes` of what its header says.
pub fn cut(status: u16, headers: &[&str], body: &str, bytes: usize) -> Answer {
    let length = format!("Content-Length: {}", body.len());
    let mut lines = vec![length.as_str()];
    lines.extend(headers);
    unframed(status, &lines, &body[..bytes])
}

/// An answer whose body goes to the end of the connection.
pub fn unframed(status: u16, headers: &[&str], body: &str) -> Answer {
    let mut text = format!("HTTP/1.1 {status} Status\r\nConnection: close\r\n");
    for header in headers {
        text.push_str(header);
        text.push_str("\r\n");
    }
    Answer::Bytes(format!("{text}\r\n{body}").into_bytes())
}

/// The server; it serves one request a connection.
pub struct Server {
    /// Its port.
    pub port: u16,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Starts one; `respond` gets the head of a request and its number, from 0.
    pub fn start(respond: impl Fn(&str, usize) -> Answer + Send + 'static) -> Self {
        Self::serve(|stream| stream, respond)
    }

    /// The same over TLS, with `certificate.pem`, which is its own authority and valid until 2120.
    pub fn start_tls(respond: impl Fn(&str, usize) -> Answer + Send + 'static) -> Self {
        let certificate =
            CertificateDer::from_pem_slice(include_bytes!("certificate.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_slice(include_bytes!("key.pem")).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let config = Arc::new(config);
        let wrap = move |stream| {
            StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream)
        };
        Self::serve(wrap, respond)
    }

    fn serve<S: Read + Write + Send + 'static>(
        wrap: impl Fn(TcpStream) -> S + Send + 'static,
        respond: impl Fn(&str, usize) -> Answer + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        // It ends with the test's process, as do the connections that it holds.
        thread::spawn(move || {
            let mut stalled = Vec::new();
            for stream in listener.incoming() {
                let mut stream = wrap(stream.unwrap());
                let head = head_of(&mut stream);
                let number = {
                    let mut seen = seen.lock().unwrap();
                    seen.push(head.clone());
                    seen.len() - 1
                };
                // A client that hangs up early is one of the cases.
                match respond(&head, number) {
                    Answer::Bytes(bytes) => drop(stream.write_all(&bytes)),
                    Answer::Stall(bytes) => {
                        drop(stream.write_all(&bytes));
                        stalled.push(stream);
                    }
                }
            }
        });
        Self { port, requests }
    }

    /// One that gives these answers, the last one again and again.
    pub fn script(answers: Vec<Answer>) -> Self {
        Self::start(move |_, number| answers[number.min(answers.len() - 1)].clone())
    }

    /// A URL on it.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    /// The heads of all requests, in lower-case letters.
    pub fn requests(&self) -> Vec<String> {
        let requests = self.requests.lock().unwrap();
        requests
            .iter()
            .map(|head| head.to_ascii_lowercase())
            .collect()
    }

    /// The values of one header, a request each.
    pub fn header(&self, name: &str) -> Vec<Option<String>> {
        let requests = self.requests.lock().unwrap();
        let value = |head: &String| {
            head.lines()
                .filter_map(|line| line.split_once(": "))
                .find(|(header, _)| header.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.to_owned())
        };
        requests.iter().map(value).collect()
    }
}

fn head_of(stream: &mut impl Read) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}

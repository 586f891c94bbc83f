//! Server programs on this machine.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

/// A program that listens; it ends with this.
pub struct Daemon {
    /// Where it listens.
    pub address: SocketAddr,
    child: Child,
}

impl Daemon {
    /// Starts the command for an address, and waits until it listens there.
    pub fn start(command: impl FnOnce(SocketAddr) -> Command) -> Self {
        let address = free_address();
        let mut command = command(address);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let child = child.unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let mut daemon = Self { address, child };
        while TcpStream::connect(address).is_err() {
            let ended = daemon.child.try_wait().expect("a child");
            assert!(ended.is_none(), "{command:?}: {ended:?}");
            thread::sleep(Duration::from_millis(20));
        }
        daemon
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address where nobody listens.
pub fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address")
}

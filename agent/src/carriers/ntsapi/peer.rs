//! A scripted carrier for the tests: says and hears exact bytes on a real socket.

use crate::carriers::ntsapi::{Account, Login, Transport};
use crate::clock::mono;
use crate::secret::Secret;
use state::Mono;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// The greeting and the welcome as clients of the real carrier match them.
pub const GREETING: &str = "0 Magrathea NTS GW (ntsapi.c(V0.1))\r\n";
pub const WELCOME: &str = "0 Access granted. Welcome (cl=500)\r\n";
pub const AUTH: &str = "AUTH demo pass-1\r\n";

/// One thing the peer does; a script that is over closes the connection.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    /// Writes these bytes in one piece.
    Say(&'static str),
    /// Reads until exactly these bytes have come.
    Hear(&'static str),
    /// Lets time pass.
    Wait(Duration),
    /// Reads until the client goes away.
    Hang,
}

/// One script for each connection, in order; everything heard, also after a script's end, is kept.
pub struct Peer {
    pub address: SocketAddr,
    heard: Arc<Mutex<Vec<u8>>>,
    from: Arc<Mutex<Vec<SocketAddr>>>,
    thread: JoinHandle<()>,
}

impl Peer {
    pub fn plain(scripts: Vec<Vec<Act>>) -> Self {
        Self::start(scripts, |socket| socket)
    }

    pub fn start<S: Read + Write>(
        scripts: Vec<Vec<Act>>,
        dress: impl Fn(TcpStream) -> S + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (heard, from) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
        let (ear, guests) = (heard.clone(), from.clone());
        let thread = std::thread::spawn(move || {
            for script in scripts {
                let (socket, guest) = listener.accept().unwrap();
                socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
                guests.lock().unwrap().push(guest);
                play(&mut dress(socket), &script, &ear);
            }
        });
        Self { address, heard, from, thread }
    }

    pub fn account(&self) -> Account {
        Account::new(self.address, &Transport::Plain, login()).unwrap()
    }

    /// Waits for the last script to end and returns everything that was heard.
    pub fn heard(self) -> String {
        self.thread.join().unwrap();
        String::from_utf8(self.heard.lock().unwrap().clone()).unwrap()
    }

    pub fn guests(&self) -> Vec<SocketAddr> {
        self.from.lock().unwrap().clone()
    }
}

pub fn login() -> Login {
    Login::new("demo", Secret::new("pass-1")).unwrap()
}

pub fn soon() -> Mono {
    mono() + Duration::from_secs(5)
}

/// A script that logs in and then goes on with `rest`.
pub fn after_login(rest: &[Act]) -> Vec<Act> {
    let mut script = vec![Act::Say(GREETING), Act::Hear(AUTH), Act::Say(WELCOME)];
    script.extend_from_slice(rest);
    script
}

fn play(stream: &mut (impl Read + Write), script: &[Act], ear: &Mutex<Vec<u8>>) {
    for act in script {
        match act {
            Act::Say(text) => {
                // The client may be gone already; what matters is what it heard and said.
                let _gone = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
            }
            Act::Hear(text) => {
                let mut bytes = vec![0; text.len()];
                if stream.read_exact(&mut bytes).is_err() {
                    return;
                }
                ear.lock().unwrap().extend_from_slice(&bytes);
                assert_eq!(String::from_utf8_lossy(&bytes), *text);
            }
            Act::Wait(pause) => std::thread::sleep(*pause),
            Act::Hang => {
                let mut bytes = [0; 512];
                while let Ok(count @ 1..) = stream.read(&mut bytes) {
                    ear.lock().unwrap().extend_from_slice(&bytes[..count]);
                }
            }
        }
    }
}

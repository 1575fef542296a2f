//! The TCP probe: connected is alive, refused is dead at once.

use super::{Answer, Why};
use crate::clock::mono;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};

/// Connects and closes, saying nothing.
#[derive(Clone, Debug)]
pub struct TcpConnect {
    /// Where to connect.
    pub target: SocketAddr,
    /// From which local address.
    pub bind: Option<IpAddr>,
}

impl TcpConnect {
    /// Asks once. A hung program still accepts, because the kernel does: this probe alone proves little.
    pub async fn ask(&self, timeout: Duration) -> Answer {
        let asked = mono();
        match tokio::time::timeout(timeout, connect(self.target, self.bind)).await {
            Ok(Ok(_stream)) => Answer::Alive { detail: "connected".to_owned(), took: mono().since(asked) },
            Ok(Err(error)) => Answer::from_error(&error),
            Err(_elapsed) => Answer::Dead { why: Why::Silent },
        }
    }
}

/// A connection from `bind` to `target`.
pub(crate) async fn connect(target: SocketAddr, bind: Option<IpAddr>) -> io::Result<TcpStream> {
    let socket = if target.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if let Some(source) = bind {
        socket.bind(SocketAddr::new(source, 0))?;
    }
    let stream = socket.connect(target).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test]
    async fn connected_is_alive_and_comes_from_the_address_asked_for() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = listener.local_addr().unwrap();
        let probe = TcpConnect { target, bind: Some("127.0.0.8".parse().unwrap()) };
        assert!(matches!(probe.ask(SECOND).await, Answer::Alive { .. }));
        assert_eq!(listener.accept().await.unwrap().1.ip().to_string(), "127.0.0.8");
    }

    #[tokio::test]
    async fn refused_is_dead_at_once_and_a_foreign_local_address_is_no_way_there() {
        let target = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let asked = mono();
        let answer = TcpConnect { target, bind: None }.ask(SECOND * 10).await;
        assert_eq!(answer, Answer::Dead { why: Why::Refused });
        assert!(mono().since(asked) < SECOND);
        let foreign = TcpConnect { target, bind: Some("192.0.2.77".parse().unwrap()) };
        assert_eq!(foreign.ask(SECOND).await, Answer::Dead { why: Why::Unreachable });
    }
}

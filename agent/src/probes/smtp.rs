//! A look at a mail relay: hears its greeting and takes leave; no mail is begun.

use super::{connect, shown};
use crate::live::{Kind, Sight};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

/// A relay that looks up who calls takes its time; more than this and mail is late as well.
const PATIENCE: Duration = Duration::from_secs(5);
/// RFC 5321: no line of an answer is longer.
const LINE_MAX: usize = 512;

/// Looks once.
pub async fn look(relay: SocketAddr, bind: Option<IpAddr>) -> Sight {
    let check = || format!("`nc -v {} {}`", relay.ip(), relay.port());
    match timeout(PATIENCE, greeted(relay, bind)).await {
        Ok(Ok(line)) if line.starts_with("220") => Sight::ok(Kind::Relay, relay, format!("greets: {line}")),
        Ok(Ok(line)) => {
            Sight::fault(Kind::Relay, relay, format!("takes no mail from here: {line}")).hint(check())
        }
        Ok(Err(error)) => Sight::fault(Kind::Relay, relay, format!("is not reached: {error}")).hint(check()),
        Err(_elapsed) => {
            let says = format!("says nothing within {} s", PATIENCE.as_secs());
            Sight::fault(Kind::Relay, relay, says).hint(check())
        }
    }
}

/// The first line of the greeting.
async fn greeted(relay: SocketAddr, bind: Option<IpAddr>) -> io::Result<String> {
    let mut stream = connect(relay, bind).await?;
    let mut said = Vec::new();
    while !said.contains(&b'\n') && said.len() < LINE_MAX {
        if stream.read_buf(&mut said).await? == 0 {
            break;
        }
    }
    // Whoever refused has hung up already.
    let _gone = stream.write_all(b"QUIT\r\n").await;
    let line = String::from_utf8_lossy(&said);
    Ok(shown(line.lines().next().unwrap_or_default(), 60))
}

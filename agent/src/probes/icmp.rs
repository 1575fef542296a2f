//! The ICMP probe: one echo over a socket that needs no privilege, sent again until it comes back.

use super::Answer;
use super::datagram::{self, Heard, Question};
use crate::clock::mono;
use crate::live::{Kind, Sight};
use socket2::{Domain, Protocol, Socket, Type};
use state::Mono;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::net::UdpSocket;

/// Every echo of ours has this many bytes, head and payload.
const ECHO: usize = 24;

/// What lets every group ask; the package brings it as a file of its own.
const ALLOW: &str = "`sysctl -w net.ipv4.ping_group_range=\"0 2147483647\"`";

/// Who is asked, and from where.
#[derive(Clone, Debug)]
pub struct Icmp {
    /// The machine.
    pub target: IpAddr,
    /// The local address to ask from.
    pub bind: Option<IpAddr>,
}

impl Icmp {
    /// Asks once. A kernel that does not let this group ask says nothing of the target.
    pub async fn ask(&self, timeout: Duration) -> Answer {
        let asked = mono();
        let socket = match self.socket() {
            Ok(socket) => socket,
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                return Answer::Unasked {
                    why: format!("the kernel lets this group send no ping; hint: {ALLOW}"),
                };
            }
            Err(error) => return Answer::from_error(&error),
        };
        datagram::answer(self.echo(&socket, (asked, timeout)).await)
    }

    /// The kernel picks the identifier, sums up, and hands over only what answers this socket.
    fn socket(&self) -> io::Result<UdpSocket> {
        let (domain, protocol) = match self.target {
            IpAddr::V4(_) => (Domain::IPV4, Protocol::ICMPV4),
            IpAddr::V6(_) => (Domain::IPV6, Protocol::ICMPV6),
        };
        let socket = Socket::new(domain, Type::DGRAM, Some(protocol))?;
        socket.set_nonblocking(true)?;
        if let Some(bind) = self.bind {
            socket.bind(&SocketAddr::new(bind, 0).into())?;
        }
        socket.connect(&SocketAddr::new(self.target, 0).into())?;
        UdpSocket::from_std(socket.into())
    }

    async fn echo(
        &self,
        socket: &UdpSocket,
        (asked, timeout): (Mono, Duration),
    ) -> io::Result<Result<Answer, super::Why>> {
        let token = rand::random();
        let bytes = Echo { family: Family::of(self.target), token }.request();
        let question = Question { socket, bytes: &bytes, longest: 512, asked, timeout };
        let answered = || Answer::Alive { detail: "echo".to_owned(), took: mono().since(asked) };
        question
            .ask(|bytes| match Echo::reply(Family::of(self.target), bytes) {
                Some(echo) if echo.token == token => Heard::Answer(answered()),
                Some(_another) => Heard::Foreign,
                None => Heard::Nonsense,
            })
            .await
    }
}

/// A look: whether this machine lets us ask, and whether that matters. Nobody is asked.
pub fn sight(pinged: &[IpAddr]) -> Sight {
    let open = |target: IpAddr| Icmp { target, bind: None }.socket();
    let targets = if pinged.is_empty() { &[IpAddr::V4(Ipv4Addr::LOCALHOST)] } else { pinged };
    let asked = match pinged.len() {
        0 => "nothing is pinged from here".to_owned(),
        1 => "1 machine is pinged from here".to_owned(),
        count => format!("{count} machines are pinged from here"),
    };
    match targets.iter().find_map(|target| open(*target).err()) {
        None => Sight::ok(Kind::Ping, "icmp", format!("is permitted; {asked}")),
        Some(_) if pinged.is_empty() => {
            Sight::ok(Kind::Ping, "icmp", format!("is not permitted, and {asked}"))
        }
        Some(error) if error.kind() == ErrorKind::PermissionDenied => {
            let says = format!("the kernel lets this group send no ping; {asked}");
            Sight::fault(Kind::Ping, "icmp", says).hint(ALLOW)
        }
        Some(error) => Sight::fault(Kind::Ping, "icmp", format!("{error}; {asked}")),
    }
}

/// Which of the two protocols; they number the same messages differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// ICMP.
    Four,
    /// ICMPv6.
    Six,
}

impl Family {
    fn of(target: IpAddr) -> Self {
        if target.is_ipv4() { Self::Four } else { Self::Six }
    }
}

/// One echo: what is sent out comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Echo {
    /// Which protocol.
    pub family: Family,
    /// What tells ours from any other.
    pub token: u128,
}

impl Echo {
    /// The bytes of the request; identifier and sum are left to the kernel.
    pub fn request(self) -> [u8; ECHO] {
        let mut bytes = [0; ECHO];
        bytes[0] = match self.family {
            Family::Four => 8,
            Family::Six => 128,
        };
        bytes[7] = 1;
        bytes[8..].copy_from_slice(&self.token.to_be_bytes());
        bytes
    }

    /// Reads a reply; nothing else that comes is one.
    pub fn reply(family: Family, bytes: &[u8]) -> Option<Self> {
        let kind = match family {
            Family::Four => 0,
            Family::Six => 129,
        };
        let (head, token) = bytes.split_first_chunk::<8>()?;
        let token = u128::from_be_bytes(token.try_into().ok()?);
        (head[..2] == [kind, 0] && head[6..] == [0, 1]).then_some(Self { family, token })
    }
}

//! The DNS probe: one question to one named server, and what must be among its answers.

use super::datagram::{self, Heard, Question};
use super::tcp::connect;
use super::{Answer, Why};
use crate::clock::mono;
use hickory_resolver::proto::op::{Edns, Message, MessageType, Query, ResponseCode};
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use policies::policy::{Dns as Wanted, Record, RecordType as Of};
use state::Mono;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What fits through every network in one piece, by the agreement of the servers' makers.
const DATAGRAM_MAX: u16 = 1232;

/// An answer over TCP longer than this is none that a probe needs.
pub const STREAM_MAX: usize = 16 * 1024;

/// The head of a message.
const HEAD: usize = 12;

/// The shortest question: the root, a type and a class.
const QUESTION_MIN: usize = 5;

/// The shortest record: the root, a type, a class, a life and a length.
const RECORD_MIN: usize = 11;

/// Who is asked, from where, and for what.
#[derive(Clone, Debug)]
pub struct Dns {
    /// The name server.
    pub target: SocketAddr,
    /// The local address to ask from.
    pub bind: Option<IpAddr>,
    /// What is asked, and what must be answered.
    pub wanted: Wanted,
}

impl Dns {
    /// Asks once: in datagrams, and in a connection if the answer was too long for one.
    pub async fn ask(&self, timeout: Duration) -> Answer {
        let asked = mono();
        let Some(lookup) = Lookup::new(&self.wanted) else {
            return Answer::Unasked { why: format!("`{}` cannot be asked for", self.wanted.name) };
        };
        let said = match self.over_udp(&lookup, asked, timeout).await {
            Ok(Ok(Said::Cut)) => {
                let left = timeout.saturating_sub(mono().since(asked));
                match tokio::time::timeout(left, self.over_tcp(&lookup)).await {
                    Ok(said) => said,
                    Err(_elapsed) => Ok(Err(Why::Silent)),
                }
            }
            said => said,
        };
        match said {
            Ok(Ok(Said::Records(records))) => match missing(&self.wanted, &records) {
                None => Answer::Alive { detail: counted(records.len()), took: mono().since(asked) },
                Some(words) => Answer::Dead { why: Why::Wrong(words) },
            },
            Ok(Ok(Said::No(words))) => Answer::Dead { why: Why::Wrong(format!("answered {words}")) },
            Ok(Ok(Said::Cut)) => Answer::Dead { why: Why::Malformed },
            Ok(Err(why)) => Answer::Dead { why },
            Err(error) => Answer::from_error(&error),
        }
    }

    async fn over_udp(
        &self,
        lookup: &Lookup,
        asked: Mono,
        timeout: Duration,
    ) -> io::Result<Result<Said, Why>> {
        let socket = datagram::socket(self.target, self.bind).await?;
        let longest = usize::from(DATAGRAM_MAX);
        let question = Question { socket: &socket, bytes: &lookup.bytes, longest, asked, timeout };
        question.ask(|bytes| lookup.read(bytes)).await
    }

    async fn over_tcp(&self, lookup: &Lookup) -> io::Result<Result<Said, Why>> {
        let mut stream = connect(self.target, self.bind).await?;
        let length = u16::try_from(lookup.bytes.len()).map_err(|_| ErrorKind::InvalidInput)?;
        stream.write_all(&[&length.to_be_bytes(), lookup.bytes.as_slice()].concat()).await?;
        let length = usize::from(stream.read_u16().await?);
        if length > STREAM_MAX {
            return Ok(Err(Why::Malformed));
        }
        let mut bytes = vec![0; length];
        stream.read_exact(&mut bytes).await?;
        Ok(match lookup.read(&bytes) {
            Heard::Answer(said) => Ok(said),
            Heard::Foreign | Heard::Nonsense => Err(Why::Malformed),
        })
    }
}

/// What a server says to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Said {
    /// These records of the type asked for.
    Records(Vec<Record>),
    /// An error of its own.
    No(String),
    /// More than fits into a datagram.
    Cut,
}

/// One question, and what tells its answer from any other.
struct Lookup {
    id: u16,
    query: Query,
    bytes: Vec<u8>,
}

impl Lookup {
    fn new(wanted: &Wanted) -> Option<Self> {
        let mut name = Name::from_ascii(&wanted.name).ok()?;
        name.set_fqdn(true);
        let of = match wanted.of {
            Of::A => RecordType::A,
            Of::Aaaa => RecordType::AAAA,
            Of::Srv => RecordType::SRV,
        };
        let query = Query::query(name, of);
        let mut message = Message::query();
        message.metadata.recursion_desired = true;
        message.add_query(query.clone());
        let mut edns = Edns::new();
        edns.set_max_payload(DATAGRAM_MAX);
        message.set_edns(edns);
        Some(Self { id: message.metadata.id, query, bytes: message.to_vec().ok()? })
    }

    fn read(&self, bytes: &[u8]) -> Heard<Said> {
        let Some(message) = message(bytes) else { return Heard::Nonsense };
        let about = |query: &Query| {
            query.query_type() == self.query.query_type() && query.name().eq_ignore_root(self.query.name())
        };
        let ours = message.metadata.id == self.id && message.metadata.message_type == MessageType::Response;
        if !ours || !message.queries.first().is_some_and(about) {
            return Heard::Foreign;
        }
        let code = message.metadata.response_code;
        Heard::Answer(if message.metadata.truncation {
            Said::Cut
        } else if code == ResponseCode::NoError {
            Said::Records(message.answers.iter().filter_map(|record| plain(&record.data)).collect())
        } else {
            Said::No(format!("\"{}\"", code.to_str()))
        })
    }
}

/// A record of one of the types that can be asked for.
fn plain(data: &RData) -> Option<Record> {
    if let RData::A(address) = data {
        return Some(Record::A(address.0));
    }
    if let RData::AAAA(address) = data {
        return Some(Record::Aaaa(address.0));
    }
    let RData::SRV(service) = data else { return None };
    let target = service.target.to_ascii().trim_end_matches('.').to_ascii_lowercase();
    let (priority, weight, port) = (service.priority, service.weight, service.port);
    Some(Record::Srv { priority, weight, port, target })
}

/// The message in these bytes. One that promises more than it can hold is not read: room is made for what is promised.
fn message(bytes: &[u8]) -> Option<Message> {
    let (head, rest) = bytes.split_first_chunk::<HEAD>()?;
    let count = |at: usize| usize::from(u16::from_be_bytes([head[at], head[at + 1]]));
    let least = count(4) * QUESTION_MIN + (count(6) + count(8) + count(10)) * RECORD_MIN;
    if least > rest.len() {
        return None;
    }
    Message::from_vec(bytes).ok()
}

/// What was answered of the type asked for, read back from the bytes of a message; for whoever wants to be sure
/// that no bytes do harm.
pub fn records(bytes: &[u8]) -> Option<Vec<Record>> {
    Some(message(bytes)?.answers.iter().filter_map(|record| plain(&record.data)).collect())
}

/// What the answer lacks, in words.
fn missing(wanted: &Wanted, records: &[Record]) -> Option<String> {
    let fits = |record: &&Record| match (wanted.of, record) {
        (Of::A, Record::A(_)) | (Of::Aaaa, Record::Aaaa(_)) | (Of::Srv, Record::Srv { .. }) => true,
        (Of::A | Of::Aaaa | Of::Srv, Record::A(_) | Record::Aaaa(_) | Record::Srv { .. }) => false,
    };
    if !records.iter().any(|record| fits(&record)) {
        return Some("answered no such record".to_owned());
    }
    let lacks = wanted.expect.iter().find(|expected| !records.contains(expected))?;
    Some(format!("answered without {lacks}"))
}

fn counted(records: usize) -> String {
    if records == 1 { "1 record".to_owned() } else { format!("{records} records") }
}

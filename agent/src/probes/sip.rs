//! SIP as far as a probe needs it: one OPTIONS to write, one message to read, every length limited.

use std::net::SocketAddr;

/// The longest message read, head and body: as much as a UDP datagram can hold.
pub const MESSAGE_MAX: usize = 64 * 1024;

/// More header lines than any answer seen has by a factor of ten.
const HEADERS_MAX: usize = 256;

/// Bytes that are no SIP message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SipError {
    /// Longer than [`MESSAGE_MAX`].
    #[error("the message is longer than 64 KiB")]
    TooLong,
    /// The head is not all there.
    #[error("the message has no end of its head")]
    NoEnd,
    /// The head is not UTF-8.
    #[error("the message's head is not text")]
    NotText,
    /// Neither `SIP/2.0 200 OK` nor `OPTIONS sip:host SIP/2.0`.
    #[error("the message begins neither as a request nor as a response")]
    StartLine,
    /// A header line without a colon or a name, or too many of them.
    #[error("the message has a header line that is none")]
    Header,
    /// A length that is no number, or more than there is.
    #[error("the message's length is wrong")]
    Length,
}

/// How a message begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// A response.
    Response { code: u16, reason: String },
    /// A request.
    Request { method: String },
}

/// A message's start line and headers; bodies are only counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The first line.
    pub start: Start,
    /// Names as written, values trimmed, folded lines joined.
    headers: Vec<(String, String)>,
    /// How many bytes the head takes, its empty line included.
    head: usize,
}

impl Message {
    /// Reads a message whose head is complete; what follows the head is not looked at.
    pub fn parse(bytes: &[u8]) -> Result<Self, SipError> {
        if bytes.len() > MESSAGE_MAX {
            return Err(SipError::TooLong);
        }
        let head = bytes.windows(4).position(|four| four == b"\r\n\r\n").ok_or(SipError::NoEnd)? + 4;
        let text = std::str::from_utf8(&bytes[..head - 4]).map_err(|_| SipError::NotText)?;
        let mut lines = text.split("\r\n");
        let start = start_line(lines.next().unwrap_or(""))?;
        let mut headers: Vec<(String, String)> = Vec::new();
        for line in lines {
            if line.starts_with([' ', '\t']) {
                // A folded line goes on with the value before it.
                let (_, value) = headers.last_mut().ok_or(SipError::Header)?;
                value.push(' ');
                value.push_str(line.trim());
                continue;
            }
            let (name, value) = line.split_once(':').ok_or(SipError::Header)?;
            let name = name.trim_end();
            if name.is_empty() || headers.len() == HEADERS_MAX {
                return Err(SipError::Header);
            }
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        Ok(Self { start, headers, head })
    }

    /// The first header of this name, whatever its case, in its long or its compact form.
    pub fn header(&self, name: &str) -> Option<&str> {
        let short = match name {
            "Via" => "v",
            "Call-ID" => "i",
            "Content-Length" => "l",
            _ => name,
        };
        let is_it = |found: &str| found.eq_ignore_ascii_case(name) || found.eq_ignore_ascii_case(short);
        self.headers.iter().find(|(found, _)| is_it(found)).map(|(_, value)| value.as_str())
    }

    /// The branch of the topmost Via.
    pub fn branch(&self) -> Option<&str> {
        let top = self.header("Via")?.split(',').next()?;
        let is_branch = |name: &str| name.trim().eq_ignore_ascii_case("branch");
        let mut parameters = top.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
        parameters.find(|(name, _)| is_branch(name)).map(|(_, value)| value.trim())
    }

    /// How many bytes head and body take together.
    fn total(&self) -> Result<usize, SipError> {
        let Some(length) = self.header("Content-Length") else { return Ok(self.head) };
        if length.is_empty() || !length.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(SipError::Length);
        }
        let body: usize = length.parse().map_err(|_| SipError::Length)?;
        let total = self.head.saturating_add(body);
        if total > MESSAGE_MAX { Err(SipError::TooLong) } else { Ok(total) }
    }
}

/// The first message of a stream and how many bytes it took, or nothing while it is not all there.
///
/// A body is as long as `Content-Length` says; line ends before a message keep a connection alive and are skipped.
pub fn frame(stream: &[u8]) -> Result<Option<(Message, usize)>, SipError> {
    let idle = stream.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    if idle > MESSAGE_MAX {
        return Err(SipError::TooLong);
    }
    let bytes = &stream[idle..];
    let message = match Message::parse(&bytes[..bytes.len().min(MESSAGE_MAX)]) {
        Ok(message) => message,
        Err(SipError::NoEnd) if bytes.len() < MESSAGE_MAX => return Ok(None),
        Err(SipError::NoEnd) => return Err(SipError::TooLong),
        Err(error) => return Err(error),
    };
    let total = message.total()?;
    Ok((bytes.len() >= total).then_some((message, idle + total)))
}

fn start_line(line: &str) -> Result<Start, SipError> {
    if let Some(status) = line.strip_prefix("SIP/2.0 ") {
        let (code, reason) = status.split_once(' ').unwrap_or((status, ""));
        let code = code.parse().ok().filter(|code| (100..700).contains(code) && status.len() >= 3);
        return Ok(Start::Response { code: code.ok_or(SipError::StartLine)?, reason: reason.to_owned() });
    }
    let words: Vec<&str> = line.split(' ').collect();
    match words[..] {
        [method, uri, "SIP/2.0"] if !method.is_empty() && !uri.is_empty() => {
            Ok(Start::Request { method: method.to_owned() })
        }
        _ => Err(SipError::StartLine),
    }
}

/// Over which transport a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Datagrams, sent again by us.
    Udp,
    /// A stream.
    Tcp,
}

/// One OPTIONS, and what tells its answer from any other.
#[derive(Clone, Debug)]
pub struct Options {
    branch: String,
    call_id: String,
    cseq: u32,
    text: String,
}

impl Options {
    /// A question from `local` to `target` with random names: branch, tag and Call-ID.
    pub fn new(target: SocketAddr, local: SocketAddr, transport: Transport) -> Self {
        let (over, parameter) = match transport {
            Transport::Udp => ("UDP", ""),
            Transport::Tcp => ("TCP", ";transport=tcp"),
        };
        let branch = format!("z9hG4bK{:016x}", rand::random::<u64>());
        let call_id = format!("{:016x}{:016x}", rand::random::<u64>(), rand::random::<u64>());
        let cseq = u32::from(rand::random::<u16>()) + 1;
        // A socket address prints an IPv6 literal in brackets, which is how SIP writes it; a bare one does not.
        let host = if local.is_ipv4() { local.ip().to_string() } else { format!("[{}]", local.ip()) };
        let text = format!(
            "OPTIONS sip:{target}{parameter} SIP/2.0\r\n\
             Via: SIP/2.0/{over} {local};branch={branch};rport\r\n\
             Max-Forwards: 70\r\n\
             From: <sip:pointsman@{host}>;tag={tag:08x}\r\n\
             To: <sip:{target}>\r\n\
             Call-ID: {call_id}\r\n\
             CSeq: {cseq} OPTIONS\r\n\
             Contact: <sip:pointsman@{local}{parameter}>\r\n\
             Accept: application/sdp\r\n\
             User-Agent: pointsman\r\n\
             Content-Length: 0\r\n\r\n",
            tag = rand::random::<u32>(),
        );
        Self { branch, call_id, cseq, text }
    }

    /// The bytes to send; a repetition sends the very same.
    pub fn bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// The final code and its words, if the message is the final answer to this very question.
    pub fn final_answer<'m>(&self, message: &'m Message) -> Option<(u16, &'m str)> {
        let Start::Response { code, reason } = &message.start else { return None };
        let cseq = message.header("CSeq").and_then(|value| value.split_once([' ', '\t']));
        let ours = message.branch() == Some(&self.branch)
            && message.header("Call-ID") == Some(&self.call_id)
            && cseq
                .is_some_and(|(count, method)| count.parse() == Ok(self.cseq) && method.trim() == "OPTIONS");
        (ours && *code >= 200).then_some((*code, reason.as_str()))
    }
}

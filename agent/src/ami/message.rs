//! One message of the manager interface: lines of name and value up to an empty one.

use super::AmiError;

/// The longest message read; a whole `core show channels` of a busy exchange is shorter.
pub const MESSAGE_MAX: usize = 64 * 1024;

/// More lines than any answer seen has by a factor of ten.
const LINES_MAX: usize = 1000;

/// A response or an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Names as written, values without the blanks around them.
    headers: Vec<(String, String)>,
}

impl Message {
    /// The first header of this name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let named = self.headers.iter().find(|(found, _)| found.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str())
    }

    /// Lines without a colon say nothing; one value may end with a stray line feed.
    fn parse(bytes: &[u8]) -> Result<Self, AmiError> {
        let text = String::from_utf8_lossy(bytes);
        let mut headers = Vec::new();
        for line in text.split("\r\n") {
            let Some((name, value)) = line.split_once(':') else { continue };
            if headers.len() == LINES_MAX {
                return Err(AmiError::Malformed("a message has too many lines"));
            }
            headers.push((name.trim().to_owned(), value.trim().to_owned()));
        }
        Ok(Self { headers })
    }
}

/// The first message of a stream and how many bytes it took, or nothing while it is not all there.
///
/// # Errors
/// When it is longer than there may be.
pub fn frame(stream: &[u8]) -> Result<Option<(Message, usize)>, AmiError> {
    let idle = stream.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let bytes = &stream[idle..];
    let within = &bytes[..bytes.len().min(MESSAGE_MAX)];
    match within.windows(4).position(|four| four == b"\r\n\r\n") {
        Some(end) => Ok(Some((Message::parse(&bytes[..end])?, idle + end + 4))),
        None if stream.len() >= MESSAGE_MAX => Err(AmiError::Malformed("a message has no end")),
        None => Ok(None),
    }
}

/// The banner at the beginning of a stream and how many bytes it took, or nothing while it is not all there.
///
/// # Errors
/// When something else speaks.
pub fn banner(stream: &[u8], begins: &str, most: usize) -> Result<Option<(String, usize)>, AmiError> {
    let known = stream.len().min(begins.len());
    if stream[..known] != begins.as_bytes()[..known] {
        return Err(AmiError::Malformed("it greets otherwise"));
    }
    let end = stream.iter().take(most).position(|byte| *byte == b'\n');
    let Some(end) = end else {
        return if stream.len() >= most {
            Err(AmiError::Malformed("its greeting has no end"))
        } else {
            Ok(None)
        };
    };
    let text = String::from_utf8_lossy(&stream[..end]);
    let plain = text.chars().filter(|letter| !letter.is_control()).collect();
    Ok(Some((plain, end + 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Asterisk 22.10.1 was heard to say, a stray line feed included.
    const HEARD: &[u8] = b"Response: Error\r\nActionID: 21\r\nMessage: No Contacts found\n\r\n\r\n\
        Event: DBGetResponse\r\nFamily: outage\r\nKey: empty\r\nVal: \r\nActionID: 12\r\n\r\n";

    #[test]
    fn messages_are_the_same_however_they_are_cut() {
        let (first, taken) = frame(HEARD).unwrap().unwrap();
        assert_eq!(first.header("message"), Some("No Contacts found"));
        let (second, rest) = frame(&HEARD[taken..]).unwrap().unwrap();
        assert_eq!((second.header("Val"), second.header("Key")), (Some(""), Some("empty")));
        assert_eq!(taken + rest, HEARD.len());
        for end in 0..taken {
            assert!(frame(&HEARD[..end]).unwrap().is_none(), "{end}");
        }
    }

    #[test]
    fn a_banner_is_asterisks_and_has_an_end() {
        let read = |bytes: &[u8]| banner(bytes, "Asterisk Call Manager/", 64);
        assert_eq!(read(b"Asterisk Call Manager/11.0.0\r\nRest").unwrap().unwrap().1, 30);
        assert!(read(b"Asterisk Call").unwrap().is_none());
        assert!(read(b"SSH-2.0-OpenSSH").is_err());
        assert!(read(&[b"Asterisk Call Manager/".as_slice(), &[b'1'; 64]].concat()).is_err());
    }

    #[test]
    fn what_never_ends_is_refused() {
        assert!(frame(&b"a: b\r\n".repeat(20_000)).is_err());
        assert!(frame(&[b"a: b\r\n".repeat(2_000).as_slice(), b"\r\n"].concat()).is_err());
        assert!(frame(&vec![b'\n'; MESSAGE_MAX + 1]).is_err());
    }
}

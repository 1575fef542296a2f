//! Cuts what arrives on a connection into commands, whatever a client ends them with.
//!
//! The real carrier takes what one read brings as one command, so its clients end a command with nothing, CR, LF or
//! CRLF. But TCP may split or join writes. Both are honoured: a line end always ends a command; what has none is
//! taken after a quiet time, short if it already reads as a complete command, long if more is surely missing. So
//! `SET … S:1@192.0.2.1` and a late `1` are only confused by a client that pauses in mid-word for longer than that.

use std::time::Duration;

/// How long nothing may arrive before an unterminated command is taken.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// When it reads as a complete command: longer than a pause between two writes, shorter than the 500 ms after
    /// which one known client (which sends no line ends) tears its connection down behind `QUIT`.
    pub complete: Duration,
    /// When it does not; then it is answered as the failure that it is.
    pub partial: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { complete: Duration::from_millis(200), partial: Duration::from_millis(1500) }
    }
}

/// The longest command; the longest known argument is a free text of some 100 characters.
pub const LONGEST: usize = 512;

/// More than this is not kept while a client is not being listened to.
const MOST_KEPT: usize = 8 * LONGEST;

/// A client sent a command that is longer than [`LONGEST`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

/// The bytes of one connection that are not yet commands.
#[derive(Debug, Default)]
pub struct Framer {
    bytes: Vec<u8>,
}

impl Framer {
    /// Takes what a read brought; bytes beyond the limit are dropped, their command is too long anyhow.
    pub fn push(&mut self, bytes: &[u8]) {
        let room = MOST_KEPT.saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// The next command that has a line end, trimmed; empty lines are skipped, so CRLF split in two is no matter.
    pub fn line(&mut self) -> Result<Option<Vec<u8>>, TooLong> {
        while let Some(end) = self.bytes.iter().position(|b| matches!(b, b'\r' | b'\n')) {
            let line = self.bytes.drain(..=end).collect::<Vec<_>>();
            let line = line.trim_ascii();
            if line.len() > LONGEST {
                return Err(TooLong);
            }
            if !line.is_empty() {
                return Ok(Some(line.to_vec()));
            }
        }
        if self.bytes.len() > LONGEST { Err(TooLong) } else { Ok(None) }
    }

    /// What stands there without a line end, trimmed.
    pub fn rest(&self) -> &[u8] {
        self.bytes.trim_ascii()
    }

    /// Takes that as a command.
    pub fn take_rest(&mut self) -> Vec<u8> {
        let rest = self.rest().to_vec();
        self.bytes.clear();
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pieces: &[&str], lines: &[&str], rest: &str) {
        let mut framer = Framer::default();
        let mut got = Vec::new();
        for piece in pieces {
            framer.push(piece.as_bytes());
            while let Ok(Some(line)) = framer.line() {
                got.push(String::from_utf8_lossy(&line).into_owned());
            }
        }
        assert_eq!(got, lines, "{pieces:?}");
        assert_eq!(framer.rest(), rest.as_bytes(), "{pieces:?}");
    }

    #[test]
    fn a_line_end_ends_a_command_however_it_is_cut() {
        check(&["QUIT"], &[], "QUIT");
        check(&["QUIT \r"], &["QUIT"], "");
        check(&["QUIT\n"], &["QUIT"], "");
        check(&["QU", "IT\r", "\n"], &["QUIT"], "");
        check(&["A 1\r\nB 2\r\nC"], &["A 1", "B 2"], "C");
        check(&["\r\n\r\n \n"], &[], "");
        check(&["A\rB\n"], &["A", "B"], "");
    }

    #[test]
    fn a_command_without_an_end_is_limited() {
        let mut framer = Framer::default();
        framer.push(&[b'x'; LONGEST]);
        assert_eq!(framer.line(), Ok(None));
        framer.push(b"x");
        assert_eq!(framer.line(), Err(TooLong));
        framer.push(&[b'x'; 1_000_000]);
        assert!(framer.bytes.len() <= MOST_KEPT);
    }
}

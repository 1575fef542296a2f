//! A frame on the wire: a length of four bytes, big-endian, and that many bytes; a length of zero is a pulse.

use super::Closed;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// The greatest frame, in bytes: a batch of Raft entries is far smaller, and a snapshot of the view of a
/// cluster with 1,100 numbers is about a third of it. More is a fault or an attack, so nobody allocates it.
pub const FRAME_MAX: usize = 1024 * 1024;

/// Four pulses in a row must be lost before a link counts as cut; less and one lost packet, which TCP repeats
/// after 200 ms and again after 600 ms, would close a working link.
pub const SILENCE: Duration = Duration::from_secs(2);

/// How long a piece of a frame may wait for the other end to take it; the same as the kernel's patience with
/// unanswered segments, so that a full window and a dead path end alike.
pub const STUCK: Duration = Duration::from_secs(3);

/// A frame is written in pieces of this many bytes, so that a slow line which moves is told from one that stands.
const PIECE: usize = 16 * 1024;

/// The next frame; an empty one is a pulse. Silence is counted from the last byte, not from the last frame.
pub(super) async fn read(from: &mut (impl AsyncRead + Unpin)) -> Result<Vec<u8>, Closed> {
    let mut head = [0; 4];
    fill(from, &mut head).await?;
    let length = u32::from_be_bytes(head) as usize;
    if length > FRAME_MAX {
        return Err(Closed::Oversized { length });
    }
    let mut bytes = vec![0; length];
    fill(from, &mut bytes).await?;
    Ok(bytes)
}

/// Writes one frame and flushes it; an empty one is a pulse.
pub(super) async fn write(to: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> Result<(), Closed> {
    let length = u32::try_from(bytes.len()).expect("a frame is measured before it is queued");
    let mut whole = Vec::with_capacity(4 + bytes.len());
    whole.extend_from_slice(&length.to_be_bytes());
    whole.extend_from_slice(bytes);
    for piece in whole.chunks(PIECE) {
        in_time(to.write_all(piece)).await?;
    }
    in_time(to.flush()).await
}

async fn in_time(write: impl Future<Output = std::io::Result<()>>) -> Result<(), Closed> {
    match timeout(STUCK, write).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(fault)) => Err(Closed::Broken(fault.to_string())),
        Err(_) => Err(Closed::Stuck),
    }
}

async fn fill(from: &mut (impl AsyncRead + Unpin), into: &mut [u8]) -> Result<(), Closed> {
    let mut have = 0;
    while have < into.len() {
        match timeout(SILENCE, from.read(&mut into[have..])).await {
            Ok(Ok(0)) => return Err(Closed::Ended),
            Ok(Ok(count)) => have += count,
            Ok(Err(fault)) => return Err(Closed::Broken(fault.to_string())),
            Err(_) => return Err(Closed::Silent),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_frame_is_read_as_it_was_written_and_a_pulse_is_empty() {
        let mut wire = Vec::new();
        write(&mut wire, b"one").await.unwrap();
        write(&mut wire, b"").await.unwrap();
        assert_eq!(wire, b"\0\0\0\x03one\0\0\0\0");
        let mut from = wire.as_slice();
        assert_eq!(read(&mut from).await.unwrap(), b"one");
        assert_eq!(read(&mut from).await.unwrap(), b"");
        assert_eq!(read(&mut from).await.unwrap_err(), Closed::Ended);
    }

    #[tokio::test]
    async fn a_length_over_the_limit_is_refused_by_its_head_alone() {
        let mut from: &[u8] = &[0, 0x10, 0, 1];
        assert_eq!(read(&mut from).await.unwrap_err(), Closed::Oversized { length: FRAME_MAX + 1 });
    }

    #[tokio::test]
    async fn a_frame_that_stops_in_its_middle_is_silence() {
        let (mut near, mut far) = tokio::io::duplex(64);
        far.write_all(&[0, 0, 0, 9, 1, 2]).await.unwrap();
        assert_eq!(read(&mut near).await.unwrap_err(), Closed::Silent);
    }
}

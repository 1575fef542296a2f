//! The bytes of an entry: a schema number, a length, and the entry.

use crate::fact::Entry;

/// The first schema.
pub const FIRST: u16 = 1;
/// The greatest schema that this version knows. It reads all of them, and writes each fact in the least that has it,
/// so that an older version reads whatever is not new.
pub const SCHEMA: u16 = 5;

/// The longest entry that is agreed: a plan for 1,100 numbers takes about 90 KiB.
pub const ENTRY_MAX: usize = 256 * 1024;

/// Why bytes are not an entry.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// Shorter than its header or than its own length says.
    #[error("an entry of {have} bytes is cut short")]
    Short {
        /// How many bytes there are.
        have: usize,
    },
    /// Longer than is ever agreed.
    #[error("an entry of {have} bytes is over the limit of {ENTRY_MAX}")]
    Long {
        /// How many bytes there are.
        have: usize,
    },
    /// Written by a newer version.
    #[error("an entry of schema {schema} is unknown to this version, which knows {SCHEMA}")]
    Schema {
        /// The schema it names.
        schema: u16,
    },
    /// An entry, and something behind it.
    #[error("an entry is followed by {surplus} bytes that belong to nothing")]
    Surplus {
        /// How many bytes.
        surplus: usize,
    },
    /// A fact of one schema under the number of another: its bytes would not be the only ones for it.
    #[error("an entry says that it is of schema {schema}, and is of {is}")]
    Mislabelled {
        /// The schema it names.
        schema: u16,
        /// The one that its fact came with.
        is: u16,
    },
    /// The right schema, but not an entry.
    #[error("an entry cannot be read: {why}")]
    Malformed {
        /// The decoder's words.
        why: postcard::Error,
    },
}

/// The bytes of an entry.
pub fn encode(entry: &Entry) -> Result<Vec<u8>, CodecError> {
    let body = postcard::to_stdvec(entry).map_err(|why| CodecError::Malformed { why })?;
    let length = u32::try_from(body.len()).map_err(|_| CodecError::Long { have: body.len() })?;
    let mut bytes = Vec::with_capacity(body.len() + 6);
    bytes.extend_from_slice(&entry.fact.schema().to_le_bytes());
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(&body);
    if bytes.len() > ENTRY_MAX {
        return Err(CodecError::Long { have: bytes.len() });
    }
    Ok(bytes)
}

/// The entry in these bytes; nothing may follow it.
pub fn decode(bytes: &[u8]) -> Result<Entry, CodecError> {
    let short = CodecError::Short { have: bytes.len() };
    if bytes.len() > ENTRY_MAX {
        return Err(CodecError::Long { have: bytes.len() });
    }
    let Some((schema, rest)) = bytes.split_first_chunk::<2>() else { return Err(short) };
    let Some((length, body)) = rest.split_first_chunk::<4>() else { return Err(short) };
    let schema = u16::from_le_bytes(*schema);
    if !(FIRST..=SCHEMA).contains(&schema) {
        return Err(CodecError::Schema { schema });
    }
    if usize::try_from(u32::from_le_bytes(*length)) != Ok(body.len()) {
        return Err(short);
    }
    let (entry, surplus): (Entry, _) =
        postcard::take_from_bytes(body).map_err(|why| CodecError::Malformed { why })?;
    if entry.fact.schema() != schema {
        return Err(CodecError::Mislabelled { schema, is: entry.fact.schema() });
    }
    if surplus.is_empty() { Ok(entry) } else { Err(CodecError::Surplus { surplus: surplus.len() }) }
}

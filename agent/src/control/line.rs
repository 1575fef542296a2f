//! The control socket's language: one JSON object per line, each with the schema it is written in.

use crate::command::{Answer, Command};
use serde::{Deserialize, Serialize};

/// The schema of requests, answers and of everything that `--json` prints.
pub const SCHEMA: u32 = 1;

/// The longest request, in bytes: a play with every argument that a playbook may have is a tenth of it.
pub const REQUEST_MAX: usize = 64 * 1024;

/// What is asked: `{"schema":1,"command":…}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The schema that it is written in.
    pub schema: u32,
    /// The question or order.
    pub command: Command,
}

/// What is answered: `{"schema":1,"answer":…}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// The schema that it is written in.
    pub schema: u32,
    /// The answer.
    pub answer: Answer,
}

/// Reads a request; a fault becomes the answer that says so.
pub fn request(line: &[u8]) -> Result<Command, Box<Answer>> {
    // The schema is read by itself first: a newer client must hear "schema", not the name of some new field.
    #[derive(Deserialize)]
    struct Spoken {
        schema: u32,
    }
    let fault = |error: serde_json::Error| {
        Box::new(Answer::Refused {
            why: format!("this is no request: {error}"),
            hint: Some(r#"{"schema":1,"command":"status"}"#.to_owned()),
        })
    };
    let spoken: Spoken = serde_json::from_slice(line).map_err(fault)?;
    if spoken.schema != SCHEMA {
        return Err(Box::new(Answer::Refused {
            why: format!("schema {} is not spoken here, only {SCHEMA}", spoken.schema),
            hint: Some("use the pointsman that was installed with this agent".to_owned()),
        }));
    }
    let request: Request = serde_json::from_slice(line).map_err(fault)?;
    Ok(request.command)
}

/// One line of JSON, its end included.
pub fn line<T: Serialize>(value: &T) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = serde_json::to_vec(value)?;
    bytes.push(b'\n');
    Ok(bytes)
}

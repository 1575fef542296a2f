//! The PBX's manager interface, byte by byte as a real Asterisk was heard to speak it: each file is a conversation.
//!
//! `> ` is said to it and `< ` must come back, line by line, each ended by CR and LF; `\n` is a line end inside a line.
//! `booting` starts it while it boots, `booted` waits for the end of that. What it must say was heard, not made up: so
//! nothing rewrites these files.

use lab::pbx::Pbx;
use lab::pbx::ami::{Ami, Class};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long a boot takes here, and how long an answer may.
const BOOT: Duration = Duration::from_millis(700);
const PATIENCE: Duration = Duration::from_secs(10);
/// After which nothing more comes.
const QUIET: Duration = Duration::from_millis(100);

#[tokio::test(flavor = "multi_thread")]
async fn the_manager_interface_answers_as_a_real_one_did() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hands/ami");
    let mut held = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let faults = hold(&text).await;
        assert!(faults.is_none(), "{}: {}", path.display(), faults.unwrap_or_default());
        held += 1;
    }
    assert!(held >= 4, "the conversations are gone");
}

/// Holds a conversation; says where it went another way.
async fn hold(text: &str) -> Option<String> {
    let accounts = [("agent", "agentsecret", Class::All), ("reader", "readersecret", Class::Reporting)];
    let ami = Ami::new(&accounts);
    let booting = text.lines().any(|line| line == "booting");
    let ami = Arc::new(if booting { ami.boots_in(BOOT) } else { ami });
    let any = "127.0.0.1:0".parse().unwrap();
    let pbx = Pbx::start_with(any, &["9010"], Some((any, ami))).await.unwrap();
    let mut stream = TcpStream::connect(pbx.ami_address().unwrap()).await.unwrap();
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#') && *line != "booting").collect();
    for part in lines.chunk_by(|a, b| a[..1] == b[..1]) {
        let bytes: String = part.iter().map(|line| bytes(line)).collect();
        match &part[0][..1] {
            ">" => stream.write_all(bytes.as_bytes()).await.unwrap(),
            "<" => {
                if let Some(fault) = heard(&mut stream, &bytes).await {
                    return Some(fault);
                }
            }
            _ => tokio::time::sleep(BOOT).await,
        }
    }
    None
}

/// What a line stands for.
fn bytes(line: &str) -> String {
    format!("{}\r\n", line[1..].strip_prefix(' ').unwrap_or(&line[1..]).replace("\\n", "\n"))
}

/// Exactly that comes, and then nothing more.
async fn heard(stream: &mut TcpStream, wanted: &str) -> Option<String> {
    let mut said = vec![0; wanted.len()];
    let whole = tokio::time::timeout(PATIENCE, stream.read_exact(&mut said)).await;
    let text = String::from_utf8_lossy(&said).into_owned();
    if !matches!(whole, Ok(Ok(_))) || text != wanted {
        return Some(format!("it said\n{text}\nand not\n{wanted}"));
    }
    let mut more = [0; 64];
    match tokio::time::timeout(QUIET, stream.read(&mut more)).await {
        Ok(Ok(count)) if count > 0 => Some(format!("more: {}", String::from_utf8_lossy(&more[..count]))),
        Ok(_) | Err(_) => None,
    }
}

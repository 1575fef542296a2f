//! A program of the site file as it is run: without a shell, in a process group that dies by the deadline.

use crate::live::{Kind, Sight};
use crate::probes::shown;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::{AccessFlags, Pid, access};
use std::fmt;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

/// All that a program finds in its environment.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Who writes more than this has not understood the question, and is killed.
pub const OUTPUT_MAX: usize = 64 * 1024;

/// How much of the output's first line is told.
const LINE_MAX: usize = 80;

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// By itself, with 0; and the first line of what it wrote.
    Well(String),
    /// By itself with another number, or by a signal; in words.
    Ill(String),
    /// It was killed, because it wrote too much.
    Flood,
    /// It was killed, because its time was over.
    Late,
    /// It never began: nothing was changed by it.
    Unstarted(String),
    /// Nobody can say how it ended.
    Unknown(String),
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Well(said) if said.is_empty() => f.write_str("ended with 0"),
            Self::Well(said) => write!(f, "ended with 0: {said}"),
            Self::Ill(words) | Self::Unstarted(words) | Self::Unknown(words) => f.write_str(words),
            Self::Flood => write!(f, "wrote more than {} KiB and was killed", OUTPUT_MAX / 1024),
            Self::Late => f.write_str("took too long and was killed"),
        }
    }
}

/// Runs a program once, with its arguments, for at most so long; whoever lets this go kills it.
pub async fn run(words: &[String], timeout: Duration) -> End {
    let mut running = match start(words) {
        Ok(running) => running,
        Err(why) => return End::Unstarted(why),
    };
    match tokio::time::timeout(timeout, running.end()).await {
        Ok(Ok(end)) => end,
        Ok(Err(error)) => End::Unknown(format!("its end cannot be waited for: {error}")),
        Err(_elapsed) => End::Late,
    }
}

/// A look at a command of the site file: it is there, and may be run. It is not run.
pub fn sight(name: &str, words: &[String]) -> Sight {
    let Some(program) = words.first() else {
        return Sight::fault(Kind::Command, name, "the command is empty");
    };
    match may_be_run(program) {
        Ok(()) => Sight::ok(Kind::Command, name, format!("`{program}` is there and may be run")),
        Err(why) => Sight::fault(Kind::Command, name, format!("`{program}`: {why}"))
            .hint(format!("`ls -l {program}`")),
    }
}

/// Whether a program is there and this user may run it, as far as can be seen without running it.
///
/// # Errors
/// Says why not.
pub fn may_be_run(program: &str) -> Result<(), String> {
    let about = std::fs::metadata(program).map_err(|error| error.to_string())?;
    if !about.is_file() {
        return Err("it is no file".to_owned());
    }
    access(program, AccessFlags::X_OK).map_err(|_| "it may not be run".to_owned())
}

fn start(words: &[String]) -> Result<Running, String> {
    let (program, arguments) = words.split_first().ok_or("the command is empty")?;
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        .env("PATH", PATH)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(|error| format!("cannot run `{program}`: {error}"))?;
    let group = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
    let group = Group(group.ok_or_else(|| format!("`{program}` has no process"))?);
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let out = Box::new(out.ok_or("its output is lost")?);
    let err = Box::new(err.ok_or("its output is lost")?);
    Ok(Running { _group: group, child, out, err })
}

/// A process group; dropping it kills whoever is left in it, also when nobody asks any more.
struct Group(Pid);

impl Drop for Group {
    fn drop(&mut self) {
        // Nobody left is what is wanted; a number is not given to another process so soon.
        let _nobody = killpg(self.0, Signal::SIGKILL);
    }
}

/// A program that runs.
struct Running {
    /// Held, because dropping it ends the program.
    _group: Group,
    child: Child,
    out: Box<dyn AsyncRead + Send + Unpin>,
    err: Box<dyn AsyncRead + Send + Unpin>,
}

impl Running {
    /// Waits for the end of the program itself: a child that it left behind may hold its output open for ever.
    async fn end(&mut self) -> io::Result<End> {
        let Self { child, out, err, .. } = self;
        let (mut said, mut complained) = (Vec::new(), Vec::new());
        let status = {
            let mut reading =
                std::pin::pin!(async { tokio::try_join!(read(out, &mut said), read(err, &mut complained)) });
            let mut waiting = std::pin::pin!(child.wait());
            let mut read_all = false;
            loop {
                tokio::select! {
                    biased;
                    read = &mut reading, if !read_all => match read {
                        Ok(_) => read_all = true,
                        Err(Flood) => return Ok(End::Flood),
                    },
                    status = &mut waiting => break status?,
                }
            }
        };
        let line =
            [said, complained].into_iter().map(|bytes| first_line(&bytes)).find(|line| !line.is_empty());
        let line = line.unwrap_or_default();
        Ok(if status.success() { End::Well(line) } else { End::Ill(told(status, &line)) })
    }
}

/// More than there may be.
struct Flood;

/// Reads to the end, or as much as there may be.
async fn read(from: &mut (impl AsyncRead + Unpin), into: &mut Vec<u8>) -> Result<(), Flood> {
    loop {
        match from.read_buf(into).await {
            Ok(0) | Err(_) => return Ok(()),
            Ok(_) if into.len() > OUTPUT_MAX => return Err(Flood),
            Ok(_) => {}
        }
    }
}

fn first_line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    shown(line.trim(), LINE_MAX)
}

fn told(status: ExitStatus, said: &str) -> String {
    let how = match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with {code}"),
        (None, Some(signal)) => format!("was killed by signal {signal}"),
        (None, None) => "ended somehow".to_owned(),
    };
    if said.is_empty() { how } else { format!("{how}: {said}") }
}

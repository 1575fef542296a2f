//! The agents of a rig: real `pointsman run` processes, each with its log in its own folder.

use super::RigError;
use agent::clock;
use agent::command::{Answer, Command as Asked};
use agent::control::client::{Client, ClientError, Following};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};

/// How often a starting agent is asked whether it answers.
const ASK_EVERY: Duration = Duration::from_millis(20);

/// A killed process is gone after so long, unless the machine is in trouble.
const END: Duration = Duration::from_secs(2);

/// One agent's process.
#[derive(Debug)]
pub struct Agent {
    child: Child,
    socket: PathBuf,
}

impl Agent {
    /// Starts `pointsman run` with the site file of a folder; `pointsman` is the command that starts the program.
    pub fn start(mut pointsman: Command, folder: &Path) -> io::Result<Self> {
        let log = File::options().create(true).append(true).open(folder.join("log"))?;
        let child = pointsman
            .arg("run")
            .arg("--config")
            .arg(folder.join("site.yaml"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()?;
        Ok(Self { child, socket: folder.join("control.sock") })
    }

    /// Kills it as a power cut would: nothing is said, nothing is flushed.
    pub async fn kill(&mut self) {
        let _ = self.child.kill().await;
    }

    /// Waits for its end; gives its exit code, if it ended by itself.
    pub async fn ended(&mut self) -> Option<i32> {
        self.child.wait().await.ok()?.code()
    }

    /// Whether the process still lives.
    pub fn lives(&mut self) -> Life {
        if matches!(self.child.try_wait(), Ok(None)) { Life::Lives } else { Life::Over }
    }

    /// Its process, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Stops or continues it, as a debugger or a hypervisor would.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        let pid = self.child.id().and_then(|id| i32::try_from(id).ok());
        let pid = pid.ok_or_else(|| io::Error::other("the agent is not running"))?;
        kill(Pid::from_raw(pid), signal).map_err(io::Error::from)
    }

    /// Asks it something, as the command line does.
    pub async fn ask(&self, command: Asked) -> Result<Answer, ClientError> {
        Client::connect(&self.socket).await?.ask(command).await
    }

    /// Follows what it tells; waits until it answers at all.
    pub async fn follow(&mut self, patience: Duration) -> Result<Following, ClientError> {
        let until = tokio::time::Instant::now() + patience;
        loop {
            match Client::connect(&self.socket).await {
                Ok(client) => return client.follow().await,
                Err(error) if tokio::time::Instant::now() > until || self.lives() == Life::Over => {
                    return Err(error);
                }
                Err(_) => tokio::time::sleep(ASK_EVERY).await,
            }
        }
    }
}

impl Drop for Agent {
    /// Kills it and waits for its end: what still ran could write into the folder that is removed next.
    fn drop(&mut self) {
        let _ = self.child.start_kill();
        let until = clock::mono() + END;
        while self.lives() == Life::Lives && clock::mono() < until {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Whether a process lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// It does.
    Lives,
    /// It has ended.
    Over,
}

/// The `pointsman` that was built beside this program.
pub fn find_pointsman() -> Result<PathBuf, RigError> {
    let here = std::env::current_exe().unwrap_or_default();
    let folder = here.parent().map(Path::to_owned).unwrap_or_default();
    // A test's program lies one folder further down.
    let folder = if folder.ends_with("deps") { folder.join("..") } else { folder };
    let path = folder.join("pointsman");
    if path.is_file() { Ok(path) } else { Err(RigError::NoPointsman(path)) }
}

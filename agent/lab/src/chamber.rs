//! A chamber: namespaces of their own for a process under test, held open by an idle one and gone with it.

use crate::rig::Launch;
use nix::unistd::Uid;
use std::io::{self, BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use thiserror::Error;

/// Why there is no chamber, or why something could not be done in it.
#[derive(Debug, Error)]
pub enum ChamberError {
    /// This machine cannot have one; the tool is what a skipped proof names.
    #[error("a chamber needs {0}")]
    Needs(&'static str),
    /// The system refused.
    #[error("cannot open a chamber")]
    Open(#[source] io::Error),
    /// A script failed.
    #[error("`{script}` failed in a chamber: {said}")]
    Script {
        /// The commands.
        script: String,
        /// What they said.
        said: String,
    },
}

/// What a chamber has for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Own {
    /// Its mounts.
    Mounts,
    /// Its mounts and its network.
    Network,
}

/// Held open until it is dropped, also if this program is killed: its keeper waits for the end of a pipe.
#[derive(Debug)]
pub struct Chamber {
    keeper: Child,
    own: Own,
}

impl Chamber {
    /// Opens one.
    ///
    /// # Errors
    /// Names what is missing: root, or a tool of util-linux.
    pub fn open(own: Own) -> Result<Self, ChamberError> {
        if !Uid::effective().is_root() {
            return Err(ChamberError::Needs("root"));
        }
        for tool in ["unshare", "nsenter"] {
            let there = Command::new(tool).arg("--version").stdout(Stdio::null()).status();
            if !there.is_ok_and(|status| status.success()) {
                return Err(ChamberError::Needs("util-linux"));
            }
        }
        let mut unshare = Command::new("unshare");
        unshare.args(["--mount", "--propagation", "private"]);
        if own == Own::Network {
            unshare.arg("--net");
        }
        let keeper = unshare
            .args(["sh", "-c", "echo open; exec cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(ChamberError::Open)?;
        let mut chamber = Self { keeper, own };
        let mut line = String::new();
        if let Some(said) = chamber.keeper.stdout.take() {
            BufReader::new(said).read_line(&mut line).map_err(ChamberError::Open)?;
        }
        if line == "open\n" { Ok(chamber) } else { Err(ChamberError::Needs("the right to namespaces")) }
    }

    /// Starts an agent in here.
    pub fn launch(&self) -> Launch {
        Launch::by(self.enter())
    }

    /// Runs shell commands in here, and gives what they print.
    ///
    /// # Errors
    /// When one of them fails.
    pub fn run(&self, script: &str) -> Result<String, ChamberError> {
        let enter = self.enter();
        let output = Command::new(&enter[0]).args(&enter[1..]).args(["sh", "-euc", script]).output();
        let output = output.map_err(ChamberError::Open)?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(ChamberError::Script { script: script.to_owned(), said })
    }

    /// The process that holds it open.
    pub fn keeper(&self) -> u32 {
        self.keeper.id()
    }

    fn enter(&self) -> Vec<String> {
        let mut enter = vec!["nsenter".to_owned(), "--target".to_owned(), self.keeper().to_string()];
        enter.push("--mount".to_owned());
        if self.own == Own::Network {
            enter.push("--net".to_owned());
        }
        enter.push("--".to_owned());
        enter
    }
}

impl Drop for Chamber {
    fn drop(&mut self) {
        // Its pipe closes, and that is its end.
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

//! What the machine itself has to say: how slow its disk is, how busy it is, and what a process has used.

use agent::clock;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

/// How often the disk is asked.
const SYNCS: usize = 64;
/// A page of a database: what a commit writes at least.
const PAGE: [u8; 4096] = [0x55; 4096];
/// The unit of `/proc/PID/stat` on every Linux that Rust runs on.
const TICKS_A_SECOND: u64 = 100;

/// How long a small write takes to reach the disk of a folder: the median.
pub fn fsync(folder: &Path) -> io::Result<Duration> {
    let mut file = tempfile::tempfile_in(folder)?;
    let mut spans = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        let began = clock::mono();
        write_through(&mut file)?;
        spans.push(clock::mono().since(began));
    }
    spans.sort();
    Ok(spans[SYNCS / 2])
}

fn write_through(file: &mut File) -> io::Result<()> {
    file.write_all(&PAGE)?;
    file.sync_all()
}

/// The load of the last minute, as Linux counts it; and the processors there are.
pub fn load() -> (String, usize) {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = text.split(' ').next().unwrap_or("unknown").to_owned();
    (load, std::thread::available_parallelism().map_or(1, usize::from))
}

/// What a process has used so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// Memory that is really there, in bytes.
    pub resident: u64,
    /// Time on a processor, its own and the kernel's for it.
    pub cpu: Duration,
}

/// What a process has used so far, if it still runs.
pub fn used(pid: u32) -> Option<Used> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(Used { resident: resident(&status)?, cpu: cpu(&stat)? })
}

fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024)
}

/// The 14th and 15th field; the second is a name in brackets that may hold blanks.
fn cpu(stat: &str) -> Option<Duration> {
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ').skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    let all = ticks()? + ticks()?;
    Some(Duration::from_millis(all * 1000 / TICKS_A_SECOND))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_says_is_read() {
        assert_eq!(resident("Name:\tx\nVmRSS:\t   14336 kB\nThreads:\t3\n"), Some(14 << 20));
        let stat = "71 (a name) b) S 1 71 71 0 -1 4194304 500 0 0 0 120 30 0 0 20 0 3 0 88 1 2";
        assert_eq!(cpu(stat), Some(Duration::from_millis(1500)));
        assert!(used(std::process::id()).is_some_and(|used| used.resident > 0));
        assert_eq!(used(u32::MAX), None);
    }

    #[test]
    fn a_disk_is_asked_and_not_guessed() {
        let folder = tempfile::tempdir().unwrap();
        assert!(fsync(folder.path()).unwrap() > Duration::ZERO);
        assert!(fsync(&folder.path().join("none")).is_err());
    }
}

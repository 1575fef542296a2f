//! Stops one thread of an agent at the entry of the `sendto` that carries a SET, by ptrace; everything else goes on.

use std::thread::JoinHandle;
use std::time::Duration;

/// What comes of the wish to trace.
pub enum Tracing {
    /// It waits for the SET; gives how long it held it, or nothing if none came.
    Begun(JoinHandle<Option<Duration>>),
    /// This machine cannot; what is missing.
    Needs(&'static str),
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
pub fn hold_set(_process: u32, _lasts: Duration) -> Tracing {
    Tracing::Needs("x86-64")
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub use x86_64::hold_set;

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod x86_64 {
    use super::Tracing;
    use nix::errno::Errno;
    use nix::sys::ptrace::{self, Options};
    use nix::sys::signal::Signal;
    use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
    use nix::unistd::Pid;
    use std::collections::BTreeSet;
    use std::sync::mpsc;
    use std::time::{Duration, Instant};

    /// `sendto` on this machine, and how a SET begins.
    const SENDTO: u64 = 44;
    const SET: u64 = u32::from_le_bytes(*b"SET ") as u64;

    /// A claim is carried out long before.
    const PATIENCE: Duration = Duration::from_secs(30);

    /// Between two looks at the traced threads: a wait for any child would take the ends of other tests' agents.
    const GLANCE: Duration = Duration::from_micros(100);

    /// Every thread of the agent, and the one that is held.
    struct Tracer {
        process: Pid,
        threads: BTreeSet<Pid>,
        /// Those that began after the seizure: a session with a carrier has a thread of its own.
        born: BTreeSet<Pid>,
        held: Option<(Pid, Instant)>,
        lasts: Duration,
    }

    /// Seizes the agent's threads and waits, in a thread of its own as ptrace wants it, for the SET.
    pub fn hold_set(process: u32, lasts: Duration) -> Tracing {
        let process = Pid::from_raw(i32::try_from(process).expect("a process id"));
        let (ready, is_ready) = mpsc::channel();
        let tracing = std::thread::spawn(move || {
            let mut tracer =
                Tracer { process, threads: BTreeSet::new(), born: BTreeSet::new(), held: None, lasts };
            let seized = tracer.seize();
            ready.send(seized.is_ok()).expect("somebody waits for it");
            // With this thread's end every traced one is let go.
            seized.ok().and_then(|()| tracer.watch())
        });
        match is_ready.recv() {
            Ok(true) => Tracing::Begun(tracing),
            Ok(false) | Err(_) => Tracing::Needs("the right to ptrace"),
        }
    }

    impl Tracer {
        fn seize(&mut self) -> nix::Result<()> {
            let options = Options::PTRACE_O_TRACECLONE | Options::PTRACE_O_TRACESYSGOOD;
            let tasks =
                std::fs::read_dir(format!("/proc/{}/task", self.process)).map_err(|_| Errno::ESRCH)?;
            for task in tasks.flatten() {
                let thread = task.file_name().to_string_lossy().parse().map_err(|_| Errno::ESRCH)?;
                let thread = Pid::from_raw(thread);
                ptrace::seize(thread, options)?;
                self.threads.insert(thread);
            }
            Ok(())
        }

        fn watch(&mut self) -> Option<Duration> {
            let since = Instant::now();
            while since.elapsed() < PATIENCE + self.lasts {
                if let Some((thread, at)) = self.held.filter(|(_, at)| at.elapsed() >= self.lasts) {
                    let held = at.elapsed();
                    // It goes on into the kernel, and the bytes leave.
                    ptrace::cont(thread, None).ok()?;
                    return Some(held);
                }
                for thread in self.threads.clone() {
                    if self.held.is_none_or(|(held, _)| held != thread) {
                        self.look_at(thread);
                    }
                }
                std::thread::sleep(GLANCE);
            }
            None
        }

        fn look_at(&mut self, thread: Pid) {
            let flags = WaitPidFlag::WNOHANG | WaitPidFlag::__WALL;
            let Ok(status) = waitpid(thread, Some(flags)) else {
                self.threads.remove(&thread);
                return;
            };
            let signal = match status {
                WaitStatus::StillAlive => return,
                WaitStatus::Exited(..) | WaitStatus::Signaled(..) => {
                    self.threads.remove(&thread);
                    return;
                }
                WaitStatus::PtraceSyscall(_) if self.held.is_none() && says_set(thread) => {
                    self.held = Some((thread, Instant::now()));
                    return;
                }
                WaitStatus::PtraceEvent(_, _, event) => {
                    if event == ptrace::Event::PTRACE_EVENT_CLONE as i32
                        && let Ok(born) = ptrace::getevent(thread)
                        && let Ok(born) = i32::try_from(born)
                    {
                        self.threads.insert(Pid::from_raw(born));
                        self.born.insert(Pid::from_raw(born));
                    }
                    None
                }
                WaitStatus::Stopped(_, signal) => Some(signal).filter(|signal| *signal != Signal::SIGTRAP),
                WaitStatus::PtraceSyscall(_) | WaitStatus::Continued(_) => None,
            };
            // Only the threads that talk to carriers are slowed down by a stop at each call.
            let gone_on = if self.held.is_none() && self.born.contains(&thread) {
                ptrace::syscall(thread, signal)
            } else {
                ptrace::cont(thread, signal)
            };
            if gone_on.is_err() {
                self.threads.remove(&thread);
            }
        }
    }

    /// Whether the thread stands at a `sendto` of a text that begins as a SET does.
    fn says_set(thread: Pid) -> bool {
        let Ok(registers) = ptrace::getregs(thread) else { return false };
        if registers.orig_rax != SENDTO {
            return false;
        }
        let word = ptrace::read(thread, registers.rsi as ptrace::AddressType);
        word.is_ok_and(|word| word.cast_unsigned() & 0xffff_ffff == SET)
    }
}

//! `status --watch` at a real terminal: it redraws, fits what the window has become, and gives all of it back.

use crate::status::{self, site};
use crate::{Agent, agent, agent_in, calm};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Termios, Winsize, tcgetattr, tcsetwinsize};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What a redraw begins with.
const HOME: &str = "\x1b[H";

/// Long enough for a machine that builds three other things.
const TRIES: u32 = 400;
const PAUSE: Duration = Duration::from_millis(50);

/// A terminal of so many rows and columns, and the program on it.
struct Terminal {
    /// The person's end.
    person: File,
    /// The program's end, to see how it is set.
    line: File,
    seen: Arc<Mutex<Vec<u8>>>,
    before: Termios,
    program: Child,
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It has ended by itself, unless the test failed.
        let _ended = self.program.kill();
        let _reaped = self.program.wait();
    }
}

fn sized(ws_row: u16, ws_col: u16) -> Winsize {
    Winsize { ws_row, ws_col, ws_xpixel: 0, ws_ypixel: 0 }
}

impl Terminal {
    /// `pointsman status --watch` for the agent, as the leader of a session whose terminal this is.
    fn watching(agent: &Agent) -> Self {
        let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("there are terminals");
        grantpt(&person).and_then(|()| unlockpt(&person)).expect("it is ours");
        let name = ptsname(&person, Vec::new()).expect("it has a name");
        let name = name.into_string().expect("its name is text");
        tcsetwinsize(&person, sized(40, 100)).expect("it can be sized");
        let open = || OpenOptions::new().read(true).write(true).open(&name).expect("it opens");
        let line = open();
        let before = tcgetattr(&line).expect("it is a terminal");
        let mut program = Command::new("setsid");
        program.arg("--ctty").arg(env!("CARGO_BIN_EXE_pointsman"));
        program.arg("--socket").arg(agent.dir.path().join("control.sock")).args(["status", "--watch"]);
        let end = || Stdio::from(OwnedFd::from(open()));
        let program = program.stdin(end()).stdout(end()).stderr(end()).spawn().expect("setsid is there");
        let (seen, mut reader) = (Arc::default(), File::from(person));
        let person = reader.try_clone().expect("it can be shared");
        let kept: Arc<Mutex<Vec<u8>>> = Arc::clone(&seen);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count) = reader.read(&mut bytes) {
                kept.lock().expect("nobody panics with it").extend_from_slice(&bytes[..count]);
            }
        });
        Self { person, line, seen, before, program }
    }

    fn seen(&self) -> String {
        String::from_utf8_lossy(&self.seen.lock().expect("nobody panics with it")).into_owned()
    }

    /// What was drawn last, line by line, without what a terminal does not show.
    fn page(&self) -> Vec<String> {
        let seen = self.seen();
        let drawn = seen.rsplit(HOME).next().unwrap_or_default();
        drawn.replace("\x1b[K", "").replace("\x1b[J", "").split("\r\n").map(str::to_owned).collect()
    }

    async fn shows(&self, what: &str, is: impl Fn(&[String]) -> bool) {
        for _ in 0..TRIES {
            if is(&self.page()) {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
        panic!("it never showed {what}, but\n{}", self.page().join("\n"));
    }

    async fn begun(&self) {
        self.shows("the status", |page| page[0].starts_with("bytemark: main rings in london")).await;
    }

    fn type_key(&mut self, key: u8) {
        self.person.write_all(&[key]).expect("somebody reads it");
    }

    /// Waits for its end: the code, and whether everything was given back.
    async fn left(mut self) -> i32 {
        let mut tries = 0..TRIES;
        let ended = loop {
            match self.program.try_wait().expect("it is our child") {
                Some(ended) => break ended,
                None => assert!(tries.next().is_some(), "it does not end"),
            }
            tokio::time::sleep(PAUSE).await;
        };
        let is = tcgetattr(&self.line).expect("it is still there");
        assert_eq!(is.local_modes, self.before.local_modes);
        assert_eq!(is.input_modes, self.before.input_modes);
        assert_eq!(is.output_modes, self.before.output_modes);
        let tail = "\x1b[?25h\x1b[?1049l";
        let seen = self.seen();
        assert!(seen.starts_with("\x1b[?1049h\x1b[?25l"), "{seen:?}");
        assert!(seen.ends_with(tail) && seen.matches("\x1b[?1049h").count() == 1, "{seen:?}");
        ended.code().expect("it ended by itself")
    }
}

#[tokio::test]
async fn a_watch_at_a_terminal_redraws_its_page_and_leaves_with_q() {
    static ASKED: AtomicU64 = AtomicU64::new(0);
    let agent = agent(|_| {
        let mut report = status::healthy();
        if ASKED.fetch_add(1, Ordering::SeqCst) > 0 {
            report.routes[0].rings_in = Some(site("manchester"));
        }
        (agent::command::Answer::Status(Box::new(report)), Vec::new())
    });
    let mut terminal = Terminal::watching(&agent);
    terminal.shows("the move", |page| page[0].starts_with("bytemark: main rings in manchester")).await;
    let quiet = tcgetattr(&terminal.line).expect("it is a terminal").local_modes;
    assert!(!quiet.contains(LocalModes::ECHO) && !quiet.contains(LocalModes::ICANON));
    terminal.type_key(b'x');
    terminal.type_key(b'q');
    assert_eq!(terminal.left().await, 0);
}

#[tokio::test]
async fn it_fits_the_window_and_leaves_with_ctrl_c() {
    let agent = agent(calm);
    let mut terminal = Terminal::watching(&agent);
    terminal.begun().await;
    let whole = terminal.page();
    assert!(whole.len() > 8 && whole.len() <= 40, "{whole:#?}");
    tcsetwinsize(&terminal.person, sized(8, 30)).expect("it can be sized");
    let more = format!("{} more lines: q, then", whole.len() - 7);
    let fits = |page: &[String]| page.len() == 8 && page[7].starts_with(&more);
    terminal.shows("a small page", fits).await;
    assert!(terminal.page().iter().all(|line| line.chars().count() <= 30), "{:#?}", terminal.page());
    tcsetwinsize(&terminal.person, sized(40, 100)).expect("it can be sized");
    terminal.shows("the whole page again", |page| page.len() == whole.len()).await;
    terminal.type_key(3);
    assert_eq!(terminal.left().await, 0);
}

#[tokio::test]
async fn it_says_that_the_agent_is_gone_and_goes_on_when_it_is_back() {
    let first = agent(calm);
    let mut terminal = Terminal::watching(&first);
    terminal.begun().await;
    let dir = first.stop().await;
    let gone = |page: &[String]| {
        let text = page.join(" ");
        text.contains("it is asked again every second")
            && text.contains("02:58:10 UTC:")
            && text.contains("rings in london")
    };
    terminal.shows("that the agent is gone", gone).await;
    let _second = agent_in(dir, calm);
    terminal.begun().await;
    terminal.type_key(b'q');
    assert_eq!(terminal.left().await, 0);
}

#[tokio::test]
async fn whoever_mistypes_the_socket_keeps_the_terminal() {
    let agent = agent(calm);
    let dir = agent.stop().await;
    let absent = agent_in(dir, calm);
    std::fs::remove_file(absent.dir.path().join("control.sock")).expect("it was there");
    let mut terminal = Terminal::watching(&absent);
    let mut tries = 0..TRIES;
    let code = loop {
        match terminal.program.try_wait().expect("it is our child") {
            Some(ended) => break ended.code(),
            None => assert!(tries.next().is_some(), "it does not end"),
        }
        tokio::time::sleep(PAUSE).await;
    };
    assert_eq!(code, Some(3));
    terminal.shows("why", |page| page.join("").contains("no agent answers")).await;
    assert!(!terminal.seen().contains("\x1b["), "{:?}", terminal.seen());
}

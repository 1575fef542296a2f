//! The terminal while a screen is redrawn on it: a page of its own, keys as they are typed, all given back at the end.

use super::ending::Failure;
use super::{Reader, print_on};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use std::io::{self, IsTerminal, Read};
use std::thread;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

/// The other page of the terminal, without a cursor: what stood on the first one stands there again afterwards.
const OPEN: &str = "\x1b[?1049h\x1b[?25l";
const CLOSE: &str = "\x1b[?25h\x1b[?1049l";
/// To the first place; the rest of a line; all below. Nothing is cleared before it is written, so nothing flickers.
const HOME: &str = "\x1b[H";
const REST_OF_LINE: &str = "\x1b[K";
const REST_OF_PAGE: &str = "\x1b[J";

/// Ctrl-C and Ctrl-D, as a terminal that is not told to mean anything by them passes them on.
const BREAK: u8 = 3;
const END: u8 = 4;

/// What a terminal is taken for that does not say how large it is: rows and columns.
const USUAL: (usize, usize) = (24, 80);

/// What happens at a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    /// `q`, Ctrl-C, or the end of the terminal: enough was seen.
    Enough,
    /// It is larger or smaller than before.
    Resized,
}

/// A page on the terminal. Dropping it gives the terminal back as it was.
pub struct Page {
    before: Option<Termios>,
    keys: mpsc::UnboundedReceiver<u8>,
    resized: Signal,
    ends: [Signal; 3],
}

impl Page {
    /// Takes the terminal of stdout, and the keys of stdin if that is one too; within a tokio runtime.
    pub fn open() -> Result<Self, Failure> {
        let on = |kind| signal(kind).map_err(|error| Failure::failed(&error));
        let page = Self {
            resized: on(SignalKind::window_change())?,
            ends: [on(SignalKind::interrupt())?, on(SignalKind::terminate())?, on(SignalKind::hangup())?],
            before: quieten(),
            keys: keys(),
        };
        print_on(OPEN)?;
        Ok(page)
    }

    /// Shows a text from its first line on, cut to what fits; says whether anybody looks at it.
    pub fn show(&self, text: &str) -> Result<Reader, Failure> {
        print_on(&fitted(text, size()))
    }

    /// The next thing that happens; waits as long as it takes.
    pub async fn next(&mut self) -> Happened {
        let [interrupt, terminate, hangup] = &mut self.ends;
        loop {
            tokio::select! {
                Some(key) = self.keys.recv() => {
                    if matches!(key, b'q' | b'Q' | BREAK | END) {
                        return Happened::Enough;
                    }
                }
                _ = self.resized.recv() => return Happened::Resized,
                _ = interrupt.recv() => return Happened::Enough,
                _ = terminate.recv() => return Happened::Enough,
                _ = hangup.recv() => return Happened::Enough,
            }
        }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing back.
        let _gone = print_on(CLOSE);
        if let Some(before) = &self.before {
            let _gone = tcsetattr(io::stdin(), OptionalActions::Flush, before);
        }
    }
}

/// Lets every key through as it is typed, and shows none of them; gives what was set before.
fn quieten() -> Option<Termios> {
    let before = io::stdin().is_terminal().then(|| tcgetattr(io::stdin()).ok()).flatten()?;
    let mut quiet = before.clone();
    // A key that stopped this program would leave the shell with a page that nobody redraws.
    quiet.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG);
    tcsetattr(io::stdin(), OptionalActions::Now, &quiet).ok()?;
    Some(before)
}

/// The keys, from a thread of their own: a read of a terminal ends with a key or with the program.
fn keys() -> mpsc::UnboundedReceiver<u8> {
    let (tell, keys) = mpsc::unbounded_channel();
    if io::stdin().is_terminal() {
        let read = move || {
            for key in io::stdin().lock().bytes() {
                if key.map_or(true, |key| tell.send(key).is_err()) {
                    return;
                }
            }
        };
        // Without it signals still end the program.
        let _unstarted = thread::Builder::new().name("keys".to_owned()).spawn(read);
    }
    keys
}

fn size() -> (usize, usize) {
    match tcgetwinsize(io::stdout()) {
        Ok(size) if size.ws_row > 0 && size.ws_col > 0 => (size.ws_row.into(), size.ws_col.into()),
        Ok(_) | Err(_) => USUAL,
    }
}

/// The text for a page of so many rows and columns. What lies below the last row is counted there.
fn fitted(text: &str, (rows, columns): (usize, usize)) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let shown = if lines.len() > rows { rows.saturating_sub(1) } else { lines.len() };
    let mut fit: Vec<String> =
        lines[..shown].iter().map(|line| line.chars().take(columns).collect()).collect();
    if shown < lines.len() {
        let more = format!("{} more lines: q, then pointsman status", lines.len() - shown);
        fit.push(more.chars().take(columns).collect());
    }
    format!("{HOME}{}{REST_OF_LINE}{REST_OF_PAGE}", fit.join(&format!("{REST_OF_LINE}\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_never_scrolls_and_counts_what_it_does_not_show() {
        let text = "the answer is long\nwho\nwhy\nwhat to type\n";
        assert_eq!(fitted(text, (4, 80)).matches('\n').count(), 3);
        let small = fitted(text, (3, 10));
        assert_eq!(small, "\x1b[Hthe answer\x1b[K\nwho\x1b[K\n2 more lin\x1b[K\x1b[J");
        assert_eq!(fitted("", (3, 10)), "\x1b[H\x1b[K\x1b[J");
    }
}

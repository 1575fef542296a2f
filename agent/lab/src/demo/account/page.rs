//! The lines of one happening: the time, the kind, the text, and something at the right edge.

use crate::demo::happening::Deed;
use state::fact::Mode;
use state::{RouteId, SiteId};

/// How wide it is.
const WIDTH: usize = 80;

/// Where the text begins: behind the time and the kind.
const INDENT: usize = 19;

/// Reasons of so few words share a line.
const SHORT: usize = 5;

/// The lines of one happening; only the first has the time.
pub struct Page {
    time: String,
    lines: Vec<String>,
}

impl Page {
    /// An empty page for something that happened then.
    pub fn at(t_ms: i64) -> Self {
        Self { time: time(t_ms), lines: Vec::new() }
    }

    /// What was written.
    pub fn lines(self) -> Vec<String> {
        self.lines
    }

    /// What the lab itself did or found.
    pub fn deed(&mut self, deed: &Deed) {
        match deed {
            Deed::Broke(text) => self.line("fault", text, ""),
            Deed::Mended(text) => self.line("mended", text, ""),
            Deed::CutOff(_) => {}
            Deed::AskedWhy(site, lines) => self.answer("why", site, lines),
            Deed::AskedStatus(site, lines) => self.answer("status", site, lines),
            Deed::Ordered(text) => self.line("person", text, ""),
        }
    }

    /// What an agent answered.
    fn answer(&mut self, kind: &str, site: &SiteId, lines: &[String]) {
        self.line(kind, &format!("asked at {site}:"), "");
        lines.iter().for_each(|line| self.more(line));
    }

    /// A line with something at its right edge; what does not fit goes on below the text.
    pub fn line(&mut self, kind: &str, text: &str, right: &str) {
        let mut rows = wrapped(text, WIDTH - INDENT);
        let first = rows.remove(0);
        let mut line = format!("{:>7}  {kind:<8}  {first}", self.time);
        let used = line.chars().count() + right.chars().count();
        if !right.is_empty() && used + 2 <= WIDTH {
            line += &format!("{:gap$}{right}", "", gap = WIDTH - used);
        } else if !right.is_empty() {
            rows.push(format!("{right:>width$}", width = WIDTH - INDENT));
        }
        self.lines.push(line.trim_end().to_owned());
        self.lines.extend(rows.into_iter().map(|row| format!("{:INDENT$}{row}", "")));
    }

    /// A step that is begun, with its intent, or how it went.
    pub fn step(&mut self, kind: &str, (what, state): (&str, &str), intent: &str) {
        match state {
            "started" => self.line(kind, what, intent),
            "undo started" => self.line(kind, &format!("undo: {what}"), intent),
            "read" => self.line(kind, "read back", ""),
            state => self.line(kind, state, ""),
        }
    }

    /// Who may act on a route from now on.
    pub fn mode(&mut self, route: Option<&RouteId>, mode: Mode, because: &str) {
        let route = route.map_or("all routes", RouteId::as_str);
        let mode = match mode {
            Mode::Auto => "auto",
            Mode::Advise => "advise",
            Mode::Manual => "manual",
        };
        self.line("mode", &format!("{route}: {mode}, because of a {because}"), "");
    }

    /// The long reasons one a line, and the short ones together.
    pub fn reasons(&mut self, because: &[String]) {
        let short = |reason: &&String| reason.split(' ').count() <= SHORT;
        let long: Vec<&String> = because.iter().filter(|reason| !short(reason)).collect();
        long.iter().for_each(|reason| self.more(&format!("because {reason}")));
        let rest: Vec<&str> = because.iter().filter(short).map(String::as_str).collect();
        if !rest.is_empty() {
            let word = if long.is_empty() { "because" } else { "and" };
            self.more(&format!("{word} {}", rest.join(", ")));
        }
    }

    /// A reason below the line.
    pub fn more(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let rows = wrapped(text, WIDTH - INDENT - 2);
        let lines = rows.into_iter().map(|row| {
            let indent = INDENT + 2;
            format!("{:indent$}{row}", "")
        });
        self.lines.extend(lines);
    }
}

/// ` 3.09s`, or `before`.
fn time(t_ms: i64) -> String {
    if t_ms < 0 { "before".to_owned() } else { format!("{}.{:02}s", t_ms / 1000, t_ms % 1000 / 10) }
}

/// The rows of a text; a word that is too long for a row has one of its own.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut rows = vec![String::new()];
    // Two blanks in a row mean something: they stay.
    for word in text.split(' ') {
        let row = rows.last_mut().expect("there is a row from the start");
        if !row.is_empty() && row.chars().count() + 1 + word.chars().count() > width {
            rows.push(word.to_owned());
        } else {
            if !row.is_empty() {
                row.push(' ');
            }
            row.push_str(word);
        }
    }
    rows
}

//! The screens: 80 columns, the answer first, what can be typed last; made from reports alone.

pub mod alone;
pub mod audit;
mod handover;
pub mod incidents;
pub mod json;
mod levers;
pub mod live;
pub mod night;
pub mod past;
pub mod plan;
pub mod runs;
pub mod status;
mod table;
pub mod telling;
pub mod watch;
pub mod why;

/// How wide a screen is.
const WIDTH: usize = 80;

/// One line with something at its left and something at its right edge; two blanks between them at least.
fn edges(left: &str, right: &str) -> String {
    let gap = WIDTH.saturating_sub(left.chars().count() + right.chars().count()).max(2);
    format!("{left}{:gap$}{right}\n", "")
}

/// The words of a text; what stands between backticks is to be typed, and stays on one line if it fits into `room`.
fn unbroken(text: &str, room: usize) -> Vec<String> {
    let parts = text.split('`').enumerate();
    let whole = |at: usize, part: &str| at % 2 == 1 && part.chars().count() + 2 <= room;
    let marked =
        parts.map(|(at, part)| if whole(at, part) { part.replace(' ', "\0") } else { part.to_owned() });
    let marked: Vec<String> = marked.collect();
    marked.join("`").split(' ').map(|word| word.replace('\0', " ")).collect()
}

/// A label and its text; what does not fit goes on below the text, never below the label.
pub(super) fn labelled(label: &str, text: &str, indent: usize) -> String {
    let mut out = String::new();
    let mut line = format!("{label:indent$}");
    if !label.is_empty() && label.chars().count() >= indent {
        line.push(' ');
    }
    let mut empty = true;
    for word in unbroken(text, WIDTH.saturating_sub(indent)) {
        if !empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            out += line.trim_end();
            out.push('\n');
            line = " ".repeat(indent);
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line += &word;
        empty = false;
    }
    out += line.trim_end();
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_goes_on_below_itself() {
        let text = "x".repeat(30);
        let shown = labelled("watch:", &format!("{text} {text} {text}"), 11);
        assert_eq!(shown, format!("watch:     {text} {text}\n           {text}\n"));
    }

    #[test]
    fn what_can_be_typed_stays_on_one_line() {
        let shown = labelled("watch:", &format!("{}; `pointsman why main`", "x".repeat(50)), 11);
        assert_eq!(shown, format!("watch:     {};\n           `pointsman why main`\n", "x".repeat(50)));
        let long = format!("`{}`", "pointsman ".repeat(9).trim());
        assert_eq!(labelled("", &long, 11).lines().count(), 2, "what fits on no line is broken as ever");
    }

    #[test]
    fn a_line_has_two_edges() {
        assert_eq!(edges("a", "b").trim_end().chars().count(), WIDTH);
        assert_eq!(edges(&"a".repeat(79), "b"), format!("{}  b\n", "a".repeat(79)));
    }
}

//! The command probe: a program of the site file, alive if it ends with 0 in time.

use super::{Answer, Why};
use crate::clock::mono;
use crate::program::{self, End};
use std::time::Duration;

/// What is run.
#[derive(Clone, Debug)]
pub struct Exec {
    /// The program by its whole path, and its arguments; never empty.
    pub words: Vec<String>,
}

impl Exec {
    /// Runs it once. A program that cannot be run says nothing of what it was to look at.
    pub async fn ask(&self, timeout: Duration) -> Answer {
        let asked = mono();
        let wrong = |words: String| Answer::Dead { why: Why::Wrong(words) };
        match program::run(&self.words, timeout).await {
            End::Well(said) => {
                let detail = if said.is_empty() { "ended with 0".to_owned() } else { said };
                Answer::Alive { detail, took: mono().since(asked) }
            }
            End::Ill(words) => wrong(words),
            End::Flood => wrong(format!("wrote more than {} KiB", program::OUTPUT_MAX / 1024)),
            End::Late => Answer::Dead { why: Why::Silent },
            End::Unstarted(why) | End::Unknown(why) => Answer::Unasked { why },
        }
    }
}

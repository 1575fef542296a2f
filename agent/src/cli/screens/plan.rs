//! The screen of `plan`, and of `play` before it asks: what is done and undone, what forbids it, and how to do it.

use super::labelled;
use crate::command::PlanReport;

/// The screen of `plan`, which does nothing; `args` are those that were typed, to be typed again.
pub fn screen(report: &PlanReport, args: &[(String, String)]) -> String {
    let shown = asked(report);
    let (head, rest) = shown.split_once('\n').unwrap_or((&shown, ""));
    format!("{head}; nothing is done by this command\n{rest}{}", typed(report, args))
}

/// The same as `play` shows it before it asks: what will be done.
pub fn asked(report: &PlanReport) -> String {
    let mut out: String = report.words.iter().map(|line| format!("{}\n", line.trim_end())).collect();
    if report.plan.prepares() {
        out += &labelled("callers:", "notice nothing while slot 1 answers; slot 1 is not touched", 9);
        let promise = "whether the carrier ever goes on to slots 2 and 3, and when, is its own affair \
                       (time of day, advanced accounts): nothing here relies on it";
        return out + &labelled("", promise, 9);
    }
    let (used, of) = report.budget;
    let budget = format!("budget is {used} of {of}, and a person's deed costs nothing of it");
    if report.guards.is_empty() {
        return out + &labelled("guards:", &format!("all pass now; {budget}"), 9);
    }
    out += &labelled("guards:", "automation would not do it now; you may", 9);
    for guard in &report.guards {
        out += &labelled("", guard, 9);
    }
    out + &labelled("", &budget, 9)
}

/// How to do it.
fn typed(report: &PlanReport, args: &[(String, String)]) -> String {
    let typed: String = args.iter().map(|(key, value)| format!(" {key}={value}")).collect();
    format!("to do it: pointsman play {}{typed} --because \"...\"\n", report.plan.playbook)
}

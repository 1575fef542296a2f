//! The screen of `plan`: what would be done and undone, what forbids it, and how to do it.

use super::labelled;
use crate::command::PlanReport;

/// The screen, its first line the first of the plan's own words; `args` are those that were typed, to be typed again.
pub fn screen(report: &PlanReport, args: &[(String, String)]) -> String {
    let plan = &report.plan;
    let mut out = String::new();
    for line in &report.words {
        out += line.trim_end();
        out.push('\n');
    }
    if plan.prepares() {
        out += &labelled("callers:", "notice nothing while slot 1 answers; slot 1 is not touched", 9);
        let promise = "whether the carrier ever goes on to slots 2 and 3, and when, is its own affair \
                       (time of day, advanced accounts): nothing here relies on it";
        out += &labelled("", promise, 9);
        return out + &typed(report, args);
    }
    let (used, of) = report.budget;
    let budget = format!("budget is {used} of {of}, and a person's deed costs nothing of it");
    if report.guards.is_empty() {
        out += &labelled("guards:", &format!("all pass now; {budget}"), 9);
    } else {
        out += &labelled("guards:", "automation would not do it now; you may", 9);
        for guard in &report.guards {
            out += &labelled("", guard, 9);
        }
        out += &labelled("", &budget, 9);
    }
    out + &typed(report, args)
}

/// How to do it.
fn typed(report: &PlanReport, args: &[(String, String)]) -> String {
    let typed: String = args.iter().map(|(key, value)| format!(" {key}={value}")).collect();
    format!("to do it: pointsman play {}{typed} --because \"...\"\n", report.plan.playbook)
}

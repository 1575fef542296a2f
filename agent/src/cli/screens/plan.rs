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
    let typed: Vec<String> = args.iter().map(|(key, value)| format!("{key}={value}")).collect();
    out + &format!("to do it: pointsman play {} {} --because \"...\"\n", plan.playbook, typed.join(" "))
}

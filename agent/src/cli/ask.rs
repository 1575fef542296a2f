//! The commands that only look: status, why, plan, runs.

use super::args::{Look, PlanArgs, RunsArgs, ShowRun, StatusArgs, WhyArgs};
use super::ending::{Ending, Failure, unhoped};
use super::screens::{self, json};
use super::{journal, print};
use crate::command::{Answer, Command, PlanReport, StatusReport};
use crate::control::client::Client;
use state::{PlaybookId, RouteId, RunId};
use std::path::Path;

pub async fn status(socket: &Path, args: &StatusArgs) -> Result<Ending, Failure> {
    let report = match asked(socket).await {
        // Whatever shows the line in a corner shows nothing of stderr.
        Err(failure) if args.line => {
            print(&format!("pointsman: {}\n", failure.what()))?;
            return Err(failure.said());
        }
        report => report?,
    };
    print(&match args {
        StatusArgs { look: Look { json: true }, .. } => json::object(&*report),
        StatusArgs { line: true, .. } => screens::status::line(&report),
        StatusArgs { .. } => screens::status::screen(&report),
    })?;
    Ok(if report.needs_you.is_empty() { Ending::Done } else { Ending::No })
}

/// What the cluster believes.
async fn asked(socket: &Path) -> Result<Box<StatusReport>, Failure> {
    report(&mut Client::connect(socket).await?).await
}

/// The same, over a connection that stands.
pub async fn report(client: &mut Client) -> Result<Box<StatusReport>, Failure> {
    let answer = client.ask(Command::Status).await?;
    let Answer::Status(report) = answer else { return Err(unhoped(answer)) };
    Ok(report)
}

pub async fn why(socket: &Path, args: WhyArgs) -> Result<Ending, Failure> {
    let command = Command::Why { route: args.route.map(RouteId::new) };
    let answer = Client::connect(socket).await?.ask(command).await?;
    let Answer::Why(reports) = answer else { return Err(unhoped(answer)) };
    let text = if args.look.json {
        reports.iter().map(json::object).collect()
    } else {
        let screens: Vec<String> = reports.iter().map(screens::why::screen).collect();
        screens.join("\n")
    };
    print(&text)?;
    Ok(if reports.iter().any(screens::why::needs_a_person) { Ending::No } else { Ending::Done })
}

pub async fn plan(socket: &Path, args: PlanArgs) -> Result<Ending, Failure> {
    let report = planned(&mut Client::connect(socket).await?, &args).await?;
    print(&plan_text(&report, &args))?;
    Ok(Ending::Done)
}

/// Asks for the plan that these arguments make.
pub async fn planned(client: &mut Client, args: &PlanArgs) -> Result<Box<PlanReport>, Failure> {
    let playbook = PlaybookId::new(&args.playbook);
    let mut given = std::collections::BTreeMap::new();
    for (key, value) in &args.args {
        if given.insert(key.clone(), value.clone()).is_some() {
            return Err(Failure::mistyped(format!("`{key}` is given twice")));
        }
    }
    let answer = client.ask(Command::Plan { playbook, args: given }).await?;
    if let Answer::Plan(report) = answer { Ok(report) } else { Err(unhoped(answer)) }
}

/// The plan as it is printed before anything is done.
pub fn plan_text(report: &PlanReport, args: &PlanArgs) -> String {
    if args.look.json { json::object(report) } else { screens::plan::screen(report, &args.args) }
}

pub async fn runs(socket: &Path, args: RunsArgs) -> Result<Ending, Failure> {
    let mut client = Client::connect(socket).await?;
    let answer = client.ask(Command::Runs).await?;
    let Answer::Runs { runs } = answer else { return Err(unhoped(answer)) };
    match args.show {
        None if args.look.json => print(&runs.iter().map(json::object).collect::<String>())?,
        None => print(&screens::runs::screen(&runs))?,
        Some(ShowRun::Show { id, look }) => {
            let id = RunId(id);
            let run = match runs.into_iter().find(|run| run.id == id) {
                Some(run) => run,
                // One that is no longer kept at hand is in the journal.
                None => journal::run(&mut client, id).await?,
            };
            print(&if look.json { json::object(&run) } else { screens::runs::one(&run) })?;
        }
    }
    Ok(Ending::Done)
}

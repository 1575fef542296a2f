//! The commands that change something: play, claim, mode, hold, resume, ack, readmit, revoke.

use super::alone;
use super::args::{
    AckArgs, ClaimArgs, HoldArgs, Look, ModeArgs, PlayArgs, ReadmitArgs, ResumeArgs, RevokeArgs,
};
use super::ask;
use super::ending::{Ending, Failure, unhoped};
use super::follow::{Awaited, to_its_end};
use super::print;
use super::screens::{self, json};
use crate::command::{Answer, Command};
use crate::control::client::{Client, Following};
use state::{IncidentId, Index, PlaybookId, RouteId, SiteId};
use std::io::{self, IsTerminal, Write};
use std::path::Path;

pub async fn play(socket: &Path, args: PlayArgs) -> Result<Ending, Failure> {
    let mut client = Client::connect(socket).await?;
    let report = ask::planned(&mut client, &args.plan).await?;
    let json = args.plan.look.json;
    print(&if json { json::object(&report) } else { screens::plan::asked(&report) })?;
    if !args.yes {
        consent()?;
    }
    // A person may think for longer than a connection may say nothing.
    let mut client = Client::connect(socket).await?;
    let following = Client::connect(socket).await?.follow().await?;
    let order = Command::Play {
        playbook: PlaybookId::new(&args.plan.playbook),
        args: args.plan.args.iter().cloned().collect(),
        because: args.because,
    };
    let index = agreed(&mut client, order).await?;
    let awaited = Awaited::new(report.plan.route, index).playing(&report.plan.playbook);
    to_its_end(following, awaited, &args.plan.look).await
}

pub async fn claim(socket: &Path, args: ClaimArgs) -> Result<Ending, Failure> {
    if args.alone {
        return alone::claim(socket, args).await;
    }
    let mut client = Client::connect(socket).await?;
    let (route, site) = (RouteId::new(args.route), SiteId::new(args.site));
    let there = rings_in(&mut client, &route).await? == Some(site.clone());
    let following = Client::connect(socket).await?.follow().await?;
    let order = Command::Claim { route: route.clone(), site: site.clone(), because: args.because };
    let index = agreed(&mut client, order).await?;
    settled(following, (route, site), (index, there), &args.look).await
}

/// A claim was agreed: follows its run, if one is needed.
pub async fn settled(
    following: Following,
    (route, site): (RouteId, SiteId),
    (index, there): (Index, bool),
    look: &Look,
) -> Result<Ending, Failure> {
    if there {
        // Nothing has to move, so no run will ever tell its end.
        done(index, &format!("{route} rings in {site} already, and that is now your decision"), look)?;
        return Ok(Ending::Done);
    }
    to_its_end(following, Awaited::new(route, index), look).await
}

pub async fn mode(socket: &Path, args: ModeArgs) -> Result<Ending, Failure> {
    let what = format!("{}: mode {}", of(args.route.as_deref()), args.mode);
    let order = Command::Mode { route: args.route.map(RouteId::new), mode: args.mode };
    one(socket, order, (&what, &args.look)).await
}

pub async fn hold(socket: &Path, args: HoldArgs) -> Result<Ending, Failure> {
    let lasts = policies::reason::Setting(args.lasts);
    let of = of(args.route.as_deref());
    let what = format!("{of}: held for {lasts}; `pointsman resume` ends it sooner");
    let order =
        Command::Hold { route: args.route.map(RouteId::new), lasts: args.lasts, because: args.because };
    one(socket, order, (&what, &args.look)).await
}

pub async fn resume(socket: &Path, args: ResumeArgs) -> Result<Ending, Failure> {
    let what = format!("{}: holds and latches are over; the mode is as it was", of(args.route.as_deref()));
    one(socket, Command::Resume { route: args.route.map(RouteId::new) }, (&what, &args.look)).await
}

pub async fn ack(socket: &Path, args: AckArgs) -> Result<Ending, Failure> {
    let incident = IncidentId(args.incident);
    let what = format!("{incident} is acknowledged");
    one(socket, Command::Ack { incident }, (&what, &args.look)).await
}

pub async fn readmit(socket: &Path, args: ReadmitArgs) -> Result<Ending, Failure> {
    let site = SiteId::new(args.site);
    let what = match &args.key {
        None => format!("{site} is let back in: it catches up first, then its votes count again"),
        Some(key) => format!("{site} may come back with the key {key}: it gets new votes once it is heard"),
    };
    one(socket, Command::Readmit { site, key: args.key }, (&what, &args.look)).await
}

pub async fn revoke(socket: &Path, args: RevokeArgs) -> Result<Ending, Failure> {
    let site = SiteId::new(args.site);
    let what = format!(
        "the bundle of {site} is revoked: nobody takes anything from it any more, and its votes are taken out; \
         what it ordered before stands until somebody changes it"
    );
    one(socket, Command::Revoke { site }, (&what, &args.look)).await
}

/// Gives one order and says that it was agreed.
async fn one(socket: &Path, order: Command, (what, look): (&str, &Look)) -> Result<Ending, Failure> {
    let index = agreed(&mut Client::connect(socket).await?, order).await?;
    done(index, what, look)?;
    Ok(Ending::Done)
}

fn done(index: Index, what: &str, look: &Look) -> Result<(), Failure> {
    if look.json {
        return print(&json::object(&serde_json::json!({ "agreed": index, "what": what })));
    }
    print(&format!("{what} (agreed at {index})\n"))
}

async fn agreed(client: &mut Client, order: Command) -> Result<Index, Failure> {
    let answer = client.ask(order).await?;
    let Answer::Agreed { index } = answer else { return Err(unhoped(answer)) };
    Ok(index)
}

/// Where a route rings, as far as the agent knows.
pub async fn rings_in(client: &mut Client, route: &RouteId) -> Result<Option<SiteId>, Failure> {
    let answer = client.ask(Command::Status).await?;
    let Answer::Status(report) = answer else { return Err(unhoped(answer)) };
    let known = report.routes.into_iter().find(|known| known.route == *route);
    let unknown = || Failure::no(format!("there is no route `{route}`")).hint("`pointsman status`");
    Ok(known.ok_or_else(unknown)?.rings_in)
}

fn of(route: Option<&str>) -> String {
    route.map_or_else(|| "every route".to_owned(), str::to_owned)
}

/// Asks once, at the terminal; without one nobody can say yes.
fn consent() -> Result<(), Failure> {
    if !io::stdin().is_terminal() {
        let what = "nobody is at a terminal to be asked";
        return Err(Failure::mistyped(what).hint("add `--yes` to do it without being asked"));
    }
    let mut err = io::stderr();
    let mut line = String::new();
    write!(err, "do it? type yes: ")
        .and_then(|()| err.flush())
        .and_then(|()| io::stdin().read_line(&mut line))
        .map_err(|error| Failure::failed(&error))?;
    match line.trim().to_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::no("not done: you did not say yes")),
    }
}

//! The commands that read the journal: incidents, audit, and `why --at`; page by page, and judged on this side.

use super::args::{AuditArgs, IncidentsArgs, Look, ShowIncident};
use super::ending::{Ending, Failure, unhoped};
use super::print;
use super::screens::{self, json};
use crate::account::{Account, Moment, Past, Progress, past, timeline};
use crate::command::{Answer, Command, JournalPage};
use crate::control::client::Client;
use state::incident::{Incident, IncidentState};
use state::run::Run;
use state::{IncidentId, Index, RouteId, RunId, Stamp};
use std::path::Path;

/// A journal that was read to its end, and the last page: what the agent and its peers say of it.
struct Read {
    account: Account,
    last: JournalPage,
    /// The moment that is asked about, if one is.
    at: Stamp,
}

/// Reads all of it. An agent hands out one page at a time, and does its other work between two of them.
async fn read(client: &mut Client, past: Option<Moment>) -> Result<Read, Failure> {
    let mut page = page(client, Index(0)).await?;
    let at = past.map_or(page.at, |moment| moment.seen_from(page.at));
    let mut account = Account::begin(page.birth, past.map(|_| at));
    while account.take(&page) == Progress::More {
        page = self::page(client, account.end.0).await?;
    }
    Ok(Read { account, last: page, at })
}

async fn page(client: &mut Client, after: Index) -> Result<JournalPage, Failure> {
    let answer = client.ask(Command::Journal { after }).await?;
    let Answer::Journal(page) = answer else { return Err(unhoped(answer)) };
    Ok(*page)
}

/// `why --at TIME`.
pub async fn why_at(
    socket: &Path,
    (moment, route): (Moment, Option<String>),
    look: Look,
) -> Result<Ending, Failure> {
    let mut client = Client::connect(socket).await?;
    let Read { account, last, at } = read(&mut client, Some(moment)).await?;
    if at > last.at {
        return Err(
            Failure::mistyped(format!("{at} UTC has not been yet")).hint("`pointsman why` is about now")
        );
    }
    let route = route.map(RouteId::new);
    match past(&account, at, (route.as_ref(), &last.here)) {
        Past::Known(reports) if look.json => print(&reports.iter().map(json::object).collect::<String>())?,
        Past::Known(reports) => {
            let screens: Vec<String> = reports.iter().map(screens::past::screen).collect();
            print(&screens.join("\n"))?;
        }
        Past::Unknown(why) => {
            let what = format!("cannot say why at {at} UTC: {why}");
            return Err(
                Failure::no(what).hint("`pointsman audit` shows what this journal has; or ask another site")
            );
        }
    }
    Ok(Ending::Done)
}

/// `incidents`, and `incidents show`.
pub async fn incidents(socket: &Path, args: IncidentsArgs) -> Result<Ending, Failure> {
    let mut client = Client::connect(socket).await?;
    let answer = client.ask(Command::Incidents).await?;
    let Answer::Incidents { incidents } = answer else { return Err(unhoped(answer)) };
    let Some(ShowIncident::Show { id, markdown, look }) = args.show else {
        let text = if args.look.json {
            incidents.iter().map(json::object).collect()
        } else {
            screens::incidents::screen(&incidents)
        };
        print(&text)?;
        return Ok(if incidents.iter().any(unseen) { Ending::No } else { Ending::Done });
    };
    let id = IncidentId(id);
    let Read { account, .. } = read(&mut client, None).await?;
    // One that is no longer kept at hand is in the journal.
    let found = incidents.iter().find(|incident| incident.id == id).or_else(|| account.incidents.get(&id));
    let unknown = || Failure::no(format!("there is no incident `{id}`")).hint("`pointsman incidents`");
    let told = timeline(&account, found.ok_or_else(unknown)?);
    print(&if look.json {
        json::object(&told)
    } else if markdown {
        screens::incidents::markdown(&told)
    } else {
        screens::incidents::one(&told)
    })?;
    Ok(Ending::Done)
}

/// A run of any age, as it stood last.
pub async fn run(client: &mut Client, id: RunId) -> Result<Run, Failure> {
    let Read { mut account, .. } = read(client, None).await?;
    let holes = if account.holes.is_empty() { "" } else { ", which has a gap; or ask another site" };
    let hint = format!("`pointsman runs`, or `pointsman audit` for all that the journal has{holes}");
    account.runs.remove(&id).ok_or_else(|| Failure::no(format!("there is no run `{id}`")).hint(hint))
}

/// Whether it still waits for somebody to say that it was seen.
fn unseen(incident: &Incident) -> bool {
    incident.acked.is_none() && !matches!(incident.state, IncidentState::Closed { .. })
}

/// `audit`.
pub async fn audit(socket: &Path, args: AuditArgs) -> Result<Ending, Failure> {
    let mut client = Client::connect(socket).await?;
    let Read { account, last, .. } = read(&mut client, None).await?;
    let since = args.since.map(|moment| moment.seen_from(last.at));
    let route = args.route.map(RouteId::new);
    let audit = screens::audit::Audit::of(&account, &last, (since, route.as_ref()));
    print(&if args.look.json { screens::audit::json(&audit) } else { screens::audit::screen(&audit) })?;
    Ok(if audit.whole() { Ending::Done } else { Ending::No })
}

//! `claim --alone`: the agreed way first, then a second question, then this agent's deed, followed to its end.

use super::args::{ClaimArgs, Look};
use super::ending::{Ending, Failure, unhoped};
use super::follow::told_within;
use super::order;
use super::print;
use super::screens::{alone, json, telling};
use crate::clock;
use crate::command::{AloneState, Answer, Command, Offer, Telling};
use crate::control::client::{Client, Following};
use state::{RouteId, SiteId};
use std::io::{self, IsTerminal, Write};
use std::path::Path;

/// Claims a route without an agreement if there is none to be had.
pub async fn claim(socket: &Path, args: ClaimArgs) -> Result<Ending, Failure> {
    let mut client = Client::connect(socket).await?;
    let (route, site) = (RouteId::new(args.route), SiteId::new(args.site));
    let there = order::rings_in(&mut client, &route).await? == Some(site.clone());
    let following = Client::connect(socket).await?.follow().await?;
    let wish = Command::ClaimOrOffer { route: route.clone(), site: site.clone(), because: args.because };
    let answer = client.ask(wish).await?;
    if let Answer::Agreed { index } = answer {
        return order::settled(following, (route, site), (index, there), &args.look).await;
    }
    let Answer::Offered(offer) = answer else { return Err(unhoped(answer)) };
    print(&if args.look.json { json::object(&*offer) } else { alone::offer(&offer) })?;
    if !args.yes {
        confirm(&offer)?;
    }
    // A person may think for longer than a connection may say nothing.
    let answer = Client::connect(socket).await?.ask(Command::ClaimAlone { token: offer.token }).await?;
    let Answer::Alone { n } = answer else { return Err(unhoped(answer)) };
    to_its_end(following, n, &args.look).await
}

/// The second confirmation: typing the name of the site is no habit, as typing yes is.
fn confirm(offer: &Offer) -> Result<(), Failure> {
    if !io::stdin().is_terminal() {
        let what = "nobody is at a terminal to be asked a second time";
        return Err(Failure::mistyped(what).hint("add `--yes` to do it alone without being asked"));
    }
    let mut err = io::stderr();
    let mut line = String::new();
    write!(err, "alone? type the name of the site: ")
        .and_then(|()| err.flush())
        .and_then(|()| io::stdin().read_line(&mut line))
        .map_err(|error| Failure::failed(&error))?;
    if line.trim() == offer.site.as_str() {
        return Ok(());
    }
    Err(Failure::no(format!("nothing was done: you did not type `{}`", offer.site)))
}

async fn to_its_end(mut following: Following, claim: u64, look: &Look) -> Result<Ending, Failure> {
    let begun = clock::mono();
    loop {
        let telling = told_within(&mut following).await?;
        let Telling::Alone { n, is, .. } = &telling else { continue };
        if *n != claim {
            continue;
        }
        print(&if look.json {
            json::object(&telling)
        } else {
            telling::line(&telling, clock::mono().since(begun))
        })?;
        match is {
            AloneState::Goes => {}
            AloneState::Done => return Ok(Ending::Done),
            AloneState::Failed => return Ok(Ending::No),
        }
    }
}

//! Decisions as they would be taken on a calm night, and while London is down.

use super::status::site;
use agent::command::WhyReport;
use policies::Decision;
use policies::decide::{Move, Verb};
use policies::errand::Occasion;
use policies::reason::{Evidence, Guarding};
use state::fact::Mode;
use state::{RouteId, Subject};
use std::time::Duration;

pub fn wish() -> Move {
    Move { from: site("london"), to: site("manchester"), occasion: Occasion::SiteDown }
}

/// Nothing is wrong.
pub fn quiet() -> WhyReport {
    let (subject, of) = (Subject::pbx(&site("london")), 5);
    let by = [("london", 1), ("manchester", 1), ("office", 1), ("netherlands", 2)];
    let by = by.map(|(name, votes)| (site(name), votes)).to_vec();
    WhyReport {
        behind: Vec::new(),
        route: RouteId::new("main"),
        rings_in: Some(site("london")),
        heard: (5, 5),
        leader: Some(site("netherlands")),
        decision: Decision {
            verb: Verb::Wait,
            because: vec![Evidence::SeeUp { subject: subject.clone(), votes: 5, of }.into()],
            against: Vec::new(),
            besides: vec![
                Guarding::ModeIs { mode: Mode::Auto }.into(),
                Guarding::NoHold.into(),
                Guarding::BudgetLeft { used: 0, of: 4 }.into(),
                Guarding::Quorum { heard: 5, of: 5 }.into(),
            ],
            voices: vec![Evidence::UpBy { subject, by, votes: 5, of }.into()],
            ranked: Vec::new(),
            would: None,
            again_at: None,
        },
        candidates: vec![
            (site("manchester"), None),
            (site("netherlands"), None),
            (site("office"), Some("not office: its own probe of office/pbx fails".into())),
        ],
        lever: None,
        handed_over: Vec::new(),
        after: (Duration::from_secs(15), Duration::from_secs(17)),
    }
}

/// London is down by three of five votes, and Manchester could take it.
pub fn down() -> WhyReport {
    let mut report = quiet();
    let (subject, of) = (Subject::pbx(&site("london")), 5);
    let decision = &mut report.decision;
    decision.because = vec![
        Evidence::SeeDown { subject: subject.clone(), votes: 3, of }.into(),
        Evidence::SaysUp { subject: Subject::pbx(&site("manchester")), ago: Duration::from_millis(400) }
            .into(),
    ];
    decision.voices = vec![
        Evidence::DownBy { subject, by: vec![(site("netherlands"), 2), (site("office"), 1)], votes: 3, of }
            .into(),
        Evidence::Unsure { site: site("manchester"), votes: 1 }.into(),
        Evidence::Silent { site: site("london"), votes: 1 }.into(),
    ];
    decision.would = Some(wish());
    report.heard = (4, 5);
    report
}

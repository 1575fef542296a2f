//! One attempt over a carrier made of a map, a clock that is turned by hand, and faults.

use super::*;
use crate::carriers::line::SetReport;
use crate::carriers::outcome::Lateness;
use state::fact::Closure;
use std::collections::BTreeMap;

/// What happens to the one SET of a number.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    /// Applied, but the answer is lost.
    LostAfter,
    /// Neither applied nor answered.
    LostBefore,
    /// Applied, the answer is lost, and the write ended late.
    Late,
    /// Refused.
    Refused,
    /// Answered, but shown only after this many readings.
    Stale(u32),
    /// Answered, then the line is gone.
    GoneThen,
    /// Not applied; what was taken for its answer was none, as the next answer shows.
    Mistaken,
    /// Nothing was sent, because the reading had grown old.
    Grown,
}

struct Fake {
    shows: BTreeMap<Number, Destination>,
    faults: BTreeMap<Number, Fault>,
    now: Mono,
    read_takes: Vec<Duration>,
    stale: Option<(u32, Number, Destination)>,
    lost: bool,
    out_of_step: bool,
    reopened: u32,
    reopen_fails: Option<LineError>,
    sets: Vec<Number>,
}

impl Line for Fake {
    fn read(&mut self, number: &Number, deadline: Mono) -> Result<Option<Destination>, LineError> {
        self.now = self.now + self.read_takes.pop().unwrap_or(Duration::from_millis(20));
        if std::mem::take(&mut self.out_of_step) {
            self.lost = true;
            return Err(LineError::OutOfStep("two answers came".to_owned()));
        }
        if self.lost || self.now > deadline {
            return Err(LineError::Lost("the line is gone".to_owned()));
        }
        if let Some((left, stale, value)) = &mut self.stale {
            if *left == 0 {
                self.shows.insert(stale.clone(), value.clone());
                self.stale = None;
            } else {
                *left -= 1;
            }
        }
        Ok(self.shows.get(number).cloned())
    }

    fn set(&mut self, number: &Number, value: &Destination, window: Window) -> SetReport {
        self.sets.push(number.clone());
        let mut report = SetReport {
            outcome: SetOutcome::Answered,
            late: Lateness::InTime,
            last_check_to_write: Some(REQUEST_LIFE / 1000),
        };
        let unknown = SetOutcome::Unknown { why: "eof".to_owned() };
        assert!(self.now <= window.send_by);
        match self.faults.get(number).copied().unwrap_or(Fault::None) {
            Fault::None => drop(self.shows.insert(number.clone(), value.clone())),
            Fault::GoneThen => {
                self.shows.insert(number.clone(), value.clone());
                self.lost = true;
            }
            Fault::LostAfter | Fault::Late => {
                self.shows.insert(number.clone(), value.clone());
                self.lost = true;
                report.outcome = unknown;
                if self.faults[number] == Fault::Late {
                    report.late = Lateness::Late(Duration::from_secs(3));
                }
            }
            Fault::LostBefore => {
                self.lost = true;
                report.outcome = unknown;
            }
            Fault::Mistaken => self.out_of_step = true,
            Fault::Grown => {
                assert!(
                    window.send_by <= self.now + READ_FRESH,
                    "a reading allows a write for a second only"
                );
                report = SetReport::unsent("the window for sending had passed");
            }
            Fault::Refused => report.outcome = SetOutcome::Refused { digit: 4, text: "no".to_owned() },
            Fault::Stale(count) => self.stale = Some((count, number.clone(), value.clone())),
        }
        report
    }

    fn reopen(&mut self, _deadline: Mono) -> Result<(), LineError> {
        self.reopened += 1;
        self.lost = false;
        self.reopen_fails.clone().map_or(Ok(()), Err)
    }

    fn now(&self) -> Mono {
        self.now
    }

    fn rest(&mut self, pause: Duration) {
        self.now = self.now + pause;
    }
}

const NUMBERS: [&str; 3] = ["02079460001", "02079460002", "02079460003"];

fn fake(faults: &[(usize, Fault)]) -> Fake {
    let london = |number: &str| (Number::new(number), Destination::new("S:a@london"));
    Fake {
        shows: NUMBERS.map(london).into(),
        faults: faults.iter().map(|(place, fault)| (Number::new(NUMBERS[*place]), *fault)).collect(),
        now: Mono::from_boot(Duration::from_secs(1000)),
        read_takes: Vec::new(),
        stale: None,
        lost: false,
        out_of_step: false,
        reopened: 0,
        reopen_fails: None,
        sets: Vec::new(),
    }
}

fn batch() -> Vec<Move> {
    let wish = |number| Move {
        number: Number::new(number),
        value: Destination::new("S:a@manchester"),
        from: Some(Destination::new("S:a@london")),
        loose: vec![Destination::new("S:a@office")],
    };
    NUMBERS.map(wish).to_vec()
}

/// Runs the batch and tells every outcome in a line.
fn run(fake: &mut Fake) -> Vec<String> {
    let window = Window::asked_at(fake.now);
    attempt(fake, &batch(), window).numbers.iter().map(ToString::to_string).collect()
}

const MOVED_1: &str = "02079460001 moved, closed: set and read back; shows S:a@manchester";
const STOPPED_3: &str =
    "02079460003 not moved, closed: not attempted, stopped at 02079460002; shows not read";

#[test]
fn all_numbers_move_in_their_order() {
    let mut fake = fake(&[]);
    let said = run(&mut fake);
    assert_eq!(said[0], MOVED_1);
    assert!(said.iter().all(|line| line.contains(" moved, closed: set and read back")), "{said:?}");
    assert_eq!(fake.sets, NUMBERS.map(Number::new));
}

#[test]
fn what_is_there_already_is_not_sent_and_what_is_loose_is_overwritten() {
    let mut fake = fake(&[]);
    fake.shows.insert(Number::new(NUMBERS[0]), Destination::new("S:a@manchester"));
    fake.shows.insert(Number::new(NUMBERS[1]), Destination::new("S:a@office"));
    let said = run(&mut fake);
    assert!(said[0].contains("moved, closed: already there, nothing was sent"), "{said:?}");
    assert_eq!(fake.sets, [Number::new(NUMBERS[1]), Number::new(NUMBERS[2])]);
}

#[test]
fn a_strangers_value_or_an_empty_slot_stops_the_batch_unwritten() {
    for value in [Some(Destination::new("S:b@elsewhere")), None] {
        let mut fake = fake(&[]);
        fake.shows.remove(NUMBERS[1]);
        fake.shows.extend(value.map(|value| (Number::new(NUMBERS[1]), value)));
        let said = run(&mut fake);
        assert!(said[1].contains("not moved, closed: shows a value that is not ours"), "{said:?}");
        assert_eq!((said[0].as_str(), said[2].as_str()), (MOVED_1, STOPPED_3));
        assert_eq!(fake.sets.len(), 1);
    }
}

#[test]
fn a_lost_answer_is_read_back_over_one_fresh_line_and_stays_open() {
    for (fault, expected) in [
        (
            Fault::LostAfter,
            "02079460002 moved, open: no answer to the order was read: eof; shows S:a@manchester",
        ),
        (
            Fault::LostBefore,
            "02079460002 not moved, open: no answer to the order was read: eof; shows S:a@london",
        ),
    ] {
        let mut fake = fake(&[(1, fault)]);
        let said = run(&mut fake);
        assert_eq!(said, [MOVED_1, expected, STOPPED_3]);
        assert_eq!((fake.reopened, fake.sets.len()), (1, 2));
    }
}

#[test]
fn a_lost_answer_that_cannot_be_read_back_is_unknown_and_a_refused_login_is_told() {
    let mut fake = fake(&[(0, Fault::LostAfter)]);
    fake.reopen_fails = Some(LineError::LoginRefused("the carrier refused the login with 3: no".to_owned()));
    let window = Window::asked_at(fake.now);
    let report = attempt(&mut fake, &batch(), window);
    assert_eq!((report.numbers[0].was, report.numbers[0].closed), (Was::Unknown, Closure::Open));
    assert!(report.login_refused.is_some());
    assert_eq!(fake.reopened, 1);
}

#[test]
fn a_late_write_says_so() {
    let mut fake = fake(&[(0, Fault::Late)]);
    let window = Window::asked_at(fake.now);
    let report = attempt(&mut fake, &batch(), window);
    assert_eq!(report.numbers[0].late, Lateness::Late(Duration::from_secs(3)));
    assert_eq!(report.numbers[0].closed, Closure::Open);
}

#[test]
fn a_refusal_is_closed_and_stops_the_batch() {
    let said = run(&mut fake(&[(1, Fault::Refused)]));
    assert_eq!(said[1], "02079460002 not moved, closed: the carrier refused with 4: no; shows S:a@london");
    assert_eq!(said[2], STOPPED_3);
}

#[test]
fn an_answer_that_may_have_been_anothers_closes_nothing() {
    let mut fake = fake(&[(0, Fault::Mistaken)]);
    let window = Window::asked_at(fake.now);
    let report = attempt(&mut fake, &batch(), window);
    assert_eq!((report.numbers[0].was, report.numbers[0].closed), (Was::Wrong, Closure::Open));
    assert_eq!((fake.reopened, fake.sets.len()), (1, 1));
}

#[test]
fn a_reading_allows_a_write_for_a_second_and_no_longer() {
    let said = run(&mut fake(&[(0, Fault::Grown)]));
    assert!(said[0].contains("not moved, closed: nothing was sent"), "{said:?}");
}

#[test]
fn a_stale_reading_is_not_final_before_close_by() {
    let said = run(&mut fake(&[(0, Fault::Stale(3))]));
    assert_eq!(said[0], MOVED_1);
    let mut never = fake(&[(0, Fault::Stale(1000))]);
    let began = never.now;
    let said = run(&mut never);
    assert!(said[0].contains("not moved, closed: the carrier said done but shows another value"), "{said:?}");
    assert!(never.now.since(began) >= state::window::CLOSE_BY);
}

#[test]
fn a_line_lost_after_the_answer_is_replaced_for_the_read_back() {
    let mut fake = fake(&[(0, Fault::GoneThen)]);
    let said = run(&mut fake);
    assert_eq!(said[0], MOVED_1);
    assert_eq!((fake.reopened, fake.sets.len()), (1, 3));
}

#[test]
fn an_old_reading_is_read_again_and_a_late_one_sends_nothing() {
    let mut old = fake(&[]);
    old.read_takes = vec![Duration::from_millis(20), Duration::from_millis(1200)];
    assert_eq!(run(&mut old)[0], MOVED_1);
    assert!(old.read_takes.is_empty());
    let mut late = fake(&[]);
    late.read_takes = vec![Duration::from_millis(1600), Duration::from_millis(1600)];
    assert!(run(&mut late)[0].contains("not moved, closed"));
    assert!(late.sets.is_empty());
}

#[test]
fn reading_for_the_drift_watch_tells_every_number() {
    let mut fake = fake(&[]);
    fake.shows.remove(NUMBERS[1]);
    let numbers = NUMBERS.map(Number::new);
    let deadline = fake.now + REQUEST_LIFE;
    let read = read(&mut fake, &numbers, deadline);
    let values: Vec<_> = read.into_iter().map(|(_, value)| value.unwrap()).collect();
    let london = Some(Destination::new("S:a@london"));
    assert_eq!(values, [london.clone(), None, london]);
}

//! What becomes of each finding: most are rectified and closed by another person, some are claimed only, some are sent
//! back, some stay open until they are overdue. Which claims are looked at on site is drawn by the server, here as everywhere.

use super::draw::Shot;
use super::play::{LETTERS, Quarter, at, text};
use super::visits::photo;
use crate::access::Role;
use crate::calendar::rules::WorkCalendar;
use crate::clock::SHANGHAI;
use chrono::{Days, NaiveDate, TimeDelta};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A finding and how its story goes.
#[derive(Debug, Clone)]
pub struct Case {
    /// The finding.
    pub id: String,
    /// A third party found it: it is advice until the bureau confirms and serves it.
    pub needs_confirmation: bool,
    /// Its item.
    pub item: Value,
    /// Its street's code.
    pub street: String,
    /// Who found it.
    pub finder: String,
    /// Seed and position of its photo.
    pub shot: (u64, f64, f64),
    /// 0–99: how far the story goes.
    pub fate: u8,
}

/// A step of a story; steps of one day are done in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Confirm,
    Serve,
    Claim,
    Check,
    Fail,
    /// A look on site if the draw picked the claim.
    Drawn,
    Reinspect,
    Close,
}

/// A step that is due on a day.
#[derive(Debug, Clone)]
pub struct Todo {
    step: Step,
    case: Case,
}

/// From this fate on nobody claims; below it some stories end early, and the rest are closed.
const UNCLAIMED: u8 = 93;
const CLAIMED_ONLY: u8 = 90;
const SENT_BACK: u8 = 88;
const SENT_BACK_ONCE: u8 = 85;
const CHECKED_ONLY: u8 = 82;

/// A 较大 finding, and one whose proof is to be seen on site, is closed after a re-inspection.
fn on_site(item: &Value) -> bool {
    item["severity"] != "general" || matches!(item["proof"].as_str(), Some("headcount" | "revisit"))
}

/// The steps of a finding's story on their days. A claim comes in good time, or some days late.
fn steps(calendar: &WorkCalendar, case: &Case, found: NaiveDate) -> Vec<(NaiveDate, Step)> {
    let later = |day: NaiveDate, n: u16| calendar.add_working_days(day, n).value;
    let (mut day, mut steps) = (found, vec![]);
    if case.needs_confirmation {
        day = later(day, 1);
        steps.extend([(day, Step::Confirm), (day, Step::Serve)]);
    }
    if case.fate >= UNCLAIMED {
        return steps;
    }
    let term = case.item["term"]["days"].as_u64().unwrap_or_default();
    let wait = if case.fate % 10 == 9 { term + 5 } else { term * 3 / 4 };
    day = calendar.roll_forward(day + Days::new(wait)).value;
    steps.push((day, Step::Claim));
    if case.fate >= CLAIMED_ONLY {
        return steps;
    }
    day = later(day, 1);
    if case.fate >= SENT_BACK_ONCE {
        steps.push((day, Step::Fail));
        if case.fate >= SENT_BACK {
            return steps;
        }
        steps.push((later(day, 2), Step::Claim));
        day = later(day, 3);
    }
    steps.push((day, Step::Check));
    if on_site(&case.item) {
        day = later(day, 1);
        steps.push((day, Step::Reinspect));
    } else {
        steps.push((day, Step::Drawn));
    }
    if !(CHECKED_ONLY..SENT_BACK_ONCE).contains(&case.fate) {
        steps.push((later(day, 1), Step::Close));
    }
    steps
}

/// Puts the steps of a finding's story on their days; what would come after the letters does not happen.
pub fn schedule(
    calendar: &WorkCalendar,
    case: &Case,
    found: NaiveDate,
    todo: &mut BTreeMap<NaiveDate, Vec<Todo>>,
) {
    for (day, step) in steps(calendar, case, found).into_iter().filter(|(day, _)| *day <= LETTERS) {
        todo.entry(day).or_default().push(Todo { step, case: case.clone() });
    }
}

/// Does the steps of an afternoon, kind by kind, half an hour each.
///
/// # Errors
/// The first request that the server refused.
pub fn work_off(quarter: &Quarter, today: NaiveDate, mut todo: Vec<Todo>) -> Result<(), String> {
    todo.sort_by_key(|t| t.step);
    let mut now = at(today, 13, 30);
    for stage in todo.chunk_by(|a, b| a.step == b.step) {
        quarter.clock.set(now);
        quarter.in_parallel(stage, |todo| take(quarter, todo, today))?;
        now += TimeDelta::minutes(30);
    }
    Ok(())
}

fn take(quarter: &Quarter, Todo { step, case }: &Todo, today: NaiveDate) -> Result<(), String> {
    let street = Some(case.street.as_str());
    let post = |role: Role, street: Option<&str>, n: usize, what: &str, body: Value| {
        let session = quarter.session_of(role, street, n)?;
        session.post(&format!("/findings/{}/{what}", case.id), &body).map(drop)
    };
    match step {
        Step::Confirm => post(Role::Drafter, None, 1, "confirmations", json!({})),
        Step::Serve => post(Role::Drafter, None, 1, "services", json!({"method": "on_site"})),
        Step::Claim => claim(quarter, case, today),
        Step::Check => {
            let body = json!({"result": "pass", "note": "已到现场核对，整改属实（演示）"});
            post(Role::Street, street, 1, "checks", body)
        }
        Step::Fail => {
            let body = json!({"result": "fail", "note": "整改不到位，请继续整改（演示）"});
            post(Role::Street, street, 1, "checks", body)
        }
        Step::Drawn => {
            let clerk = quarter.session_of(Role::Drafter, None, 0)?;
            let finding = clerk.get(&format!("/findings/{}", case.id))?;
            if finding["drawn"] == true { reinspect(quarter, case) } else { Ok(()) }
        }
        Step::Reinspect => reinspect(quarter, case),
        Step::Close => {
            let closer = if case.item["severity"] == "general" { Role::Drafter } else { Role::Reviewer };
            post(closer, None, 0, "closures", json!({"note": "证明材料齐全，予以销号（演示）"}))
        }
    }
}

/// An inspector of the bureau who did not find it looks again.
fn reinspect(quarter: &Quarter, case: &Case) -> Result<(), String> {
    let inspectors = quarter.holders(Role::Inspector, None);
    let other = inspectors.iter().find(|p| p.member.username != case.finder && !p.member.third_party);
    let session = quarter.session(&other.ok_or("演示缺少复查人")?.member.username)?;
    let body = json!({"result": "pass", "note": "现场复查合格（演示）", "photos": []});
    session.post(&format!("/findings/{}/reinspections", case.id), &body).map(drop)
}

/// The street claims with a photo of the same place, put right.
fn claim(quarter: &Quarter, case: &Case, today: NaiveDate) -> Result<(), String> {
    let session = quarter.session_of(Role::Street, Some(&case.street), 0)?;
    let (seed, lat, lng) = case.shot;
    let taken_at = (quarter.now() - TimeDelta::minutes(40)).with_timezone(&SHANGHAI);
    let purpose = if case.item["proof"] == "document" { "document" } else { "after" };
    let (declared, bytes) = photo(quarter, &Shot { seed, problem: false, taken_at, lat, lng }, None, purpose);
    let body = json!({
        "claimed_on": today, "measures": "已按要求整改到位（演示）", "similar_check": "已排查同类问题（演示）",
        "system_measures": "已完善日常巡查制度（演示）", "supervisor": "示例负责人", "photos": [declared]
    });
    session.post(&format!("/findings/{}/rectifications", case.id), &body)?;
    session.put_photo(&text(&declared, "photo_id"), &text(&declared, "sha256"), &bytes).map(drop)
}

#[cfg(test)]
mod tests {
    use super::super::play::working_calendar;
    use super::super::visits::tests::findings;
    use super::*;
    use crate::checklists::{Severity, Term, TermUnit};
    use crate::db::types::Coded as _;
    use crate::findings::deadlines::suggest;

    fn term(item: &Value) -> Term {
        let days = u16::try_from(item["term"]["days"].as_u64().unwrap()).unwrap();
        Term { days, unit: TermUnit::from_code(item["term"]["unit"].as_str().unwrap()).unwrap() }
    }

    /// When a finding is due, and its steps up to the letters.
    fn story(calendar: &WorkCalendar, found: NaiveDate, case: &Case) -> (NaiveDate, Vec<(NaiveDate, Step)>) {
        let mut todo = BTreeMap::new();
        schedule(calendar, case, found, &mut todo);
        let steps: Vec<(NaiveDate, Step)> =
            todo.into_iter().flat_map(|(day, all)| all.into_iter().map(move |t| (day, t.step))).collect();
        let served = steps.iter().find(|(_, step)| *step == Step::Serve).map_or(found, |(day, _)| *day);
        let severity = Severity::from_code(case.item["severity"].as_str().unwrap()).unwrap();
        (suggest(served, term(&case.item), severity, calendar).due_on, steps)
    }

    #[test]
    fn most_are_closed_and_the_open_ones_lie_on_both_sides_of_their_due_date() {
        let calendar = working_calendar();
        let findings = findings(&calendar);
        let (mut closed, mut overdue, mut rectifying) = (0, 0, 0);
        for (found, case) in &findings {
            let (due, steps) = story(&calendar, *found, case);
            match steps.last() {
                Some((_, Step::Close)) => closed += 1,
                _ if due < LETTERS => overdue += 1,
                _ => rectifying += 1,
            }
        }
        let told = format!(
            "{} findings: {closed} closed, {overdue} overdue, {rectifying} rectifying",
            findings.len()
        );
        assert!(closed * 4 > findings.len() * 3, "{told}");
        assert!((8..=25).contains(&overdue) && (4..=15).contains(&rectifying), "{told}");
    }

    #[test]
    fn steps_come_on_working_days_in_an_order_that_the_rules_allow() {
        let calendar = working_calendar();
        for (found, case) in findings(&calendar) {
            let (due, steps) = story(&calendar, found, &case);
            assert!(steps.iter().all(|(day, _)| calendar.is_working_day(*day).value), "{steps:?}");
            assert!(steps.is_sorted_by_key(|(day, _)| *day), "{steps:?}");
            let names: Vec<Step> = steps.iter().map(|(_, step)| *step).collect();
            if names.contains(&Step::Close) {
                assert_eq!(names.contains(&Step::Reinspect), on_site(&case.item), "{names:?}");
                assert_ne!(names.contains(&Step::Drawn), on_site(&case.item), "{names:?}");
                assert!(names.contains(&Step::Check) && names.contains(&Step::Claim), "{names:?}");
            }
            let claim = steps.iter().find(|(_, step)| *step == Step::Claim);
            if let Some((day, _)) = claim {
                assert!(case.fate % 10 == 9 || *day <= due, "{day} after {due}");
            }
        }
    }

    #[test]
    fn every_kind_of_story_is_told() {
        let fates: Vec<u8> = findings(&working_calendar()).into_iter().map(|(_, case)| case.fate).collect();
        for (from, to) in [
            (0, CHECKED_ONLY),
            (CHECKED_ONLY, SENT_BACK_ONCE),
            (SENT_BACK_ONCE, SENT_BACK),
            (SENT_BACK, CLAIMED_ONLY),
            (CLAIMED_ONLY, UNCLAIMED),
            (UNCLAIMED, 100),
        ] {
            assert!(fates.iter().any(|fate| (from..to).contains(fate)), "{from}–{to}");
        }
    }
}

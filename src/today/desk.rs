//! What waits for somebody beside findings: requests, referrals, visits, records in quarantine, project lines, letters and
//! opinions.

use super::{Desk, FIRST, Found, TodayItem, TodayKind};
use crate::access::scope::within;
use crate::access::{Action, Places, Role};
use crate::checklists::Severity;
use crate::clock::{SHANGHAI, business_date};
use crate::db::page::PageAsk;
use crate::db::schema::{
    finding, finding_request, inspection, letter, letter_delivery, opinion, quarantine, referral, visit,
    visit_participant,
};
use crate::db::{AnyConn, MultiBackend, Ts};
use crate::directory;
use crate::escalation::{self, StepFilter, StepState};
use crate::fault::{Fault, Outcome};
use crate::findings::rules::RequestKind;
use crate::findings::side::Agency;
use crate::findings::store as findings;
use crate::findings::store::within_findings;
use crate::fire::Direction;
use crate::fire::bulletins::{self, BulletinFilter};
use crate::ids::{AreaId, FacilityId, FindingId, LetterId, OpinionId, QuarantineId, TypedId as _, VisitId};
use crate::inspections::Part;
use crate::inspections::quarantine::QuarantineState;
use crate::inspections::rules::{confirm_until, confirmable_since};
use crate::letters::rules::LetterState;
use crate::{projects, replies};
use chrono::NaiveDate;
use diesel::dsl::count_star;
use diesel::prelude::*;

/// Everything that is no finding.
pub(super) fn sections(conn: &mut AnyConn, desk: &Desk<'_>) -> Outcome<Vec<(TodayKind, Found)>> {
    let found = [
        (TodayKind::ToDecide, requests(conn, desk)?),
        (TodayKind::Referral, referrals(conn, desk)?),
        (TodayKind::Visit, visits(conn, desk)?),
        (TodayKind::Quarantine, quarantined(conn, desk)?),
        (TodayKind::StaleProject, stale_projects(conn, desk)?),
        (TodayKind::Letter, letters(conn, desk)?),
        (TodayKind::Reply, replies(conn, desk)?),
        (TodayKind::Opinion, opinions(conn, desk)?),
        (TodayKind::Step, steps(conn, desk)?),
        (TodayKind::Bulletin, bulletins(conn, desk)?),
    ];
    Ok(found.into_iter().filter_map(|(kind, found)| found.map(|found| (kind, found))).collect())
}

/// Findings by their ids, in that order, with a word before each.
fn named(conn: &mut AnyConn, lines: Vec<(FindingId, String)>) -> Outcome<Vec<TodayItem>> {
    let mut items = vec![];
    for (id, word) in lines {
        let Some(row) = findings::find(conn, id)? else { continue };
        items.push(TodayItem {
            id: id.uuid(),
            title: format!("{word} {} {}", row.number, row.facility_name),
            street_id: Some(row.street_id),
            facility_id: Some(row.facility_id),
            due_on: row.due_on,
            link: format!("/api/v1/findings/{id}"),
        });
    }
    Ok(items)
}

fn requests(conn: &mut AnyConn, desk: &Desk<'_>) -> Outcome<Option<Found>> {
    let mut all: Option<Found> = None;
    for role in [Role::Reviewer, Role::Issuer] {
        let Some(scope) = desk.scope_as(Action::DecideRequest, role) else { continue };
        let query = || {
            let joined = finding_request::table
                .inner_join(finding::table.on(finding::id.eq(finding_request::finding_id)))
                .into_boxed::<MultiBackend>();
            let waiting = within_findings!(joined, &scope)
                .filter(finding_request::result.is_null())
                .filter(finding_request::asked_by.ne(desk.by.id));
            // As `findings::rules::deciding_role` has it.
            let extension = finding_request::kind.eq(RequestKind::Extension);
            if role == Role::Issuer {
                let high = finding::severity.eq(Severity::Major).or(finding::long_term.eq(true));
                let long = finding_request::kind.eq(RequestKind::LongTerm);
                waiting.filter(long.or(extension.and(high)))
            } else {
                let low = finding::severity.ne(Severity::Major).and(finding::long_term.eq(false));
                let kinds = finding_request::kind.eq_any([RequestKind::Dispute, RequestKind::Termination]);
                waiting.filter(kinds.or(extension.and(low)))
            }
        };
        let count = query().select(count_star()).get_result(conn)?;
        let lines: Vec<(FindingId, RequestKind)> = query()
            .order((finding_request::asked_at, finding_request::id))
            .limit(FIRST)
            .select((finding_request::finding_id, finding_request::kind))
            .load(conn)?;
        let lines = lines.into_iter().map(|(id, kind)| (id, kind.label().to_string())).collect();
        let found = Found { count, late: 0, first: named(conn, lines)? };
        all = Some(all.unwrap_or_default().and(found));
    }
    Ok(all)
}

/// The fire brigade answers for itself; for the other agencies the clerk records what they said.
fn referrals(conn: &mut AnyConn, desk: &Desk<'_>) -> Outcome<Option<Found>> {
    let mut all: Option<Found> = None;
    for role in [Role::Fire, Role::Drafter] {
        let Some(scope) = desk.scope_as(Action::AnswerReferral, role) else { continue };
        let query = || {
            let joined = referral::table
                .inner_join(finding::table.on(finding::id.eq(referral::finding_id)))
                .into_boxed::<MultiBackend>();
            let waiting = within_findings!(joined, &scope).filter(referral::result_at.is_null());
            match role {
                Role::Fire => waiting.filter(referral::agency.eq(Agency::Fire)),
                _ => waiting.filter(referral::agency.ne(Agency::Fire)),
            }
        };
        let count = query().select(count_star()).get_result(conn)?;
        let lines: Vec<(FindingId, String)> = query()
            .order((referral::sent_at, referral::id))
            .limit(FIRST)
            .select((referral::finding_id, referral::addressee))
            .load(conn)?;
        let found = Found { count, late: 0, first: named(conn, lines)? };
        all = Some(all.unwrap_or_default().and(found));
    }
    Ok(all)
}

/// Visits of the last two days that name one: few, so they are counted here.
fn visits(conn: &mut AnyConn, desk: &Desk<'_>) -> Outcome<Option<Found>> {
    let Some(places) = desk.scope(Action::SubmitInspection).map(|s| s.places()) else { return Ok(None) };
    let since: Ts = confirmable_since(desk.now).into();
    let query = visit_participant::table
        .inner_join(visit::table.on(visit::id.eq(visit_participant::visit_id)))
        .inner_join(inspection::table.on(inspection::visit_id.eq(visit::id)))
        .filter(visit_participant::user_id.eq(desk.by.id))
        .filter(visit_participant::confirmed_at.is_null())
        .filter(visit_participant::part.ne(Part::Accompanying))
        // Nobody bears out what they sent themselves.
        .filter(inspection::submitted_by.ne(desk.by.id))
        .filter(visit::received_at.ge(since))
        .select((visit::received_at, visit::id, visit::street_id))
        .distinct()
        .into_boxed::<MultiBackend>();
    let query = within!(query, &places, inspection::street_id, inspection::facility_id);
    let lines: Vec<(Ts, VisitId, AreaId)> = query.order((visit::received_at, visit::id)).load(conn)?;
    let item = |(at, id, street_id): (Ts, VisitId, AreaId)| {
        let until = confirm_until(at.0);
        TodayItem {
            id: id.uuid(),
            title: format!("走访须在 {} 前确认", until.with_timezone(&SHANGHAI).format("%m月%d日%H:%M")),
            street_id: Some(street_id),
            facility_id: None,
            due_on: Some(business_date(until)),
            link: format!("/api/v1/visits/{id}"),
        }
    };
    let count = i64::try_from(lines.len()).unwrap_or(i64::MAX);
    let first = lines.into_iter().take(usize::try_from(FIRST).unwrap_or(0)).map(item).collect();
    Ok(Some(Found { count, late: 0, first }))
}

fn quarantined(conn: &mut AnyConn, desk: &Desk<'_>) -> Outcome<Option<Found>> {
    let Some(places) = desk.scope(Action::DecideQuarantine).map(|s| s.places()) else { return Ok(None) };
    let query = || {
        let query = quarantine::table
            .filter(quarantine::state.eq(QuarantineState::Held))
            .filter(quarantine::submitted_by.ne(desk.by.id))
            .into_boxed::<MultiBackend>();
        within!(query, &places, quarantine::street_id, quarantine::facility_id)
    };
    let count = query().select(count_star()).get_result(conn)?;
    let lines: Vec<(QuarantineId, AreaId, FacilityId)> = query()
        .order((quarantine::received_at, quarantine::id))
        .limit(FIRST)
        .select((quarantine::id, quarantine::street_id, quarantine::facility_id))
        .load(conn)?;
    let mut first = vec![];
    for (id, street_id, facility_id) in lines {
        first.push(TodayItem {
            id: id.uuid(),
            title: directory::facility_by_id(conn, facility_id)?.name,
            street_id: Some(street_id),
            facility_id: Some(facility_id),
            due_on: None,
            link: format!("/api/v1/quarantine/{id}"),
        });
    }
    Ok(Some(Found { count, late: 0, first }))
}

fn stale_projects(conn: &mut AnyConn, desk: &Desk<'_>) -> Outcome<Option<Found>> {
    let Some(places) = desk.scope(Action::ReportProject).map(|s| s.places()) else { return Ok(None) };
    let stale = projects::stale(conn, &places, desk.today)?;
    let count = i64::try_from(stale.len()).unwrap_or(i64::MAX);
    let item = |p: projects::StaleProject| TodayItem {
        id: p.id.uuid(),
        title: p.facility_name,
        street_id: Some(p.street_id),
        facility_id: Some(p.facility_id),
        due_on: Some(p.fresh_until),
        link: format!("/api/v1/projects/{}", p.id),
    };
    let first = stale.into_iter().take(usize::try_from(FIRST).unwrap_or(0)).map(item).collect();
    Ok(Some(Found { count, late: count, first }))
}

type Letters = letter::BoxedQuery<'static, MultiBackend>;

/// Letters that wait for a role's step; three steps, three persons.
fn letters_of(desk: &Desk<'_>, role: Role, places: &Places) -> Letters {
    let me = desk.by.id;
    let mut query = letter::table.into_boxed::<MultiBackend>();
    if !places.all {
        query = query.filter(letter::street_id.eq_any(places.streets.iter().copied().collect::<Vec<_>>()));
    }
    match role {
        Role::Reviewer => {
            query.filter(letter::state.eq(LetterState::InReview)).filter(letter::submitted_by.ne(me))
        }
        Role::Issuer => query
            .filter(letter::state.eq(LetterState::Approved))
            .filter(letter::submitted_by.ne(me))
            .filter(letter::approved_by.ne(me)),
        Role::Registrar => {
            let to_do = [LetterState::DocumentReady, LetterState::Sealed];
            let unnumbered = letter::state.eq(LetterState::Issued).and(letter::number.is_null());
            query.filter(letter::state.eq_any(to_do).or(unnumbered))
        }
        Role::Street => {
            let unreceived = letter_delivery::table
                .filter(letter_delivery::acknowledged_at.is_null())
                .select(letter_delivery::letter_id);
            query.filter(letter::state.eq(LetterState::Delivered)).filter(letter::id.eq_any(unreceived))
        }
        _ => query.filter(letter::state.eq_any([LetterState::Draft, LetterState::Returned])),
    }
}

fn letters(conn: &mut AnyConn, desk: &Desk<'_>) -> Outcome<Option<Found>> {
    let steps = [
        (Role::Drafter, Action::DraftLetters),
        (Role::Reviewer, Action::ApproveLetters),
        (Role::Issuer, Action::IssueLetters),
        (Role::Registrar, Action::DispatchLetters),
        (Role::Street, Action::AcknowledgeLetter),
    ];
    let mut all: Option<Found> = None;
    for (role, action) in steps {
        let Some(places) = desk.scope_as(action, role).map(|s| s.places()) else { continue };
        let count = letters_of(desk, role, &places).select(count_star()).get_result(conn)?;
        let lines: Vec<(LetterId, AreaId, LetterState, NaiveDate)> = letters_of(desk, role, &places)
            .order((letter::reply_due, letter::id))
            .limit(FIRST)
            .select((letter::id, letter::street_id, letter::state, letter::reply_due))
            .load(conn)?;
        let mut first = vec![];
        for (id, street_id, state, reply_due) in lines {
            let street = directory::street(conn, street_id)?;
            first.push(TodayItem {
                id: id.uuid(),
                title: format!("{}提醒函 {}", street.name, state.label()),
                street_id: Some(street_id),
                facility_id: None,
                due_on: Some(reply_due),
                link: format!("/api/v1/letters/{id}"),
            });
        }
        all = Some(all.unwrap_or_default().and(Found { count, late: 0, first }));
    }
    Ok(all)
}

/// The street sees what waits for its answer, the clerk what has none past its day.
fn replies(conn: &mut AnyConn, desk: &Desk<'_>) -> Outcome<Option<Found>> {
    let roles = [(Role::Street, Action::ReplyToLetter), (Role::Drafter, Action::DraftLetters)];
    let mut all: Option<Found> = None;
    for (role, action) in roles {
        let Some(places) = desk.scope_as(action, role).map(|s| s.places()) else { continue };
        let past = (role == Role::Drafter).then_some(desk.today);
        let waiting = replies::awaiting(conn, &places, past)?;
        let count = i64::try_from(waiting.len()).map_err(Fault::internal)?;
        let late = waiting.iter().filter(|letter| letter.reply_due < desk.today).count();
        let late = i64::try_from(late).map_err(Fault::internal)?;
        let item = |letter: replies::Awaiting| TodayItem {
            id: letter.id.uuid(),
            title: format!("{} 待回复", letter.number),
            street_id: Some(letter.street_id),
            facility_id: None,
            due_on: Some(letter.reply_due),
            link: format!("/api/v1/letters/{}", letter.id),
        };
        let first = waiting.into_iter().take(usize::try_from(FIRST).unwrap_or(0)).map(item).collect();
        all = Some(all.unwrap_or_default().and(Found { count, late, first }));
    }
    Ok(all)
}

fn opinions(conn: &mut AnyConn, desk: &Desk<'_>) -> Outcome<Option<Found>> {
    let Some(scope) = desk.scope(Action::AnswerOpinion) else { return Ok(None) };
    let places = scope.open;
    let query = || {
        let query = opinion::table.filter(opinion::answer.is_null()).into_boxed::<MultiBackend>();
        within!(query, &places, opinion::street_id, opinion::facility_id)
    };
    let count = query().select(count_star()).get_result(conn)?;
    let late = query().filter(opinion::answer_due.lt(desk.today)).select(count_star()).get_result(conn)?;
    let lines: Vec<(OpinionId, AreaId, Option<FacilityId>, String, NaiveDate)> = query()
        .order((opinion::answer_due, opinion::id))
        .limit(FIRST)
        .select((opinion::id, opinion::street_id, opinion::facility_id, opinion::said, opinion::answer_due))
        .load(conn)?;
    let item = |(id, street_id, facility_id, said, due): (OpinionId, _, _, String, NaiveDate)| TodayItem {
        id: id.uuid(),
        title: said.chars().take(40).collect(),
        street_id: Some(street_id),
        facility_id,
        due_on: Some(due),
        link: format!("/api/v1/opinions/{id}"),
    };
    Ok(Some(Found { count, late, first: lines.into_iter().map(item).collect() }))
}

/// As many as are counted one by one of what a desk has few of.
const COUNTED: i64 = 100;

fn counted(items: Vec<TodayItem>) -> Outcome<Option<Found>> {
    let count = i64::try_from(items.len()).map_err(Fault::internal)?;
    let first = usize::try_from(FIRST).unwrap_or(usize::MAX);
    Ok(Some(Found { count, late: 0, first: items.into_iter().take(first).collect() }))
}

/// Steps that the clock has drafted: nothing is sent before somebody takes them up.
fn steps(conn: &mut AnyConn, desk: &Desk<'_>) -> Outcome<Option<Found>> {
    let Some(scope) = desk.scope(Action::DecideSteps) else { return Ok(None) };
    let (filter, ask) = (
        StepFilter { state: Some(StepState::Drafted), ..StepFilter::default() },
        PageAsk { limit: Some(COUNTED), cursor: None },
    );
    let drafted = escalation::list(conn, &scope, &filter, &ask)?.items;
    counted(
        drafted
            .into_iter()
            .map(|step| TodayItem {
                id: step.id.uuid(),
                title: format!("{}（{}）", step.kind.label(), step.addressee_name),
                street_id: step.street_id,
                facility_id: None,
                due_on: None,
                link: format!("/api/v1/steps/{}", step.id),
            })
            .collect(),
    )
}

/// Bulletins that wait to be received: the brigade's by the clerk, the bureau's by the brigade.
fn bulletins(conn: &mut AnyConn, desk: &Desk<'_>) -> Outcome<Option<Found>> {
    let mut waiting = vec![];
    let mut any = false;
    for (role, direction) in [(Role::Fire, Direction::ToBrigade), (Role::Drafter, Direction::ToBureau)] {
        let Some(scope) = desk.scope_as(Action::WriteBulletins, role) else { continue };
        any = true;
        let filter =
            BulletinFilter { direction: Some(direction), received: Some(false), ..BulletinFilter::default() };
        let ask = PageAsk { limit: Some(COUNTED), cursor: None };
        waiting.extend(bulletins::list(conn, &scope.places(), &filter, &ask)?.items);
    }
    let item = |b: bulletins::BulletinView| TodayItem {
        id: b.id.uuid(),
        title: format!("{} {}", b.number, b.subject),
        street_id: None,
        facility_id: None,
        due_on: None,
        link: format!("/api/v1/fire/bulletins/{}", b.id),
    };
    if any { counted(waiting.into_iter().map(item).collect()) } else { Ok(None) }
}

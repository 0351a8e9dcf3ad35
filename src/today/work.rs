//! Findings that wait for somebody.

use super::{Desk, FIRST, Found, TodayItem, TodayKind};
use crate::access::{Action, Role, Scope};
use crate::calendar;
use crate::calendar::rules::WorkCalendar;
use crate::checklists::{Proof, Severity};
use crate::clock::{business_date, midnight};
use crate::db::schema::{finding, referral, user_account};
use crate::db::{AnyConn, MultiBackend, Ts};
use crate::directory::Route;
use crate::fault::Outcome;
use crate::findings::rules::State;
use crate::findings::store::within;
use crate::ids::{AreaId, FacilityId, FindingId, TypedId as _, UserId};
use crate::settings::{self, Clock};
use chrono::{Days, NaiveDate};
use diesel::dsl::count_star;
use diesel::prelude::*;

type Findings = finding::BoxedQuery<'static, MultiBackend>;

/// What the conditions ask for.
struct Asked {
    me: UserId,
    today: NaiveDate,
    calendar: WorkCalendar,
    clock: Clock,
}

impl Asked {
    /// The last day to confirm what a third party found on a day.
    fn confirm_until(&self, found: NaiveDate) -> NaiveDate {
        self.calendar.add_working_days(found, self.clock.confirm_within).value
    }

    /// What was found before this moment is confirmed too late by now.
    fn confirm_late_before(&self) -> Option<Ts> {
        let mut day = self.today;
        while self.confirm_until(day) >= self.today {
            day = day.checked_sub_days(Days::new(1))?;
        }
        Some(midnight(day.succ_opt()?).into())
    }
}

type Narrow = fn(Findings, &Asked) -> Findings;

fn overdue(q: Findings, asked: &Asked) -> Findings {
    q.filter(finding::state.eq_any(State::RUNNING)).filter(finding::due_on.lt(asked.today))
}

fn near_due(q: Findings, asked: &Asked) -> Findings {
    let soon = asked.calendar.add_working_days(asked.today, asked.clock.near_from()).value;
    q.filter(finding::state.eq_any(State::TO_RECTIFY)).filter(finding::due_on.between(asked.today, soon))
}

fn returned(q: Findings, _: &Asked) -> Findings {
    q.filter(finding::state.eq(State::Returned))
}

/// A 重大 one is confirmed by a second person.
fn to_confirm(q: Findings, _: &Asked) -> Findings {
    q.filter(finding::state.eq(State::Open)).filter(finding::severity.ne(Severity::Major))
}

fn major_to_confirm(q: Findings, asked: &Asked) -> Findings {
    q.filter(finding::state.eq(State::Open))
        .filter(finding::severity.eq(Severity::Major))
        .filter(finding::found_by.ne(asked.me))
}

fn to_serve(q: Findings, _: &Asked) -> Findings {
    q.filter(finding::state.eq(State::Confirmed))
}

fn deadline(q: Findings, asked: &Asked) -> Findings {
    q.filter(finding::state.eq_any(State::TO_RECTIFY))
        .filter(finding::due_confirmed_by.is_null())
        .filter(finding::long_term.eq(false))
        .filter(finding::joint.eq(false))
        .filter(finding::due_on.ge(asked.today))
}

fn to_check(q: Findings, asked: &Asked) -> Findings {
    q.filter(finding::state.eq(State::Rectified))
        .filter(finding::route.eq(Route::Street))
        .filter(finding::claimed_by.ne(asked.me))
}

/// Claims that only a look on site can show, and that nobody has looked at.
fn to_look_at(q: Findings, asked: &Asked) -> Findings {
    let grave = finding::severity.ne(Severity::General).or(finding::drawn.eq(true));
    let by_look = finding::proof.eq_any([Proof::Headcount, Proof::Revisit]);
    q.filter(finding::state.eq_any([State::Rectified, State::Checked]))
        .filter(finding::joint.eq(false))
        .filter(grave.or(by_look))
        .filter(finding::claimed_by.ne(asked.me))
}

fn third_party_to_reinspect(q: Findings, asked: &Asked) -> Findings {
    to_look_at(q, asked).filter(finding::reinspected_by.is_null())
}

/// A third party's look at a grave one is evidence; the bureau looks itself.
fn to_reinspect(q: Findings, asked: &Asked) -> Findings {
    let lent = user_account::table.filter(user_account::third_party.eq(true));
    let lent = finding::reinspected_by.eq_any(lent.select(user_account::id.nullable()));
    let only_evidence = lent.and(finding::severity.ne(Severity::General));
    // Whatever a third party's look says against a claim, the bureau looks itself before it sends it back.
    let failed = finding::reinspected_ok.eq(false);
    to_look_at(q, asked).filter(finding::reinspected_by.is_null().or(only_evidence).or(failed))
}

fn brigade(q: Findings, _: &Asked) -> Findings {
    q.filter(finding::joint.eq(true)).filter(finding::state.eq_any([State::Rectified, State::Checked]))
}

/// What somebody of the rank could close by now, if they had no hand in it.
fn closable(q: Findings, asked: &Asked) -> Findings {
    let me = asked.me;
    let accepted = finding::state.eq(State::Checked);
    let direct = finding::state.eq(State::Rectified).and(finding::route.ne(Route::Street));
    let lent = user_account::table.filter(user_account::third_party.eq(true));
    let own_look = finding::reinspected_by.ne_all(lent.select(user_account::id.nullable()));
    let general = finding::severity.eq(Severity::General);
    let by_proof =
        finding::drawn.eq(false).and(finding::proof.eq_any([Proof::Photo, Proof::Document])).and(general);
    let seen = finding::reinspected_ok.eq(true).and(general.or(own_look));
    let away = referral::table.filter(referral::result_at.is_null()).select(referral::finding_id);
    q.filter(finding::joint.eq(false))
        .filter(accepted.or(direct))
        .filter(by_proof.or(seen))
        .filter(finding::id.ne_all(away))
        .filter(finding::claimed_by.ne(me))
        .filter(finding::checked_by.is_null().or(finding::checked_by.ne(me)))
        .filter(finding::reinspected_by.is_null().or(finding::reinspected_by.ne(me)))
}

fn drafter_closes(q: Findings, asked: &Asked) -> Findings {
    closable(q, asked).filter(finding::severity.eq(Severity::General)).filter(finding::long_term.eq(false))
}

fn reviewer_closes(q: Findings, asked: &Asked) -> Findings {
    closable(q, asked).filter(finding::severity.eq(Severity::Serious)).filter(finding::long_term.eq(false))
}

fn issuer_closes(q: Findings, asked: &Asked) -> Findings {
    closable(q, asked).filter(finding::severity.eq(Severity::Major).or(finding::long_term.eq(true)))
}

#[derive(Queryable)]
struct Line {
    id: FindingId,
    number: String,
    facility_name: String,
    street_id: AreaId,
    facility_id: FacilityId,
    found_at: Ts,
    third_party: bool,
    due_on: Option<NaiveDate>,
}

fn look(conn: &mut AnyConn, asked: &Asked, scope: &Scope, narrow: Narrow) -> Outcome<Found> {
    let query = || narrow(within(scope), asked);
    let count = query().select(count_star()).get_result(conn)?;
    let late = query().filter(finding::due_on.lt(asked.today)).select(count_star()).get_result(conn)?;
    let lines: Vec<Line> = query()
        .order((finding::due_on, finding::found_at, finding::id))
        .limit(FIRST)
        .select((
            finding::id,
            finding::number,
            finding::facility_name,
            finding::street_id,
            finding::facility_id,
            finding::found_at,
            finding::third_party,
            finding::due_on,
        ))
        .load(conn)?;
    let item = |l: Line| TodayItem {
        id: l.id.uuid(),
        title: format!("{} {}", l.number, l.facility_name),
        street_id: Some(l.street_id),
        facility_id: Some(l.facility_id),
        due_on: l.due_on.or_else(|| {
            // Before it is served, the bureau itself has a last day to confirm what others found.
            l.third_party.then(|| asked.confirm_until(business_date(l.found_at.0)))
        }),
        link: format!("/api/v1/findings/{}", l.id),
    };
    Ok(Found { count, late, first: lines.into_iter().map(item).collect() })
}

fn late_to_confirm(conn: &mut AnyConn, asked: &Asked, scope: &Scope, narrow: Narrow) -> Outcome<i64> {
    let Some(before) = asked.confirm_late_before() else { return Ok(0) };
    let late = narrow(within(scope), asked)
        .filter(finding::third_party.eq(true))
        .filter(finding::found_at.lt(before));
    Ok(late.select(count_star()).get_result(conn)?)
}

/// To confirm: late is what a third party found more than three working days ago.
fn confirmations(conn: &mut AnyConn, desk: &Desk<'_>, asked: &Asked) -> Outcome<Option<Found>> {
    let Some(scope) = desk.scope(Action::ConfirmFinding) else { return Ok(None) };
    let mut found = look(conn, asked, &scope, to_confirm)?;
    found.late = late_to_confirm(conn, asked, &scope, to_confirm)?;
    if let Some(scope) = desk.scope_as(Action::ConfirmFinding, Role::Reviewer) {
        let mut major = look(conn, asked, &scope, major_to_confirm)?;
        major.late = late_to_confirm(conn, asked, &scope, major_to_confirm)?;
        found = found.and(major);
    }
    Ok(Some(found))
}

fn closings(conn: &mut AnyConn, desk: &Desk<'_>, asked: &Asked) -> Outcome<Option<Found>> {
    let ranks: [(Role, Narrow); 3] =
        [(Role::Drafter, drafter_closes), (Role::Reviewer, reviewer_closes), (Role::Issuer, issuer_closes)];
    let mut all: Option<Found> = None;
    for (role, narrow) in ranks {
        let Some(scope) = desk.scope_as(Action::CloseFinding, role) else { continue };
        let found = look(conn, asked, &scope, narrow)?;
        all = Some(all.unwrap_or_default().and(found));
    }
    Ok(all)
}

/// Everything that is a finding.
pub(super) fn sections(conn: &mut AnyConn, desk: &Desk<'_>) -> Outcome<Vec<(TodayKind, Found)>> {
    let clock = settings::get(conn)?;
    let asked = Asked { me: desk.by.id, today: desk.today, calendar: calendar::load(conn)?, clock };
    let lent = desk.by.third_party;
    // Who follows up: the clerk, the street and the operator.
    let plain: [(TodayKind, Action, Narrow, bool); 8] = [
        (TodayKind::Overdue, Action::AssignFinding, overdue, true),
        (TodayKind::NearDue, Action::AssignFinding, near_due, true),
        (TodayKind::Returned, Action::ClaimRectification, returned, true),
        (TodayKind::ToServe, Action::ServeFinding, to_serve, !lent),
        (TodayKind::Deadline, Action::SetDeadline, deadline, !lent),
        (TodayKind::ToCheck, Action::CheckClaim, to_check, true),
        (
            TodayKind::ToReinspect,
            Action::Reinspect,
            if lent { third_party_to_reinspect } else { to_reinspect },
            true,
        ),
        (TodayKind::BrigadeCheck, Action::BrigadeCheck, brigade, true),
    ];
    let mut sections = vec![];
    for (kind, action, narrow, theirs) in plain {
        if let Some(scope) = desk.scope(action).filter(|_| theirs) {
            sections.push((kind, look(conn, &asked, &scope, narrow)?));
        }
    }
    if !lent {
        let found = confirmations(conn, desk, &asked)?;
        sections.extend(found.map(|found| (TodayKind::ToConfirm, found)));
        let found = closings(conn, desk, &asked)?;
        sections.extend(found.map(|found| (TodayKind::ToClose, found)));
    }
    Ok(sections)
}

//! Rows and queries of findings; what has happened to each is in `course`.

mod course;

pub use course::*;

use super::rules::{CheckResult, State};
use super::{ServiceMethod, Source};
use crate::access::{Places, Scope};
use crate::checklists::{Proof, Severity, Term, TermUnit};
use crate::db::schema::{finding, finding_group_member};
use crate::db::{AnyConn, MultiBackend, Ts};
use crate::directory::Route;
use crate::fault::{Fault, Outcome};
use crate::ids::{AreaId, CampaignId, FacilityId, FindingId, GroupId, InspectionId, ItemId, UserId};
use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use std::collections::BTreeSet;

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = finding, check_for_backend(MultiBackend), treat_none_as_null = true)]
pub struct FindingRow {
    pub id: FindingId,
    pub number: String,
    pub facility_id: FacilityId,
    pub facility_name: String,
    pub street_id: AreaId,
    pub campaign_id: Option<CampaignId>,
    pub inspection_id: Option<InspectionId>,
    pub item_id: ItemId,
    pub item_code: String,
    pub category: String,
    pub severity: Severity,
    pub proof: Proof,
    pub description: String,
    pub source: Source,
    pub third_party: bool,
    pub route: Route,
    pub state: State,
    pub repeat_of: Option<FindingId>,
    pub parent_id: Option<FindingId>,
    pub found_by: UserId,
    pub found_at: Ts,
    pub confirmed_by: Option<UserId>,
    pub confirmed_at: Option<Ts>,
    pub clause: Option<String>,
    pub service_method: Option<ServiceMethod>,
    pub served_at: Option<Ts>,
    pub term_days: i32,
    pub term_unit: TermUnit,
    pub due_on: Option<NaiveDate>,
    pub due_rule: Option<String>,
    pub calendar_version: Option<String>,
    pub due_provisional: bool,
    pub claimed_by: Option<UserId>,
    pub claimed_on: Option<NaiveDate>,
    pub claimed_at: Option<Ts>,
    pub checked_by: Option<UserId>,
    pub check_outcome: Option<CheckResult>,
    pub reinspected_by: Option<UserId>,
    pub reinspected_ok: Option<bool>,
    pub reinspected_at: Option<Ts>,
    pub closed_by: Option<UserId>,
    pub closed_at: Option<Ts>,
    pub observations: i32,
    pub responsible_unit: String,
    pub responsible_post: String,
    pub responsible_person: String,
    pub revision: i32,
    pub joint: bool,
    pub long_term: bool,
    pub drawn: bool,
    pub due_original: Option<NaiveDate>,
    pub due_confirmed_by: Option<UserId>,
    pub paused_at: Option<Ts>,
    pub resume_to: Option<State>,
    pub paused_until: Option<NaiveDate>,
}

impl FindingRow {
    /// Its term.
    pub fn term(&self) -> Outcome<Term> {
        let days = u16::try_from(self.term_days).map_err(Fault::internal)?;
        Ok(Term { days, unit: self.term_unit })
    }

    /// Whether a scope reaches it.
    pub fn is_within(&self, scope: &Scope) -> bool {
        scope.holds_finding(self.street_id, self.facility_id, &self.category)
    }
}

/// Which findings.
#[derive(Debug, Clone, Default)]
pub struct FindingFilter {
    /// Only of this facility.
    pub facility_id: Option<FacilityId>,
    /// Only in this street.
    pub street_id: Option<AreaId>,
    /// Only of this campaign.
    pub campaign_id: Option<CampaignId>,
    /// Only in this state.
    pub state: Option<State>,
    /// Only what the bureau has confirmed and nobody has settled.
    pub to_settle: bool,
    /// Only those overdue on this day.
    pub overdue_on: Option<NaiveDate>,
    /// Only of this source.
    pub source: Option<Source>,
    /// Only members of this group.
    pub group_id: Option<GroupId>,
    /// Only found at or after.
    pub found_from: Option<Ts>,
    /// Only found before.
    pub found_before: Option<Ts>,
}

pub fn insert(conn: &mut AnyConn, row: &FindingRow) -> Outcome<()> {
    diesel::insert_into(finding::table).values(row).execute(conn)?;
    Ok(())
}

pub fn save(conn: &mut AnyConn, row: &FindingRow) -> Outcome<()> {
    diesel::update(finding::table.find(row.id)).set(row).execute(conn)?;
    Ok(())
}

pub fn find(conn: &mut AnyConn, id: FindingId) -> Outcome<Option<FindingRow>> {
    Ok(finding::table.find(id).select(FindingRow::as_select()).first(conn).optional()?)
}

/// A finding, its row locked on PostgreSQL until the transaction ends.
pub fn find_locked(conn: &mut AnyConn, id: FindingId) -> Outcome<Option<FindingRow>> {
    if let AnyConn::Pg(c) = conn {
        let lock = finding::table.find(id).select(finding::id).for_update();
        lock.first::<FindingId>(c).optional()?;
    }
    find(conn, id)
}

/// The unsettled finding of an item at a facility; there is at most one.
pub fn unsettled_of(
    conn: &mut AnyConn,
    facility: FacilityId,
    item_code: &str,
) -> Outcome<Option<FindingRow>> {
    Ok(finding::table
        .filter(finding::facility_id.eq(facility))
        .filter(finding::item_code.eq(item_code))
        .filter(finding::state.ne_all(State::SETTLED))
        .order(finding::id)
        .select(FindingRow::as_select())
        .first(conn)
        .optional()?)
}

/// The finding of an item at a facility that was closed last, not before `since`.
pub fn last_closed(
    conn: &mut AnyConn,
    facility: FacilityId,
    item_code: &str,
    since: Ts,
) -> Outcome<Option<FindingId>> {
    Ok(finding::table
        .filter(finding::facility_id.eq(facility))
        .filter(finding::item_code.eq(item_code))
        .filter(finding::state.eq(State::Closed))
        .filter(finding::closed_at.ge(since))
        .order((finding::closed_at.desc(), finding::id.desc()))
        .select(finding::id)
        .first(conn)
        .optional()?)
}

/// Marks findings as printed, unless they are already.
pub fn mark_printed(conn: &mut AnyConn, ids: &[FindingId], at: Ts) -> Outcome<()> {
    let new = finding::table.filter(finding::id.eq_any(ids.to_vec())).filter(finding::printed_at.is_null());
    diesel::update(new).set(finding::printed_at.eq(Some(at))).execute(conn)?;
    Ok(())
}

/// Says since when a finding is printed, if at all.
pub fn set_printed(conn: &mut AnyConn, id: FindingId, since: Option<Ts>) -> Outcome<()> {
    diesel::update(finding::table.find(id)).set(finding::printed_at.eq(since)).execute(conn)?;
    Ok(())
}

/// Whether a finding is printed in an issued letter.
pub fn printed(conn: &mut AnyConn, id: FindingId) -> Outcome<bool> {
    let printed = finding::table.find(id).filter(finding::printed_at.is_not_null());
    Ok(printed.count().get_result::<i64>(conn)? > 0)
}

/// Whether a finding that an inspection opened is printed.
pub fn is_printed(conn: &mut AnyConn, inspection: InspectionId) -> Outcome<bool> {
    let printed = finding::table
        .filter(finding::inspection_id.eq(inspection))
        .filter(finding::printed_at.is_not_null());
    Ok(printed.count().get_result::<i64>(conn)? > 0)
}

/// The finding of an item at a facility that was closed last, whenever that was.
pub fn closed_last(conn: &mut AnyConn, facility: FacilityId, item_code: &str) -> Outcome<Option<FindingRow>> {
    Ok(finding::table
        .filter(finding::facility_id.eq(facility))
        .filter(finding::item_code.eq(item_code))
        .filter(finding::state.eq(State::Closed))
        .order((finding::closed_at.desc(), finding::id.desc()))
        .select(FindingRow::as_select())
        .first(conn)
        .optional()?)
}

/// Findings whose suspension ended before `day`, by id.
pub fn suspended_until_before(
    conn: &mut AnyConn,
    day: NaiveDate,
    after: Option<FindingId>,
    limit: i64,
) -> Outcome<Vec<FindingId>> {
    let mut query = finding::table
        .filter(finding::state.eq(State::Suspended))
        .filter(finding::paused_until.lt(day))
        .select(finding::id)
        .into_boxed::<MultiBackend>();
    if let Some(after) = after {
        query = query.filter(finding::id.gt(after));
    }
    Ok(query.order(finding::id).limit(limit).load(conn)?)
}

/// The codes of the items that have a finding at a facility; mistakes do not count.
pub fn codes_at(conn: &mut AnyConn, facility: FacilityId) -> Outcome<BTreeSet<String>> {
    let codes: Vec<String> = finding::table
        .filter(finding::facility_id.eq(facility))
        .filter(finding::state.ne(State::Withdrawn))
        .select(finding::item_code)
        .distinct()
        .order(finding::item_code)
        .load(conn)?;
    Ok(codes.into_iter().collect())
}

/// The served findings whose day is not certain, also where their clock stands still, apart from those whose day the clerk has
/// confirmed.
pub fn provisionally_due(conn: &mut AnyConn) -> Outcome<Vec<FindingId>> {
    let running = finding::table
        .filter(finding::due_provisional)
        .filter(finding::due_confirmed_by.is_null())
        .filter(finding::served_at.is_not_null())
        .filter(finding::state.ne_all(State::SETTLED));
    Ok(running.order(finding::id).select(finding::id).load(conn)?)
}

type Reach = Box<dyn BoxableExpression<finding::table, MultiBackend, SqlType = Bool>>;

fn within_places(places: &Places) -> Reach {
    if places.all {
        return Box::new(finding::number.is_not_null());
    }
    let streets: Vec<AreaId> = places.streets.iter().copied().collect();
    let facilities: Vec<FacilityId> = places.facilities.iter().copied().collect();
    Box::new(finding::street_id.eq_any(streets).or(finding::facility_id.eq_any(facilities)))
}

/// What of the ledger a scope reaches.
fn within_scope(scope: &Scope) -> Reach {
    let of_category = |(category, places): (&String, &Places)| -> Reach {
        Box::new(finding::category.eq(category.clone()).and(within_places(places)))
    };
    scope.by_category.iter().map(of_category).fold(within_places(&scope.open), |a, b| Box::new(a.or(b)))
}

/// Findings within a scope, newest first.
pub fn list(
    conn: &mut AnyConn,
    scope: &Scope,
    filter: &FindingFilter,
    after: Option<FindingId>,
    limit: i64,
) -> Outcome<Vec<FindingRow>> {
    let mut query = finding::table
        .filter(within_scope(scope))
        .select(FindingRow::as_select())
        .into_boxed::<MultiBackend>();
    if let Some(id) = filter.facility_id {
        query = query.filter(finding::facility_id.eq(id));
    }
    if let Some(id) = filter.street_id {
        query = query.filter(finding::street_id.eq(id));
    }
    if let Some(id) = filter.campaign_id {
        query = query.filter(finding::campaign_id.eq(id));
    }
    if let Some(state) = filter.state {
        query = query.filter(finding::state.eq(state));
    }
    if filter.to_settle {
        query = query.filter(finding::state.ne(State::Open)).filter(finding::state.ne_all(State::SETTLED));
    }
    if let Some(day) = filter.overdue_on {
        query = query.filter(finding::due_on.lt(day)).filter(finding::state.eq_any(State::RUNNING));
    }
    if let Some(source) = filter.source {
        query = query.filter(finding::source.eq(source));
    }
    if let Some(id) = filter.group_id {
        let members = finding_group_member::table
            .filter(finding_group_member::group_id.eq(id))
            .select(finding_group_member::finding_id);
        query = query.filter(finding::id.eq_any(members));
    }
    if let Some(from) = filter.found_from {
        query = query.filter(finding::found_at.ge(from));
    }
    if let Some(before) = filter.found_before {
        query = query.filter(finding::found_at.lt(before));
    }
    if let Some(after) = after {
        query = query.filter(finding::id.lt(after));
    }
    Ok(query.order(finding::id.desc()).limit(limit).load(conn)?)
}

/// Narrows a boxed query over findings joined with another table, as yet without a condition, to what a scope reaches.
macro_rules! within_findings {
    ($query:expr, $scope:expr) => {{
        use $crate::db::schema::finding;
        let scope: &$crate::access::Scope = $scope;
        let mut query = $query;
        if !scope.open.all {
            let streets: Vec<$crate::ids::AreaId> = scope.open.streets.iter().copied().collect();
            let facilities: Vec<$crate::ids::FacilityId> = scope.open.facilities.iter().copied().collect();
            query =
                query.filter(finding::street_id.eq_any(streets).or(finding::facility_id.eq_any(facilities)));
            for (category, places) in &scope.by_category {
                let of_category = finding::category.eq(category.clone());
                let streets: Vec<$crate::ids::AreaId> = places.streets.iter().copied().collect();
                let facilities: Vec<$crate::ids::FacilityId> = places.facilities.iter().copied().collect();
                let reached = finding::street_id.eq_any(streets).or(finding::facility_id.eq_any(facilities));
                query = if places.all {
                    query.or_filter(of_category)
                } else {
                    query.or_filter(of_category.and(reached))
                };
            }
        }
        query
    }};
}
pub(crate) use within_findings;

/// The findings that a scope reaches, for the queries of others; narrowed by whoever asks.
pub(crate) fn within<'a>(scope: &Scope) -> finding::BoxedQuery<'a, MultiBackend> {
    finding::table.filter(within_scope(scope)).into_boxed::<MultiBackend>()
}

/// The finding with this number.
pub fn numbered(conn: &mut AnyConn, number: &str) -> Outcome<Option<FindingId>> {
    let row = finding::table.filter(finding::number.eq(number)).select(finding::id);
    Ok(row.first(conn).optional()?)
}

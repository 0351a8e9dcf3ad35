//! The rows of the ledger.

use super::rules::{Exception, Happened, of_history};
use super::store;
use crate::access::{Action, Holder};
use crate::checklists::Severity;
use crate::clock::business_date;
use crate::db::page::{Page, PageAsk, page};
use crate::db::{AnyConn, Ts};
use crate::directory;
use crate::fault::Outcome;
use crate::findings::attribution::Party;
use crate::findings::groups::{self, GroupKind};
use crate::findings::rules::State;
use crate::findings::side;
use crate::findings::store as findings;
use crate::findings::store::{EventRow, FindingRow};
use crate::findings::{FindingFilter, Source};
use crate::ids::{AreaId, CampaignId, FacilityId, FindingId, GroupId, TypedId as _, UserId};
use crate::photos::{self, SubjectKind};
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// A group that a finding is in.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct GroupMark {
    /// Its id.
    pub id: GroupId,
    /// What it is.
    pub kind: GroupKind,
    /// Its title.
    pub title: String,
}

/// A row of the ledger: the problem, what is done, and who answers for it by when.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct LedgerRow {
    /// The finding.
    pub id: FindingId,
    /// Its number.
    pub number: String,
    /// Where it comes from.
    pub source: Source,
    /// The campaign.
    pub campaign_id: Option<CampaignId>,
    /// Where.
    pub facility_id: FacilityId,
    /// The facility's name of that day.
    pub facility_name: String,
    /// The street of that day.
    pub street_id: AreaId,
    /// Its name.
    pub street_name: String,
    /// The item.
    pub item_code: String,
    /// Its category.
    pub category: String,
    /// How grave it is (`serious` is internal and no legal grade).
    pub severity: Severity,
    /// 问题: what was seen.
    pub problem: String,
    /// 任务: the measures of the last claim.
    pub measure: Option<String>,
    /// 责任: the unit.
    pub responsible_unit: String,
    /// 责任: the post.
    pub responsible_post: String,
    /// 责任: the person.
    pub responsible_person: String,
    /// The day on which it was found.
    pub found_on: NaiveDate,
    /// The deadline as first set.
    pub due_original: Option<NaiveDate>,
    /// The deadline that stands.
    pub due_on: Option<NaiveDate>,
    /// Where it stands.
    pub state: State,
    /// Its due day has passed and it is not closed.
    pub overdue: bool,
    /// The day of rectification, as claimed last.
    pub claimed_on: Option<NaiveDate>,
    /// The day on which that claim came in.
    pub claim_received_on: Option<NaiveDate>,
    /// The day on which it was closed.
    pub closed_on: Option<NaiveDate>,
    /// Who closed it.
    pub closed_by: Option<String>,
    /// Proofs announced with the last claim.
    pub proofs_expected: i64,
    /// Those that have arrived.
    pub proofs_received: i64,
    /// Whose days they were up to now.
    pub days: BTreeMap<Party, i64>,
    /// The closed finding that this one repeats.
    pub repeat_of: Option<FindingId>,
    /// Its number.
    pub repeat_of_number: Option<String>,
    /// How often the item has come back at this facility, up to this finding.
    pub repeats: i64,
    /// The groups that it is in.
    pub groups: Vec<GroupMark>,
    /// What a reader has to know; told only to those who may read the exceptions.
    pub exceptions: Vec<Exception>,
}

/// A page of the ledger.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct LedgerPage {
    /// The day of the figures 截至日期.
    pub as_of: NaiveDate,
    /// The rows, the last found first.
    pub items: Vec<LedgerRow>,
    /// Cursor of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A page of the ledger within somebody's reach.
///
/// # Errors
/// A bad page.
pub fn list(
    conn: &mut AnyConn,
    by: &Holder,
    filter: &FindingFilter,
    ask: &PageAsk,
    now: DateTime<Utc>,
) -> Outcome<LedgerPage> {
    let limit = ask.limit()?;
    let after: Option<FindingId> = ask.after()?;
    let rows = findings::list(conn, &by.scope, filter, after, limit + 1)?;
    let Page { items, next_cursor } = page(rows, limit, |f: &FindingRow| f.id, |f| f);
    Ok(LedgerPage { as_of: business_date(now), items: rows_of(conn, by, items, now)?, next_cursor })
}

/// What is read beside the findings of a page.
struct Beside {
    claims: HashMap<FindingId, findings::RectificationRow>,
    proofs: HashMap<Uuid, photos::EvidenceView>,
    intervals: HashMap<FindingId, Vec<findings::IntervalRow>>,
    away: HashMap<FindingId, Vec<(Ts, Option<Ts>)>>,
    events: HashMap<FindingId, Vec<EventRow>>,
    names: HashMap<UserId, String>,
    numbers: HashMap<FindingId, String>,
    relapses: Vec<(FacilityId, String, Ts)>,
    groups: HashMap<FindingId, Vec<GroupMark>>,
    streets: HashMap<AreaId, String>,
}

impl Beside {
    fn exceptions_of(&self, id: FindingId) -> Vec<Exception> {
        self.events.get(&id).map(|events| exceptions_of(events)).unwrap_or_default()
    }
}

fn read_beside(conn: &mut AnyConn, rows: &[FindingRow]) -> Outcome<Beside> {
    let ids: Vec<FindingId> = rows.iter().map(|r| r.id).collect();
    let claims = store::last_claims(conn, &ids)?;
    let claim_ids: Vec<Uuid> = claims.values().map(|c| c.id.uuid()).collect();
    let facilities: Vec<FacilityId> = rows.iter().map(|r| r.facility_id).collect();
    let closers: Vec<UserId> = rows.iter().filter_map(|r| r.closed_by).collect();
    let repeated: Vec<FindingId> = rows.iter().filter_map(|r| r.repeat_of).collect();
    let mut marks: HashMap<FindingId, Vec<GroupMark>> = HashMap::new();
    for (finding, id, kind, title) in groups::of_findings(conn, &ids)? {
        marks.entry(finding).or_default().push(GroupMark { id, kind, title });
    }
    let mut streets = HashMap::new();
    for row in rows {
        if let Entry::Vacant(place) = streets.entry(row.street_id) {
            place.insert(directory::street(conn, row.street_id)?.name);
        }
    }
    Ok(Beside {
        proofs: photos::evidence_of_many(conn, SubjectKind::Rectification, &claim_ids)?,
        claims,
        intervals: store::intervals(conn, &ids)?,
        away: store::away(conn, &ids)?,
        events: store::events(conn, &ids)?,
        names: store::names(conn, &closers)?,
        numbers: store::numbers(conn, &repeated)?,
        relapses: store::relapses(conn, &facilities)?,
        groups: marks,
        streets,
    })
}

/// The rows of findings. Of the finding that one repeats no more is told than its number: it is of the same place and item.
pub(super) fn rows_of(
    conn: &mut AnyConn,
    by: &Holder,
    rows: Vec<FindingRow>,
    now: DateTime<Utc>,
) -> Outcome<Vec<LedgerRow>> {
    let beside = read_beside(conn, &rows)?;
    let told = |r: &FindingRow| by.may_over(Action::ReadExceptions, r.street_id, r.facility_id, &r.category);
    let row = |r: FindingRow| LedgerRow {
        exceptions: if told(&r) { beside.exceptions_of(r.id) } else { vec![] },
        ..row_of(&beside, r, now)
    };
    Ok(rows.into_iter().map(row).collect())
}

/// All but the exceptions.
fn row_of(beside: &Beside, r: FindingRow, now: DateTime<Utc>) -> LedgerRow {
    let claim = beside.claims.get(&r.id);
    let proofs = claim.and_then(|c| beside.proofs.get(&c.id.uuid()));
    let again = |(facility, item, at): &&(FacilityId, String, Ts)| {
        *facility == r.facility_id && *item == r.item_code && at.0 <= r.found_at.0
    };
    let repeats = beside.relapses.iter().filter(again).count();
    LedgerRow {
        overdue: r.state.is_late(r.due_on, business_date(now)),
        measure: claim.map(|c| c.measures.clone()),
        proofs_expected: proofs.map_or(0, |p| p.expected),
        proofs_received: proofs.map_or(0, |p| p.received),
        days: days_of(beside, &r, now),
        repeats: i64::try_from(repeats).unwrap_or(i64::MAX),
        repeat_of_number: r.repeat_of.and_then(|id| beside.numbers.get(&id).cloned()),
        groups: beside.groups.get(&r.id).cloned().unwrap_or_default(),
        exceptions: vec![],
        street_name: beside.streets.get(&r.street_id).cloned().unwrap_or_default(),
        closed_by: r.closed_by.and_then(|id| beside.names.get(&id).cloned()),
        closed_on: r.closed_at.map(|at| business_date(at.0)),
        claim_received_on: r.claimed_at.map(|at| business_date(at.0)),
        found_on: business_date(r.found_at.0),
        id: r.id,
        number: r.number,
        source: r.source,
        campaign_id: r.campaign_id,
        facility_id: r.facility_id,
        facility_name: r.facility_name,
        street_id: r.street_id,
        item_code: r.item_code,
        category: r.category,
        severity: r.severity,
        problem: r.description,
        responsible_unit: r.responsible_unit,
        responsible_post: r.responsible_post,
        responsible_person: r.responsible_person,
        due_original: r.due_original,
        due_on: r.due_on,
        state: r.state,
        claimed_on: r.claimed_on,
        repeat_of: r.repeat_of,
    }
}

fn days_of(beside: &Beside, r: &FindingRow, now: DateTime<Utc>) -> BTreeMap<Party, i64> {
    let intervals = beside.intervals.get(&r.id).map(Vec::as_slice).unwrap_or_default();
    side::days(r, intervals, beside.away.get(&r.id).map(Vec::as_slice).unwrap_or_default(), now)
}

fn exceptions_of(events: &[EventRow]) -> Vec<Exception> {
    let details: Vec<Value> =
        events.iter().map(|e| serde_json::from_str(&e.detail).unwrap_or_default()).collect();
    let both = events.iter().zip(&details);
    let happened: Vec<Happened<'_>> =
        both.map(|(e, detail)| Happened { kind: &e.kind, to: e.to_state, detail }).collect();
    of_history(&happened)
}

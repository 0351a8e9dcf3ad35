//! Unsettled findings as phones see them, with what a re-inspection on site compares.

use crate::access::Scope;
use crate::access::scope::within;
use crate::checklists::{Proof, Severity};
use crate::db::schema::{check_item, evidence, finding, finding_check, finding_event, rectification};
use crate::db::types::Uid;
use crate::db::{AnyConn, MultiBackend, Ts};
use crate::fault::Outcome;
use crate::findings::rules::{CheckResult, State};
use crate::ids::{
    AreaId, CheckId, FacilityId, FindingId, InspectionId, ItemId, PhotoId, RectificationId, TypedId as _,
};
use crate::photos::{Purpose, SubjectKind};
use crate::sync::view::{ShownPhoto, SyncFinding};
use chrono::NaiveDate;
use diesel::prelude::*;
use std::collections::HashMap;
use uuid::Uuid;

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = finding, check_for_backend(MultiBackend))]
struct Row {
    id: FindingId,
    number: String,
    facility_id: FacilityId,
    facility_name: String,
    street_id: AreaId,
    inspection_id: Option<InspectionId>,
    item_id: ItemId,
    item_code: String,
    category: String,
    severity: Severity,
    proof: Proof,
    description: String,
    state: State,
    found_at: Ts,
    due_on: Option<NaiveDate>,
    claimed_on: Option<NaiveDate>,
    check_outcome: Option<CheckResult>,
    reinspected_ok: Option<bool>,
}

/// The last claim, what was last seen on site, and why it was last sent back.
#[derive(Default)]
struct Last {
    claims: HashMap<FindingId, (RectificationId, String)>,
    reinspections: HashMap<FindingId, CheckId>,
    returns: HashMap<FindingId, Option<String>>,
}

/// Unsettled findings within a scope, by number.
pub fn load(
    conn: &mut AnyConn,
    scope: &Scope,
    only: Option<&[FindingId]>,
) -> Outcome<Vec<(FindingId, SyncFinding)>> {
    let places = scope.places();
    let mut query = finding::table
        .inner_join(check_item::table.on(check_item::id.eq(finding::item_id)))
        .filter(finding::state.ne_all(State::SETTLED))
        .select((Row::as_select(), check_item::title))
        .into_boxed::<MultiBackend>();
    if let Some(ids) = only {
        query = query.filter(finding::id.eq_any(ids.to_vec()));
    }
    query = within!(query, &places, finding::street_id, finding::facility_id);
    let mut rows: Vec<(Row, String)> = query.order(finding::number).load(conn)?;
    rows.retain(|(r, _)| scope.holds_finding(r.street_id, r.facility_id, &r.category));
    let mut last = last_of(conn, &rows)?;
    let shown = shown(conn, &rows, &last)?;
    Ok(rows
        .into_iter()
        .map(|(row, title)| {
            let photos = photos_of(&row, &last, &shown);
            (row.id, view(row, title, &mut last, photos))
        })
        .collect())
}

fn view(row: Row, title: String, last: &mut Last, photos: Vec<ShownPhoto>) -> SyncFinding {
    SyncFinding {
        number: row.number,
        facility_id: row.facility_id,
        facility_name: row.facility_name,
        item_id: row.item_id,
        item_code: row.item_code,
        title,
        category: row.category,
        severity: row.severity,
        proof: row.proof,
        description: row.description,
        state: row.state,
        found_at: row.found_at.0,
        due_on: row.due_on,
        claimed_on: row.claimed_on,
        measures: last.claims.remove(&row.id).map(|(_, measures)| measures),
        check_outcome: row.check_outcome,
        reinspected_ok: row.reinspected_ok,
        returned_because: last.returns.remove(&row.id).flatten(),
        photos,
    }
}

/// Ordered queries whose last row of a finding stays.
fn last_of(conn: &mut AnyConn, rows: &[(Row, String)]) -> Outcome<Last> {
    let claimed: Vec<FindingId> =
        rows.iter().filter(|(r, _)| r.claimed_on.is_some()).map(|(r, _)| r.id).collect();
    let returned: Vec<FindingId> =
        rows.iter().filter(|(r, _)| r.state == State::Returned).map(|(r, _)| r.id).collect();
    if claimed.is_empty() {
        return Ok(Last::default());
    }
    let claims: Vec<(FindingId, (RectificationId, String))> = rectification::table
        .filter(rectification::finding_id.eq_any(claimed.clone()))
        .order((rectification::created_at, rectification::id))
        .select((rectification::finding_id, (rectification::id, rectification::measures)))
        .load(conn)?;
    let reinspections: Vec<(FindingId, CheckId)> = finding_check::table
        .filter(finding_check::finding_id.eq_any(claimed))
        .filter(finding_check::kind.eq("reinspection"))
        .order((finding_check::checked_at, finding_check::id))
        .select((finding_check::finding_id, finding_check::id))
        .load(conn)?;
    let returns: Vec<(FindingId, Option<String>)> = finding_event::table
        .filter(finding_event::finding_id.eq_any(returned))
        .filter(finding_event::to_state.eq(State::Returned))
        // What was suspended while sent back goes back there too, for another reason.
        .filter(finding_event::from_state.eq_any([State::Rectified, State::Checked]))
        .order(finding_event::seq)
        .select((finding_event::finding_id, finding_event::reason))
        .load(conn)?;
    Ok(Last {
        claims: claims.into_iter().collect(),
        reinspections: reinspections.into_iter().collect(),
        returns: returns.into_iter().collect(),
    })
}

/// Arrived photos, no documents, of each subject: with the item that they are of.
type Shown = HashMap<(SubjectKind, Uuid), Vec<(Option<ItemId>, PhotoId)>>;

fn shown(conn: &mut AnyConn, rows: &[(Row, String)], last: &Last) -> Outcome<Shown> {
    let mut subjects: Vec<Uid> = rows.iter().filter_map(|(r, _)| Some(Uid(r.inspection_id?.0))).collect();
    subjects.extend(last.claims.values().map(|(id, _)| Uid(id.0)));
    subjects.extend(last.reinspections.values().map(|id| Uid(id.0)));
    let kinds = [SubjectKind::Inspection, SubjectKind::Rectification, SubjectKind::Reinspection];
    type Columns = (SubjectKind, Uid, Option<ItemId>, PhotoId);
    let places: Vec<Columns> = evidence::table
        .filter(evidence::subject_kind.eq_any(kinds))
        .filter(evidence::subject_id.eq_any(subjects))
        .filter(evidence::received_at.is_not_null())
        .filter(evidence::purpose.ne(Purpose::Document))
        .order(evidence::id)
        .select((evidence::subject_kind, evidence::subject_id, evidence::item_id, evidence::photo_id))
        .load(conn)?;
    let mut shown = Shown::new();
    for (kind, subject, item, photo) in places {
        shown.entry((kind, subject.0)).or_default().push((item, photo));
    }
    Ok(shown)
}

fn photos_of(row: &Row, last: &Last, shown: &Shown) -> Vec<ShownPhoto> {
    let subjects = [
        (SubjectKind::Inspection, row.inspection_id.map(|id| id.uuid())),
        (SubjectKind::Rectification, last.claims.get(&row.id).map(|(id, _)| id.uuid())),
        (SubjectKind::Reinspection, last.reinspections.get(&row.id).map(|id| id.uuid())),
    ];
    let mut photos = vec![];
    for (of, subject) in subjects {
        let of_subject = subject.and_then(|id| shown.get(&(of, id)));
        // An inspection shows many items; the others show this finding.
        let of_item = |item: Option<ItemId>| of != SubjectKind::Inspection || item == Some(row.item_id);
        let here = of_subject.into_iter().flatten().filter(|(item, _)| of_item(*item));
        photos.extend(here.map(|(_, id)| ShownPhoto { id: *id, of }));
    }
    photos
}

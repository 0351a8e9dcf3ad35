//! Storing an inspection exactly once. Uniqueness is the database's, never a cache's: two equal submissions that race end
//! as one row and two equal answers on both databases.

use super::amendments;
use super::body::{Answer, InspectionBody, ObservedStatus, Outcome as Answered, SignatureState, VisitKind};
use super::quarantine::{self, Keep, QuarantineReceipt};
use super::rules::{self, Verdict};
use super::same::refuse_other;
use super::standing::{Place, Standing, standing};
use super::store::{self, InspectionRow, InspectionState};
use super::{on_site, visit};
use crate::access::{Holder, Places, Role};
use crate::campaigns;
use crate::canonical;
use crate::checklists::{self, Item};
use crate::db::types::Coded as _;
use crate::db::{AnyConn, Change, Ts, Tx};
use crate::directory::{self, FacilityNow, FacilityState};
use crate::fault::{Fault, Outcome};
use crate::findings::rules::State;
use crate::findings::{self, OpenFinding, Opened, ServiceMethod, open_for};
use crate::ids::{AreaId, CampaignId, FacilityId, InspectionId, ItemId, PhotoId, TypedId as _, VisitId};
use crate::photos::{self, Declared, EvidenceView, Received, Stored, Subject, SubjectKind};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::HashMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// The part of the receipt that never changes: the same for every resend.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Stable {
    /// The inspection.
    pub id: InspectionId,
    /// Its visit.
    pub visit_id: VisitId,
    /// Its facility.
    pub facility_id: FacilityId,
    /// Its campaign.
    pub campaign_id: Option<CampaignId>,
    /// The street of that day.
    pub street_id: AreaId,
    /// When the server had it.
    pub received_at: DateTime<Utc>,
    /// What became of its failing items.
    pub findings: Vec<Opened>,
    /// Items that demand a photo and have none declared; they keep it incomplete.
    pub lacking: Vec<ItemId>,
}

/// A receipt: a stable part, and how things stand now.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Receipt {
    /// What never changes.
    #[serde(flatten)]
    pub stable: Stable,
    /// Whether all evidence is there.
    pub state: InspectionState,
    /// What was declared and what has arrived.
    pub evidence: EvidenceView,
}

/// What a submission was.
#[derive(Debug, Clone)]
pub enum Submitted {
    /// It is new.
    New(Receipt),
    /// The same was here already.
    Same(Receipt),
    /// It is kept for the clerk.
    Held(QuarantineReceipt),
}

/// An inspection on its way into the books. Whoever acts may be another than whoever was there.
pub(super) struct Record<'a> {
    /// The inspector.
    pub by: &'a Holder,
    /// Its id.
    pub id: InspectionId,
    /// What it says, of the place where it goes.
    pub body: &'a InspectionBody,
    /// What the phone sent.
    pub raw: &'a str,
    /// The hash of that.
    pub sha256: &'a str,
    /// When the server had it.
    pub received_at: Ts,
    /// The facility.
    pub facility: &'a FacilityNow,
}

/// Stores an inspection with its visit, manifest and findings, or recognises it; one that is late or out of place is kept
/// for the clerk.
///
/// # Errors
/// Missing facility; `id_taken`, `differs`, `visit_differs`, `already_inspected`, `not_your_visit`; everything that the
/// rules find wrong, by pointer.
pub fn submit(
    tx: &mut Tx<'_>,
    by: &Holder,
    id: InspectionId,
    body: &InspectionBody,
    raw: &str,
) -> Outcome<Submitted> {
    let sha256 = canonical::hash(body)?;
    if let Some(row) = store::find(tx.conn(), id)? {
        return resent(tx, by, &row, body, &sha256).map(Submitted::Same);
    }
    if let Some(kept) = quarantine::original_of(tx.conn(), id)? {
        return quarantine::resent(tx, by, &kept, body, &sha256).map(Submitted::Held);
    }
    let facility = directory::facility_by_id(tx.conn(), body.facility_id)?;
    let stands = standing_of(tx, by, body, &facility)?.ok_or_else(|| Fault::missing("设施"))?;
    check_kind(by, body, &facility)?;
    let items = items_of(tx.conn(), &by.places_ever(), body, &facility)?;
    let verdict = rules::judge(body, &items).map_err(Fault::invalid_many)?;
    let record = Record { by, id, body, raw, sha256: &sha256, received_at: tx.ts(), facility: &facility };
    if let Standing::Late(reason) = stands {
        let keep = Keep { record: &record, version: 1, reason };
        return quarantine::hold(tx, &keep, &demanded(body, &items)).map(Submitted::Held);
    }
    check_known(tx.conn(), body, &facility, &items)?;
    let stable = take(tx, &record, &items, verdict)?;
    receipt(tx.conn(), stable).map(Submitted::New)
}

/// Whoever stands to a facility without operating it stands there as an inspector, also when only until lately.
fn check_kind(by: &Holder, body: &InspectionBody, facility: &FacilityNow) -> Outcome<()> {
    let mut roles = by.roles_at(facility.street_id, facility.id);
    if !roles.contains(&Role::Operator) {
        roles.push(Role::Inspector);
    }
    rules::check_kind(body, &roles).map_err(|fault| Fault::invalid_many(vec![fault]))
}

/// How an inspector stands to the place of a record now; `None` for whoever never reached it.
pub(super) fn standing_of(
    tx: &mut Tx<'_>,
    by: &Holder,
    body: &InspectionBody,
    facility: &FacilityNow,
) -> Outcome<Option<Standing>> {
    let former = directory::former_streets(tx.conn(), facility.id)?;
    let campaign_closed = match body.campaign_id {
        Some(campaign) => campaigns::is_closed(tx.conn(), campaign)?,
        None => false,
    };
    let place = Place {
        facility: facility.id,
        street: facility.street_id,
        former: &former,
        ended: facility.status == FacilityState::Ended,
        campaign_closed,
    };
    Ok(standing(by, &place, body.visit.started_at, tx.now()))
}

/// Writes an inspection that was judged into the books.
pub(super) fn take(
    tx: &mut Tx<'_>,
    record: &Record<'_>,
    items: &[Item],
    verdict: Verdict<'_>,
) -> Outcome<Stable> {
    let Record { id, body, facility, .. } = *record;
    visit::join(tx, record)?;
    store::insert(tx.conn(), &row_of(record, &verdict))?;
    store::insert_answers(tx.conn(), id, coded_answers(body, items))?;
    let subject = subject_of(record, SubjectKind::Inspection, id.uuid());
    photos::declare(tx, &subject, &body.photos, &demanded(body, items))?;
    let mut findings = follow(tx, record, &verdict)?;
    // A second phone's inspection may come after the confirmation, and photos before their declaration.
    let closed = on_site::settle(tx, id)?;
    findings.iter_mut().filter(|f| closed.contains(&f.id)).for_each(|f| f.state = State::Closed);
    if let Some(seen) = body.observed_status.filter(|_| body.visit.kind != VisitKind::SelfCheck) {
        observe(tx, facility.id, seen, record.received_at)?;
    }
    let stable = Stable {
        id,
        visit_id: body.visit.id,
        facility_id: facility.id,
        campaign_id: body.campaign_id,
        street_id: facility.street_id,
        received_at: record.received_at.0,
        findings,
        lacking: verdict.lacking,
    };
    store::set_receipt(tx.conn(), id, &serde_json::to_string(&stable).map_err(Fault::internal)?)?;
    // Photos may have come before their declaration.
    if photos::evidence_of(tx.conn(), SubjectKind::Inspection, id.uuid())?.missing.is_empty() {
        let at = tx.ts();
        store::complete(tx.conn(), id, at)?;
    }
    tx.audit("inspection", id, json!({ "facility": facility.code, "findings": stable.findings.len() }));
    tx.changed("inspection", id.uuid(), Some(facility.street_id.uuid()), Change::Put)?;
    amendments::apply_waiting(tx, id, record.by)?;
    Ok(stable)
}

/// Answers with the codes of their items.
pub(super) fn coded_answers<'a>(
    body: &'a InspectionBody,
    items: &'a [Item],
) -> impl Iterator<Item = (&'a Answer, &'a str)> {
    let codes: HashMap<ItemId, &str> = items.iter().map(|i| (i.id, i.code.as_str())).collect();
    body.answers.iter().filter_map(move |a| codes.get(&a.item_id).map(|code| (a, *code)))
}

/// What was seen of the facility's operation, unless a later record has spoken of it.
pub(super) fn observe(tx: &mut Tx<'_>, facility: FacilityId, seen: ObservedStatus, at: Ts) -> Outcome<()> {
    if store::was_observed_after(tx.conn(), facility, at)? {
        return Ok(());
    }
    directory::set_observed(tx, facility, seen.code(), at)
}

pub(super) fn receipt(conn: &mut AnyConn, stable: Stable) -> Outcome<Receipt> {
    let row = store::find(conn, stable.id)?.ok_or_else(|| Fault::missing("检查记录"))?;
    let evidence = photos::evidence_of(conn, SubjectKind::Inspection, stable.id.uuid())?;
    Ok(Receipt { stable, state: row.state, evidence })
}

fn resent(
    tx: &mut Tx<'_>,
    by: &Holder,
    row: &InspectionRow,
    body: &InspectionBody,
    sha256: &str,
) -> Outcome<Receipt> {
    if row.submitted_by != by.id {
        return Err(id_taken());
    }
    refuse_other(&row.body, &row.body_sha256, body, sha256)?;
    tx.audit("inspection", row.id, json!({ "resent": true }));
    let stable: Stable = serde_json::from_str(&row.receipt).map_err(Fault::internal)?;
    receipt(tx.conn(), stable)
}

/// Of another person's record nothing more is told.
pub(super) fn id_taken() -> Fault {
    Fault::refused("id_taken", "该编号已被他人使用，请重新生成")
}

/// The check items by which a record of this place is judged. The campaign must lie within `places`.
///
/// # Errors
/// `unknown_checklist`, `unknown_campaign`, `other_checklist`, `not_a_target`.
pub(super) fn items_of(
    conn: &mut AnyConn,
    places: &Places,
    body: &InspectionBody,
    facility: &FacilityNow,
) -> Outcome<Vec<Item>> {
    let Some(campaign_id) = body.campaign_id else {
        let unknown = || Fault::invalid("/checklist_id", "unknown_checklist", "检查标准不存在");
        checklists::find(conn, body.checklist_id, None).map_err(|e| e.if_missing(unknown))?;
        return checklists::items_for(conn, body.checklist_id, facility.kind);
    };
    let campaign = campaigns::campaign_in(conn, places, campaign_id).map_err(|e| {
        e.if_missing(|| Fault::invalid("/campaign_id", "unknown_campaign", "检查行动不存在或不在权限范围内"))
    })?;
    if campaign.checklist_id != body.checklist_id {
        return Err(Fault::invalid("/checklist_id", "other_checklist", "与检查行动的检查标准版本不符"));
    }
    if !campaigns::is_target(conn, campaign_id, facility.id)? {
        return Err(Fault::invalid("/facility_id", "not_a_target", "该设施不是检查行动的检查对象"));
    }
    checklists::items_for(conn, body.checklist_id, facility.kind)
}

fn row_of(record: &Record<'_>, verdict: &Verdict<'_>) -> InspectionRow {
    let Record { by, id, body, facility, .. } = *record;
    InspectionRow {
        id,
        visit_id: body.visit.id,
        campaign_id: body.campaign_id,
        facility_id: facility.id,
        facility_version_id: facility.version_id,
        street_id: facility.street_id,
        checklist_id: body.checklist_id,
        state: InspectionState::Incomplete,
        observed_status: body.observed_status,
        submitted_by: by.id,
        third_party: by.third_party,
        body: record.raw.to_string(),
        body_sha256: record.sha256.to_string(),
        receipt: String::new(),
        lacking: i32::try_from(verdict.lacking.len()).unwrap_or(i32::MAX),
        received_at: record.received_at,
        completed_at: None,
        version: 1,
    }
}

/// Whom and where the photos of a record belong to.
pub(super) fn subject_of(record: &Record<'_>, kind: SubjectKind, id: Uuid) -> Subject {
    Subject {
        kind,
        id,
        street_id: record.facility.street_id,
        facility_id: record.facility.id,
        owner_id: record.by.id,
    }
}

/// Whether the list demands a declared photo.
pub(super) fn demanded<'a>(body: &'a InspectionBody, items: &'a [Item]) -> impl Fn(&Declared) -> bool + 'a {
    move |declared| {
        let answer = body.answers.iter().find(|a| declared.item_id == Some(a.item_id));
        let item = items.iter().find(|i| declared.item_id == Some(i.id));
        item.zip(answer).is_some_and(|(i, a)| rules::demands_photo(body.visit.kind, i, a.outcome))
    }
}

/// What the findings of the place say to an inspection: a recheck holds only items that have one, and a picture of what was
/// wrong there is no proof that it was put right on the spot.
pub(super) fn check_known(
    conn: &mut AnyConn,
    body: &InspectionBody,
    facility: &FacilityNow,
    items: &[Item],
) -> Outcome<()> {
    let mut faults = on_site::reused(conn, body, facility.id)?;
    if body.visit.kind == VisitKind::Recheck {
        faults.extend(rules::not_open(body, items, &findings::codes_at(conn, facility.id)?));
    }
    if faults.is_empty() { Ok(()) } else { Err(Fault::invalid_many(faults)) }
}

/// What follows for findings.
fn follow(tx: &mut Tx<'_>, record: &Record<'_>, verdict: &Verdict<'_>) -> Outcome<Vec<Opened>> {
    match record.body.visit.kind {
        VisitKind::Recheck => recheck(tx, record, verdict),
        _ => open_findings(tx, record, &verdict.failing),
    }
}

/// Opens or observes a finding for each failing item; an operator's look at its own opens none.
pub(super) fn open_findings(
    tx: &mut Tx<'_>,
    record: &Record<'_>,
    failing: &[(&Item, &str)],
) -> Outcome<Vec<Opened>> {
    let mut opened = vec![];
    if record.body.visit.kind == VisitKind::SelfCheck {
        return Ok(opened);
    }
    for (item, description) in failing {
        opened.push(open_for(tx, &seen(record, item, description))?);
    }
    Ok(opened)
}

fn recheck(tx: &mut Tx<'_>, record: &Record<'_>, verdict: &Verdict<'_>) -> Outcome<Vec<Opened>> {
    let mut found = vec![];
    for (item, answer) in &verdict.answered {
        let note = answer.note.as_deref().unwrap_or(answer.outcome.label());
        let photos = record.body.photos.iter().filter(|p| p.item_id == Some(item.id));
        let photos: Vec<Declared> = photos.cloned().collect();
        let passed = answer.outcome != Answered::Fail;
        found.extend(findings::recheck(tx, record.by, &seen(record, item, note), passed, &photos)?);
    }
    Ok(found)
}

/// An item as it was seen, in the neutral terms of a finding. The sheet of an own officer is served on site, signed or
/// refused; a third party's is information only.
fn seen<'a>(record: &Record<'a>, item: &'a Item, description: &'a str) -> OpenFinding<'a> {
    let Record { by, id, body, facility, .. } = *record;
    let method = match body.visit.signature.state {
        SignatureState::Signed => ServiceMethod::OnSite,
        SignatureState::Refused => ServiceMethod::Refused,
    };
    OpenFinding {
        facility,
        item,
        campaign_id: body.campaign_id,
        inspection_id: Some(id),
        description,
        found_by: by.id,
        third_party: by.third_party,
        service: (!by.third_party).then_some(method),
        on_site: on_site::said_of(body, item.id),
    }
}

/// Takes a photo in, completes the inspections whose manifest it was the last of, and closes what was put right on the spot
/// where only the photo was still missing. Every inspection that waited for it is announced: a phone follows what is still
/// missing.
///
/// # Errors
/// As [`photos::receive`].
pub fn receive_photo(tx: &mut Tx<'_>, id: PhotoId, stored: &Stored) -> Outcome<Received> {
    let received = photos::receive(tx, id, stored)?;
    for (kind, subject) in received.filled.iter().filter(|(kind, _)| *kind == SubjectKind::Inspection) {
        let inspection = InspectionId::from_uuid(*subject);
        on_site::settle(tx, inspection)?;
        let at = tx.ts();
        if received.settled.contains(&(*kind, *subject)) && store::complete(tx.conn(), inspection, at)? {
            tx.audit("inspection", inspection, json!({ "state": "complete" }));
        }
        let street = store::find(tx.conn(), inspection)?.map(|row| row.street_id.uuid());
        tx.changed("inspection", *subject, street, Change::Put)?;
    }
    Ok(received)
}

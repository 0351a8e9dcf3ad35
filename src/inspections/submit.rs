//! Storing an inspection exactly once. Uniqueness is the database's, never a cache's: two equal submissions that race end
//! as one row and two equal answers on both databases.

use super::body::{InspectionBody, Outcome as Answered, SignatureState, VisitKind};
use super::rules::{self, Verdict};
use super::store::{self, InspectionRow, InspectionState};
use super::{on_site, visit};
use crate::access::Holder;
use crate::campaigns;
use crate::canonical;
use crate::checklists::{self, Item};
use crate::db::types::Coded as _;
use crate::db::{AnyConn, Change, Tx};
use crate::directory::{self, FacilityNow, FacilityState};
use crate::fault::{Fault, FieldFault, Outcome};
use crate::findings::rules::State;
use crate::findings::{self, OpenFinding, Opened, ServiceMethod, open_for};
use crate::ids::{AreaId, CampaignId, FacilityId, InspectionId, ItemId, PhotoId, TypedId as _, VisitId};
use crate::photos::{self, Declared, EvidenceView, Received, Stored, Subject, SubjectKind};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

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
}

/// Stores an inspection with its visit, manifest and findings, or recognises it.
///
/// # Errors
/// Missing facility; `id_taken`, `differs`, `visit_differs`, `already_inspected`, `campaign_closed`, `facility_ended`,
/// `not_your_visit`; everything that the rules find wrong, by pointer.
pub fn submit(
    tx: &mut Tx<'_>,
    by: &Holder,
    id: InspectionId,
    body: &InspectionBody,
    raw: &str,
) -> Outcome<Submitted> {
    let hash = canonical::hash(body)?;
    if let Some(row) = store::find(tx.conn(), id)? {
        return resent(tx, by, &row, body, &hash).map(Submitted::Same);
    }
    let facility = directory::facility_in(tx.conn(), &by.scope.places(), body.facility_id)?;
    let roles = by.roles_at(facility.street_id, facility.id);
    rules::check_kind(body, &roles).map_err(|fault| Fault::invalid_many(vec![fault]))?;
    check_place(tx.conn(), by, body, &facility)?;
    let items = checklists::items_for(tx.conn(), body.checklist_id, facility.kind)?;
    let verdict = rules::judge(body, &items).map_err(Fault::invalid_many)?;
    check_known(tx.conn(), body, &facility, &items)?;
    let received_at = tx.ts();
    visit::join(tx, by, body, &facility, received_at)?;
    let row = row_of(tx, by, id, body, raw, hash, &facility, &verdict);
    store::insert(tx.conn(), &row)?;
    let codes = items.iter().map(|i| (i.id, i.code.as_str()));
    let codes: std::collections::HashMap<ItemId, &str> = codes.collect();
    let coded = body.answers.iter().filter_map(|a| codes.get(&a.item_id).map(|code| (a, *code)));
    store::insert_answers(tx.conn(), id, coded)?;
    declare(tx, by, id, body, &facility, &items)?;
    let mut findings = follow(tx, by, id, body, &facility, &verdict)?;
    // A second phone's inspection may come after the confirmation, and photos before their declaration.
    let closed = on_site::settle(tx, id)?;
    findings.iter_mut().filter(|f| closed.contains(&f.id)).for_each(|f| f.state = State::Closed);
    if let Some(seen) = body.observed_status.filter(|_| body.visit.kind != VisitKind::SelfCheck) {
        directory::set_observed(tx, facility.id, seen.code())?;
    }
    let stable = Stable {
        id,
        visit_id: body.visit.id,
        facility_id: facility.id,
        campaign_id: body.campaign_id,
        street_id: facility.street_id,
        received_at: tx.now(),
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
    receipt(tx.conn(), stable).map(Submitted::New)
}

fn receipt(conn: &mut AnyConn, stable: Stable) -> Outcome<Receipt> {
    let row = store::find(conn, stable.id)?.ok_or_else(|| Fault::missing("检查记录"))?;
    let evidence = photos::evidence_of(conn, SubjectKind::Inspection, stable.id.uuid())?;
    Ok(Receipt { stable, state: row.state, evidence })
}

/// The same content is the same record. The stored body is parsed again by today's code, so that a field that is new
/// since then never turns an old resend into a conflict.
fn resent(
    tx: &mut Tx<'_>,
    by: &Holder,
    row: &InspectionRow,
    body: &InspectionBody,
    hash: &str,
) -> Outcome<Receipt> {
    if row.submitted_by != by.id {
        return Err(Fault::refused("id_taken", "该编号已被他人使用，请重新生成"));
    }
    let stored: InspectionBody = serde_json::from_str(&row.body).map_err(Fault::internal)?;
    if row.body_sha256 != hash && canonical::hash(&stored)? != hash {
        let (old, new) = (serde_json::to_value(&stored), serde_json::to_value(body));
        let differ = canonical::differences(&old.map_err(Fault::internal)?, &new.map_err(Fault::internal)?);
        let told = |at: String| FieldFault::new(at, "differs", "与已提交的内容不同");
        return Err(Fault::Refused {
            code: "differs".into(),
            detail: "该检查记录已提交过，且内容不同；更正请另行提交".into(),
            errors: differ.into_iter().map(told).collect(),
        });
    }
    tx.audit("inspection", row.id, json!({ "resent": true }));
    let stable: Stable = serde_json::from_str(&row.receipt).map_err(Fault::internal)?;
    receipt(tx.conn(), stable)
}

/// Whether this facility can be inspected so.
fn check_place(
    conn: &mut AnyConn,
    by: &Holder,
    body: &InspectionBody,
    facility: &FacilityNow,
) -> Outcome<()> {
    if facility.status == FacilityState::Ended {
        return Err(Fault::refused("facility_ended", "该设施已终止"));
    }
    let Some(campaign_id) = body.campaign_id else {
        let unknown = || Fault::invalid("/checklist_id", "unknown_checklist", "检查标准不存在");
        return checklists::find(conn, body.checklist_id, None).map(drop).map_err(|e| e.if_missing(unknown));
    };
    let campaign = campaigns::campaign_in(conn, &by.scope.places(), campaign_id).map_err(|e| {
        e.if_missing(|| Fault::invalid("/campaign_id", "unknown_campaign", "检查行动不存在或不在权限范围内"))
    })?;
    if campaign.state != "active" {
        return Err(Fault::refused("campaign_closed", "检查行动已结束"));
    }
    if campaign.checklist_id != body.checklist_id {
        return Err(Fault::invalid("/checklist_id", "other_checklist", "与检查行动的检查标准版本不符"));
    }
    if !campaigns::is_target(conn, campaign_id, facility.id)? {
        return Err(Fault::invalid("/facility_id", "not_a_target", "该设施不是检查行动的检查对象"));
    }
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "one row of many sources")]
fn row_of(
    tx: &Tx<'_>,
    by: &Holder,
    id: InspectionId,
    body: &InspectionBody,
    raw: &str,
    body_sha256: String,
    facility: &FacilityNow,
    verdict: &Verdict<'_>,
) -> InspectionRow {
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
        body: raw.to_string(),
        body_sha256,
        receipt: String::new(),
        lacking: i32::try_from(verdict.lacking.len()).unwrap_or(i32::MAX),
        received_at: tx.ts(),
        completed_at: None,
    }
}

fn declare(
    tx: &mut Tx<'_>,
    by: &Holder,
    id: InspectionId,
    body: &InspectionBody,
    facility: &FacilityNow,
    items: &[Item],
) -> Outcome<()> {
    let subject = Subject {
        kind: SubjectKind::Inspection,
        id: id.uuid(),
        street_id: facility.street_id,
        facility_id: facility.id,
        owner_id: by.id,
    };
    let demanded = |item: ItemId| {
        let answer = body.answers.iter().find(|a| a.item_id == item);
        let item = items.iter().find(|i| i.id == item);
        item.zip(answer).is_some_and(|(i, a)| rules::demands_photo(body.visit.kind, i, a.outcome))
    };
    photos::declare(tx, &subject, &body.photos, &|d| d.item_id.is_some_and(demanded))
}

/// What the findings of the place say to an inspection: a recheck holds only items that have one, and a picture of what was
/// wrong there is no proof that it was put right on the spot.
fn check_known(
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

/// What follows for findings: an operator's look at its own opens none.
fn follow(
    tx: &mut Tx<'_>,
    by: &Holder,
    id: InspectionId,
    body: &InspectionBody,
    facility: &FacilityNow,
    verdict: &Verdict<'_>,
) -> Outcome<Vec<Opened>> {
    match body.visit.kind {
        VisitKind::SelfCheck => Ok(vec![]),
        VisitKind::Recheck => recheck(tx, by, id, body, facility, verdict),
        VisitKind::Administrative | VisitKind::Supervision => {
            open_findings(tx, by, id, body, facility, &verdict.failing)
        }
    }
}

fn open_findings(
    tx: &mut Tx<'_>,
    by: &Holder,
    id: InspectionId,
    body: &InspectionBody,
    facility: &FacilityNow,
    failing: &[(&Item, &str)],
) -> Outcome<Vec<Opened>> {
    let mut opened = vec![];
    for (item, description) in failing {
        opened.push(open_for(tx, &seen(by, id, body, facility, item, description))?);
    }
    Ok(opened)
}

fn recheck(
    tx: &mut Tx<'_>,
    by: &Holder,
    id: InspectionId,
    body: &InspectionBody,
    facility: &FacilityNow,
    verdict: &Verdict<'_>,
) -> Outcome<Vec<Opened>> {
    let mut found = vec![];
    for (item, answer) in &verdict.answered {
        let note = answer.note.as_deref().unwrap_or(answer.outcome.label());
        let seen = seen(by, id, body, facility, item, note);
        let photos: Vec<Declared> =
            body.photos.iter().filter(|p| p.item_id == Some(item.id)).cloned().collect();
        found.extend(findings::recheck(tx, by, &seen, answer.outcome != Answered::Fail, &photos)?);
    }
    Ok(found)
}

/// An item as it was seen, in the neutral terms of a finding. The sheet of an own officer is served on site, signed or refused; a
/// third party's is information only.
fn seen<'a>(
    by: &Holder,
    id: InspectionId,
    body: &'a InspectionBody,
    facility: &'a FacilityNow,
    item: &'a Item,
    description: &'a str,
) -> OpenFinding<'a> {
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

/// Takes a photo in, completes the inspections whose manifest it was the last of, and closes what was put right on the spot where
/// only the photo was still missing.
///
/// # Errors
/// As [`photos::receive`].
pub fn receive_photo(tx: &mut Tx<'_>, id: PhotoId, stored: &Stored) -> Outcome<Received> {
    let received = photos::receive(tx, id, stored)?;
    for (kind, subject) in &received.filled {
        if *kind == SubjectKind::Inspection {
            on_site::settle(tx, InspectionId::from_uuid(*subject))?;
        }
    }
    for (kind, subject) in &received.settled {
        let inspection = InspectionId::from_uuid(*subject);
        let at = tx.ts();
        if *kind == SubjectKind::Inspection && store::complete(tx.conn(), inspection, at)? {
            tx.audit("inspection", inspection, json!({ "state": "complete" }));
            let street = store::find(tx.conn(), inspection)?.map(|row| row.street_id.uuid());
            tx.changed("inspection", *subject, street, Change::Put)?;
        }
    }
    Ok(received)
}

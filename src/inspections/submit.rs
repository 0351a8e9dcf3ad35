//! Storing an inspection exactly once. Uniqueness is the database's, never a cache's: two equal submissions that race end
//! as one row and two equal answers on both databases.

use super::body::{InspectionBody, SignatureState, Visit};
use super::rules::{self, Verdict};
use super::store::{self, InspectionRow, InspectionState, VisitRow};
use crate::access::Holder;
use crate::campaigns;
use crate::canonical;
use crate::checklists::{self, Item};
use crate::db::types::Coded as _;
use crate::db::{AnyConn, Change, Tx};
use crate::directory::{self, FacilityNow, FacilityState};
use crate::fault::{Fault, FieldFault, Outcome};
use crate::findings::{OpenFinding, Opened, ServiceMethod, open_for};
use crate::ids::{AreaId, CampaignId, FacilityId, InspectionId, ItemId, PhotoId, TypedId as _, VisitId};
use crate::photos::{self, EvidenceView, Received, Stored, Subject, SubjectKind};
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
/// Missing facility; `id_taken`, `differs`, `visit_differs`, `already_inspected`, `campaign_closed`, `facility_ended`;
/// everything that the rules find wrong, by pointer.
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
    check_place(tx.conn(), by, body, &facility)?;
    let items = checklists::items_for(tx.conn(), body.checklist_id, facility.kind)?;
    let verdict = rules::judge(body, &items).map_err(Fault::invalid_many)?;
    check_visit(tx, by, body, &facility)?;
    let row = row_of(tx, by, id, body, raw, hash, &facility, &verdict);
    store::insert(tx.conn(), &row)?;
    let codes = items.iter().map(|i| (i.id, i.code.as_str()));
    let codes: std::collections::HashMap<ItemId, &str> = codes.collect();
    let coded = body.answers.iter().filter_map(|a| codes.get(&a.item_id).map(|code| (a, *code)));
    store::insert_answers(tx.conn(), id, coded)?;
    declare(tx, by, id, body, &facility, &items)?;
    let findings = open_findings(tx, by, id, body, &facility, &verdict)?;
    if let Some(seen) = body.observed_status {
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

/// Stores the visit, or recognises it: every inspection of a visit carries the same visit.
fn check_visit(tx: &mut Tx<'_>, by: &Holder, body: &InspectionBody, facility: &FacilityNow) -> Outcome<()> {
    let visit = &body.visit;
    let hash = canonical::hash(visit)?;
    let Some(known) = store::visit(tx.conn(), visit.id)? else {
        let row = visit_row(tx, by, body, facility, hash);
        return store::insert_visit(tx.conn(), &row, &visit.participants);
    };
    if known.lead_id != by.id {
        return Err(Fault::refused("id_taken", "该走访编号已被他人使用，请重新生成"));
    }
    if known.content_sha256 != hash || known.campaign_id != body.campaign_id {
        return Err(Fault::Refused {
            code: "visit_differs".into(),
            detail: "同一次走访的信息须一致".into(),
            errors: vec![FieldFault::new("/visit", "differs", "与该走访此前提交的信息不同")],
        });
    }
    match store::of_visit(tx.conn(), visit.id, facility.id)? {
        Some(_) => Err(Fault::refused("already_inspected", "该走访中已有此设施的检查记录")),
        None => Ok(()),
    }
}

fn visit_row(
    tx: &Tx<'_>,
    by: &Holder,
    body: &InspectionBody,
    facility: &FacilityNow,
    content_sha256: String,
) -> VisitRow {
    let Visit { id, kind, started_at, ended_at, position, notice_number, signature, .. } = &body.visit;
    VisitRow {
        id: *id,
        campaign_id: body.campaign_id,
        kind: *kind,
        started_claim: (*started_at).into(),
        ended_claim: ended_at.map(Into::into),
        lat: position.map(|p| p.lat),
        lng: position.map(|p| p.lng),
        datum: position.map(|p| p.datum),
        notice_number: notice_number.clone(),
        signature: signature.state,
        signed_by: signature.signed_by.clone(),
        refusal_reason: signature.reason.clone(),
        witness: signature.witness.clone(),
        lead_id: by.id,
        street_id: facility.street_id,
        content_sha256,
        received_at: tx.ts(),
    }
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
        item.zip(answer).is_some_and(|(i, a)| rules::demands_photo(i, a.outcome))
    };
    photos::declare(tx, &subject, &body.photos, &|d| d.item_id.is_some_and(demanded))
}

/// The sheet of an own officer is served on site, signed or refused; a third party's is information only.
fn open_findings(
    tx: &mut Tx<'_>,
    by: &Holder,
    id: InspectionId,
    body: &InspectionBody,
    facility: &FacilityNow,
    verdict: &Verdict<'_>,
) -> Outcome<Vec<Opened>> {
    let method = match body.visit.signature.state {
        SignatureState::Signed => ServiceMethod::OnSite,
        SignatureState::Refused => ServiceMethod::Refused,
    };
    let mut opened = vec![];
    for (item, description) in &verdict.failing {
        let new = OpenFinding {
            facility,
            item,
            campaign_id: body.campaign_id,
            inspection_id: Some(id),
            description,
            third_party: by.third_party,
            service: (!by.third_party).then_some(method),
        };
        opened.push(open_for(tx, &new)?);
    }
    Ok(opened)
}

/// Takes a photo in, and completes the inspections whose manifest it was the last of. Every inspection that waited for it
/// is announced: a phone follows what is still missing.
///
/// # Errors
/// As [`photos::receive`].
pub fn receive_photo(tx: &mut Tx<'_>, id: PhotoId, stored: &Stored) -> Outcome<Received> {
    let received = photos::receive(tx, id, stored)?;
    for (kind, subject) in received.filled.iter().filter(|(kind, _)| *kind == SubjectKind::Inspection) {
        let inspection = InspectionId::from_uuid(*subject);
        let at = tx.ts();
        if received.settled.contains(&(*kind, *subject)) && store::complete(tx.conn(), inspection, at)? {
            tx.audit("inspection", inspection, json!({ "state": "complete" }));
        }
        let street = store::find(tx.conn(), inspection)?.map(|row| row.street_id.uuid());
        tx.changed("inspection", *subject, street, Change::Put)?;
    }
    Ok(received)
}

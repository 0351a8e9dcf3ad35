//! What an amendment does. Whatever the order of arrival, the same versions lead to the same state:
//! - an item that fails in any version opens its finding, or observes the one that is unsettled, once;
//! - the highest version decides answers, what is demanded and what stands; a finding's text is that of the highest
//!   version in which its item fails;
//! - a photo of a version that no longer stands counts once it has arrived, and is not missing until then.
//!
//! A finding that the version in force no longer bears out keeps its state: a second person withdraws it.

use super::store::{self, AmendmentRow};
use super::{Amendment, Effect};
use crate::access::Holder;
use crate::checklists::{self, Item};
use crate::db::{Change, Tx};
use crate::directory::{self, FacilityNow};
use crate::fault::{Fault, FieldFault, Outcome};
use crate::findings::{self, Correction, Opened};
use crate::ids::{InspectionId, ItemId, TypedId as _};
use crate::inspections::body::{InspectionBody, Outcome as Answered, VisitKind};
use crate::inspections::on_site;
use crate::inspections::rules;
use crate::inspections::store::{self as inspection, InspectionRow};
use crate::inspections::submit::{Stable, coded_answers, demanded, observe, open_findings, subject_of};
use crate::photos::{self, Declared, SubjectKind};
use serde_json::json;
use std::collections::HashSet;

/// An amendment that fits its original.
pub struct Fitted {
    /// What it says, of the place where the original is.
    pub body: InspectionBody,
    /// The facility today, as what it was inspected.
    pub facility: FacilityNow,
    /// The items by which the original was judged.
    pub items: Vec<Item>,
}

/// Judges an amendment against its original; changes nothing.
///
/// # Errors
/// `fixed` for what only the original says; what the rules find wrong; what forbids its photos.
pub fn fit(tx: &mut Tx<'_>, original: &InspectionRow, sent: &InspectionBody) -> Outcome<Fitted> {
    let stored: InspectionBody = serde_json::from_str(&original.body).map_err(Fault::internal)?;
    refuse_moved(&stored, sent)?;
    let mut body = sent.clone();
    body.facility_id = original.facility_id;
    body.campaign_id = original.campaign_id;
    let mut facility = directory::facility_by_id(tx.conn(), original.facility_id)?;
    facility.kind = inspection::kind_of(tx.conn(), original.facility_version_id)?;
    let items = checklists::items_for(tx.conn(), original.checklist_id, facility.kind)?;
    rules::judge(&body, &items).map_err(Fault::invalid_many)?;
    photos::refuse(tx.conn(), original.submitted_by, &body.photos)?;
    Ok(Fitted { body, facility, items })
}

/// Another visit or another place is another inspection.
fn refuse_moved(original: &InspectionBody, sent: &InspectionBody) -> Outcome<()> {
    let same = [
        ("/visit", original.visit == sent.visit),
        ("/facility_id", original.facility_id == sent.facility_id),
        ("/campaign_id", original.campaign_id == sent.campaign_id),
        ("/checklist_id", original.checklist_id == sent.checklist_id),
    ];
    let moved = same.iter().filter(|(_, same)| !same);
    let errors: Vec<FieldFault> =
        moved.map(|(at, _)| FieldFault::new(*at, "fixed", "须与原始记录一致，不能更正")).collect();
    match errors.as_slice() {
        [] => Ok(()),
        [only] => Err(Fault::invalid(only.pointer.clone(), "fixed", only.detail.clone())),
        _ => Err(Fault::invalid_many(errors)),
    }
}

/// Applies the amendments that have waited for an original which has just been stored. One that does not fit it stays as
/// it is: when it is sent again, its sender is told why.
///
/// # Errors
/// The database's.
pub fn apply_waiting(tx: &mut Tx<'_>, id: InspectionId, by: &Holder) -> Outcome<()> {
    for row in store::all_of(tx.conn(), id, by.id)? {
        let sent: Amendment = serde_json::from_str(&row.body).map_err(Fault::internal)?;
        let original = inspection::find(tx.conn(), id)?.ok_or_else(|| Fault::missing("检查记录"))?;
        match fit(tx, &original, &sent.inspection) {
            Ok(fitted) => apply(tx, &original, &row, &sent.reason, &fitted)?,
            Err(Fault::Invalid { .. } | Fault::Refused { .. }) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(())
}

/// A version of an inspection that has taken effect.
struct Version {
    number: i32,
    body: InspectionBody,
    findings: Vec<Opened>,
}

impl Version {
    /// What was seen of an item, if it fails in this version.
    fn fault(&self, item: ItemId) -> Option<&str> {
        let fails = |a: &&crate::inspections::Answer| a.item_id == item && a.outcome == Answered::Fail;
        self.body.answers.iter().find(fails).map(|a| a.note.as_deref().unwrap_or_default())
    }
}

/// The versions in effect, the highest first.
fn versions(tx: &mut Tx<'_>, original: &InspectionRow) -> Outcome<Vec<Version>> {
    let stable: Stable = serde_json::from_str(&original.receipt).map_err(Fault::internal)?;
    let body = serde_json::from_str(&original.body).map_err(Fault::internal)?;
    let mut versions = vec![Version { number: 1, body, findings: stable.findings }];
    for row in store::all_of(tx.conn(), original.id, original.submitted_by)? {
        let Some(receipt) = &row.receipt else { continue };
        let sent: Amendment = serde_json::from_str(&row.body).map_err(Fault::internal)?;
        let effect: Effect = serde_json::from_str(receipt).map_err(Fault::internal)?;
        versions.push(Version { number: row.version, body: sent.inspection, findings: effect.findings });
    }
    versions.reverse();
    Ok(versions)
}

/// Lets an amendment that fits its original take effect.
///
/// # Errors
/// The database's.
pub fn apply(
    tx: &mut Tx<'_>,
    original: &InspectionRow,
    row: &AmendmentRow,
    reason: &str,
    fitted: &Fitted,
) -> Outcome<()> {
    let Fitted { body, facility, items } = fitted;
    let submitter = Holder::account_only(original.submitted_by, row.third_party);
    let record = super::record_of(&submitter, row, body, facility);
    let before = versions(tx, original)?;
    let verdict = rules::judge(body, items).map_err(Fault::invalid_many)?;
    let unheard = |(item, _): &&(&Item, &str)| before.iter().all(|v| v.fault(item.id).is_none());
    let failing: Vec<(&Item, &str)> = verdict.failing.iter().filter(unheard).copied().collect();
    let effect = Effect { findings: open_findings(tx, &record, &failing)?, lacking: verdict.lacking };
    let at = tx.ts();
    let receipt = serde_json::to_string(&effect).map_err(Fault::internal)?;
    store::applied(tx.conn(), row.id, at, &receipt)?;
    photos::forget(tx, SubjectKind::Amendment, row.id.uuid())?;
    let after = versions(tx, original)?;
    let Some(current) = after.first() else { return Err(Fault::internal("an inspection without versions")) };
    if current.number > original.version {
        inspection::amend(tx.conn(), original.id, row.version, body.observed_status, effect.lacking.len())?;
        inspection::replace_answers(tx.conn(), original.id, coded_answers(body, items))?;
    }
    let lists: Vec<&[Declared]> = after.iter().map(|v| v.body.photos.as_slice()).collect();
    let mut subject = subject_of(&record, SubjectKind::Inspection, original.id.uuid());
    subject.street_id = original.street_id;
    photos::declare_versions(tx, &subject, &lists, &demanded(&current.body, items))?;
    let own = body.visit.kind == VisitKind::SelfCheck;
    if let Some(seen) = after.iter().find_map(|v| v.body.observed_status).filter(|_| !own) {
        observe(tx, facility.id, seen, original.received_at)?;
    }
    let whole = photos::evidence_of(tx.conn(), SubjectKind::Inspection, original.id.uuid())?;
    inspection::settle(tx.conn(), original.id, whole.missing.is_empty(), at)?;
    on_site::settle(tx, original.id)?;
    correct(tx, original.id, row.version, reason, &before, &after)?;
    let said = json!({ "version": row.version, "reason": reason, "current": current.number });
    tx.audit("inspection", original.id, said);
    tx.changed("inspection", original.id.uuid(), Some(original.street_id.uuid()), Change::Put)
}

/// Tells the findings of an inspection what its versions now say of them.
fn correct(
    tx: &mut Tx<'_>,
    id: InspectionId,
    version: i32,
    reason: &str,
    before: &[Version],
    after: &[Version],
) -> Outcome<()> {
    let known: HashSet<ItemId> = before.iter().flat_map(|v| &v.findings).map(|f| f.item_id).collect();
    for opened in after.iter().rev().flat_map(|v| &v.findings) {
        let item = opened.item_id;
        let stood = |versions: &[Version]| versions.first().is_some_and(|v| v.fault(item).is_some());
        // A finding that has just been opened stood until now.
        let was = !known.contains(&item) || stood(before);
        let stands = stood(after);
        let Some(description) = after.iter().find_map(|v| v.fault(item)) else { continue };
        let said = Correction { inspection: id, version, reason, description, stands, turned: was != stands };
        findings::correct(tx, opened.id, &said)?;
    }
    Ok(())
}

//! Publishing a version from its file (`assets/checklists/*.json`).

use super::items::{Basis, PhotoRule, Proof, Severity, TermUnit};
use super::store::{self, ItemRow, KindRow};
use crate::db::{Change, Tx};
use crate::directory::FacilityKind;
use crate::fault::{Fault, Outcome};
use crate::files::sha256_of;
use crate::ids::{ChecklistId, ItemId};
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: String,
    catalogues: Vec<Catalogue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Catalogue {
    id: String,
    #[serde(rename = "name")]
    _name: String,
    items: Vec<Written>,
}

/// An item as written; severities are Chinese there.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    code: String,
    title: String,
    category: String,
    facility_kinds: Vec<FacilityKind>,
    severity: String,
    deadline_days: u16,
    deadline_unit: TermUnit,
    photo_rule: PhotoRule,
    proof: Proof,
    evidence: String,
    basis: Vec<Basis>,
    #[serde(default, rename = "origin")]
    _origin: Option<String>,
}

/// Publishes the version in `text`; a version that is there already is left as it is.
///
/// # Errors
/// `bad_checklist` when the file cannot be read.
pub fn publish(tx: &mut Tx<'_>, text: &str) -> Outcome<()> {
    let bad = |why: String| Fault::invalid("", "bad_checklist", format!("检查标准文件有误：{why}"));
    let file: File = serde_json::from_str(text).map_err(|e| bad(e.to_string()))?;
    if store::has_version(tx.conn(), &file.version)? {
        tx.audit("checklist", &file.version, json!({ "published": false }));
        return Ok(());
    }
    let id: ChecklistId = tx.new_id();
    let (mut items, mut kinds) = (vec![], vec![]);
    for catalogue in file.catalogues {
        for written in catalogue.items {
            let item: ItemId = tx.new_id();
            kinds.extend(written.facility_kinds.iter().map(|kind| KindRow { item_id: item, kind: *kind }));
            let position = i32::try_from(items.len()).map_err(Fault::internal)?;
            items.push(row(written, item, id, position, &catalogue.id).map_err(bad)?);
        }
    }
    let at = tx.ts();
    store::insert_version(tx.conn(), id, &file.version, at, &sha256_of(text.as_bytes()), &items, &kinds)?;
    tx.audit("checklist", id, json!({ "version": file.version, "items": items.len() }));
    tx.changed("checklist", id.0, None, Change::Put)
}

fn row(
    w: Written,
    id: ItemId,
    checklist_id: ChecklistId,
    position: i32,
    catalogue: &str,
) -> Result<ItemRow, String> {
    let severity =
        [Severity::General, Severity::Serious, Severity::Major].into_iter().find(|s| s.label() == w.severity);
    Ok(ItemRow {
        id,
        checklist_id,
        position,
        catalogue: catalogue.to_string(),
        title: w.title,
        category: w.category,
        severity: severity.ok_or_else(|| format!("{}：未知等级 {}", w.code, w.severity))?,
        term_days: i32::from(w.deadline_days),
        term_unit: w.deadline_unit,
        photo_rule: w.photo_rule,
        proof: w.proof,
        evidence: w.evidence,
        basis: serde_json::to_string(&w.basis).map_err(|e| e.to_string())?,
        code: w.code,
    })
}

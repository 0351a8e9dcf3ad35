//! The photo that a row of a letter shows, and whether it may be printed.

use super::findings::{FindingFacts, of_street};
use crate::campaigns::CampaignNow;
use crate::db::AnyConn;
use crate::db::schema::evidence;
use crate::fault::Outcome;
use crate::ids::{AreaId, FindingId, InspectionId, ItemId, PhotoId};
use crate::photos::{self, Purpose};
use diesel::prelude::*;
use std::collections::HashMap;

/// A photo that a letter would print.
pub struct Shown {
    pub finding_id: FindingId,
    pub finding_number: String,
    pub photo_id: PhotoId,
    pub sha256: String,
}

/// The photos of a campaign's letter to a street, in the order of its rows; whether each may be printed is not asked here.
pub fn shown(conn: &mut AnyConn, campaign: &CampaignNow, street: AreaId) -> Outcome<Vec<Shown>> {
    let mut rows = of_street(conn, campaign, street)?;
    // What the campaign found comes first, as in the letter.
    rows.sort_by_key(|row| !row.own);
    let photos = before_photos(conn, &rows)?;
    let of = |row: FindingFacts| {
        let (photo_id, sha256) = photos.get(&(row.inspection_id?, row.item_id))?.clone();
        Some(Shown { finding_id: row.id, finding_number: row.number, photo_id, sha256 })
    };
    Ok(rows.into_iter().filter_map(of).collect())
}

/// The photos that may be printed, as their hashes.
pub(super) struct Printable(HashMap<(InspectionId, ItemId), String>);

impl Printable {
    /// The photo of a row.
    pub(super) fn of(&self, row: &FindingFacts) -> Option<&String> {
        self.0.get(&(row.inspection_id?, row.item_id))
    }
}

/// The photos of the rows on which somebody looked for a face and saw none.
pub(super) fn printable(conn: &mut AnyConn, rows: &[FindingFacts]) -> Outcome<Printable> {
    let photos = before_photos(conn, rows)?;
    let hashes: Vec<String> = photos.values().map(|(_, sha256)| sha256.clone()).collect();
    let checks = photos::face_checks(conn, &hashes)?;
    // Nobody has looked, or somebody saw a face: it is not printed.
    let faceless = |sha256: &String| checks.get(sha256).is_some_and(|check| !check.shows_face);
    let hashes = photos.into_iter().map(|(place, (_, sha256))| (place, sha256));
    Ok(Printable(hashes.filter(|(_, sha256)| faceless(sha256)).collect()))
}

type PhotoOf = HashMap<(InspectionId, ItemId), (PhotoId, String)>;

/// The first received photo of each failing item, as it was found: neither a document nor what was put right on the spot.
fn before_photos(conn: &mut AnyConn, rows: &[FindingFacts]) -> Outcome<PhotoOf> {
    let ids: Vec<InspectionId> = rows.iter().filter_map(|r| r.inspection_id).collect();
    let found: Vec<(InspectionId, Option<ItemId>, PhotoId, String)> = evidence::table
        .filter(evidence::subject_kind.eq("inspection"))
        .filter(evidence::subject_id.eq_any(ids))
        .filter(evidence::received_at.is_not_null())
        .filter(evidence::item_id.is_not_null())
        .filter(evidence::purpose.eq_any([Purpose::Scene, Purpose::Problem]))
        .order(evidence::id.desc())
        .select((evidence::subject_id, evidence::item_id, evidence::photo_id, evidence::sha256))
        .load(conn)?;
    // Newest first, so that the oldest of an item stays.
    Ok(found.into_iter().filter_map(|(i, item, photo, sha256)| Some(((i, item?), (photo, sha256)))).collect())
}

//! 当场整改: what was wrong and was put right before the inspectors left. It is claimed with the inspection; it is *closed on the
//! spot* once a second inspector has confirmed the visit from an account of their own and the photos of before and after have
//! arrived, in whichever order these come. Until then, and where they never come, it is a claim like any other.

use super::body::{InspectionBody, Part};
use super::store;
use crate::access::{Action, Holder, users};
use crate::clock::business_date;
use crate::db::{AnyConn, Tx};
use crate::fault::{FieldFault, Outcome};
use crate::findings::{self, OnSite, OnSiteClosing};
use crate::ids::{FacilityId, FindingId, InspectionId, ItemId, TypedId as _, UserId, VisitId};
use crate::photos::{self, Declared, Purpose, SubjectKind};

/// What an inspection says of an item that it put right on the spot.
pub fn said_of(body: &InspectionBody, item: ItemId) -> Option<OnSite<'_>> {
    let fixed = body.answers.iter().find(|a| a.item_id == item)?.on_site.as_ref()?;
    let after = body.photos.iter().filter(|p| p.item_id == Some(item) && p.purpose == Purpose::After);
    Some(OnSite { measures: &fixed.measures, after: after.cloned().collect() })
}

/// Photos that are to show what was put right, and that an earlier inspection of the facility shows as it found it.
///
/// # Errors
/// The database's.
pub fn reused(conn: &mut AnyConn, body: &InspectionBody, facility: FacilityId) -> Outcome<Vec<FieldFault>> {
    let after: Vec<Declared> =
        body.answers.iter().filter_map(|a| said_of(body, a.item_id)).flat_map(|said| said.after).collect();
    let hashes: Vec<String> = after.iter().map(|photo| photo.sha256.clone()).collect();
    let used = photos::declared_at(conn, facility, &hashes)?;
    let again = |d: &Declared| after.contains(d) && used.contains(&d.sha256);
    let places = body.photos.iter().enumerate().filter(|(_, d)| again(d));
    let detail = "该照片是此前检查时的照片，不能作为整改证明";
    Ok(places.map(|(n, _)| FieldFault::new(format!("/photos/{n}"), "photo_reused", detail)).collect())
}

/// Closes what an inspection put right on the spot and what can be closed by now. Asked wherever something that it waits for
/// happens: with the inspection, with each of its photos, and when its visit is confirmed.
///
/// # Errors
/// The database's.
pub fn settle(tx: &mut Tx<'_>, id: InspectionId) -> Outcome<Vec<FindingId>> {
    let said = store::put_right(tx.conn(), id)?;
    if said.is_empty() {
        return Ok(vec![]);
    }
    let Some(row) = store::find(tx.conn(), id)? else { return Ok(vec![]) };
    let witnesses = witnesses(tx.conn(), row.visit_id, row.submitted_by)?;
    let photos = photos::photos_of(tx.conn(), SubjectKind::Inspection, id.uuid())?;
    let mut closed = vec![];
    for (item, code) in said {
        let of_item = photos.iter().filter(|p| p.item_id == Some(item) && p.purpose != Purpose::Document);
        let photos_missing = of_item.filter(|p| p.received_at.is_none()).count();
        for second in &witnesses {
            let closing = OnSiteClosing { inspection: id, item_code: &code, second, photos_missing };
            closed.extend(findings::close_on_site(tx, &closing)?);
        }
    }
    Ok(closed)
}

/// Those who confirmed a visit apart from `submitter`, the first first, with what they could do on the day when they did.
fn witnesses(conn: &mut AnyConn, visit: VisitId, submitter: UserId) -> Outcome<Vec<Holder>> {
    let people = store::participants(conn, visit)?.into_iter().filter(|p| p.part != Part::Accompanying);
    let mut confirmed: Vec<_> =
        people.filter_map(|p| p.user_id.zip(p.confirmed_at)).filter(|(user, _)| *user != submitter).collect();
    confirmed.sort_by_key(|(_, at)| *at);
    let mut holders = vec![];
    for (user, at) in confirmed {
        holders.extend(users::holder_on(conn, user, Action::SubmitInspection, business_date(at.0))?);
    }
    Ok(holders)
}

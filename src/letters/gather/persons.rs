//! Who is known in a street: names that stand in no letter to it.

use crate::db::AnyConn;
use crate::db::schema::{
    facility_version, finding, fire_certificate, fire_line, inspection, user_account, visit_participant,
};
use crate::fault::Outcome;
use crate::ids::{AreaId, FacilityId, VisitId};
use diesel::prelude::*;
use std::collections::BTreeSet;

/// Everybody with an account, the contacts and certificate holders of the street's facilities, whoever was to rectify
/// something there, and whoever took part in a visit there.
pub fn known_in(conn: &mut AnyConn, street: AreaId) -> Outcome<BTreeSet<String>> {
    let here = facility_version::table.filter(facility_version::street_id.eq(street));
    let contacts: Vec<(FacilityId, String)> =
        here.select((facility_version::facility_id, facility_version::contact_name)).load(conn)?;
    let facilities: BTreeSet<FacilityId> = contacts.iter().map(|(id, _)| *id).collect();
    let mut names: BTreeSet<String> = contacts.into_iter().map(|(_, name)| name).collect();
    names.extend(user_account::table.select(user_account::display_name).load::<String>(conn)?);
    let of_findings =
        finding::table.filter(finding::street_id.eq(street)).select(finding::responsible_person);
    names.extend(of_findings.distinct().load::<String>(conn)?);
    let facilities: Vec<FacilityId> = facilities.into_iter().collect();
    for some in facilities.chunks(500) {
        names.extend(
            fire_certificate::table
                .inner_join(fire_line::table.on(fire_line::id.eq(fire_certificate::line_id)))
                .filter(fire_line::facility_id.eq_any(some.to_vec()))
                .select(fire_certificate::person)
                .distinct()
                .load::<String>(conn)?,
        );
        let visits: Vec<VisitId> = inspection::table
            .filter(inspection::facility_id.eq_any(some.to_vec()))
            .select(inspection::visit_id)
            .distinct()
            .load(conn)?;
        for some in visits.chunks(500) {
            let there = visit_participant::table.filter(visit_participant::visit_id.eq_any(some.to_vec()));
            names.extend(there.select(visit_participant::name).distinct().load::<String>(conn)?);
        }
    }
    Ok(names)
}

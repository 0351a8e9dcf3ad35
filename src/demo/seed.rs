//! What is there before the quarter begins: the made-up facilities and people. Everything after goes through the API.

use super::cast::{self, Member};
use super::roster;
use crate::access::passwords;
use crate::access::users::{self, NewGrant, NewUser};
use crate::access::{Places, Role};
use crate::app::App;
use crate::clock::{business_date, machine_now};
use crate::db::{Stamp, Tx};
use crate::directory::facilities::{self, FacilityFacts, PositionView};
use crate::directory::geo::Datum;
use crate::directory::{self, FacilityState, Route};
use crate::fault::{Fault, Outcome};
use crate::ids::{AreaId, FacilityId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The district of the demo.
pub const DISTRICT: &str = "440105";

/// A member of the cast with a password.
#[derive(Debug, Clone)]
pub struct Person {
    /// Who.
    pub member: Member,
    /// The generated password, printed once.
    pub password: String,
}

/// Seeds the folder; returns the people.
///
/// # Errors
/// A sentence.
pub fn seed(app: &Arc<App>) -> Result<Vec<Person>, String> {
    let now = app.clock.now();
    let areas = app.db.read_now(directory::store::area_ids).map_err(|e| e.for_log())?;
    let ids: BTreeMap<String, AreaId> = areas.into_iter().map(|(code, id, _)| (code, id)).collect();
    let streets = streets(app)?;
    let roster = roster::roster(&streets);
    let facility_ids = ids.clone();
    app.db
        .write_now(Stamp::console("demo", now), "demo.seed", move |tx| {
            facilities_of(tx, &facility_ids, &roster)
        })
        .map_err(|e| e.for_log())?;
    let members = cast::cast(&streets);
    let people = with_passwords(members)?;
    let (seeded, people_ids) = (people.clone(), ids);
    app.db
        .write_now(Stamp::console("demo", now), "demo.seed", move |tx| people_of(tx, &people_ids, &seeded))
        .map_err(|e| e.for_log())?;
    Ok(people)
}

fn streets(app: &Arc<App>) -> Result<Vec<roster::StreetInfo>, String> {
    let on = business_date(app.clock.now());
    let read = |level: &str| {
        let filter = directory::areas::AreaFilter { level: Some(level.into()), parent: None };
        app.db
            .read_now(|conn| directory::store::areas(conn, &filter, None, 10_000, on))
            .map_err(|e| e.for_log())
    };
    let communities = read("community")?;
    let street = |s: directory::AreaView| roster::StreetInfo {
        communities: communities
            .iter()
            .filter(|c| c.parent_id == Some(s.id))
            .map(|c| roster::CommunityInfo {
                code: c.code.clone(),
                name: c.name.clone(),
                short_name: c.short_name.clone(),
            })
            .collect(),
        code: s.code,
        name: s.name,
        short_name: s.short_name,
    };
    Ok(read("street")?.into_iter().map(street).collect())
}

fn facilities_of(
    tx: &mut Tx<'_>,
    ids: &BTreeMap<String, AreaId>,
    roster: &[roster::SyntheticFacility],
) -> Outcome<()> {
    let everywhere = Places::everywhere();
    let on = business_date(tx.now());
    for f in roster {
        let street_id = *ids.get(&f.street_code).ok_or_else(|| Fault::internal("unknown street"))?;
        let facts = FacilityFacts {
            kind: f.kind,
            name: f.name.clone(),
            street_id,
            community_id: ids.get(&f.community_code).copied(),
            address: f.address.clone(),
            position: Some(PositionView { lat: f.lat, lng: f.lng, datum: Datum::Wgs84 }),
            operator_name: f.operator_name.clone(),
            contact_name: f.contact_name.clone(),
            contact_phone: f.contact_phone.clone(),
            opening_hours: f.opening_hours.clone(),
            platform_status: Some(f.platform_status.to_string()),
            platform_status_on: Some(on),
            route: Route::Street,
            status: FacilityState::Active,
        };
        facilities::create(tx, &everywhere, &f.code, &facts)?;
    }
    Ok(())
}

fn with_passwords(members: Vec<Member>) -> Result<Vec<Person>, String> {
    members
        .into_iter()
        .map(|member| {
            let password = passwords::generate().map_err(|e| e.for_log())?;
            Ok(Person { member, password })
        })
        .collect()
}

fn people_of(tx: &mut Tx<'_>, ids: &BTreeMap<String, AreaId>, people: &[Person]) -> Outcome<()> {
    let valid_from = business_date(tx.now());
    for Person { member, password } in people {
        let new = NewUser {
            username: member.username.clone(),
            display_name: member.display_name.clone(),
            organisation: member.organisation.clone(),
            third_party: member.third_party,
            certificate: member.certificate.clone(),
            password_hash: passwords::hash(password)?,
            must_change_password: false,
        };
        let id = users::create(tx, &new, machine_now())?;
        let (area_id, facility_id) = reach(tx, ids, member)?;
        let grant =
            NewGrant { role: member.role, area_id, facility_id, category: None, valid_from, valid_to: None };
        users::grant(tx, id, &grant)?;
    }
    Ok(())
}

/// Where a member's role reaches: a facility, a street, the district; the three administrators have no places.
fn reach(
    tx: &mut Tx<'_>,
    ids: &BTreeMap<String, AreaId>,
    member: &Member,
) -> Outcome<(Option<AreaId>, Option<FacilityId>)> {
    if let Some(code) = &member.facility_code {
        let found = directory::store::facility_by_code(tx.conn(), code)?;
        return Ok((None, Some(found.ok_or_else(|| Fault::internal("unknown facility"))?)));
    }
    let area = match member.role {
        Role::Admin | Role::SecurityAdmin | Role::AuditAdmin => return Ok((None, None)),
        _ => member.street_code.as_deref().unwrap_or(DISTRICT),
    };
    Ok((Some(*ids.get(area).ok_or_else(|| Fault::internal("unknown area"))?), None))
}

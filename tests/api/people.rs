//! The people and places of every test. `Own` is 海幢街道 with one facility of each kind, `Sibling` another street of the
//! same district, `Elsewhere` a street of another district; `District` and `Everywhere` are reaches that hold them.
//! For every role there is somebody at every place, and for the roles whose steps need two persons a second one.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use yixun::access::Role;
use yixun::access::users::{self, NewGrant, NewUser};
use yixun::access::{Places, passwords};
use yixun::app::App;
use yixun::clock::{business_date, machine_now};
use yixun::db::schema::{area, session};
use yixun::db::types::Coded as _;
use yixun::db::{AnyConn, Stamp, Ts, Tx};
use yixun::directory::facilities::{self, FacilityFacts, PositionView};
use yixun::directory::geo::Datum;
use yixun::directory::import::{parse_areas, store_areas};
use yixun::directory::{FacilityKind, FacilityState, Route};
use yixun::fault::{Fault, Outcome};
use yixun::ids::{AreaId, FacilityId, SessionId, TypedId as _, UserId, new_uuid};
use yixun::reference::AREAS_SINCE;

/// Everybody's password.
pub const PASSWORD: &str = "Tall-Trees-2026x";

/// When every test begins, in business time: a Monday morning, 10:00 in Guangzhou.
pub fn start() -> DateTime<Utc> {
    "2026-08-03T02:00:00Z".parse().expect("a time")
}

/// Where somebody's permission reaches, or where something lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// 海幢街道.
    Own,
    /// 南华西街道, in the same district.
    Sibling,
    /// All of 海珠区.
    District,
    /// A street of another district.
    Elsewhere,
    /// No limit.
    Everywhere,
}

impl Place {
    /// The places that are one street.
    pub const STREETS: [Self; 3] = [Self::Own, Self::Sibling, Self::Elsewhere];
    const ALL: [Self; 5] = [Self::Own, Self::Sibling, Self::District, Self::Elsewhere, Self::Everywhere];

    fn code(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Sibling => "sibling",
            Self::District => "district",
            Self::Elsewhere => "elsewhere",
            Self::Everywhere => "everywhere",
        }
    }
}

/// Somebody. The named ones stand where such a person works: bureau staff for the district, a street's clerk and an
/// operator for `Own`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// A bureau inspector.
    Inspector,
    /// Another bureau inspector.
    SecondInspector,
    /// An inspector of a third party under contract.
    ThirdParty,
    /// A clerk 经办人.
    Drafter,
    /// Another clerk.
    SecondDrafter,
    /// A section head 部门负责人.
    Reviewer,
    /// Another section head.
    SecondReviewer,
    /// 局办文书.
    Registrar,
    /// A bureau leader 分管局领导.
    Issuer,
    /// Another bureau leader.
    SecondIssuer,
    /// A clerk of the own street's office.
    Street,
    /// Another clerk of the own street's office.
    SecondStreet,
    /// The operator of the own station.
    Operator,
    /// The fire brigade.
    Fire,
    /// 纪检监督, everywhere.
    Supervisor,
    /// System administrator.
    Admin,
    /// Security administrator.
    SecurityAdmin,
    /// Audit administrator.
    AuditAdmin,
    /// An account without any role.
    NoRole,
    /// Whoever holds a role at a place.
    At(Role, Place),
}

/// Who somebody is in the template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Seat {
    role: Option<Role>,
    place: Place,
    number: u8,
}

impl Caller {
    fn seat(self) -> Seat {
        let at = |role, place| Seat { role: Some(role), place, number: 1 };
        let district = |role| at(role, Place::District);
        let second = |seat: Seat| Seat { number: 2, ..seat };
        match self {
            Self::Inspector => district(Role::Inspector),
            Self::SecondInspector => second(district(Role::Inspector)),
            Self::ThirdParty => Seat { number: 3, ..district(Role::Inspector) },
            Self::Drafter => district(Role::Drafter),
            Self::SecondDrafter => second(district(Role::Drafter)),
            Self::Reviewer => district(Role::Reviewer),
            Self::SecondReviewer => second(district(Role::Reviewer)),
            Self::Registrar => district(Role::Registrar),
            Self::Issuer => district(Role::Issuer),
            Self::SecondIssuer => second(district(Role::Issuer)),
            Self::Street => at(Role::Street, Place::Own),
            Self::SecondStreet => second(at(Role::Street, Place::Own)),
            Self::Operator => at(Role::Operator, Place::Own),
            Self::Fire => district(Role::Fire),
            Self::Supervisor => at(Role::Supervisor, Place::Everywhere),
            Self::Admin => at(Role::Admin, Place::Everywhere),
            Self::SecurityAdmin => at(Role::SecurityAdmin, Place::Everywhere),
            Self::AuditAdmin => at(Role::AuditAdmin, Place::Everywhere),
            Self::NoRole => Seat { role: None, place: Place::Everywhere, number: 1 },
            Self::At(role, place) => at(role, place),
        }
    }

    /// The login name.
    pub fn username(self) -> String {
        self.seat().username()
    }
}

impl Seat {
    fn username(self) -> String {
        let role = self.role.map_or("nobody", |role| role.code());
        format!("{role}.{}.{}", self.place.code(), self.number)
    }

    fn all() -> Vec<Self> {
        let at_places = |role: &Role| Place::ALL.map(|place| Caller::At(*role, place).seat());
        let mut seats: Vec<Self> = Role::ALL.iter().flat_map(at_places).collect();
        let more = [
            Caller::SecondInspector,
            Caller::ThirdParty,
            Caller::SecondDrafter,
            Caller::SecondReviewer,
            Caller::SecondIssuer,
            Caller::SecondStreet,
            Caller::NoRole,
        ];
        seats.extend(more.map(Caller::seat));
        seats
    }
}

/// An account and its open session.
#[derive(Debug, Clone, Copy)]
pub struct Person {
    /// The account.
    pub user: UserId,
    /// A session of it.
    pub session: SessionId,
}

/// Ids of what the template holds.
#[derive(Debug, Clone)]
pub struct World {
    people: BTreeMap<Seat, Person>,
    areas: BTreeMap<Place, AreaId>,
    district: BTreeSet<AreaId>,
    facilities: BTreeMap<(Place, &'static str), FacilityId>,
}

impl World {
    /// The account and session of somebody.
    pub fn person(&self, caller: Caller) -> Person {
        *self.people.get(&caller.seat()).unwrap_or_else(|| panic!("nobody is {caller:?}"))
    }

    /// The street of a place; the district for `District`.
    pub fn area(&self, place: Place) -> AreaId {
        *self.areas.get(&place).unwrap_or_else(|| panic!("{place:?} is no area"))
    }

    /// The facility of a kind that the template holds at a street.
    pub fn facility(&self, place: Place, kind: FacilityKind) -> FacilityId {
        let key = (place, kind.code());
        *self.facilities.get(&key).unwrap_or_else(|| panic!("no {kind:?} at {place:?}"))
    }

    /// Where the grant of somebody at `place` with `role` reaches.
    pub fn reach(&self, role: Role, place: Place) -> Places {
        let mut places = Places::default();
        match (role, place) {
            (_, Place::Everywhere) => places.all = true,
            (Role::Operator, Place::Own | Place::Sibling | Place::Elsewhere) => {
                places.facilities.insert(self.facility(place, FacilityKind::Station));
            }
            (_, Place::District) => places.streets = self.district.clone(),
            (_, street) => {
                places.streets.insert(self.area(street));
            }
        }
        places
    }
}

/// A district beyond the reach of 海珠区.
const ELSEWHERE: &str = "code,level,parent_code,name,office_name,short_name\n\
    440199,district,4401,示例二区,,示例二区\n\
    440199001,street,440199,示例二区一街道,示例二区一街道办事处,示例一街\n";

/// Fills a migrated database that holds the reference data.
///
/// # Errors
/// The database's.
pub fn seed(app: &App) -> Outcome<World> {
    let stamp = || Stamp::console("tests", start());
    let known = BTreeSet::from(["4401".to_string()]);
    let parsed = parse_areas(ELSEWHERE.as_bytes(), &known);
    assert!(parsed.faults.is_empty(), "{:?}", parsed.faults);
    app.db.write_now(stamp(), "area.import", move |tx| store_areas(tx, &parsed.rows, AREAS_SINCE))?;
    let password = passwords::hash(PASSWORD)?;
    app.db.write_now(stamp(), "tests.seed", move |tx| {
        let areas = BTreeMap::from([
            (Place::District, area_coded(tx.conn(), "440105")?),
            (Place::Own, area_coded(tx.conn(), "440105007")?),
            (Place::Sibling, area_coded(tx.conn(), "440105008")?),
            (Place::Elsewhere, area_coded(tx.conn(), "440199001")?),
        ]);
        let district =
            yixun::access::streets_under(tx.conn(), areas[&Place::District], business_date(start()))?;
        let facilities = facilities_at(tx, &areas)?;
        let mut world = World { people: BTreeMap::new(), areas, district, facilities };
        for seat in Seat::all() {
            let person = account(tx, &world, seat, &password)?;
            world.people.insert(seat, person);
        }
        Ok(world)
    })
}

fn area_coded(conn: &mut AnyConn, code: &str) -> Outcome<AreaId> {
    Ok(area::table.filter(area::code.eq(code)).select(area::id).first(conn)?)
}

/// What a test facility is like.
pub fn facts(kind: FacilityKind, street_id: AreaId, name: &str) -> FacilityFacts {
    FacilityFacts {
        kind,
        name: name.into(),
        street_id,
        community_id: None,
        address: format!("试验路{name}"),
        position: Some(PositionView { lat: 23.1, lng: 113.26, datum: Datum::Gcj02 }),
        operator_name: "试验运营机构".into(),
        contact_name: "试验联系人".into(),
        contact_phone: "000-00000000".into(),
        opening_hours: "09:00-17:00".into(),
        platform_status: None,
        platform_status_on: None,
        route: Route::Street,
        status: FacilityState::Active,
    }
}

fn facilities_at(
    tx: &mut Tx<'_>,
    areas: &BTreeMap<Place, AreaId>,
) -> Outcome<BTreeMap<(Place, &'static str), FacilityId>> {
    let mut made = BTreeMap::new();
    for place in Place::STREETS {
        for kind in FacilityKind::ALL {
            let name = format!("{}试验{}", place.code(), kind.label());
            let code = format!("T-{}-{}", place.code(), kind.code());
            let facts = facts(*kind, areas[&place], &name);
            let id = facilities::create(tx, &Places::everywhere(), &code, &facts)?;
            made.insert((place, kind.code()), id);
        }
    }
    Ok(made)
}

fn account(tx: &mut Tx<'_>, world: &World, seat: Seat, password_hash: &str) -> Outcome<Person> {
    let third_party = seat == Caller::ThirdParty.seat();
    let inspects = seat.role == Some(Role::Inspector);
    let user = users::create(
        tx,
        &NewUser {
            username: seat.username(),
            display_name: format!(
                "试验{}{}{}",
                seat.role.map_or("无", Role::label),
                seat.place.code(),
                seat.number
            ),
            organisation: if third_party { "试验第三方机构" } else { "示例区民政局" }.into(),
            third_party,
            certificate: (inspects && !third_party).then(|| format!("试验证{:04}", seat.number)),
            password_hash: password_hash.into(),
            must_change_password: false,
        },
        machine_now(),
    )?;
    if let Some(role) = seat.role {
        users::grant(tx, user, &grant_of(world, role, seat.place))?;
    }
    let session = SessionId::from_uuid(new_uuid(machine_now()));
    let now = Ts::from(machine_now());
    diesel::insert_into(session::table)
        .values((
            session::id.eq(session),
            session::user_id.eq(user),
            session::created_at.eq(now),
            session::last_used_at.eq(now),
            session::proven_at.eq(Some(now)),
        ))
        .execute(tx.conn())
        .map_err(Fault::from)?;
    Ok(Person { user, session })
}

fn grant_of(world: &World, role: Role, place: Place) -> NewGrant {
    let facility = matches!((role, place), (Role::Operator, Place::Own | Place::Sibling | Place::Elsewhere));
    NewGrant {
        role,
        area_id: (!facility && place != Place::Everywhere).then(|| world.area(place)),
        facility_id: facility.then(|| world.facility(place, FacilityKind::Station)),
        category: None,
        valid_from: business_date(start()),
        valid_to: None,
    }
}

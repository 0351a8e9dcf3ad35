//! The made-up facilities of the demo, from a fixed seed: PURE. Streets and communities are the real reference data;
//! everything in them is invented and says so: a name is a household thing of former times and ends in （演示）, operators
//! and contacts are 示例…, telephone numbers begin with 000, positions are drawn by lot inside rough bounds.

use crate::directory::FacilityKind;

/// Stations in the district, as in the published notice.
pub const STATIONS: usize = 255;
/// Stations that the city's platform shows as operating, as in the published notice.
pub const SHOWN_AS_OPERATING: usize = 187;
/// Canteens.
pub const CANTEENS: usize = 100;
/// Institutions, for the campaign of fire supervision.
pub const INSTITUTIONS: usize = 40;

/// What the city's platform calls a working facility.
const OPERATING: &str = "运营";
const NOT_OPERATING: [&str; 3] = ["暂停", "筹备中", "未登记"];
const SEED: u64 = 20_260_706;

/// What no facility is called after.
const WORDS: [&str; 40] = [
    "算盘", "蒲扇", "油灯", "石磨", "斗笠", "铜铃", "棋盘", "毛笔", "砚台", "陀螺", "风车", "竹篮", "木梳",
    "茶壶", "瓦罐", "纸船", "风铃", "竹笛", "铜锣", "鼓槌", "扁担", "水车", "针线", "顶针", "簸箕", "蓑衣",
    "木屐", "灯笼", "积木", "弹珠", "铁环", "毽子", "沙包", "陶笛", "口琴", "砂锅", "秤砣", "窗花", "风筝",
    "竹筏",
];

/// A street with its communities.
#[derive(Debug, Clone)]
pub struct StreetInfo {
    /// Code of 9 digits.
    pub code: String,
    /// Name, e.g. 赤岗街道.
    pub name: String,
    /// Short name, e.g. 赤岗街.
    pub short_name: String,
    /// Its communities, by code.
    pub communities: Vec<CommunityInfo>,
}

/// A community.
#[derive(Debug, Clone)]
pub struct CommunityInfo {
    /// Code of 12 digits.
    pub code: String,
    /// Name, e.g. 下渡社区居委会.
    pub name: String,
    /// Short name, e.g. 下渡社区.
    pub short_name: String,
}

/// A made-up facility.
#[derive(Debug, Clone, PartialEq)]
pub struct SyntheticFacility {
    /// Code; sorting by it keeps a street together.
    pub code: String,
    /// What it is.
    pub kind: FacilityKind,
    /// Name, ending in （演示）.
    pub name: String,
    /// Its street.
    pub street_code: String,
    /// Its community.
    pub community_code: String,
    /// Address.
    pub address: String,
    /// Latitude in degrees, WGS-84.
    pub lat: f64,
    /// Longitude in degrees, WGS-84.
    pub lng: f64,
    /// Operator.
    pub operator_name: String,
    /// Contact.
    pub contact_name: String,
    /// Telephone in a form that does not exist.
    pub contact_phone: String,
    /// Posted opening hours.
    pub opening_hours: String,
    /// What the city's platform says.
    pub platform_status: &'static str,
}

/// A rectangle in degrees, WGS-84.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// From south to north.
    pub lat: (f64, f64),
    /// From west to east.
    pub lng: (f64, f64),
}

impl Bounds {
    const fn new(lat: (f64, f64), lng: (f64, f64)) -> Self {
        Self { lat, lng }
    }

    /// A place inside, to about a metre.
    fn pick(self, rng: &mut fastrand::Rng) -> (f64, f64) {
        let mut between = |(low, high): (f64, f64)| ((low + (high - low) * rng.f64()) * 1e5).round() / 1e5;
        (between(self.lat), between(self.lng))
    }
}

/// Rough rectangles around the streets of 海珠区, read off a map by eye: good enough to scatter made-up places, not to
/// tell which street a real one is in.
const STREETS: [(&str, Bounds); 18] = [
    ("440105001", Bounds::new((23.085, 23.101), (113.313, 113.340))),
    ("440105002", Bounds::new((23.086, 23.105), (113.286, 113.312))),
    ("440105003", Bounds::new((23.084, 23.094), (113.267, 113.288))),
    ("440105004", Bounds::new((23.093, 23.102), (113.266, 113.280))),
    ("440105005", Bounds::new((23.101, 23.110), (113.274, 113.296))),
    ("440105006", Bounds::new((23.093, 23.102), (113.280, 113.292))),
    ("440105007", Bounds::new((23.101, 23.110), (113.260, 113.274))),
    ("440105008", Bounds::new((23.103, 23.111), (113.248, 113.260))),
    ("440105009", Bounds::new((23.092, 23.103), (113.249, 113.263))),
    ("440105010", Bounds::new((23.083, 23.092), (113.252, 113.266))),
    ("440105011", Bounds::new((23.063, 23.083), (113.252, 113.268))),
    ("440105012", Bounds::new((23.072, 23.087), (113.286, 113.308))),
    ("440105013", Bounds::new((23.060, 23.080), (113.268, 113.286))),
    ("440105014", Bounds::new((23.070, 23.086), (113.309, 113.336))),
    ("440105015", Bounds::new((23.090, 23.110), (113.345, 113.392))),
    ("440105016", Bounds::new((23.046, 23.066), (113.286, 113.320))),
    ("440105017", Bounds::new((23.050, 23.070), (113.325, 113.352))),
    ("440105018", Bounds::new((23.058, 23.082), (113.352, 113.386))),
];

/// The whole district, for a street that has no rectangle.
const DISTRICT: Bounds = Bounds::new((23.046, 23.110), (113.250, 113.390));

/// The rough bounds of a street.
pub fn bounds(street_code: &str) -> Bounds {
    STREETS.iter().find(|(code, _)| *code == street_code).map_or(DISTRICT, |(_, bounds)| *bounds)
}

/// The code of the station of a community.
pub fn station_code(community: &CommunityInfo) -> String {
    let (street, number) = community.code.split_at(community.code.len().min(9));
    format!("{street}-S{number}")
}

/// All facilities, by code. The same streets give the same facilities.
pub fn roster(streets: &[StreetInfo]) -> Vec<SyntheticFacility> {
    let places: Vec<Place<'_>> = streets
        .iter()
        .flat_map(|street| street.communities.iter().map(move |of| Place { street, of }))
        .collect();
    let mut makers = Maker { rng: fastrand::Rng::with_seed(SEED), made: vec![] };
    makers.stations(&places);
    makers.canteens(&places);
    makers.centers(streets);
    makers.institutions(&places);
    let mut made = makers.made;
    made.sort_by(|a, b| a.code.cmp(&b.code));
    made
}

/// A community with its street.
#[derive(Debug, Clone, Copy)]
struct Place<'a> {
    street: &'a StreetInfo,
    of: &'a CommunityInfo,
}

struct Maker {
    rng: fastrand::Rng,
    made: Vec<SyntheticFacility>,
}

impl Maker {
    /// At most one a community; those without one lie far apart in the list.
    fn stations(&mut self, places: &[Place<'_>]) {
        let without = places.len().saturating_sub(STATIONS);
        let gap = places.len().checked_div(without).unwrap_or(usize::MAX);
        let with = places.iter().enumerate().filter(|(n, _)| n % gap != gap / 2 || n / gap >= without);
        let with: Vec<Place<'_>> = with.map(|(_, place)| *place).take(STATIONS).collect();
        let mut shown: Vec<bool> = (0..with.len()).map(|n| n < SHOWN_AS_OPERATING).collect();
        self.rng.shuffle(&mut shown);
        for (n, (place, shown)) in with.into_iter().zip(shown).enumerate() {
            let name = format!("{}{}颐康服务站（演示）", place.of.short_name, word(n));
            let status = if shown { OPERATING } else { NOT_OPERATING[n % NOT_OPERATING.len()] };
            self.make(FacilityKind::Station, station_code(place.of), name, place, status);
        }
    }

    fn canteens(&mut self, places: &[Place<'_>]) {
        for (n, place) in spread(places, CANTEENS).into_iter().enumerate() {
            let name = format!("{}{}长者饭堂（演示）", place.street.short_name, word(n));
            let code = format!("{}-C{:03}", place.street.code, n + 1);
            self.make(FacilityKind::Canteen, code, name, place, OPERATING);
        }
    }

    /// One a street.
    fn centers(&mut self, streets: &[StreetInfo]) {
        for (n, street) in streets.iter().enumerate() {
            let Some(of) = street.communities.get(street.communities.len() / 2) else { continue };
            let name = format!("{}{}颐康中心（演示）", street.short_name, word(n + 20));
            let code = format!("{}-E001", street.code);
            self.make(FacilityKind::Center, code, name, Place { street, of }, OPERATING);
        }
    }

    fn institutions(&mut self, places: &[Place<'_>]) {
        for (n, place) in spread(places, INSTITUTIONS).into_iter().enumerate() {
            let name = format!("{}示例养老院（演示）", word(n));
            let code = format!("{}-Y{:03}", place.street.code, n + 1);
            self.make(FacilityKind::Institution, code, name, place, OPERATING);
        }
    }

    fn make(
        &mut self,
        kind: FacilityKind,
        code: String,
        name: String,
        place: Place<'_>,
        status: &'static str,
    ) {
        let number = self.made.len() + 1;
        let (lat, lng) = bounds(&place.street.code).pick(&mut self.rng);
        self.made.push(SyntheticFacility {
            code,
            kind,
            name,
            street_code: place.street.code.clone(),
            community_code: place.of.code.clone(),
            address: format!("{}{}示例路{number}号", place.street.name, place.of.short_name),
            lat,
            lng,
            operator_name: format!("示例{}为老服务社（演示）", word(number / 8)),
            contact_name: format!("示例负责人{number:03}"),
            contact_phone: format!("000-{number:08}"),
            opening_hours: hours(kind).into(),
            platform_status: status,
        });
    }
}

fn word(n: usize) -> &'static str {
    WORDS[n % WORDS.len()]
}

/// `count` of the places at even distances.
fn spread<'a>(places: &[Place<'a>], count: usize) -> Vec<Place<'a>> {
    let count = count.min(places.len());
    (0..count).map(|n| places[n * places.len() / count]).collect()
}

fn hours(kind: FacilityKind) -> &'static str {
    match kind {
        FacilityKind::Station => "工作日 08:30–12:00、14:00–17:30",
        FacilityKind::Center => "每日 08:30–17:30",
        FacilityKind::Canteen => "每日 10:30–13:00、16:30–18:30",
        FacilityKind::Institution => "全天",
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    /// The real streets and communities, from the reference data.
    pub fn streets() -> Vec<StreetInfo> {
        let rows: Vec<Vec<&str>> = include_str!("../../assets/areas/440105.csv")
            .lines()
            .skip(1)
            .map(|line| line.split(',').collect())
            .collect();
        let under = |street: &str| {
            let of = rows.iter().filter(|r| r[1] == "community" && r[2] == street);
            of.map(|r| CommunityInfo { code: r[0].into(), name: r[3].into(), short_name: r[5].into() })
                .collect()
        };
        let street = |r: &Vec<&str>| StreetInfo {
            code: r[0].into(),
            name: r[3].into(),
            short_name: r[5].into(),
            communities: under(r[0]),
        };
        rows.iter().filter(|r| r[1] == "street").map(street).collect()
    }

    fn of_kind(kind: FacilityKind) -> Vec<SyntheticFacility> {
        roster(&streets()).into_iter().filter(|f| f.kind == kind).collect()
    }

    #[test]
    fn as_many_as_the_district_has() {
        for (kind, count) in [
            (FacilityKind::Station, STATIONS),
            (FacilityKind::Canteen, CANTEENS),
            (FacilityKind::Center, 18),
            (FacilityKind::Institution, INSTITUTIONS),
        ] {
            assert_eq!(of_kind(kind).len(), count, "{kind:?}");
        }
        let shown = of_kind(FacilityKind::Station).iter().filter(|f| f.platform_status == OPERATING).count();
        assert_eq!(shown, SHOWN_AS_OPERATING);
    }

    #[test]
    fn at_most_one_station_a_community_and_one_center_a_street() {
        let stations: BTreeSet<String> =
            of_kind(FacilityKind::Station).into_iter().map(|f| f.community_code).collect();
        assert_eq!(stations.len(), STATIONS);
        let centers: BTreeSet<String> =
            of_kind(FacilityKind::Center).into_iter().map(|f| f.street_code).collect();
        assert_eq!(centers.len(), 18);
        for street in streets() {
            let of = |kind| of_kind(kind).iter().filter(|f| f.street_code == street.code).count();
            assert!(of(FacilityKind::Station) >= 5 && of(FacilityKind::Canteen) >= 1, "{}", street.name);
        }
    }

    #[test]
    fn codes_and_names_are_unique() {
        let roster = roster(&streets());
        let distinct =
            |of: fn(&SyntheticFacility) -> &String| roster.iter().map(of).collect::<BTreeSet<_>>().len();
        assert_eq!(distinct(|f| &f.code), roster.len());
        assert_eq!(distinct(|f| &f.name), roster.len());
        assert_eq!(distinct(|f| &f.contact_phone), roster.len());
        assert_eq!(WORDS.iter().collect::<BTreeSet<_>>().len(), WORDS.len());
    }

    #[test]
    fn nobody_takes_a_name_for_a_real_one() {
        for f in roster(&streets()) {
            assert!(f.name.ends_with("（演示）") && WORDS.iter().any(|w| f.name.contains(w)), "{}", f.name);
            assert!(f.operator_name.starts_with("示例") && f.operator_name.ends_with("（演示）"));
            assert!(f.contact_name.starts_with("示例") && f.contact_phone.starts_with("000-"));
            assert!(f.address.contains("示例路"));
        }
    }

    #[test]
    fn places_lie_in_their_street() {
        let streets: BTreeMap<String, StreetInfo> =
            streets().into_iter().map(|s| (s.code.clone(), s)).collect();
        for f in roster(&streets.values().cloned().collect::<Vec<_>>()) {
            assert!(STREETS.iter().any(|(code, _)| *code == f.street_code));
            let Bounds { lat, lng } = bounds(&f.street_code);
            assert!((lat.0..=lat.1).contains(&f.lat) && (lng.0..=lng.1).contains(&f.lng), "{f:?}");
            assert!(streets[&f.street_code].communities.iter().any(|c| c.code == f.community_code), "{f:?}");
        }
        for (_, Bounds { lat, lng }) in STREETS {
            assert!(DISTRICT.lat.0 <= lat.0 && lat.0 < lat.1 && lat.1 <= DISTRICT.lat.1 + 0.002);
            assert!(DISTRICT.lng.0 - 0.003 <= lng.0 && lng.0 < lng.1 && lng.1 <= DISTRICT.lng.1 + 0.003);
        }
    }

    #[test]
    fn the_same_streets_give_the_same_roster() {
        assert_eq!(roster(&streets()), roster(&streets()));
        let few = roster(&streets()[..1]);
        assert!(
            few.iter().filter(|f| f.kind == FacilityKind::Station).count() == streets()[0].communities.len()
        );
    }
}

//! Importing areas and facilities from CSV: read and check everything (PURE), then store all or nothing.

use super::facilities::{self, FacilityFacts, PositionView};
use super::geo::{Datum, Position};
use super::store::{self, AreaRow, AreaVersionRow};
use super::{FacilityKind, FacilityState, Route};
use crate::access::Places;
use crate::db::types::Coded;
use crate::db::{Change, Tx};
use crate::fault::{Fault, Outcome};
use crate::ids::AreaId;
use crate::tables::{self, CellFault, Column, Line, Parsed};
use chrono::NaiveDate;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

const fn column(name: &'static str, also: &'static [&'static str], required: bool, longest: usize) -> Column {
    Column { name, also, required, longest }
}

const AREA_COLUMNS: [Column; 6] = [
    column("code", &["编码", "区划编码", "代码"], true, 12),
    column("level", &["级别", "层级"], true, 20),
    column("parent_code", &["上级编码", "上级代码"], true, 12),
    column("name", &["名称"], true, 60),
    column("office_name", &["办事处名称"], false, 60),
    column("short_name", &["简称"], false, 30),
];

const FACILITY_COLUMNS: [Column; 17] = [
    column("code", &["设施编码", "编码"], true, 40),
    column("name", &["设施名称", "名称"], true, 100),
    column("kind", &["设施类型", "类型"], true, 20),
    column("street_code", &["街道编码"], true, 12),
    column("community_code", &["社区编码"], false, 12),
    column("address", &["地址"], true, 200),
    column("lat", &["纬度"], false, 20),
    column("lng", &["经度"], false, 20),
    column("datum", &["坐标系"], false, 10),
    column("operator", &["运营机构"], true, 100),
    column("contact_name", &["联系人"], false, 50),
    column("contact_phone", &["联系电话"], false, 30),
    column("opening_hours", &["开放时间"], false, 100),
    column("platform_status", &["平台状态"], false, 30),
    column("platform_status_on", &["平台状态日期"], false, 10),
    column("route", &["问题路径"], false, 20),
    column("status", &["设施状态", "状态"], false, 20),
];

/// Levels and their Chinese names, from the top.
const LEVELS: [(&str, &str); 5] =
    [("province", "省"), ("city", "市"), ("district", "区"), ("street", "街道"), ("community", "社区")];

/// An area in the file.
#[derive(Debug, Clone)]
pub struct AreaWritten {
    /// Line in the file.
    pub line: u64,
    /// Code.
    pub code: String,
    /// Level code.
    pub level: &'static str,
    /// Code of the area above, empty at the top.
    pub parent_code: String,
    /// Name.
    pub name: String,
    /// Office.
    pub office_name: String,
    /// Short name.
    pub short_name: String,
}

/// A facility in the file.
#[derive(Debug, Clone)]
pub struct FacilityWritten {
    /// Line in the file.
    pub line: u64,
    /// Code.
    pub code: String,
    /// Code of its street.
    pub street_code: String,
    /// Code of its community, or empty.
    pub community_code: String,
    /// What it is.
    pub kind: FacilityKind,
    /// Name.
    pub name: String,
    /// Address.
    pub address: String,
    /// Position as given.
    pub position: Option<PositionView>,
    /// Operator.
    pub operator_name: String,
    /// Contact.
    pub contact_name: String,
    /// Telephone.
    pub contact_phone: String,
    /// Opening hours.
    pub opening_hours: String,
    /// State on the city's platform.
    pub platform_status: Option<String>,
    /// When that was so.
    pub platform_status_on: Option<NaiveDate>,
    /// Whom its findings go through.
    pub route: Route,
    /// Whether it works.
    pub status: FacilityState,
}

fn code_or_label<T: Coded>(text: &str, label: impl Fn(T) -> &'static str) -> Option<T> {
    T::from_code(text).or_else(|| T::ALL.iter().copied().find(|v| label(*v) == text))
}

/// Reads and checks an area file; a parent is in the file or among `known` codes: PURE.
pub fn parse_areas(bytes: &[u8], known: &BTreeSet<String>) -> Parsed<AreaWritten> {
    let mut seen = BTreeSet::new();
    let mut parsed = tables::read(bytes, &AREA_COLUMNS, |line| {
        let code = line.needed("code");
        let name = line.needed("name");
        line.needed("level");
        if !code.is_empty() && !code.bytes().all(|b| b.is_ascii_digit()) {
            line.fault("code", "unreadable", "编码只能是数字");
        }
        if !seen.insert(code.clone()) {
            line.fault("code", "duplicate", "编码重复");
        }
        let level = line.parsed("level", "省、市、区、街道或社区", |text| {
            LEVELS.iter().find(|(code, label)| *code == text || *label == text).map(|(code, _)| *code)
        })?;
        let short = line.text("short_name");
        let short_name = if short.is_empty() { name.clone() } else { short.to_string() };
        Some(AreaWritten {
            line: line.number,
            code,
            level,
            parent_code: line.text("parent_code").to_string(),
            office_name: line.text("office_name").to_string(),
            name,
            short_name,
        })
    });
    let codes: BTreeSet<&String> = parsed.rows.iter().map(|r| &r.code).collect();
    let orphan = |r: &&AreaWritten| {
        let parent = &r.parent_code;
        (parent.is_empty() && r.level != "province")
            || (!parent.is_empty() && !codes.contains(parent) && !known.contains(parent))
    };
    let faults: Vec<CellFault> = parsed
        .rows
        .iter()
        .filter(orphan)
        .map(|r| CellFault {
            line: r.line,
            column: "parent_code".into(),
            code: "unknown_parent",
            reason: format!("上级编码“{}”不存在", r.parent_code),
        })
        .collect();
    parsed.faults.extend(faults);
    parsed
}

/// Reads and checks a facility file; `streets` and `communities` are the known codes: PURE.
pub fn parse_facilities(
    bytes: &[u8],
    streets: &BTreeSet<String>,
    communities: &BTreeSet<String>,
    taken: &BTreeSet<String>,
) -> Parsed<FacilityWritten> {
    let mut seen = BTreeSet::new();
    tables::read(bytes, &FACILITY_COLUMNS, |line| {
        let code = line.needed("code");
        if !code.is_empty() && !seen.insert(code.clone()) {
            line.fault("code", "duplicate", "设施编码在文件中重复");
        }
        if taken.contains(&code) {
            line.fault("code", "code_taken", "设施编码已存在");
        }
        let street_code = line.needed("street_code");
        if !street_code.is_empty() && !streets.contains(&street_code) {
            line.fault("street_code", "unknown_street", format!("街道编码“{street_code}”不存在"));
        }
        let community_code = line.text("community_code").to_string();
        if !community_code.is_empty() && !communities.contains(&community_code) {
            line.fault("community_code", "unknown_community", format!("社区编码“{community_code}”不存在"));
        } else if !community_code.is_empty() && !community_code.starts_with(&street_code) {
            line.fault("community_code", "other_street", format!("社区“{community_code}”不属于该街道"));
        }
        facility(line, code, street_code, community_code)
    })
}

fn facility(
    line: &mut Line<'_>,
    code: String,
    street_code: String,
    community_code: String,
) -> Option<FacilityWritten> {
    line.needed("kind");
    let kind = line.parsed("kind", "颐康服务站、颐康中心、长者饭堂或养老机构", |t| {
        code_or_label(t, FacilityKind::label)
    });
    let route = line.parsed(
        "route",
        "street（经街道）、direct（直接）或 bureau_unit（局属单位）",
        |t| code_or_label(t, Route::label),
    );
    let status =
        line.parsed("status", "active（运营）、suspended（暂停）或 ended（终止）", |t| {
            code_or_label(t, FacilityState::label)
        });
    let position = position(line);
    let (name, address, operator_name) =
        (line.needed("name"), line.needed("address"), line.needed("operator"));
    let platform_status_on = line.parsed("platform_status_on", "YYYY-MM-DD", |t| t.parse().ok());
    let platform_status = Some(line.text("platform_status").to_string()).filter(|t| !t.is_empty());
    Some(FacilityWritten {
        line: line.number,
        code,
        street_code,
        community_code,
        kind: kind?,
        name,
        address,
        position,
        operator_name,
        contact_name: line.text("contact_name").to_string(),
        contact_phone: line.text("contact_phone").to_string(),
        opening_hours: line.text("opening_hours").to_string(),
        platform_status,
        platform_status_on,
        route: route.unwrap_or(Route::Street),
        status: status.unwrap_or(FacilityState::Active),
    })
}

/// A position is given whole (latitude, longitude, datum) or not at all; the datum is never guessed.
fn position(line: &mut Line<'_>) -> Option<PositionView> {
    let lat: Option<f64> = line.parsed("lat", "度数", |t| t.parse().ok());
    let lng: Option<f64> = line.parsed("lng", "度数", |t| t.parse().ok());
    let datum = line.parsed("datum", "wgs84、gcj02 或 bd09", |t| Datum::from_code(&t.to_ascii_lowercase()));
    let given = ["lat", "lng", "datum"].map(|name| !line.text(name).is_empty());
    if given == [false; 3] {
        return None;
    }
    if given != [true; 3] {
        line.fault("datum", "incomplete_position", "纬度、经度、坐标系须同时填写或同时留空");
        return None;
    }
    let (lat, lng, datum) = (lat?, lng?, datum?);
    if Position::new(lat, lng, datum).is_none() {
        line.fault("lat", "out_of_range", "坐标超出范围");
    }
    Some(PositionView { lat, lng, datum })
}

/// Stores areas whose codes are new; known codes are left as they are. Returns how many are new.
///
/// # Errors
/// The database's.
pub fn store_areas(tx: &mut Tx<'_>, rows: &[AreaWritten], since: NaiveDate) -> Outcome<usize> {
    let mut ids: BTreeMap<String, AreaId> =
        store::area_ids(tx.conn())?.into_iter().map(|(code, id, _)| (code, id)).collect();
    let fresh: Vec<&AreaWritten> = rows.iter().filter(|r| !ids.contains_key(&r.code)).collect();
    let rank = |level: &str| LEVELS.iter().position(|(code, _)| *code == level);
    let mut ordered = fresh.clone();
    ordered.sort_by_key(|r| rank(r.level));
    let (mut areas, mut versions) = (vec![], vec![]);
    for row in ordered {
        let id: AreaId = tx.new_id();
        ids.insert(row.code.clone(), id);
        areas.push(AreaRow { id, code: row.code.clone(), level: row.level.into(), valid_from: since });
        versions.push(AreaVersionRow {
            area_id: id,
            valid_from: since,
            parent_id: ids.get(&row.parent_code).copied(),
            name: row.name.clone(),
            office_name: row.office_name.clone(),
            short_name: row.short_name.clone(),
        });
    }
    store::insert_areas(tx.conn(), &areas, &versions)?;
    for area in &areas {
        tx.changed("area", area.id.0, None, Change::Put)?;
    }
    tx.audit("area", "import", json!({ "new": areas.len(), "in_file": rows.len() }));
    Ok(areas.len())
}

/// Stores facilities, all of them or none.
///
/// # Errors
/// A code that was taken meanwhile; the database's.
pub fn store_facilities(tx: &mut Tx<'_>, rows: &[FacilityWritten]) -> Outcome<usize> {
    let ids: BTreeMap<String, AreaId> =
        store::area_ids(tx.conn())?.into_iter().map(|(code, id, _)| (code, id)).collect();
    let everywhere = Places::everywhere();
    for row in rows {
        let street_id = *ids.get(&row.street_code).ok_or_else(|| Fault::missing("街道"))?;
        let facts = FacilityFacts {
            kind: row.kind,
            name: row.name.clone(),
            street_id,
            community_id: ids.get(&row.community_code).copied(),
            address: row.address.clone(),
            position: row.position,
            operator_name: row.operator_name.clone(),
            contact_name: row.contact_name.clone(),
            contact_phone: row.contact_phone.clone(),
            opening_hours: row.opening_hours.clone(),
            platform_status: row.platform_status.clone(),
            platform_status_on: row.platform_status_on,
            route: row.route,
            status: row.status,
        };
        facilities::create(tx, &everywhere, &row.code, &facts)?;
    }
    tx.audit("facility", "import", json!({ "new": rows.len() }));
    Ok(rows.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(codes: &[&str]) -> BTreeSet<String> {
        codes.iter().map(ToString::to_string).collect()
    }

    fn faults(csv: &str) -> Vec<(u64, String, &'static str)> {
        let parsed =
            parse_facilities(csv.as_bytes(), &set(&["440105001"]), &set(&["440105001001"]), &set(&["OLD"]));
        parsed.faults.into_iter().map(|f| (f.line, f.column, f.code)).collect()
    }

    #[test]
    fn the_reference_areas_are_clean() {
        let parsed = parse_areas(include_bytes!("../../assets/areas/440105.csv"), &BTreeSet::new());
        assert!(parsed.faults.is_empty(), "{:?}", parsed.faults);
        let count = |level: &str| parsed.rows.iter().filter(|r| r.level == level).count();
        assert_eq!((count("street"), count("community"), count("district")), (18, 267, 1));
    }

    #[test]
    fn facilities_in_chinese_headers() {
        let csv = "设施编码,设施名称,设施类型,街道编码,地址,运营机构,纬度,经度,坐标系\n\
                   A1,站,颐康服务站,440105001,路1号,机构,23.1,113.3,GCJ02\nA2,站,station,440105001,路2号,机构,,,\n";
        let parsed = parse_facilities(csv.as_bytes(), &set(&["440105001"]), &set(&[]), &set(&[]));
        assert!(parsed.faults.is_empty(), "{:?}", parsed.faults);
        assert_eq!(parsed.rows[0].position.unwrap().datum, Datum::Gcj02);
        assert!(parsed.rows[1].position.is_none());
    }

    #[test]
    fn every_fault_by_row_and_column() {
        let csv = "code,name,kind,street_code,address,operator,lat,lng,datum,route\n\
                   OLD,n,station,440105001,a,o,,,,\n\
                   A2,n,tent,440105009,a,o,23.1,,,x\n\
                   A2,n,station,440105001,a,o,95,113,wgs84,\n";
        let named = |line, column: &str, code| (line, column.to_string(), code);
        assert_eq!(
            faults(csv),
            [
                named(2, "code", "code_taken"),
                named(3, "street_code", "unknown_street"),
                named(3, "kind", "unreadable"),
                named(3, "route", "unreadable"),
                named(3, "datum", "incomplete_position"),
                named(4, "code", "duplicate"),
                named(4, "lat", "out_of_range"),
            ]
        );
    }
}

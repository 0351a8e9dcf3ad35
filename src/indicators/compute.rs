//! What the system reckons itself, for a street and a quarter, as the ledger was at a moment. Each figure is made where
//! its matter is at home: the rates of findings by `ledger`, certificates and drills by `fire`, coverage as letters and
//! campaigns count it. The platform's word and what inspectors saw are two figures over two lists, never mixed.

use super::reckoning::Asked;
use super::rules::{self, Figure, Quarter};
use super::{catalogue, store};
use crate::clock::{business_date, midnight};
use crate::db::AnyConn;
use crate::db::types::Coded as _;
use crate::directory::FacilityKind;
use crate::fault::Outcome;
use crate::fire;
use crate::ids::{CampaignId, FacilityId, InspectionId};
use crate::ledger;
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// The item whose photo shows the signboard 站牌.
pub const SIGNBOARD_ITEM: &str = "YK-01";

/// Figures by the codes of their indicators; what cannot be reckoned is not among them.
pub type Figures = BTreeMap<&'static str, Figure>;

/// How the platform says that a station works. Other words (暂停, 筹备中, 未登记…) say that it does not.
const OPERATING: [&str; 5] = ["运营", "运营中", "正常运营", "在运营", "营业中"];

/// All figures of a street and quarter.
///
/// # Errors
/// The database's.
pub fn figures(conn: &mut AnyConn, asked: &Asked) -> Outcome<Figures> {
    let mut made = Maker { quarter: asked.quarter, day: business_date(asked.at), figures: Figures::new() };
    if asked.quarter.first_day() > made.day {
        return Ok(made.figures);
    }
    stations(conn, asked, &mut made)?;
    coverage(conn, asked, &mut made)?;
    findings(conn, asked, &mut made)?;
    register(conn, asked, &mut made)?;
    Ok(made.figures)
}

struct Maker {
    quarter: Quarter,
    /// The day that is asked about.
    day: NaiveDate,
    figures: Figures,
}

impl Maker {
    /// Counts of a figure, of the day that is asked about.
    fn put(&mut self, code: &'static str, numerator: usize, denominator: Option<usize>) -> Outcome<()> {
        let (n, d) = (numerator as i64, denominator.map(|d| d as i64));
        self.put_on(code, n, d, self.day)
    }

    fn put_on(&mut self, code: &'static str, n: i64, d: Option<i64>, as_of: NaiveDate) -> Outcome<()> {
        let form = catalogue::find(code)?.form;
        let (numerator, denominator) = (n * 100, d.map(|d| d * 100));
        let value = rules::value(form, numerator, denominator);
        let figure = Figure { numerator: Some(numerator), denominator, value, as_of, version: None };
        self.figures.insert(code, figure);
        Ok(())
    }

    /// The last day of what has been going on: today, or the quarter's last.
    fn last_day(&self) -> NaiveDate {
        self.day.min(self.quarter.last_day())
    }
}

/// 运营率: what the platform says over its list, and what inspectors saw over theirs.
fn stations(conn: &mut AnyConn, asked: &Asked, made: &mut Maker) -> Outcome<()> {
    let listed = store::platform(conn, asked.street, asked.at)?;
    if !listed.is_empty() {
        let operating = listed.iter().filter(|(said, _)| OPERATING.contains(&said.trim())).count();
        // The figure is no younger than the oldest word in it.
        let oldest = listed.iter().filter_map(|(_, on)| *on).min().unwrap_or(made.day);
        made.put_on("station_platform", operating as i64, Some(listed.len() as i64), oldest)?;
    }
    let mut last: BTreeMap<FacilityId, bool> = BTreeMap::new();
    for (facility, kind, _, observed) in seen(conn, asked)? {
        if let Some(observed) = observed.filter(|_| kind == FacilityKind::Station) {
            last.insert(facility, observed == "operating");
        }
    }
    if !last.is_empty() {
        made.put("station_observed", last.values().filter(|works| **works).count(), Some(last.len()))?;
    }
    Ok(())
}

type Seen = (FacilityId, FacilityKind, bool, Option<String>);

/// What was seen in the quarter until the moment.
fn seen(conn: &mut AnyConn, asked: &Asked) -> Outcome<Vec<Seen>> {
    let next = asked.quarter.last_day().succ_opt().unwrap_or(NaiveDate::MAX);
    let within = (midnight(asked.quarter.first_day()).into(), midnight(next).into());
    store::seen(conn, asked.street, within, asked.at)
}

fn coverage_code(kind: FacilityKind) -> &'static str {
    match kind {
        FacilityKind::Station => "coverage_station",
        FacilityKind::Center => "coverage_center",
        FacilityKind::Canteen => "coverage_canteen",
        FacilityKind::Institution => "coverage_institution",
    }
}

/// 检查覆盖率 of each kind and 站牌覆盖率, over what the quarter's campaigns were to inspect.
fn coverage(conn: &mut AnyConn, asked: &Asked, made: &mut Maker) -> Outcome<()> {
    let planned = store::planned(conn, asked.street, asked.quarter, asked.at)?;
    let pairs: BTreeSet<(CampaignId, FacilityId)> =
        planned.iter().map(|p| (p.campaign_id, p.facility_id)).collect();
    let campaigns: BTreeSet<CampaignId> = pairs.iter().map(|(campaign, _)| *campaign).collect();
    let mut done = store::completed(conn, &campaigns.into_iter().collect::<Vec<_>>(), asked.at)?;
    done.retain(|(_, campaign, facility)| pairs.contains(&(*campaign, *facility)));
    let facilities: BTreeSet<FacilityId> = done.iter().map(|(.., facility)| *facility).collect();
    for kind in FacilityKind::ALL {
        let of_kind: BTreeSet<FacilityId> =
            planned.iter().filter(|p| p.kind == *kind).map(|p| p.facility_id).collect();
        if !of_kind.is_empty() {
            let covered = of_kind.intersection(&facilities).count();
            made.put(coverage_code(*kind), covered, Some(of_kind.len()))?;
        }
    }
    let stations: BTreeSet<FacilityId> =
        planned.iter().filter(|p| p.kind == FacilityKind::Station).map(|p| p.facility_id).collect();
    if !stations.is_empty() {
        let shown = shown_signboards(conn, &done, asked.at)?;
        made.put("signboard", stations.intersection(&shown).count(), Some(stations.len()))?;
    }
    Ok(())
}

fn shown_signboards(
    conn: &mut AnyConn,
    done: &[(InspectionId, CampaignId, FacilityId)],
    at: DateTime<Utc>,
) -> Outcome<BTreeSet<FacilityId>> {
    let ids: Vec<InspectionId> = done.iter().map(|(id, ..)| *id).collect();
    let with = store::with_photo_of(conn, &ids, SIGNBOARD_ITEM, at)?;
    Ok(done.iter().filter(|(id, ..)| with.contains(id)).map(|(.., facility)| *facility).collect())
}

/// What the ledger says of the findings of the quarter.
fn findings(conn: &mut AnyConn, asked: &Asked, made: &mut Maker) -> Outcome<()> {
    let days = (asked.quarter.first_day(), asked.quarter.last_day());
    let told = ledger::figures_at(conn, asked.street, days, asked.at)?;
    let of = told.figures;
    let confirmed = of.total - of.withdrawn;
    let inspected: BTreeSet<FacilityId> =
        seen(conn, asked)?.into_iter().filter(|(_, _, complete, _)| *complete).map(|s| s.0).collect();
    let day = made.day;
    made.put_on("findings_per_facility", confirmed, Some(inspected.len() as i64), day)?;
    made.put_on("on_time", of.on_time, Some(of.due), day)?;
    made.put_on("mean_days", told.days, Some(of.closed), day)?;
    made.put_on("relapse", of.relapses, Some(confirmed), day)?;
    if confirmed > 0 {
        made.put_on("overdue", of.overdue, None, day)?;
    }
    Ok(())
}

/// What the fire register says on the last day of the quarter, as far as that has come.
fn register(conn: &mut AnyConn, asked: &Asked, made: &mut Maker) -> Outcome<()> {
    let on = made.last_day();
    let moment = fire::rules::Moment { on, known: asked.at };
    let Some(of) = fire::summary::staffing(conn, asked.street, moment, asked.duty)? else { return Ok(()) };
    made.put_on("certificates", of.filled, Some(of.required), on)?;
    made.put_on("certificates_intermediate", of.intermediate, None, on)?;
    made.put_on("drills", of.drilled, Some(of.to_drill), on)
}

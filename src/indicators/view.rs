//! Indicators as clients see them. Amounts are decimals as text, with at most two places: a share and a growth in percent, the
//! rest in the indicator's unit.

use super::catalogue::{self, Indicator};
use super::decimal::shown;
use super::printed;
use super::reckoning::{self, Asked, Standing};
use super::rules::{Quarter, in_force, met};
use super::store::{self, ImportRow, TargetRow, ValueRow};
use super::{Better, Comparison, IndicatorForm, IndicatorSource};
use crate::access::Places;
use crate::clock::business_date;
use crate::db::AnyConn;
use crate::db::page::{Page, PageAsk, page};
use crate::directory::areas::AreaFilter;
use crate::directory::{self, AreaNow};
use crate::fault::{Fault, Outcome};
use crate::ids::{AreaId, IndicatorImportId, ObjectionId, TargetId, UserId};
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// A version of a target.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct IndicatorTarget {
    /// Its id.
    pub id: TargetId,
    /// The indicator's code.
    pub indicator: String,
    /// The district or street for which it holds.
    pub area_id: AreaId,
    /// Its version among those of its area.
    pub version: i32,
    /// The year of the first quarter for which it holds.
    pub from_year: i32,
    /// That quarter, 1–4.
    pub from_quarter: u32,
    /// How a value is compared with it.
    pub comparison: Comparison,
    /// The target.
    pub value: String,
    /// As printed, e.g. ≥100%.
    pub text: String,
    /// Why it was set.
    pub reason: String,
    /// The objection that it answers.
    pub objection_id: Option<ObjectionId>,
    /// Who set it.
    pub set_by: UserId,
    /// For whom a deputy set it.
    pub set_for: Option<UserId>,
    /// When.
    pub set_at: DateTime<Utc>,
}

fn target_view(of: &Indicator, t: TargetRow) -> IndicatorTarget {
    let from = Quarter::of(t.from_on);
    IndicatorTarget {
        id: t.id,
        indicator: t.indicator,
        area_id: t.area_id,
        version: t.seq,
        from_year: from.year(),
        from_quarter: from.number(),
        comparison: t.comparison,
        value: shown(t.value),
        text: printed::target(of, t.comparison, t.value),
        reason: t.reason,
        objection_id: t.objection_id,
        set_by: t.set_by,
        set_for: t.set_for,
        set_at: t.set_at.0,
    }
}

/// An indicator of the catalogue.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct IndicatorView {
    /// Its code.
    pub code: String,
    /// Its name, in Chinese.
    pub name: String,
    /// What the numerator counts by.
    pub unit: String,
    /// What its value is.
    pub form: IndicatorForm,
    /// Which way is good.
    pub better: Better,
    /// Where its values come from.
    pub source: IndicatorSource,
    /// Whether annex 2 of a letter may list it; the letter prints its own coverage apart.
    pub printed: bool,
    /// What is counted.
    pub numerator: String,
    /// Of how much; empty where nothing is divided.
    pub denominator: String,
    /// The formula in a sentence.
    pub formula: String,
    /// Where it comes from.
    pub basis: String,
    /// The targets in force for the present quarter within reach: of districts, and of streets that have their own.
    pub targets: Vec<IndicatorTarget>,
}

/// The catalogue.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct IndicatorList {
    /// The year of the present quarter.
    pub year: i32,
    /// The present quarter, 1–4.
    pub quarter: u32,
    /// In order.
    pub items: Vec<IndicatorView>,
}

/// The areas whose targets concern places: their streets and what these belong to.
fn areas_within(conn: &mut AnyConn, places: &Places, on: NaiveDate) -> Outcome<Vec<AreaId>> {
    let filter = AreaFilter { level: Some("street".into()), parent: None };
    let streets = directory::store::areas(conn, &filter, None, 100_000, on)?;
    let mine = streets.into_iter().filter(|street| places.holds(street.id, None));
    let areas: BTreeSet<AreaId> = mine.flat_map(|s| [Some(s.id), s.parent_id]).flatten().collect();
    Ok(areas.into_iter().collect())
}

/// The catalogue with the targets in force.
///
/// # Errors
/// The database's.
pub fn list(conn: &mut AnyConn, places: &Places, now: DateTime<Utc>) -> Outcome<IndicatorList> {
    let today = business_date(now);
    let (quarter, areas) = (Quarter::of(today), areas_within(conn, places, today)?);
    let mut held: BTreeMap<(String, AreaId), Vec<TargetRow>> = BTreeMap::new();
    for row in store::targets_of(conn, &areas)? {
        held.entry((row.indicator.clone(), row.area_id)).or_default().push(row);
    }
    let targets = |of: &Indicator| {
        let here = held.iter().filter(|((code, _), _)| *code == of.code);
        let now = here.filter_map(|((_, area), rows)| in_force(rows, |row| row.term(*area), quarter, now));
        now.map(|row| target_view(of, row.clone())).collect()
    };
    let view = |i: &Indicator| IndicatorView {
        code: i.code.clone(),
        name: i.name.clone(),
        unit: i.unit.clone(),
        form: i.form,
        better: i.better,
        source: i.source,
        printed: i.printed,
        numerator: i.numerator.clone(),
        denominator: i.denominator.clone(),
        formula: i.formula.clone(),
        basis: i.basis.clone(),
        targets: targets(i),
    };
    let items = catalogue::all()?.iter().map(view).collect();
    Ok(IndicatorList { year: quarter.year(), quarter: quarter.number(), items })
}

/// All versions of an indicator's targets within reach, the last set first.
///
/// # Errors
/// Missing; a bad page.
pub fn targets(
    conn: &mut AnyConn,
    places: &Places,
    code: &str,
    ask: &PageAsk,
    now: DateTime<Utc>,
) -> Outcome<Page<IndicatorTarget>> {
    let indicator = catalogue::find(code)?;
    let limit = ask.limit()?;
    let areas = match places.all {
        true => None,
        false => Some(areas_within(conn, places, business_date(now))?),
    };
    let rows = store::target_history(conn, code, areas.as_deref(), ask.after()?, limit + 1)?;
    Ok(page(rows, limit, |t: &TargetRow| t.id, |t| target_view(indicator, t)))
}

/// One version of a target.
///
/// # Errors
/// Missing.
pub fn target(conn: &mut AnyConn, id: TargetId) -> Outcome<IndicatorTarget> {
    let row = store::find_target(conn, id)?.ok_or_else(|| Fault::missing("目标"))?;
    Ok(target_view(catalogue::find(&row.indicator)?, row))
}

/// An indicator of a street in a quarter.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct QuarterRow {
    /// The indicator's code.
    pub indicator: String,
    /// Its name.
    pub name: String,
    /// Where its values come from.
    pub source: IndicatorSource,
    /// What was counted.
    pub numerator: Option<String>,
    /// Of how much.
    pub denominator: Option<String>,
    /// The value; none where nothing was reported or can be reckoned, and of nothing.
    pub value: Option<String>,
    /// The value as read, e.g. 98.5%; a dash where there is none.
    pub text: String,
    /// The target in force for the quarter.
    pub target: Option<IndicatorTarget>,
    /// Whether the value reaches it.
    pub met: Option<bool>,
    /// The day that the figure speaks of 截至日期.
    pub as_of: Option<NaiveDate>,
    /// The version of a reported value.
    pub version: Option<i32>,
    /// What was noted of it.
    pub note: Option<String>,
}

/// A street's indicators in a quarter.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct QuarterFigures {
    /// The street.
    pub street_id: AreaId,
    /// Its name.
    pub street_name: String,
    /// The year.
    pub year: i32,
    /// The quarter, 1–4.
    pub quarter: u32,
    /// What was known at the end of this day.
    pub as_of: NaiveDate,
    /// Every indicator, in the order of the catalogue.
    pub items: Vec<QuarterRow>,
}

fn quarter_row(s: Standing) -> QuarterRow {
    let (i, figure) = (s.indicator, s.figure.as_ref());
    let value = figure.and_then(|f| f.value);
    let reached = s.target.as_ref().zip(value).map(|(t, value)| met(t.comparison, t.value, value));
    QuarterRow {
        indicator: i.code.clone(),
        name: i.name.clone(),
        source: i.source,
        numerator: figure.and_then(|f| f.numerator).map(shown),
        denominator: figure.and_then(|f| f.denominator).map(shown),
        value: value.map(shown),
        text: value.map_or_else(|| "—".into(), |v| printed::amount(i, v)),
        met: reached,
        as_of: figure.map(|f| f.as_of),
        version: figure.and_then(|f| f.version),
        note: s.note,
        target: s.target.map(|t| target_view(i, t)),
    }
}

fn street(conn: &mut AnyConn, places: &Places, id: AreaId) -> Outcome<AreaNow> {
    let level = directory::store::level_of(conn, id)?;
    if level.as_deref() != Some("street") || !places.holds(id, None) {
        return Err(Fault::missing("街道"));
    }
    directory::street(conn, id)
}

/// A street's indicators in a quarter, as they stood.
///
/// # Errors
/// Missing.
pub fn values(conn: &mut AnyConn, places: &Places, asked: &Asked) -> Outcome<QuarterFigures> {
    let area = street(conn, places, asked.street)?;
    let items = reckoning::standing(conn, asked)?.into_iter().map(quarter_row).collect();
    Ok(QuarterFigures {
        street_id: area.id,
        street_name: area.name,
        year: asked.quarter.year(),
        quarter: asked.quarter.number(),
        as_of: business_date(asked.at),
        items,
    })
}

/// A version of a reported value, and the import that brought it.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct ValueVersion {
    /// Its version; the highest holds.
    pub version: i32,
    /// What was counted.
    pub numerator: Option<String>,
    /// Of how much.
    pub denominator: Option<String>,
    /// The value.
    pub value: Option<String>,
    /// The day that it speaks of 截至日期.
    pub as_of: NaiveDate,
    /// What was noted.
    pub note: Option<String>,
    /// The import.
    pub import_id: IndicatorImportId,
    /// SHA-256 of its file.
    pub file_sha256: String,
    /// Who imported it.
    pub imported_by: Option<UserId>,
    /// Their name then; a console command's where nobody was logged in.
    pub imported_by_name: String,
    /// When.
    pub imported_at: DateTime<Utc>,
}

/// All versions of what a street reported of an indicator for a quarter, the last first.
///
/// # Errors
/// Missing.
pub fn history(
    conn: &mut AnyConn,
    places: &Places,
    code: &str,
    (of, quarter): (AreaId, Quarter),
) -> Outcome<Page<ValueVersion>> {
    let (indicator, area) = (catalogue::find(code)?, street(conn, places, of)?);
    let view = |(v, i): (ValueRow, ImportRow)| ValueVersion {
        version: v.seq,
        numerator: v.numerator.map(shown),
        denominator: v.denominator.map(shown),
        value: v.value.map(shown),
        as_of: v.as_of,
        note: v.note,
        import_id: i.id,
        file_sha256: i.sha256,
        imported_by: i.imported_by,
        imported_by_name: i.imported_by_name,
        imported_at: i.imported_at.0,
    };
    let versions = store::versions(conn, &indicator.code, area.id, quarter)?;
    Ok(Page { items: versions.into_iter().map(view).collect(), next_cursor: None })
}

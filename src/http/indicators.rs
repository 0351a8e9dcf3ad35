//! Indicators: the catalogue, targets, what streets report, objections.

use super::answer::{Found, Made, Tagged};
use super::caller::Allowed;
use super::extract::{ApiFile, ApiJson, ApiPath, ApiQuery};
use super::problem::Answer;
use crate::access::permissions::may;
use crate::db::page::{Page, PageAsk};
use crate::fault::{Fault, FieldFault, Outcome};
use crate::ids::{AreaId, ObjectionId};
use crate::indicators::import::{self, IndicatorImport};
use crate::indicators::objections::{self, NewObjection, ObjectionView, Verdict};
use crate::indicators::rules::Quarter;
use crate::indicators::targets::{self, NewTarget};
use crate::indicators::{
    self, Asked, Comparison, IndicatorList, IndicatorTarget, QuarterFigures, ValueVersion, decimal,
};
use crate::tables::CellFault;
use chrono::NaiveDate;
use garde::Validate;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

impl Tagged for IndicatorList {}
impl Tagged for IndicatorTarget {}
impl Tagged for QuarterFigures {}
impl Tagged for IndicatorImport {}
impl Tagged for ObjectionView {}

pub async fn list(caller: Allowed<may::ReadIndicators>) -> Answer<Found<IndicatorList>> {
    let (places, now) = (caller.scope.places(), caller.now);
    Ok(Found(caller.read(move |conn| indicators::list(conn, &places, now)).await?))
}

/// Which page.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct TargetQuery {
    /// Rows, 1–100.
    #[garde(skip)]
    limit: Option<i64>,
    /// Cursor of the page before.
    #[garde(length(max = 400))]
    cursor: Option<String>,
}

pub async fn list_targets(
    caller: Allowed<may::ReadIndicators>,
    ApiPath(code): ApiPath<String>,
    ApiQuery(query): ApiQuery<TargetQuery>,
) -> Answer<Found<Page<IndicatorTarget>>> {
    let (places, now) = (caller.scope.places(), caller.now);
    let ask = PageAsk { limit: query.limit, cursor: query.cursor };
    Ok(Found(caller.read(move |conn| indicators::target_history(conn, &places, &code, &ask, now)).await?))
}

/// A target, from a quarter on.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetTarget {
    /// The district or street for which it holds.
    #[garde(skip)]
    area_id: AreaId,
    /// The year of the first quarter for which it holds.
    #[garde(range(min = 2000, max = 2100))]
    year: i32,
    /// That quarter.
    #[garde(range(min = 1, max = 4))]
    quarter: u32,
    /// How a value is compared with it.
    #[garde(skip)]
    comparison: Comparison,
    /// A decimal with at most two places: a share or growth in percent, the rest in the indicator's unit.
    #[garde(length(min = 1, max = 20))]
    value: String,
    /// Why.
    #[garde(length(chars, min = 2, max = 500))]
    reason: String,
}

fn amount(text: &str, pointer: &str) -> Outcome<i64> {
    let unreadable = || Fault::invalid(pointer, "bad_amount", "应为至多两位小数的数");
    decimal::parse(text).ok_or_else(unreadable)
}

fn quarter(year: i32, quarter: u32) -> Outcome<Quarter> {
    Quarter::new(year, quarter).ok_or_else(|| Fault::invalid("/quarter", "out_of_range", "没有这个季度"))
}

pub async fn set_target(
    caller: Allowed<may::KeepIndicators>,
    ApiPath(code): ApiPath<String>,
    ApiJson(body): ApiJson<SetTarget>,
) -> Answer<Made<IndicatorTarget>> {
    let new = NewTarget {
        area_id: body.area_id,
        from: quarter(body.year, body.quarter)?,
        comparison: body.comparison,
        value: amount(&body.value, "/value")?,
        reason: body.reason,
    };
    let holder = caller.holder();
    let made = caller.write(move |tx| {
        let id = targets::set(tx, &holder, &code, &new)?;
        indicators::target(tx.conn(), id)
    });
    Ok(Made::New(made.await?))
}

/// Of which street and quarter.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ValueQuery {
    /// The street.
    #[garde(skip)]
    street_id: AreaId,
    /// The year.
    #[garde(range(min = 2000, max = 2100))]
    year: i32,
    /// The quarter.
    #[garde(range(min = 1, max = 4))]
    quarter: u32,
    /// What was known at the end of this day; today unless given.
    #[garde(skip)]
    as_of: Option<NaiveDate>,
}

pub async fn values(
    caller: Allowed<may::ReadIndicators>,
    ApiQuery(query): ApiQuery<ValueQuery>,
) -> Answer<Found<QuarterFigures>> {
    let asked = Asked {
        street: query.street_id,
        quarter: quarter(query.year, query.quarter)?,
        at: indicators::moment(query.as_of, caller.now)?,
        duty: caller.app().config.fire_duty,
    };
    let places = caller.scope.places();
    Ok(Found(caller.read(move |conn| indicators::values(conn, &places, &asked)).await?))
}

/// Of which street and quarter.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct VersionQuery {
    /// The street.
    #[garde(skip)]
    street_id: AreaId,
    /// The year.
    #[garde(range(min = 2000, max = 2100))]
    year: i32,
    /// The quarter.
    #[garde(range(min = 1, max = 4))]
    quarter: u32,
}

pub async fn value_versions(
    caller: Allowed<may::ReadIndicators>,
    ApiPath(code): ApiPath<String>,
    ApiQuery(query): ApiQuery<VersionQuery>,
) -> Answer<Found<Page<ValueVersion>>> {
    let of = (query.street_id, quarter(query.year, query.quarter)?);
    let places = caller.scope.places();
    Ok(Found(caller.read(move |conn| indicators::history(conn, &places, &code, of)).await?))
}

/// How a file is imported.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ImportQuery {
    /// Only judges, and stores nothing.
    #[serde(default)]
    #[garde(skip)]
    dry_run: bool,
}

/// What is wrong, by `/file/{line}/{column}`.
fn told(faults: Vec<CellFault>) -> Fault {
    let told = |f: CellFault| {
        let column = f.column.replace('~', "~0").replace('/', "~1");
        let below = if column.is_empty() { String::new() } else { format!("/{column}") };
        FieldFault::new(format!("/file/{}{below}", f.line), f.code, f.reason)
    };
    Fault::invalid_many(faults.into_iter().map(told).collect())
}

pub async fn import(
    caller: Allowed<may::KeepIndicators>,
    ApiQuery(query): ApiQuery<ImportQuery>,
    ApiFile(bytes): ApiFile,
) -> Answer<Found<IndicatorImport>> {
    let (places, file, now) = (caller.scope.places(), bytes.clone(), caller.now);
    let parsed = caller.read(move |conn| import::read(conn, &places, &file, now)).await?;
    if !parsed.faults.is_empty() {
        return Err(told(parsed.faults).into());
    }
    if query.dry_run {
        return Ok(Found(import::dry(&bytes, &parsed.rows)));
    }
    Ok(Found(caller.write(move |tx| import::store(tx, &bytes, &parsed.rows)).await?))
}

/// A street's objection to a target.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ObjectToTarget {
    /// The street.
    #[garde(skip)]
    street_id: AreaId,
    /// The year of the quarter from which the target is contested.
    #[garde(range(min = 2000, max = 2100))]
    year: i32,
    /// That quarter.
    #[garde(range(min = 1, max = 4))]
    quarter: u32,
    /// What the street proposes instead, a decimal with at most two places.
    #[garde(length(min = 1, max = 20))]
    proposed: Option<String>,
    /// On what grounds.
    #[garde(length(chars, min = 2, max = 2000))]
    reason: String,
}

pub async fn object(
    caller: Allowed<may::ObjectToTarget>,
    ApiPath(code): ApiPath<String>,
    ApiJson(body): ApiJson<ObjectToTarget>,
) -> Answer<Made<ObjectionView>> {
    let new = NewObjection {
        street_id: body.street_id,
        quarter: quarter(body.year, body.quarter)?,
        proposed: body.proposed.map(|text| amount(&text, "/proposed")).transpose()?,
        reason: body.reason,
    };
    let holder = caller.holder();
    let made = caller.write(move |tx| {
        let id = objections::raise(tx, &holder, &code, &new)?;
        objections::find(tx.conn(), &holder.scope.places(), id)
    });
    Ok(Made::New(made.await?))
}

/// Which objections.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ObjectionQuery {
    /// Only of this street.
    #[garde(skip)]
    street_id: Option<AreaId>,
    /// Only those that wait for a decision.
    #[serde(default)]
    #[garde(skip)]
    undecided: bool,
    /// Rows, 1–100.
    #[garde(skip)]
    limit: Option<i64>,
    /// Cursor of the page before.
    #[garde(length(max = 400))]
    cursor: Option<String>,
}

pub async fn list_objections(
    caller: Allowed<may::ReadIndicators>,
    ApiQuery(query): ApiQuery<ObjectionQuery>,
) -> Answer<Found<Page<ObjectionView>>> {
    let places = caller.scope.places();
    let ask = PageAsk { limit: query.limit, cursor: query.cursor };
    let wanted = (query.street_id, query.undecided);
    Ok(Found(caller.read(move |conn| objections::list(conn, &places, wanted, &ask)).await?))
}

pub async fn find_objection(
    caller: Allowed<may::ReadIndicators>,
    ApiPath(id): ApiPath<ObjectionId>,
) -> Answer<Found<ObjectionView>> {
    let places = caller.scope.places();
    Ok(Found(caller.read(move |conn| objections::find(conn, &places, id)).await?))
}

/// What is decided about an objection.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecideObjection {
    /// The street is right: its target becomes another.
    #[garde(skip)]
    upheld: bool,
    /// Why.
    #[garde(length(chars, min = 2, max = 2000))]
    reason: String,
    /// The new target of an objection that is upheld, where it is not what the street proposes.
    #[garde(length(min = 1, max = 20))]
    target: Option<String>,
}

pub async fn decide(
    caller: Allowed<may::DecideTarget>,
    ApiPath(id): ApiPath<ObjectionId>,
    ApiJson(body): ApiJson<DecideObjection>,
) -> Answer<Found<ObjectionView>> {
    let verdict = Verdict {
        upheld: body.upheld,
        reason: body.reason,
        target: body.target.map(|text| amount(&text, "/target")).transpose()?,
    };
    let holder = caller.holder();
    let decided = caller.write(move |tx| {
        objections::decide(tx, &holder, id, &verdict)?;
        objections::find(tx.conn(), &holder.scope.places(), id)
    });
    Ok(Found(decided.await?))
}

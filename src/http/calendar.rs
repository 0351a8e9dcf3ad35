//! The working calendar: reading it, reckoning by it, importing it.

use super::access::PageQuery;
use super::answer::{Found, Made, Tagged};
use super::caller::Allowed;
use super::extract::{ApiJson, ApiPath, ApiQuery};
use super::problem::Answer;
use crate::access::permissions::may;
use crate::calendar::import::{ImportedYear, differs, parse};
use crate::calendar::{self, CalendarVersion, CalendarVersionFile, CalendarYear};
use crate::checklists::{Severity, Term, TermUnit};
use crate::clock::business_date;
use crate::db::page::Page;
use crate::fault::{Fault, FieldFault};
use crate::findings::Redated;
use crate::findings::deadlines::{Deadline, suggest};
use crate::reference;
use crate::tables::CellFault;
use chrono::{Datelike as _, NaiveDate};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

impl Tagged for CalendarYear {}
impl Tagged for CalendarVersionFile {}

/// Which year.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct YearQuery {
    /// The year, 2000–2100; the present one unless given.
    #[garde(range(min = 2000, max = 2100))]
    year: Option<i32>,
}

pub async fn find(
    caller: Allowed<may::ReadCalendar>,
    ApiQuery(query): ApiQuery<YearQuery>,
) -> Answer<Found<CalendarYear>> {
    let year = query.year.unwrap_or_else(|| business_date(caller.now).year());
    Ok(Found(caller.read(move |conn| calendar::year(conn, year)).await?))
}

/// What is to be reckoned.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ReckonQuery {
    /// The day of service, 2000-01-01 to 2100-12-31; it is not counted.
    #[garde(custom(within_the_calendar))]
    from: NaiveDate,
    /// How many days, 0–3650; 0 is at once.
    #[garde(range(max = 3650))]
    days: u16,
    /// What is counted.
    #[garde(skip)]
    #[param(inline)]
    unit: TermUnit,
    /// How grave the finding is: the last day of a 重大 one does not roll over rest days. `general` unless given.
    #[garde(skip)]
    #[param(inline)]
    severity: Option<Severity>,
}

fn within_the_calendar(day: &NaiveDate, (): &()) -> garde::Result {
    match day.year() {
        2000..=2100 => Ok(()),
        _ => Err(garde::Error::new("日期应在 2000 年到 2100 年之间")),
    }
}

/// A due date as the server suggests it at service.
#[derive(Debug, Serialize, ToSchema)]
pub struct Reckoning {
    /// Last day to rectify; overdue begins at 00:00 Asia/Shanghai of the day after.
    due_on: NaiveDate,
    /// The rule in words.
    rule: String,
    /// It rests on a year that is not published, and may change with its import.
    provisional: bool,
    /// The version of the calendar that it was reckoned by.
    calendar_version: String,
}
impl Tagged for Reckoning {}

pub async fn reckon(
    caller: Allowed<may::ReadCalendar>,
    ApiQuery(query): ApiQuery<ReckonQuery>,
) -> Answer<Found<Reckoning>> {
    let term = Term { days: query.days, unit: query.unit };
    let severity = query.severity.unwrap_or(Severity::General);
    let working = caller.read(calendar::load).await?;
    let Deadline { due_on, rule, calendar_version, provisional } =
        suggest(query.from, term, severity, &working);
    Ok(Found(Reckoning { due_on, rule, provisional, calendar_version }))
}

pub async fn versions(
    caller: Allowed<may::ReadCalendar>,
    ApiQuery(query): ApiQuery<PageQuery>,
) -> Answer<Found<Page<CalendarVersion>>> {
    let ask = query.ask();
    Ok(Found(caller.read(move |conn| calendar::versions(conn, &ask)).await?))
}

pub async fn version(
    caller: Allowed<may::ReadCalendar>,
    ApiPath(name): ApiPath<String>,
) -> Answer<Found<CalendarVersionFile>> {
    Ok(Found(caller.read(move |conn| calendar::version_named(conn, &name)).await?))
}

/// A calendar to be imported.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportCalendar {
    /// The file, as `yixun import calendar` reads it: whole years of days that differ from a plain week.
    #[garde(length(chars, min = 1, max = 100_000))]
    csv: String,
    /// Only check it.
    #[serde(default)]
    #[garde(skip)]
    dry_run: bool,
}

/// What an import did.
#[derive(Debug, Serialize, ToSchema)]
pub struct CalendarImported {
    /// Days in the file.
    days: usize,
    /// The version in force now; empty of a dry run.
    version: Option<String>,
    /// The years that the file speaks of; empty of a dry run.
    years: Vec<ImportedYear>,
    /// Which due dates followed.
    redated: Redated,
}
impl Tagged for CalendarImported {}

fn told(faults: &[CellFault]) -> Fault {
    let told = |f: &CellFault| {
        let column = if f.column.is_empty() { "整行" } else { &f.column };
        FieldFault::new("/csv", f.code, format!("第 {} 行 · {column} · {}", f.line, f.reason))
    };
    Fault::invalid_many(faults.iter().map(told).collect())
}

pub async fn import(
    caller: Allowed<may::ImportCalendar>,
    ApiJson(body): ApiJson<ImportCalendar>,
) -> Answer<Made<CalendarImported>> {
    let parsed = parse(body.csv.as_bytes());
    if !parsed.faults.is_empty() {
        return Err(told(&parsed.faults).into());
    }
    if body.dry_run {
        let (days, redated) = (parsed.rows.len(), Redated::default());
        caller.read(move |conn| differs(conn, &parsed.rows)).await?;
        return Ok(Made::Same(CalendarImported { days, version: None, years: vec![], redated }));
    }
    let (import, redated) =
        caller.write(move |tx| reference::store_calendar(tx, &body.csv, &parsed.rows)).await?;
    let unchanged = import.unchanged;
    let (days, version, years) = (import.days, Some(import.version), import.years);
    let imported = CalendarImported { days, version, years, redated };
    Ok(if unchanged { Made::Same(imported) } else { Made::New(imported) })
}

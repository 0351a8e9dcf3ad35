//! The fire register: certificates, control rooms, figures. Drills, trainings and equipment are in `records`, bulletins in
//! `bulletins`, files in `imports`.

pub mod bulletins;
pub mod imports;
pub mod records;

use super::answer::{Found, Made, Tagged};
use super::caller::Allowed;
use super::extract::{ApiJson, ApiPath, ApiQuery, IfMatch};
use super::problem::Answer;
use crate::access::Permission;
use crate::access::permissions::may;
use crate::db::page::{Page, PageAsk};
use crate::fault::Outcome;
use crate::fire::certificates::{
    self, CertificateChange, CertificateDetail, CertificateFilter, CertificateView, NewCertificate,
};
use crate::fire::lines::{self, LineView};
use crate::fire::number::{self, Sealed};
use crate::fire::overview::{FireOverview, overview};
use crate::fire::profile::{self, NewProfile};
use crate::fire::summary::{FireSummary, summary};
use crate::fire::{Asked, Level, LineFilter, LineState, Standing, Status};
use crate::ids::{AreaId, FacilityId, LineId};
use chrono::NaiveDate;
use garde::Validate;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

impl Tagged for CertificateDetail {
    fn revision(&self) -> Option<i32> {
        Some(self.certificate.revision)
    }
}
impl Tagged for LineView {}
impl Tagged for FireOverview {
    fn revision(&self) -> Option<i32> {
        Some(self.revision)
    }
}
impl Tagged for FireSummary {}

/// Which certificates.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct CertificateQuery {
    /// Only of this facility.
    #[garde(skip)]
    facility_id: Option<FacilityId>,
    /// Only in this street.
    #[garde(skip)]
    street_id: Option<AreaId>,
    /// Only of this level.
    #[garde(skip)]
    #[param(inline)]
    level: Option<Level>,
    /// Only those that stand so today.
    #[garde(skip)]
    #[param(inline)]
    standing: Option<Standing>,
    /// Only those that count, or do not.
    #[garde(skip)]
    #[param(inline)]
    state: Option<LineState>,
    /// Only those that another facility names too, or those that none does.
    #[garde(skip)]
    shared: Option<bool>,
    /// Rows, 1–100.
    #[garde(skip)]
    limit: Option<i64>,
    /// Cursor of the page before.
    #[garde(length(max = 400))]
    cursor: Option<String>,
}

pub async fn list_certificates(
    caller: Allowed<may::ReadFireRegister>,
    ApiQuery(query): ApiQuery<CertificateQuery>,
) -> Answer<Found<Page<CertificateView>>> {
    let ask = PageAsk { limit: query.limit, cursor: query.cursor };
    let filter = CertificateFilter {
        lines: LineFilter { id: None, facility_id: query.facility_id, street_id: query.street_id },
        level: query.level,
        standing: query.standing,
        state: query.state,
        shared: query.shared,
    };
    let (places, now) = (caller.scope.places(), caller.now);
    Ok(Found(caller.read(move |conn| certificates::list(conn, &places, &filter, &ask, now)).await?))
}

pub async fn find_certificate(
    caller: Allowed<may::ReadFireRegister>,
    ApiPath(id): ApiPath<LineId>,
) -> Answer<Found<CertificateDetail>> {
    let (places, now) = (caller.scope.places(), caller.now);
    Ok(Found(caller.read(move |conn| certificates::find(conn, &places, id, now)).await?))
}

/// A certificate, or somebody who is registered for one.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateCertificate {
    /// The facility.
    #[garde(skip)]
    facility_id: FacilityId,
    /// Name or pseudonym. Two of the same name at a facility must be told apart: persons are counted by it.
    #[garde(length(chars, min = 1, max = 50))]
    person: String,
    /// Level.
    #[garde(skip)]
    level: Level,
    /// Direction, e.g. 消防设施监控操作.
    #[serde(default)]
    #[garde(length(chars, max = 50))]
    direction: String,
    /// Who employs the person.
    #[garde(length(chars, min = 1, max = 100))]
    employer: String,
    /// `registered` or `held`.
    #[garde(skip)]
    status: Status,
    /// The certificate's number, of one that is held. It is not kept: only the last four characters are shown again.
    #[garde(length(chars, max = 60))]
    number: Option<String>,
    /// Issued.
    #[garde(skip)]
    issued_on: Option<NaiveDate>,
    /// Last day, where it expires.
    #[garde(skip)]
    expires_on: Option<NaiveDate>,
    /// The day from which this holds at this facility.
    #[garde(skip)]
    since: NaiveDate,
}

fn sealed<P: Permission>(caller: &Allowed<P>, number: Option<&str>) -> Outcome<Option<Sealed>> {
    number.map(|text| number::seal(text, &caller.app().keys, "/number")).transpose()
}

pub async fn create_certificate(
    caller: Allowed<may::EnterFireLines>,
    ApiJson(body): ApiJson<CreateCertificate>,
) -> Answer<Made<CertificateDetail>> {
    let new = NewCertificate {
        facility_id: body.facility_id,
        person: body.person,
        level: body.level,
        direction: body.direction,
        employer: body.employer,
        number: sealed(&caller, body.number.as_deref())?,
        status: body.status,
        issued_on: body.issued_on,
        expires_on: body.expires_on,
        since: body.since,
    };
    let (holder, rule, now) = (caller.holder(), caller.app().config.fire_duty, caller.now);
    let made = caller.write(move |tx| {
        let id = certificates::enter(tx, &holder, &new, rule)?;
        certificates::find(tx.conn(), &holder.scope.places(), id, now)
    });
    Ok(Made::New(made.await?))
}

/// What changes from a day on; what is left out stays.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeCertificate {
    /// From this day on; not before the version in force began.
    #[garde(skip)]
    since: NaiveDate,
    /// Why.
    #[garde(length(chars, min = 1, max = 500))]
    reason: String,
    /// `held` when the examination is passed, `ended` when the person has left or the certificate was revoked.
    #[garde(skip)]
    status: Option<Status>,
    /// Level.
    #[garde(skip)]
    level: Option<Level>,
    /// Direction.
    #[garde(length(chars, max = 50))]
    direction: Option<String>,
    /// Employer.
    #[garde(length(chars, min = 1, max = 100))]
    employer: Option<String>,
    /// Another number.
    #[garde(length(chars, max = 60))]
    number: Option<String>,
    /// Issued.
    #[garde(skip)]
    issued_on: Option<NaiveDate>,
    /// Last day.
    #[garde(skip)]
    expires_on: Option<NaiveDate>,
}

pub async fn change_certificate(
    caller: Allowed<may::KeepFireRegister>,
    ApiPath(id): ApiPath<LineId>,
    IfMatch(revision): IfMatch,
    ApiJson(body): ApiJson<ChangeCertificate>,
) -> Answer<Found<CertificateDetail>> {
    let change = CertificateChange {
        since: body.since,
        reason: body.reason,
        status: body.status,
        level: body.level,
        direction: body.direction,
        employer: body.employer,
        number: sealed(&caller, body.number.as_deref())?,
        issued_on: body.issued_on,
        expires_on: body.expires_on,
    };
    let (holder, rule, now) = (caller.holder(), caller.app().config.fire_duty, caller.now);
    let changed = caller.write(move |tx| {
        certificates::change(tx, &holder, id, revision, &change, rule)?;
        certificates::find(tx.conn(), &holder.scope.places(), id, now)
    });
    Ok(Found(changed.await?))
}

/// What a clerk notes of an operator's line.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmLine {
    /// What was compared.
    #[garde(length(chars, max = 500))]
    note: Option<String>,
}

pub async fn confirm_line(
    caller: Allowed<may::KeepFireRegister>,
    ApiPath(id): ApiPath<LineId>,
    ApiJson(body): ApiJson<ConfirmLine>,
) -> Answer<Found<LineView>> {
    decide(caller, id, true, body.note).await
}

/// Why something does not count.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LineReason {
    /// The reason.
    #[garde(length(chars, min = 1, max = 500))]
    reason: String,
}

pub async fn dismiss_line(
    caller: Allowed<may::KeepFireRegister>,
    ApiPath(id): ApiPath<LineId>,
    ApiJson(body): ApiJson<LineReason>,
) -> Answer<Found<LineView>> {
    decide(caller, id, false, Some(body.reason)).await
}

async fn decide(
    caller: Allowed<may::KeepFireRegister>,
    id: LineId,
    counts: bool,
    note: Option<String>,
) -> Answer<Found<LineView>> {
    let (holder, rule) = (caller.holder(), caller.app().config.fire_duty);
    let decided = caller.write(move |tx| lines::decide(tx, &holder, id, counts, note.as_deref(), rule));
    Ok(Found(decided.await?))
}

pub async fn withdraw_line(
    caller: Allowed<may::KeepFireRegister>,
    ApiPath(id): ApiPath<LineId>,
    ApiJson(body): ApiJson<LineReason>,
) -> Answer<Found<LineView>> {
    let (holder, rule) = (caller.holder(), caller.app().config.fire_duty);
    Ok(Found(caller.write(move |tx| lines::withdraw(tx, &holder, id, &body.reason, rule)).await?))
}

/// Of which day.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct OverviewQuery {
    /// The day; today unless given. A day to come tells what will have expired.
    #[garde(skip)]
    as_of: Option<NaiveDate>,
    /// A day to compare with.
    #[garde(skip)]
    baseline: Option<NaiveDate>,
    /// Leaves out what was entered after this day.
    #[garde(skip)]
    known_on: Option<NaiveDate>,
}

pub async fn find_facility(
    caller: Allowed<may::ReadFireRegister>,
    ApiPath(id): ApiPath<FacilityId>,
    ApiQuery(query): ApiQuery<OverviewQuery>,
) -> Answer<Found<FireOverview>> {
    let asked = Asked { as_of: query.as_of, baseline: query.baseline, known_on: query.known_on };
    let (places, rule, now) = (caller.scope.places(), caller.app().config.fire_duty, caller.now);
    Ok(Found(caller.read(move |conn| overview(conn, &places, id, asked, rule, now)).await?))
}

/// What is known of a facility's control room.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutProfile {
    /// From this day on; today unless given, never before the version in force began.
    #[garde(skip)]
    since: Option<NaiveDate>,
    /// There is a fire control room.
    #[garde(skip)]
    control_room: bool,
    /// It controls linked systems: 初级 does not qualify then.
    #[serde(default)]
    #[garde(skip)]
    linkage: bool,
    /// Local law allows a single person on duty.
    #[serde(default)]
    #[garde(skip)]
    single_person: bool,
    /// The law that says so; needed then.
    #[garde(length(chars, max = 300))]
    single_person_basis: Option<String>,
    /// The facility is a 消防安全重点单位: drills half-yearly.
    #[serde(default)]
    #[garde(skip)]
    key_unit: bool,
}

pub async fn put_facility(
    caller: Allowed<may::KeepFireRegister>,
    ApiPath(id): ApiPath<FacilityId>,
    IfMatch(revision): IfMatch,
    ApiJson(body): ApiJson<PutProfile>,
) -> Answer<Found<FireOverview>> {
    let new = NewProfile {
        since: body.since,
        control_room: body.control_room,
        linkage: body.linkage,
        single_person: body.single_person,
        single_basis: body.single_person_basis,
        key_unit: body.key_unit,
    };
    let (holder, rule, now) = (caller.holder(), caller.app().config.fire_duty, caller.now);
    let put = caller.write(move |tx| {
        profile::put(tx, &holder, id, revision, &new, rule)?;
        overview(tx.conn(), &holder.scope.places(), id, Asked::default(), rule, now)
    });
    Ok(Found(put.await?))
}

/// Which figures.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct SummaryQuery {
    /// Only of this street.
    #[garde(skip)]
    street_id: Option<AreaId>,
    /// The day; today unless given. A day to come tells what will have expired.
    #[garde(skip)]
    as_of: Option<NaiveDate>,
    /// A day to compare with.
    #[garde(skip)]
    baseline: Option<NaiveDate>,
    /// Leaves out what was entered after this day.
    #[garde(skip)]
    known_on: Option<NaiveDate>,
}

pub async fn find_summary(
    caller: Allowed<may::ReadFireRegister>,
    ApiQuery(query): ApiQuery<SummaryQuery>,
) -> Answer<Found<FireSummary>> {
    let asked = Asked { as_of: query.as_of, baseline: query.baseline, known_on: query.known_on };
    let (places, rule, now) = (caller.scope.places(), caller.app().config.fire_duty, caller.now);
    Ok(Found(caller.read(move |conn| summary(conn, &places, query.street_id, asked, rule, now)).await?))
}

//! Findings of other sources, entered by hand; and who complained, for the few who may know.

use super::answer::{Found, Made, Tagged};
use super::caller::Allowed;
use super::extract::{ApiJson, ApiPath};
use super::problem::Answer;
use crate::access::permissions::may;
use crate::findings::origin::{self, Entry, Reporter, ReporterView};
use crate::findings::{self, FindingDetail, Source};
use crate::ids::{FacilityId, FindingId};
use crate::photos::Declared;
use chrono::NaiveDate;
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who complained; sealed.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReporterBody {
    /// Their name, or how they called themselves.
    #[garde(length(chars, min = 1, max = 50))]
    name: String,
    /// How to reach them.
    #[garde(length(chars, min = 1, max = 200))]
    contact: String,
    /// A remark.
    #[garde(length(chars, min = 1, max = 2000))]
    note: Option<String>,
}

/// A finding of another source.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EnterFinding {
    /// Where.
    #[garde(skip)]
    facility_id: FacilityId,
    /// The item, by its code in the newest list.
    #[garde(length(chars, min = 1, max = 20))]
    item_code: String,
    /// What is wrong; not who complained.
    #[garde(length(chars, min = 2, max = 2000))]
    description: String,
    /// Where it comes from: any but `inspection` and `third_party`; of the fire brigade `fire` only.
    #[garde(skip)]
    source: Source,
    /// The number of the document that says so; needed for `fire`.
    #[garde(length(chars, min = 2, max = 100))]
    document_number: Option<String>,
    /// Its date; needed for `fire`.
    #[garde(skip)]
    document_date: Option<NaiveDate>,
    /// Who issued it.
    #[garde(length(chars, min = 2, max = 100))]
    issuing_unit: Option<String>,
    /// When the bureau had it.
    #[garde(skip)]
    received_on: NaiveDate,
    /// The deadline in the document; needed for `fire`, and of nothing else.
    #[garde(skip)]
    due_on: Option<NaiveDate>,
    /// Who complained; of a complaint only.
    #[garde(dive)]
    reporter: Option<ReporterBody>,
    /// Scans and photos, at most 20; to be uploaded after. Those of a complaint are sealed with who complained.
    #[serde(default)]
    #[garde(length(max = 20), dive)]
    photos: Vec<Declared>,
}

/// The finding that an entry has become part of.
#[derive(Debug, Serialize, ToSchema)]
pub struct EnteredFinding {
    /// It was there already and unsettled: the entry is one more origin of it, and it is counted once.
    observed: bool,
    /// The finding.
    finding: FindingDetail,
}
impl Tagged for EnteredFinding {}

pub async fn enter(
    caller: Allowed<may::EnterFinding>,
    ApiJson(body): ApiJson<EnterFinding>,
) -> Answer<Made<EnteredFinding>> {
    let reporter = body.reporter.map(|ReporterBody { name, contact, note }| Reporter { name, contact, note });
    let entry = Entry {
        facility_id: body.facility_id,
        item_code: body.item_code,
        description: body.description,
        source: body.source,
        document_number: body.document_number,
        document_date: body.document_date,
        issuing_unit: body.issuing_unit,
        received_on: body.received_on,
        due_on: body.due_on,
        reporter,
        photos: body.photos,
    };
    let (holder, now) = (caller.holder(), caller.now);
    let entered = caller.write(move |tx| {
        let entered = origin::enter(tx, &holder, &entry)?;
        let finding = findings::find(tx.conn(), &holder.scope, entered.finding, now)?;
        Ok(EnteredFinding { observed: entered.observed, finding })
    });
    Ok(Made::New(entered.await?))
}

/// Who complained about a finding.
#[derive(Serialize, ToSchema)]
pub struct Reporters {
    /// One of every complaint, oldest first.
    items: Vec<ReporterView>,
}
impl Tagged for Reporters {}

pub async fn reporters(
    caller: Allowed<may::ReadReporter>,
    ApiPath(id): ApiPath<FindingId>,
) -> Answer<Found<Reporters>> {
    let holder = caller.holder();
    let items = caller.write(move |tx| origin::reporters(tx, &holder, id)).await?;
    Ok(Found(Reporters { items }))
}

//! Bulletins between the bureau and the fire brigade.

use crate::access::permissions::may;
use crate::db::page::{Page, PageAsk};
use crate::fire::Direction;
use crate::fire::bulletins::{self, BulletinFilter, BulletinView, Correction, NewBulletin};
use crate::http::answer::{Found, Made, Tagged};
use crate::http::caller::Allowed;
use crate::http::extract::{ApiJson, ApiPath, ApiQuery, IfMatch};
use crate::http::problem::Answer;
use crate::ids::{BulletinId, FacilityId, FindingId};
use garde::Validate;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

impl Tagged for BulletinView {
    fn revision(&self) -> Option<i32> {
        Some(self.revision)
    }
}

/// Which bulletins.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct BulletinQuery {
    /// Only those that go this way.
    #[garde(skip)]
    #[param(inline)]
    direction: Option<Direction>,
    /// Only those that were received, or were not.
    #[garde(skip)]
    received: Option<bool>,
    /// Only those that name this facility.
    #[garde(skip)]
    facility_id: Option<FacilityId>,
    /// Rows, 1–100.
    #[garde(skip)]
    limit: Option<i64>,
    /// Cursor of the page before.
    #[garde(length(max = 400))]
    cursor: Option<String>,
}

pub async fn list(
    caller: Allowed<may::ReadBulletins>,
    ApiQuery(query): ApiQuery<BulletinQuery>,
) -> Answer<Found<Page<BulletinView>>> {
    let ask = PageAsk { limit: query.limit, cursor: query.cursor };
    let filter = BulletinFilter {
        direction: query.direction,
        received: query.received,
        facility_id: query.facility_id,
    };
    let places = caller.scope.places();
    Ok(Found(caller.read(move |conn| bulletins::list(conn, &places, &filter, &ask)).await?))
}

pub async fn find(
    caller: Allowed<may::ReadBulletins>,
    ApiPath(id): ApiPath<BulletinId>,
) -> Answer<Found<BulletinView>> {
    let places = caller.scope.places();
    Ok(Found(caller.read(move |conn| bulletins::find(conn, &places, id)).await?))
}

/// A bulletin. It goes to the brigade from a clerk, to the bureau from the brigade.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendBulletin {
    /// What it is about.
    #[garde(length(chars, min = 1, max = 100))]
    subject: String,
    /// What it says.
    #[garde(length(chars, min = 1, max = 5000))]
    content: String,
    /// The sender's own document number.
    #[garde(length(chars, min = 1, max = 60))]
    reference: Option<String>,
    /// The facilities that it is about.
    #[serde(default)]
    #[garde(length(max = 100))]
    facility_ids: Vec<FacilityId>,
    /// The findings that it is about.
    #[serde(default)]
    #[garde(length(max = 100))]
    finding_ids: Vec<FindingId>,
}

pub async fn send(
    caller: Allowed<may::WriteBulletins>,
    ApiJson(body): ApiJson<SendBulletin>,
) -> Answer<Made<BulletinView>> {
    let new = NewBulletin {
        subject: body.subject,
        content: body.content,
        reference: body.reference,
        facility_ids: body.facility_ids,
        finding_ids: body.finding_ids,
    };
    let holder = caller.holder();
    let sent = caller.write(move |tx| {
        let id = bulletins::send(tx, &holder, &new)?;
        bulletins::find(tx.conn(), &holder.scope.places(), id)
    });
    Ok(Made::New(sent.await?))
}

/// A correction before the receipt; what is left out stays.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrectBulletin {
    /// What it is about.
    #[garde(length(chars, min = 1, max = 100))]
    subject: Option<String>,
    /// What it says.
    #[garde(length(chars, min = 1, max = 5000))]
    content: Option<String>,
    /// The sender's own document number.
    #[garde(length(chars, min = 1, max = 60))]
    reference: Option<String>,
}

pub async fn correct(
    caller: Allowed<may::WriteBulletins>,
    ApiPath(id): ApiPath<BulletinId>,
    IfMatch(revision): IfMatch,
    ApiJson(body): ApiJson<CorrectBulletin>,
) -> Answer<Found<BulletinView>> {
    let correction = Correction { subject: body.subject, content: body.content, reference: body.reference };
    let holder = caller.holder();
    let corrected = caller.write(move |tx| {
        bulletins::correct(tx, &holder, id, revision, &correction)?;
        bulletins::find(tx.conn(), &holder.scope.places(), id)
    });
    Ok(Found(corrected.await?))
}

pub async fn receive(
    caller: Allowed<may::WriteBulletins>,
    ApiPath(id): ApiPath<BulletinId>,
) -> Answer<Found<BulletinView>> {
    let holder = caller.holder();
    let received = caller.write(move |tx| {
        bulletins::receive(tx, &holder, id)?;
        bulletins::find(tx.conn(), &holder.scope.places(), id)
    });
    Ok(Found(received.await?))
}

/// What came of a bulletin.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulletinResult {
    /// The result.
    #[garde(length(chars, min = 1, max = 2000))]
    result: String,
}

pub async fn conclude(
    caller: Allowed<may::WriteBulletins>,
    ApiPath(id): ApiPath<BulletinId>,
    ApiJson(body): ApiJson<BulletinResult>,
) -> Answer<Found<BulletinView>> {
    let holder = caller.holder();
    let concluded = caller.write(move |tx| {
        bulletins::conclude(tx, &holder, id, &body.result)?;
        bulletins::find(tx.conn(), &holder.scope.places(), id)
    });
    Ok(Found(concluded.await?))
}

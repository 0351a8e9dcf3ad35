//! Rows of what goes on beside the straight way.

use super::{Agency, ContactMethod, Ground, RequestResult};
use crate::db::schema::{contact, draw_seed, finding_request, finding_stage, referral};
use crate::db::{AnyConn, MultiBackend, Ts};
use crate::fault::Outcome;
use crate::findings::rules::RequestKind;
use crate::ids::{ContactId, FindingId, ReferralId, RequestId, UserId};
use chrono::NaiveDate;
use diesel::prelude::*;

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = finding_request, check_for_backend(MultiBackend), treat_none_as_null = true)]
pub struct RequestRow {
    pub id: RequestId,
    pub finding_id: FindingId,
    pub kind: RequestKind,
    pub asked_by: UserId,
    pub asked_at: Ts,
    pub reason: String,
    pub ground: Option<Ground>,
    pub until: Option<NaiveDate>,
    pub result: Option<RequestResult>,
    pub decided_by: Option<UserId>,
    pub decided_at: Option<Ts>,
    pub note: Option<String>,
    pub due_before: Option<NaiveDate>,
    pub due_after: Option<NaiveDate>,
}

pub fn insert_request(conn: &mut AnyConn, row: &RequestRow) -> Outcome<()> {
    diesel::insert_into(finding_request::table).values(row).execute(conn)?;
    Ok(())
}

pub fn save_request(conn: &mut AnyConn, row: &RequestRow) -> Outcome<()> {
    diesel::update(finding_request::table.find(row.id)).set(row).execute(conn)?;
    Ok(())
}

/// What was asked about a finding, oldest first.
pub fn requests(conn: &mut AnyConn, id: FindingId) -> Outcome<Vec<RequestRow>> {
    let of_finding = finding_request::table.filter(finding_request::finding_id.eq(id));
    let ordered = of_finding.order((finding_request::asked_at, finding_request::id));
    Ok(ordered.select(RequestRow::as_select()).load(conn)?)
}

/// The 挂账 that was granted last.
pub fn plan_in_force(conn: &mut AnyConn, id: FindingId) -> Outcome<Option<RequestRow>> {
    let granted = finding_request::table
        .filter(finding_request::finding_id.eq(id))
        .filter(finding_request::kind.eq(RequestKind::LongTerm))
        .filter(finding_request::result.eq(RequestResult::Granted))
        .order((finding_request::decided_at.desc(), finding_request::id.desc()));
    Ok(granted.select(RequestRow::as_select()).first(conn).optional()?)
}

/// Ends what was asked about a finding and not decided, because nothing can come of it any more.
pub fn lapse_requests(conn: &mut AnyConn, id: FindingId, at: Ts) -> Outcome<()> {
    let pending = finding_request::table
        .filter(finding_request::finding_id.eq(id))
        .filter(finding_request::result.is_null());
    diesel::update(pending)
        .set((
            finding_request::result.eq(Some(RequestResult::Lapsed)),
            finding_request::decided_at.eq(Some(at)),
        ))
        .execute(conn)?;
    Ok(())
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = finding_stage, check_for_backend(MultiBackend))]
pub struct StageRow {
    pub request_id: RequestId,
    pub position: i32,
    pub title: String,
    pub due_on: NaiveDate,
    pub done_by: Option<UserId>,
    pub done_at: Option<Ts>,
    pub note: Option<String>,
}

pub fn insert_stage(conn: &mut AnyConn, row: &StageRow) -> Outcome<()> {
    diesel::insert_into(finding_stage::table).values(row).execute(conn)?;
    Ok(())
}

/// The stages of a request, in order.
pub fn stages(conn: &mut AnyConn, id: RequestId) -> Outcome<Vec<StageRow>> {
    let of_request = finding_stage::table.filter(finding_stage::request_id.eq(id));
    Ok(of_request.order(finding_stage::position).select(StageRow::as_select()).load(conn)?)
}

/// Marks a stage as done; tells whether it was not yet.
pub fn finish_stage(
    conn: &mut AnyConn,
    id: RequestId,
    position: i32,
    by: UserId,
    at: Ts,
    note: &str,
) -> Outcome<bool> {
    let stage = finding_stage::table
        .filter(finding_stage::request_id.eq(id))
        .filter(finding_stage::position.eq(position))
        .filter(finding_stage::done_at.is_null());
    let done = diesel::update(stage)
        .set((
            finding_stage::done_by.eq(Some(by)),
            finding_stage::done_at.eq(Some(at)),
            finding_stage::note.eq(Some(note)),
        ))
        .execute(conn)?;
    Ok(done == 1)
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = referral, check_for_backend(MultiBackend), treat_none_as_null = true)]
pub struct ReferralRow {
    pub id: ReferralId,
    pub finding_id: FindingId,
    pub agency: Agency,
    pub addressee: String,
    pub imminent: bool,
    pub matter: String,
    pub sent_by: UserId,
    pub sent_at: Ts,
    pub received_by: Option<UserId>,
    pub received_at: Option<Ts>,
    pub receipt_note: Option<String>,
    pub result: Option<String>,
    pub result_by: Option<UserId>,
    pub result_at: Option<Ts>,
}

pub fn insert_referral(conn: &mut AnyConn, row: &ReferralRow) -> Outcome<()> {
    diesel::insert_into(referral::table).values(row).execute(conn)?;
    Ok(())
}

pub fn save_referral(conn: &mut AnyConn, row: &ReferralRow) -> Outcome<()> {
    diesel::update(referral::table.find(row.id)).set(row).execute(conn)?;
    Ok(())
}

/// The referrals of a finding, oldest first.
pub fn referrals(conn: &mut AnyConn, id: FindingId) -> Outcome<Vec<ReferralRow>> {
    let of_finding = referral::table.filter(referral::finding_id.eq(id));
    Ok(of_finding.order((referral::sent_at, referral::id)).select(ReferralRow::as_select()).load(conn)?)
}

/// Whether another authority has not said what came of it.
pub fn referral_pending(conn: &mut AnyConn, id: FindingId) -> Outcome<bool> {
    let pending = referral::table.filter(referral::finding_id.eq(id)).filter(referral::result_at.is_null());
    Ok(pending.count().get_result::<i64>(conn)? > 0)
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = contact, check_for_backend(MultiBackend))]
pub struct ContactRow {
    pub id: ContactId,
    pub finding_id: FindingId,
    pub method: ContactMethod,
    pub person: String,
    pub note: String,
    pub happened_on: NaiveDate,
    pub logged_by: UserId,
    pub logged_at: Ts,
}

pub fn insert_contact(conn: &mut AnyConn, row: &ContactRow) -> Outcome<()> {
    diesel::insert_into(contact::table).values(row).execute(conn)?;
    Ok(())
}

/// The contact log of a finding, oldest first.
pub fn contacts(conn: &mut AnyConn, id: FindingId) -> Outcome<Vec<ContactRow>> {
    let of_finding = contact::table.filter(contact::finding_id.eq(id));
    Ok(of_finding.order((contact::logged_at, contact::id)).select(ContactRow::as_select()).load(conn)?)
}

pub fn seed(conn: &mut AnyConn, year: i32) -> Outcome<Option<String>> {
    Ok(draw_seed::table.find(year).select(draw_seed::seed).first(conn).optional()?)
}

/// The seeds of all years, the last first: year, seed, its hash, and since when it stands.
pub fn seeds(conn: &mut AnyConn) -> Outcome<Vec<(i32, String, String, Ts)>> {
    let columns = (draw_seed::year, draw_seed::seed, draw_seed::sha256, draw_seed::made_at);
    Ok(draw_seed::table.order(draw_seed::year.desc()).select(columns).load(conn)?)
}

pub fn insert_seed(conn: &mut AnyConn, year: i32, seed: &str, sha256: &str, at: Ts) -> Outcome<()> {
    diesel::insert_into(draw_seed::table)
        .values((
            draw_seed::year.eq(year),
            draw_seed::seed.eq(seed),
            draw_seed::sha256.eq(sha256),
            draw_seed::made_at.eq(at),
        ))
        .execute(conn)?;
    Ok(())
}
